# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that refused, was silent or could not be reached answers after the step is taken."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy

from tests.unit.certificates import certificates
from tests.unit.next_steps.connecting import PEM, folder
from tests.unit.next_steps.following import is_said
from tests.unit.recording_server import EMPTY_LIST, Request, recording

__all__ = ["folder"]

NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
ONCE = RetryPolicy(delays_s=())
QUICK = Limits(connect_timeout_s=0.3, read_timeout_s=0.3)
Options = Mapping[str, Any]


def ask(options: Options) -> None:
    connect("leaf-a", {"api_key": "right", **options}, retry=ONCE, limits=QUICK).list(NAMESPACE)


def said(options: Options) -> str:
    with pytest.raises(FabricError) as refused:
        ask(options)
    return refused.value.next


def status(code: int, message: str = "no", **more: Any) -> tuple[int, object]:
    return code, {"kind": "Status", "code": code, "message": message, "reason": "Because", **more}


def of_user(user: str, right: str = "list") -> str:
    return f'namespaces is forbidden: User "{user}" cannot {right} resource "namespaces" at the cluster scope'


# --- who we are -----------------------------------------------------------------------------------------------------


RENEW = "renew the credentials of this cluster (token, client certificate or exec plugin) in its connection options"
ANOTHER_CA = (
    "give the right ca_cert (certificate-authority in a kubeconfig), that of a proxy if one signs anew in between"
)


def guarded(request: Request) -> tuple[int, object]:
    """A server that knows one token, and lets others in as nobody."""
    authorization = request.headers.get("Authorization", "")
    if authorization == "Bearer right":
        return 200, EMPTY_LIST
    return status(401, "Unauthorized") if authorization == "Bearer old" else status(403, of_user("system:anonymous"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            RENEW,
            {"api_key": "old"},
        ),
        ("give this cluster credentials: in its kubeconfig, or as api_key, for one", {"api_key": None}),
        (
            "use a token, a client certificate or an exec plugin",
            {"api_key": None, "username": "me", "password": "p"},
        ),
        ("check that the token or client certificate was made for this cluster", {"api_key": "of another cluster"}),
    ],
)
def test_a_server_that_knows_us_answers(text: str, wrong: Options) -> None:
    with recording(guarded) as server:
        step = said({"host": server.url, **wrong})
        assert step == text
        assert "grant" not in step
        ask({"host": server.url})


def test_credentials_are_sent_where_nobody_can_read_them_on_the_way(tmp_path: Path) -> None:
    with recording(lambda _request: status(401)) as proxy:
        plain = PEM.kubeconfig("http://leaf.example", token="right")
        step = said({"kubeconfig": plain, "api_key": None, "proxy": proxy.url})
        assert step == "write https:// in the address of the server"
    context = PEM.server_context(tmp_path)
    context.verify_mode = ssl.CERT_NONE
    with recording(guarded, tls=context) as server:
        ask({"kubeconfig": PEM.kubeconfig(server.url, token="right"), "api_key": None})


def test_the_right_that_is_named_is_the_one_that_is_missing() -> None:
    granted: set[str] = set()

    def answer(request: Request) -> tuple[int, object]:
        known = request.headers["Authorization"] == "Bearer right"
        return (200, EMPTY_LIST) if not known or granted else status(403, of_user("jane"))

    with recording(answer) as server:
        with pytest.raises(FabricError) as refused:
            ask({"host": server.url})
        assert refused.value.next == "grant this user the right that is named, or use credentials that have it"
        assert 'User "jane" cannot list resource "namespaces"' in refused.value.why
        ask({"host": server.url, "api_key": "of the admin"})
        granted.add("list namespaces")
        ask({"host": server.url})


