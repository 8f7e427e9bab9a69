# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials that a server does not accept, and servers that we do not accept: each kind with its own advice."""

from __future__ import annotations

import base64
import json
import os
import ssl
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.validity import Validity, of_certificate, of_token
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.certificates import Pem, certificates, in_base64
from tests.unit.recording_server import Request, recording

PEM = certificates()
NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
EXPIRED = datetime(2026, 1, 1, tzinfo=UTC)
EARLY = datetime(2090, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("K8S_AUTH_", "KUBE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def jwt(**claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.c2lnbmF0dXJl"


def kubeconfig(user: Mapping[str, object], server: str, **cluster: object) -> dict[str, object]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def certificate(pem: Pem) -> dict[str, object]:
    return {"client-certificate-data": in_base64(pem.certificate), "client-key-data": in_base64(pem.key)}


def status(code: int, message: str, reason: str = "Because") -> tuple[int, object]:
    return code, {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message}


def refusal(user: Mapping[str, object], answer: tuple[int, object], **options: object) -> FabricError:
    def answered(_request: Request) -> tuple[int, object]:
        return answer

    with recording(answered) as server, pytest.raises(FabricError) as caught:
        connect("leaf-a", {"kubeconfig": kubeconfig(user, server.url), **options}).list(NAMESPACE)
    assert not any(str(value) in str(caught.value) for value in user.values())
    return caught.value


def plugin(folder: Path, **given: object) -> dict[str, object]:
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": given}
    script = folder / "login"
    script.write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(answer))})")
    script.chmod(0o700)
    return {"exec": {"apiVersion": answer["apiVersion"], "command": str(script), "interactiveMode": "Never"}}


UNAUTHORIZED = status(401, "Unauthorized")


class TestRefused:
    """401."""

    @pytest.mark.parametrize(
        ("user", "why"),
        [
            ({"token": "opaque-t0ken"}, "Unauthorized, it does not accept the token sent to it"),
            ({"token": jwt(exp=4e9)}, "it does not accept the token sent to it"),
            (certificate(PEM.client), "it does not accept the client certificate sent to it"),
            ({**certificate(PEM.client), "token": "t0ken"}, "the token and the client certificate sent to it"),
        ],
    )
    def test_it_is_said_what_was_sent(self, user: Mapping[str, object], why: str) -> None:
        error = refusal(user, UNAUTHORIZED)
        assert why in error.why
        assert error.fault is FailureName.CREDENTIALS_REFUSED
        assert error.next.startswith("renew the credentials of this cluster")

    @pytest.mark.parametrize("pem", [PEM.expired, PEM.early])
    def test_a_certificate_out_of_date_says_so(self, pem: Pem) -> None:
        error = refusal(certificate(pem), UNAUTHORIZED)
        when = "expired at 2026-01-01 00:00 UTC" if pem is PEM.expired else "is not valid before 2090-01-01 00:00 UTC"
        assert f"the client certificate sent to it {when}" in error.why
        assert error.fault is FailureName.TOKEN_EXPIRED
        assert ("clock" in error.next) is (pem is PEM.early)

    @pytest.mark.parametrize("claims", [{"exp": EXPIRED.timestamp()}, {"nbf": EARLY.timestamp()}])
    def test_a_token_out_of_date_says_so(self, claims: dict[str, object]) -> None:
        error = refusal({"token": jwt(**claims)}, UNAUTHORIZED)
        when = "expired at 2026-01-01 00:00 UTC" if "exp" in claims else "is not valid before 2090-01-01 00:00 UTC"
        assert f"the token sent to it {when}" in error.why
        assert error.fault is FailureName.TOKEN_EXPIRED

    def test_what_a_plugin_gave_is_told_with_the_plugin(self, tmp_path: Path) -> None:
        error = refusal(plugin(tmp_path, token="t0ken"), UNAUTHORIZED)
        assert f"it does not accept what the plugin {tmp_path}/login gave and was sent to it" in error.why
        assert error.fault is FailureName.CREDENTIALS_REFUSED
        assert error.next.startswith("log in again where the task runs")

    def test_a_plugin_that_gives_what_has_expired_is_told_so(self, tmp_path: Path) -> None:
        user = plugin(tmp_path, token="t0ken", expirationTimestamp="2026-01-01T00:00:00Z")
        error = refusal(user, UNAUTHORIZED)
        assert f"what the plugin {tmp_path}/login gave and was sent to it expired at 2026-01-01 00:00 UTC" in error.why
        assert error.fault is FailureName.TOKEN_EXPIRED

    def test_a_server_that_ends_the_connection_because_of_the_certificate(self, tmp_path: Path) -> None:
        with recording(tls=PEM.server_context(tmp_path)) as server, pytest.raises(FabricError) as caught:
            config = kubeconfig(
                certificate(PEM.expired), server.url, **{"certificate-authority-data": in_base64(PEM.ca)}
            )
            connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE)
        assert "does not accept our client certificate: " in caught.value.why
        assert "expired at 2026-01-01 00:00 UTC" in caught.value.why
        assert caught.value.fault is FailureName.TOKEN_EXPIRED
        assert caught.value.next.startswith("renew the client certificate")


