# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy before a server: which one it is, and what it gets to see."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.proxies import Proxy, is_exempt, open_pool, proxy_of
from ansible_collections.liqo.fabric.plugins.module_utils._kube.unusable import UnusableError

from tests.unit.certificates import certificates
from tests.unit.recording_server import Recorder, recording

PEM = certificates()
NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
FAR = "https://10.1.2.3:6443"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def chosen(server: str = FAR, *, option: str | None = None, kubeconfig: str = "", no_proxy: str | None = None) -> str:
    proxy = proxy_of(server, option=option, kubeconfig=kubeconfig, no_proxy=no_proxy, headers={})
    return proxy.url if proxy else ""


def test_the_option_comes_before_the_kubeconfig_and_that_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert chosen() == ""
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    assert chosen() == "http://environment:1"
    assert chosen(kubeconfig="http://file:1") == "http://file:1"
    assert chosen(kubeconfig="http://file:1", option="http://option:1") == "http://option:1"


@pytest.mark.parametrize(
    ("variables", "server", "proxy"),
    [
        ({"https_proxy": "http://p:1"}, FAR, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, FAR, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, FAR, ""),
        ({"HTTP_PROXY": "http://p:1"}, "http://10.1.2.3", "http://p:1"),
        ({"HTTPS_PROXY": "socks5h://p:1"}, FAR, "socks5h://p:1"),
        ({"ALL_PROXY": "http://p:1"}, FAR, ""),
        ({"all_proxy": "http://p:1", "HTTP_PROXY": "http://q:1"}, FAR, ""),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, FAR, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": "http://q:1"}, "http://10.1.2.3", "http://p:1"),
        ({"HTTPS_PROXY": "", "https_proxy": "http://q:1"}, FAR, "http://q:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example", "no_proxy": "10.0.0.0/8"}, FAR, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://127.0.0.1:6443", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://[::1]:6443", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://localhost:6443", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, FAR, ""),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "example.com"}, FAR, "http://p:1"),
        ({"HTTPS_PROXY": ""}, FAR, ""),
    ],
)
def test_variables_count_as_for_kubectl(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], server: str, proxy: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert chosen(server) == proxy


def test_no_proxy_of_the_environment_is_not_for_the_proxy_of_a_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    assert chosen(kubeconfig="http://p:1") == "http://p:1"
    assert chosen(kubeconfig="http://p:1", no_proxy="10.1.2.3") == ""
    assert chosen(option="http://p:1") == ""
    assert chosen(option="http://p:1", no_proxy="") == "http://p:1"
    assert chosen("https://127.0.0.1", kubeconfig="http://p:1") == "http://p:1"


@pytest.mark.parametrize(
    ("url", "no_proxy", "expected"),
    [
        ("https://h.example", "h.example", True),
        ("https://H.example", " a , H.EXAMPLE ", True),
        ("https://h.example", "example", True),
        ("https://h.example", ".example", True),
        ("https://hexample", "example", False),
        ("https://h.example:6443", "h.example:6443", True),
        ("https://h.example:6443", "h.example:443", False),
        ("https://h.example", "*", True),
        ("https://h.example", "", False),
        ("https://10.1.2.3", "10.1.0.0/16", True),
        ("https://10.1.2.3", "10.2.0.0/16", False),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://[fd00::1]:6443", "[fd00::1]", True),
        ("https://h.example", "10.0.0.0/8,300.1.1.1,::x", False),
    ],
)
def test_who_is_exempt(url: str, no_proxy: str, expected: bool) -> None:
    assert is_exempt(url, no_proxy) is expected


@pytest.mark.parametrize(
    "url", ["ftp://p:1", "p:1", "http://", "http://[p", "http://p:x", "http://p:99999", "http://p\n:1"]
)
@pytest.mark.parametrize("place", ["option", "kubeconfig"])
def test_what_is_no_url_of_a_proxy_is_told(url: str, place: str) -> None:
    with pytest.raises(UnusableError, match="the address of the proxy is not a URL"):
        chosen(**{place: url})


