# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to a connection: every way in on a real server, and every mistake as one sentence."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, Unauthorized
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect

from tests.integration_api.conftest import NAMESPACE, ApiServer

SECRET_TEXT = "s3cret"


def refusal(options: dict[str, object]) -> FabricError:
    with pytest.raises(FabricError) as caught:
        connect("leaf-a", options)
    assert caught.value.where.startswith("leaf-a")
    assert SECRET_TEXT not in str(caught.value)
    return caught.value


def plugin(
    folder: Path, script: str, *, server: str = "https://127.0.0.1:1", ca: Path | None = None
) -> dict[str, object]:
    """Connection options whose kubeconfig gets its credentials from a script beside it."""
    path = folder / "login"
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(0o700)
    cluster = {"server": server} | ({"certificate-authority": str(ca)} if ca else {})
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), "interactiveMode": "Never"}}
    config = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    (folder / "config").write_text(json.dumps(config))
    return {"kubeconfig": str(folder / "config")}


def prints_token(expression: str) -> str:
    return (
        "import json, pathlib\n"
        f"token = {expression}\n"
        "version = 'client.authentication.k8s.io/v1'\n"
        "print(json.dumps({'apiVersion': version, 'kind': 'ExecCredential', 'status': {'token': token}}))\n"
    )


@pytest.mark.lab
class TestWaysIn:
    """Each reads something from the real server."""

    def test_a_kubeconfig_as_a_dictionary(self, apiserver: ApiServer) -> None:
        assert connect("leaf-a", {"kubeconfig": json.loads(apiserver.kubeconfig.read_text())}).list(NAMESPACE).items

    def test_host_with_a_client_certificate(self, apiserver: ApiServer) -> None:
        assert connect("leaf-a", apiserver.credentials).list(NAMESPACE).items

    def test_files_named_relative_to_the_kubeconfig(self, apiserver: ApiServer) -> None:
        config = json.loads(apiserver.kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": apiserver.url, "certificate-authority": "ca.crt"}
        config["users"][0]["user"] = {"client-certificate": "admin.crt", "client-key": "admin.key"}
        path = apiserver.ca.parent / "relative"
        path.write_text(json.dumps(config))
        assert connect("leaf-a", {"kubeconfig": str(path)}).list(NAMESPACE).items

    def test_a_context_of_a_kubeconfig_that_the_environment_names(
        self, apiserver: ApiServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("K8S_AUTH_KUBECONFIG", str(apiserver.kubeconfig))
        assert connect("leaf-a", {"context": "leaf-a"}).list(NAMESPACE).items

    def test_a_token_with_a_line_break_at_its_end(self, apiserver: ApiServer, api: Api, namespace: str) -> None:
        token = apiserver.token(api, namespace=namespace, account="me") + "\n"
        ours = connect("leaf-a", {"host": apiserver.url, "api_key": token, "ca_cert": str(apiserver.ca)})
        assert ours.request(method="GET", path="/version").body["major"] == "1"

    def test_an_exec_plugin(self, apiserver: ApiServer, api: Api, namespace: str, tmp_path: Path) -> None:
        token = apiserver.token(api, namespace=namespace, account="me")
        options = plugin(tmp_path, prints_token(repr(token)), server=apiserver.url, ca=apiserver.ca)
        assert connect("leaf-a", options).request(method="GET", path="/version").body["major"] == "1"

    def test_an_exec_plugin_is_asked_again_when_its_token_is_no_longer_accepted(
        self, apiserver: ApiServer, api: Api, namespace: str, tmp_path: Path
    ) -> None:
        (tmp_path / "token").write_text("expired")
        script = prints_token(f"pathlib.Path({str(tmp_path / 'token')!r}).read_text()")
        ours = connect("leaf-a", plugin(tmp_path, script, server=apiserver.url, ca=apiserver.ca))
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        with pytest.raises(Unauthorized):
            ours.request(method="POST", path=path, body=body)
        (tmp_path / "token").write_text(apiserver.token(api, namespace=namespace, account="me"))
        ours.request(method="POST", path=path, body=body)
        assert ours.counters.writes == 1

    def test_twenty_clusters_with_the_same_certificates_at_once(self, apiserver: ApiServer) -> None:
        from concurrent.futures import ThreadPoolExecutor

        def read(number: int) -> int:
            return len(connect(f"leaf-{number}", {"kubeconfig": str(apiserver.kubeconfig)}).list(NAMESPACE).items)

        with ThreadPoolExecutor(20) as threads:
            assert min(threads.map(read, range(20))) > 0


class TestMistakes:
    """Nothing is sent, one sentence is said."""

    def test_a_missing_package_names_the_interpreter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "urllib3", None)
        error = refusal({"host": "https://h:6443", "api_key": SECRET_TEXT})
        assert f"the Python package urllib3 cannot be imported by {sys.executable}" in error.why
        assert "ansible_python_interpreter" in error.next

    @pytest.mark.parametrize(("package", "found"), [("PyYAML", "5.4.1"), ("urllib3", "1.26.18")])
    def test_an_old_package_is_named(self, monkeypatch: pytest.MonkeyPatch, package: str, found: str) -> None:
        installed = importlib.metadata.version
        monkeypatch.setattr(importlib.metadata, "version", lambda name: found if name == package else installed(name))
        error = refusal({"host": "https://h:6443", "api_key": SECRET_TEXT})
        assert f"package {package} of {sys.executable} is {found}, and " in error.why
        assert f"-m pip install '{package}>=" in error.next

    def test_a_host_that_is_no_url(self) -> None:
        assert "is not a URL like https://host:6443" in refusal({"host": "h:6443", "api_key": SECRET_TEXT}).why

    def test_a_missing_certificate_file(self, tmp_path: Path) -> None:
        error = refusal({"host": "https://h", "api_key": SECRET_TEXT, "ca_cert": str(tmp_path / "ca")})
        assert (error.why, error.next) == (f"the file {tmp_path}/ca does not exist", "correct ca_cert")

    def test_a_certificate_file_that_holds_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "ca").write_text("hello")
        error = refusal({"host": "https://h", "api_key": SECRET_TEXT, "ca_cert": str(tmp_path / "ca")})
        assert error.why == "the CA certificate cannot be read as PEM"

    @pytest.mark.lab
    def test_a_key_that_belongs_to_another_certificate(self, apiserver: ApiServer) -> None:
        other = str(apiserver.ca.parent / "server.key")
        assert "do not belong together" in refusal(apiserver.credentials | {"client_key": other}).why

    def test_a_token_with_a_line_break_inside(self) -> None:
        error = refusal({"host": "https://h", "api_key": f"{SECRET_TEXT}\nX-Other: 1"})
        assert "holds a line break" in error.why

    @pytest.mark.parametrize("proxy", ["ftp://proxy:1", "http://[proxy", "proxy"])
    def test_a_proxy_that_is_no_url(self, proxy: str) -> None:
        error = refusal({"host": "https://h", "api_key": SECRET_TEXT, "proxy": proxy})
        assert "the address of the proxy is not a URL" in error.why

    def test_no_options_at_all_and_no_kubeconfig(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in [name for name in os.environ if name.startswith("K8S_AUTH_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        error = refusal({})
        assert error.why == f"it has neither kubeconfig nor host, this is no pod, and {tmp_path}/config does not exist"