@pytest.mark.parametrize("user", ["system:anonymous", "system:unauthenticated", ""])
@pytest.mark.parametrize("sent", [{}, {"token": "opaque-t0ken"}, {"username": "r0b0t", "password": "passw0rd"}])
def test_nobody_is_never_granted_a_right(user: str, sent: Mapping[str, object]) -> None:
    error = refusal(sent, status(403, f'namespaces is forbidden: User "{user}" cannot list resource "namespaces"'))
    assert error.fault is FailureName.NO_CREDENTIALS
    assert not isinstance(error, Forbidden)
    assert "grant" not in error.next


@pytest.mark.parametrize("code", [401, 403])
def test_who_became_nobody_by_time_is_told_when(code: int) -> None:
    """A server that lets in whom it does not know answers 403 in the place of 401."""
    said = status(code, 'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces"')
    error = refusal({"token": jwt(exp=EXPIRED.timestamp())}, said)
    assert "the token sent to it expired at 2026-01-01 00:00 UTC" in error.why
    assert error.fault is FailureName.TOKEN_EXPIRED
    assert error.next.startswith("renew")
    assert not isinstance(error, Forbidden)


class TestForbidden:
    """403."""

    def test_who_is_known_through_a_proxy_is_granted_rights_although_we_sent_nothing(self) -> None:
        error = refusal({}, status(403, 'namespaces is forbidden: User "jane" cannot list resource "namespaces"'))
        assert error.fault is FailureName.MISSING_RIGHT

    def test_to_act_as_somebody_is_a_right_of_its_own(self) -> None:
        message = 'users "jane" is forbidden: User "me" cannot impersonate resource "users" in API group ""'
        error = refusal({"token": "opaque-t0ken", "as": "jane-d0e"}, status(403, message))
        assert error.fault is FailureName.MISSING_RIGHT
        assert error.next.startswith("grant this user the right to impersonate, or leave out impersonate_user")

    @pytest.mark.parametrize("code", [403, 407])
    @pytest.mark.parametrize("page", ["<html>access denied: secret page</html>", {"error": "secret page"}])
    def test_a_page_of_a_proxy_is_no_missing_right(self, code: int, page: object) -> None:
        error = refusal({"token": "opaque-t0ken"}, (code, page))
        assert error.fault is FailureName.API_ERROR
        assert f"answered {code}: this is no answer of Kubernetes" in error.why
        assert error.next.startswith("look at the proxy, firewall or gateway before the API server")
        assert "secret page" not in str(error)

    @pytest.mark.parametrize(("code", "step"), [(407, "give user and password of the proxy"), (403, "check the proxy")])
    def test_a_proxy_that_does_not_let_us_through(self, code: int, step: str) -> None:
        with recording(lambda _request: (code, {})) as proxy, pytest.raises(FabricError) as caught:
            connect("leaf-a", {"host": "https://leaf.example:6443", "api_key": "t", "proxy": proxy.url}).list(NAMESPACE)
        assert f"gave no way to leaf.example:6443/TCP: Tunnel connection failed: {code}" in caught.value.why
        assert caught.value.next.startswith(step)