def test_the_kubeconfig_may_name_the_kinds_that_kubectl_knows() -> None:
    assert chosen(kubeconfig="socks5://p:1") == "socks5h://p:1", "the name is resolved behind the proxy"
    for scheme in ("socks4", "socks5h"):
        with pytest.raises(UnusableError):
            chosen(kubeconfig=f"{scheme}://p:1")
        assert chosen(option=f"{scheme}://p:1") == f"{scheme}://p:1"


def test_credentials_of_a_proxy_are_not_in_its_url() -> None:
    proxy = proxy_of(FAR, option="http://me:p%40w@p:1/x?y#z", kubeconfig="", no_proxy=None, headers={})
    assert proxy is not None
    assert (proxy.url, proxy.user, proxy.password) == ("http://p:1", "me", "p@w")
    assert proxy.headers == {"proxy-authorization": "Basic " + base64.b64encode(b"me:p@w").decode()}
    assert "p@w" not in repr(proxy)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Recorder]:
    with recording(tls=PEM.server_context(tmp_path)) as found:
        yield found


@pytest.fixture
def proxy() -> Iterator[Recorder]:
    with recording(lambda _request: (200, {})) as found:
        yield found


def test_the_proxy_of_a_kubeconfig_is_used_whatever_versions_are_installed(server: Recorder, proxy: Recorder) -> None:
    config = PEM.kubeconfig(server.url)
    config["clusters"][0]["cluster"]["proxy-url"] = proxy.url.replace("//", "//me:pw@")  # type: ignore[index]
    assert connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE).items == ()
    assert [(seen.method, seen.target) for seen in proxy.seen] == [("CONNECT", server.address)]
    assert proxy.header("Proxy-Authorization") == ["Basic " + base64.b64encode(b"me:pw").decode()]
    assert [seen.method for seen in server.seen] == ["GET"]
    assert server.header("Proxy-Authorization") == []


def test_an_api_server_that_only_the_proxy_can_resolve_is_reached(server: Recorder, proxy: Recorder) -> None:
    config = PEM.kubeconfig(f"https://api.example:{server.address.rpartition(':')[2]}")
    assert connect("leaf-a", {"kubeconfig": config, "proxy": proxy.url}).list(NAMESPACE).items == ()
    assert server.seen


def test_a_proxy_with_tls_is_verified_by_the_same_authority_and_sees_no_certificate_of_ours(
    server: Recorder, tmp_path: Path
) -> None:
    context = PEM.server_context(tmp_path)
    import ssl

    context.verify_mode = ssl.CERT_OPTIONAL
    config = PEM.kubeconfig(server.url)
    with recording(lambda _request: (200, {}), tls=context) as proxy:
        assert connect("leaf-a", {"kubeconfig": config, "proxy": proxy.url}).list(NAMESPACE).items == ()
        assert [seen.method for seen in proxy.seen] == ["CONNECT"]
        del config["clusters"][0]["cluster"]["certificate-authority-data"]  # type: ignore[index]
        with pytest.raises(FabricError):
            connect("leaf-a", {"kubeconfig": config, "proxy": proxy.url}).list(NAMESPACE)
        assert len(proxy.seen) == 1


def test_without_pysocks_a_socks_proxy_is_refused_in_one_sentence() -> None:
    script = """
import sys
sys.modules["socks"] = None
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
try:
    connect("leaf-a", {"host": "https://h", "proxy": "socks5://me:pw@p:1"})
except Exception as error:
    print(error)
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(
        "leaf-a: cannot use the connection options: a SOCKS proxy needs the Python package PySocks"
    )
    assert "pw" not in done.stdout


def test_idle_connections_are_probed() -> None:
    import socket

    pool = open_pool(None, size=3, tls=None, proxy_tls=None, server_name="")
    options = pool.connection_pool_kw["socket_options"]
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in options
    assert pool.connection_pool_kw["maxsize"] == 3


def test_a_proxy_that_is_printed_shows_no_credentials() -> None:
    assert json.dumps(repr(Proxy(url="http://p", scheme="http", user="me", password="pw"))).count("pw") == 0
