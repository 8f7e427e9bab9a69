# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The auth-provider oidc: its token, a new one when that is over, and what it writes back."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._kube import oidc
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import Auth
from ansible_collections.liqo.fabric.plugins.module_utils._kube.credentials import read_credentials
from ansible_collections.liqo.fabric.plugins.module_utils._kube.unusable import UnusableError

from tests.unit.certificates import certificates, in_base64
from tests.unit.recording_server import Recorder, Request, recording

PEM = certificates()


def jwt(seconds: float, name: str = "a") -> str:
    """One that is good for so long."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + seconds, "name": name}).encode()).decode()
    return f"e30.{claims.rstrip('=')}.c2ln"


class Issuer:
    """Gives a new token for each refresh token, once."""

    def __init__(self, server: Recorder) -> None:
        self.server = server
        self.takes_header = True
        self.valid = {"first"}
        self.token = jwt(600, "new")

    def answer(self, request: Request) -> tuple[int, object]:
        if request.target == "/.well-known/openid-configuration":
            return 200, {"token_endpoint": f"{self.server.url}/token"}
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        by_form = form.get("client_secret") == "c:s" and form.get("client_id") == "me"
        login = base64.b64encode(b"me:c%3As").decode()
        by_header = request.headers.get("Authorization") == f"Basic {login}" and self.takes_header
        if form.get("refresh_token") not in self.valid or not (by_form or by_header):
            return 401, {"error": "invalid"}
        self.valid = {"second"}
        return 200, {"id_token": self.token, "refresh_token": "second"}


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    oidc._renewed.clear()
    found: list[Issuer] = []
    context = PEM.server_context(tmp_path)
    context.verify_mode = ssl.CERT_NONE

    def answer(request: Request) -> tuple[int, object]:
        return found[0].answer(request)

    with recording(answer, tls=context) as server:
        found.append(Issuer(server))
        yield found[0]


def kubeconfig(issuer: str, **config: str) -> dict[str, object]:
    given = {
        "idp-issuer-url": issuer,
        "client-id": "me",
        "client-secret": "c:s",
        "idp-certificate-authority-data": in_base64(PEM.ca),
        "id-token": jwt(-60),
        "refresh-token": "first",
        **config,
    }
    provider = {"name": "oidc", "config": {name: value for name, value in given.items() if value}}
    return {
        "clusters": [{"name": "c", "cluster": {"server": "https://h"}}],
        "users": [{"name": "other", "user": {}}, {"name": "u", "user": {"auth-provider": provider}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def sent(config: str | Mapping[str, object], *, persist: bool = False) -> str:
    found = read_credentials(Auth(kubeconfig=config, persist_config=persist))
    return found.identity.authorization.removeprefix("Bearer ")


def test_a_token_that_is_valid_is_sent_and_nobody_asked(issuer: Issuer) -> None:
    token = jwt(60)
    assert sent(kubeconfig(issuer.server.url, **{"id-token": token})) == token
    assert issuer.server.seen == []


@pytest.mark.parametrize("takes_header", [True, False])
@pytest.mark.parametrize("old", [jwt(-60), jwt(5), "", "no token", "a.b.c", "e30.W10.x"])
def test_any_other_is_replaced(issuer: Issuer, old: str, takes_header: bool) -> None:
    issuer.takes_header = takes_header
    assert sent(kubeconfig(issuer.server.url, **{"id-token": old})) == issuer.token


def test_many_clusters_with_one_login_use_its_refresh_token_once(issuer: Issuer) -> None:
    config = kubeconfig(issuer.server.url)
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda _number: sent(config), range(16))) == {issuer.token}
    assert len([seen for seen in issuer.server.seen if seen.method == "POST"]) == 1


def test_new_tokens_go_back_into_the_file_when_that_is_asked_for(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = tmp_path / "real/config"
    path.write_text(yaml.safe_dump(kubeconfig(issuer.server.url)))
    path.chmod(0o640)
    (tmp_path / "link").symlink_to(path)
    before = path.read_text()
    sent(str(tmp_path / "link"))
    assert path.read_text() == before
    oidc._renewed.clear()
    issuer.valid = {"first"}
    sent(str(tmp_path / "link"), persist=True)
    after = yaml.safe_load(path.read_text())
    config = after["users"][1]["user"]["auth-provider"]["config"]
    assert (config["id-token"], config["refresh-token"]) == (issuer.token, "second")
    assert after["clusters"] == yaml.safe_load(before)["clusters"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link").is_symlink()
    assert [file.name for file in path.parent.iterdir()] == ["config"]


def test_a_file_that_cannot_be_written_is_told(issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(kubeconfig(issuer.server.url)))

    def refuse(_self: Path, _target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UnusableError, match=f"the new tokens cannot be written to {path}: Permission denied"):
        sent(str(path), persist=True)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"idp-issuer-url": ""}, "has no idp-issuer-url or no client-id"),
        ({"client-id": ""}, "has no idp-issuer-url or no client-id"),
        ({"refresh-token": ""}, "is not valid any more, and there is no refresh-token"),
        ({"refresh-token": "s3cret-old"}, "the issuer gave no new id-token"),
        ({"client-secret": "s3cret"}, "the issuer gave no new id-token"),
        ({"idp-issuer-url": "http://127.0.0.1:1"}, "is no https URL"),
        ({"idp-certificate-authority-data": ""}, "gave no answer that can be used"),
    ],
)
def test_what_does_not_work_is_told_without_a_secret(issuer: Issuer, config: dict[str, str], why: str) -> None:
    with pytest.raises(UnusableError) as caught:
        sent(kubeconfig(issuer.server.url, **config))
    assert why in caught.value.why
    assert not any(secret in str(caught.value.about("leaf-a")) for secret in ("s3cret", "c:s", "first"))


@pytest.mark.parametrize(
    "answer", [{}, {"id_token": 5}, {"id_token": jwt(-60)}, {"id_token": jwt(60), "refresh_token": 5}]
)
def test_an_issuer_that_answers_something_else_is_told(tmp_path: Path, answer: dict[str, object]) -> None:
    oidc._renewed.clear()
    context = PEM.server_context(tmp_path)
    context.verify_mode = ssl.CERT_NONE
    with recording(lambda _request: (200, answer), tls=context) as server:
        with pytest.raises(UnusableError, match="does not say where it gives tokens"):
            sent(kubeconfig(server.url))

        def endpoint(request: Request) -> tuple[int, object]:
            known = request.target.startswith("/.well-known")
            return 200, {"token_endpoint": f"{server.url}/token"} if known else answer

    with recording(endpoint, tls=context) as server, pytest.raises(UnusableError, match="gave no new id-token"):
        sent(kubeconfig(server.url))