# --- what it answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("check that Liqo is installed in this cluster, in a version that has this kind", status(404)),
        ("run again; if it stays missing, create it", status(404, details={"name": "x"})),
        ("run again; the next run starts from what is there now", status(409)),
        ("run again; the state is read afresh", status(410)),
        ("correct the value that the server names", status(422)),
        ("run again later, or with fewer parallel requests", status(429)),
        ("look at the log of the API server, and of the webhook if one is named", status(500)),
        ("look at the log of the API server", status(418)),
        (
            "look at the proxy, firewall or gateway before the API server, and at the credentials that it asks for",
            (403, {"error": "no"}),
        ),
        (
            "grant this user the right to impersonate, or leave out impersonate_user (as in the kubeconfig)",
            status(403, 'users "x" is forbidden: User "jane" cannot impersonate resource "users" in API group ""'),
        ),
        (
            "take away what holds the content of the namespace, or wait until it is gone; then run again",
            status(403, details={"causes": [{"reason": "NamespaceTerminating"}]}),
        ),
    ],
)
def test_a_server_that_has_what_it_lacked_answers(text: str, refused: tuple[int, object]) -> None:
    answers = [refused]
    with recording(lambda _request: answers[-1]) as server:
        assert said({"host": server.url}) == text
        # As after the step: the server says something else.
        answers.append((200, EMPTY_LIST))
        ask({"host": server.url})


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("give the address of the API server itself, this one redirects elsewhere", (302, {})),
        (
            "correct the address in the connection options of this cluster, or look at what stands before it",
            (200, ["no", "object"]),
        ),
    ],
)
def test_the_address_of_the_server_itself_is_answered(text: str, wrong: tuple[int, object]) -> None:
    with recording(lambda _request: wrong) as other, recording() as server:
        assert said({"host": other.url}) == text
        ask({"host": server.url})


def test_a_kind_with_a_usual_number_of_objects_is_read() -> None:
    objects = [{"metadata": {"name": f"n{number}"}} for number in range(20)]
    few = Limits(reading_items=10)

    def read(items: list[Any]) -> None:
        with recording(lambda _request: (200, {**EMPTY_LIST, "items": items})) as server:
            connect("leaf-a", {"host": server.url, "api_key": "t"}, retry=ONCE, limits=few).within(5.0).list(NAMESPACE)

    with pytest.raises(FabricError) as refused:
        read(objects)
    assert refused.value.next == "look for a kind with an unusual number or size of objects in this cluster"
    # The kind is named by what could not be done.
    assert "namespaces" in refused.value.what
    read(objects[:10])


# --- no answer ------------------------------------------------------------------------------------------------------


def gone() -> str:
    """An address at which nobody listens any more."""
    with recording() as server:
        return server.url


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("start the API server, or correct the address in the connection options of {}", {"host": gone()}),
        ("correct the name, or the resolver of the machine where the task runs", {"host": "http://leaf-a.invalid"}),
        ("check the connection options of {}", {"host": f"http://{'a' * 70}.example"}),
        ("check the proxy, or exempt this host with no_proxy", {"proxy": gone()}),
    ],
)
def test_a_server_at_the_right_address_answers(text: str, wrong: Options) -> None:
    with recording() as server:
        step = said({"host": server.url, **wrong})
        assert is_said(text, step), step
        ask({"host": server.url})
        if "proxy" in wrong:
            ask({"host": server.url, **wrong, "no_proxy": "127.0.0.1"})


def test_a_proxy_that_wants_a_password_gets_it() -> None:
    with recording() as server, proxy_with_password() as proxy:
        text = "give user and password of the proxy, in its URL or as proxy_headers.proxy_basic_auth"
        at = {"host": server.url.replace("http:", "https:"), "validate_certs": False}
        assert said({**at, "proxy": proxy}) == text
        # Through the proxy this server speaks no TLS, which is the next thing to be told.
        assert said({**at, "proxy": proxy.replace("//", "//me:secret@")}) != text
        assert said({**at, "proxy": proxy, "proxy_headers": {"proxy_basic_auth": "me:secret"}}) != text