class TestServer:
    """Its certificate."""

    def refusal(self, folder: Path, pem: Pem, **cluster: object) -> FabricError:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (folder / "pem").write_bytes(pem.certificate + pem.key)
        context.load_cert_chain(folder / "pem")
        with recording(tls=context) as server, pytest.raises(FabricError) as caught:
            config = kubeconfig({"token": "t"}, server.url, **cluster)
            connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE)
        assert caught.value.fault is FailureName.UNREACHABLE
        assert "is not accepted: " in caught.value.why
        return caught.value

    def test_that_has_expired(self, tmp_path: Path) -> None:
        error = self.refusal(tmp_path, PEM.stale_server, **{"certificate-authority-data": in_base64(PEM.ca)})
        assert "certificate has expired" in error.why
        assert error.next.startswith("renew the certificate of the API server, or correct the clock")

    def test_of_another_authority(self, tmp_path: Path) -> None:
        error = self.refusal(
            tmp_path, PEM.server, **{"certificate-authority-data": in_base64(PEM.stale_server.certificate)}
        )
        assert error.next.startswith("give the right ca_cert (certificate-authority in a kubeconfig)")

    def test_for_another_name(self, tmp_path: Path) -> None:
        own = {"certificate-authority-data": in_base64(PEM.ca), "tls-server-name": "other.example"}
        error = self.refusal(tmp_path, PEM.server, **own)
        assert "tls-server-name" in error.next


class TestValidity:
    """What credentials say of themselves."""

    @pytest.mark.parametrize("pem", [PEM.client, PEM.expired, PEM.early, PEM.server])
    def test_of_a_certificate_is_what_it_holds(self, pem: Pem) -> None:
        read = x509.load_pem_x509_certificate(pem.certificate)
        expected = Validity(begins=read.not_valid_before_utc, ends=read.not_valid_after_utc)
        assert of_certificate(b"subject=x\n" + pem.certificate + PEM.ca) == expected

    @pytest.mark.parametrize("claims", [{}, {"exp": "soon"}, {"exp": 1e300}, {"exp": True}, {"exp": None}])
    def test_of_a_token_may_be_unknown(self, claims: dict[str, object]) -> None:
        assert of_token(jwt(**claims)) == Validity()

    @pytest.mark.parametrize("content", [b"[" * 200_000, b'{"exp":' * 100_000, b"\xff\xfe", b"[]", b""])
    def test_of_a_token_that_is_no_jwt_is_unknown(self, content: bytes) -> None:
        assert of_token(f"a.{base64.urlsafe_b64encode(content).decode().rstrip('=')}.c") == Validity()

    @given(content=st.binary(max_size=200))
    def test_of_anything_else_is_unknown(self, content: bytes) -> None:
        pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(content) + b"\n-----END CERTIFICATE-----\n"
        assert isinstance(of_certificate(pem), Validity)
        assert of_certificate(content) == Validity()
        assert of_token(content.decode("latin1")) == Validity()


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [
        (b"hello", PEM.client.key, "the client certificate cannot be read as PEM"),
        (PEM.client.certificate, b"hello", "the client key cannot be read as PEM"),
        (PEM.client.certificate, PEM.server.key, "the client certificate and its key do not belong together"),
        (
            PEM.client.certificate,
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "the client key is encrypted",
        ),
    ],
)
def test_of_certificate_and_key_it_is_said_which_is_wrong(certificate: bytes, key: bytes, why: str) -> None:
    user = {"client-certificate-data": in_base64(certificate), "client-key-data": in_base64(key)}
    with pytest.raises(FabricError) as caught:
        connect("leaf-a", {"kubeconfig": kubeconfig(user, "https://h")})
    assert why in caught.value.why
    assert caught.value.fault is FailureName.NO_CREDENTIALS


def test_over_plain_http_the_address_is_what_is_wrong() -> None:
    user = {"token": "opaque-t0ken"}
    with recording(lambda _request: UNAUTHORIZED) as proxy, pytest.raises(FabricError) as caught:
        config = kubeconfig(user, "http://leaf.example")
        connect("leaf-a", {"kubeconfig": config, "proxy": proxy.url}).list(NAMESPACE)
    assert "because its address begins with http://" in caught.value.why
    assert caught.value.next == "write https:// in the address of the server"
    assert "Authorization" not in proxy.last.headers