@contextmanager
def proxy_with_password() -> Iterator[str]:
    def answer(request: Request) -> tuple[int, object]:
        return (200, {}) if request.headers.get("Proxy-Authorization") else (407, {})

    with recording(answer) as proxy:
        yield proxy.url


def test_a_server_is_reached_with_the_scheme_and_the_certificates_that_are_its_own(tmp_path: Path) -> None:
    with recording() as plain, recording(tls=PEM.server_context(tmp_path)) as server:
        right = PEM.kubeconfig(server.url)
        bare = {"host": server.url, "client_cert": "cert.pem", "client_key": "key.pem"}
        text = "check that the address speaks https and that it accepts our client certificate"
        assert said({"host": plain.url.replace("http:", "https:"), "validate_certs": False}) == text
        ask({"host": plain.url})
        assert said(bare) == ANOTHER_CA
        ask({**bare, "ca_cert": "ca.pem"})
        # Its certificate names 127.0.0.1 and api.example.
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        text = "use an address that the certificate names, or write such a name as tls-server-name in the kubeconfig"
        assert said({**bare, "host": elsewhere, "ca_cert": "ca.pem"}) == text
        ask({"kubeconfig": right, "api_key": None})
        named = PEM.kubeconfig(elsewhere)
        named["clusters"][0]["cluster"]["tls-server-name"] = "api.example"  # type: ignore[index]
        ask({"kubeconfig": named, "api_key": None})


def test_a_client_certificate_that_was_made_for_this_cluster_is_taken(tmp_path: Path) -> None:
    strange = certificates.__wrapped__().client
    (tmp_path / "strange.pem").write_bytes(strange.certificate + strange.key)
    context = PEM.server_context(tmp_path)
    # With 1.3 a server may be gone before its reason has arrived.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with recording(tls=context) as server:
        options = {"host": server.url, "ca_cert": "ca.pem", "api_key": None}
        text = "renew the client certificate, or take the one that was made for this cluster"
        assert said({**options, "client_cert": "strange.pem", "client_key": "strange.pem"}) == text
        ask({**options, "client_cert": "cert.pem", "client_key": "key.pem"})


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("look at the load of the API server and of its etcd", "http"),
        ("look whether the API server is only starting, or overloaded", "https"),
    ],
)
def test_a_server_that_is_not_overloaded_any_more_answers(text: str, scheme: str, tmp_path: Path) -> None:
    tls = PEM.server_context(tmp_path) if scheme == "https" else None
    # The kernel takes connections, and nobody looks at them.
    with socket.create_server(("127.0.0.1", 0)) as asleep:
        options = {"host": f"{scheme}://127.0.0.1:{asleep.getsockname()[1]}", "ca_cert": "ca.pem"}
        if tls is not None:
            options |= {"client_cert": "cert.pem", "client_key": "key.pem"}
        assert said(options) == text
    with recording(tls=tls) as server:
        ask({**options, "host": server.url})


def test_a_server_that_breaks_off_is_asked_again() -> None:
    text = "look at the log of the API server and at what stands before it, then run again"
    answers: list[Callable[[], tuple[int, object]]] = []

    def answer(_request: Request) -> tuple[int, object]:
        if not answers:
            # The thread of this connection ends, and with it the connection.
            raise ConnectionAbortedError
        return answers[0]()

    with recording(answer) as server:
        assert said({"host": server.url}) == text
        answers.append(lambda: (200, EMPTY_LIST))
        ask({"host": server.url})


def test_what_takes_longer_gets_more_time() -> None:
    with recording(lambda _request: None) as server, pytest.raises(FabricError) as refused:
        connect("leaf-a", {"host": server.url, "api_key": "t"}, retry=ONCE).within(0.3).list(NAMESPACE)
    text = "look at the load of the API server and at the network in between, or allow more time"
    assert refused.value.next == text
    with recording() as server:
        connect("leaf-a", {"host": server.url, "api_key": "t"}, retry=ONCE).within(30.0).list(NAMESPACE)
