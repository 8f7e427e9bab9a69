# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that cannot be reached, for real: each reason is told from the others, with port and next step."""

from __future__ import annotations

import base64
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import certifi
import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy

from tests.integration_api.conftest import NAMESPACE, ApiServer
from tests.integration_api.faulty_proxy import Server

ONCE = RetryPolicy(delays_s=())


def failure(options: dict[str, object], *, connect_timeout_s: float = 5.0) -> Unreachable:
    limits = Limits(connect_timeout_s=connect_timeout_s, call_deadline_s=20.0)
    api = connect("leaf-a", {"api_key": "t"} | options, retry=ONCE, limits=limits)
    with pytest.raises(Unreachable) as caught:
        api.list(NAMESPACE)
    assert caught.value.__cause__ is not None
    return caught.value


@pytest.fixture
def free_port() -> int:
    """Nobody listens there."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def backlog_port() -> Iterator[int]:
    """A listener that never accepts, as a server that is only starting: the kernel completes the connection."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield int(listener.getsockname()[1])


@pytest.fixture
def full_port() -> Iterator[int]:
    """A listener whose queue is full, so that the kernel drops further connection requests, as a firewall would."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = int(listener.getsockname()[1])
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port
        for client in waiting:
            client.close()


def test_refused(free_port: int) -> None:
    error = failure({"host": f"https://127.0.0.1:{free_port}"})
    assert error.where == f"leaf-a at https://127.0.0.1:{free_port}"
    assert error.why == f"127.0.0.1:{free_port}/TCP refused the connection"


def test_timed_out(full_port: int) -> None:
    started = time.monotonic()
    error = failure({"host": f"https://127.0.0.1:{full_port}"}, connect_timeout_s=0.5)
    assert error.why.startswith(f"127.0.0.1:{full_port}/TCP did not accept a connection within ")
    assert f"no firewall drops 127.0.0.1:{full_port}/TCP" in error.next
    assert time.monotonic() - started < 5


def test_silence_before_the_handshake(backlog_port: int) -> None:
    error = failure({"host": f"https://127.0.0.1:{backlog_port}"}, connect_timeout_s=0.5)
    assert error.why.startswith(f"127.0.0.1:{backlog_port}/TCP accepted the connection, but no TLS handshake within ")


def test_a_name_that_does_not_resolve() -> None:
    error = failure({"host": "https://leaf-a.invalid:6443"})
    assert error.why.startswith("the host name of leaf-a.invalid:6443/TCP does not resolve")


def test_no_tls_where_tls_was_expected(stub: Server) -> None:
    error = failure({"host": f"https://{stub.address}"})
    assert error.why.startswith(f"TLS with {stub.address}/TCP failed: ")
    assert "speaks https" in error.next


def test_a_proxy_that_is_away(free_port: int) -> None:
    error = failure({"host": "https://10.0.0.7:6443", "proxy": f"http://user:s3cret@127.0.0.1:{free_port}"})
    assert error.why.startswith(f"the proxy 127.0.0.1:{free_port}/TCP gave no way to 10.0.0.7:6443/TCP: ")
    assert "s3cret" not in str(error)


def test_a_proxy_that_does_not_let_through(stub: Server) -> None:
    error = failure({"host": "https://10.0.0.7:6443", "proxy": stub.url})
    assert error.why.startswith(f"the proxy {stub.address}/TCP gave no way to 10.0.0.7:6443/TCP: ")


def test_a_host_exempted_from_the_proxy_is_asked_directly(stub: Server, free_port: int) -> None:
    options = {"host": stub.url, "proxy": f"http://127.0.0.1:{free_port}", "no_proxy": "127.0.0.0/8"}
    assert connect("leaf-a", options, retry=ONCE).list(NAMESPACE).items == ()


@pytest.mark.lab
class TestCertificates:
    """The real server's certificate, looked at with the wrong expectations."""

    def test_signed_by_nobody_we_know(self, apiserver: ApiServer) -> None:
        error = failure({"host": apiserver.url})
        assert error.why.startswith(f"the certificate shown by {apiserver.address}/TCP is not accepted: ")
        assert "unable to get local issuer certificate" in error.why
        assert "ca_cert" in error.next

    def test_made_out_to_another_name(self, apiserver: ApiServer, proxy: Server) -> None:
        error = failure({"host": "https://leaf-b.example:6443", "ca_cert": str(apiserver.ca), "proxy": proxy.url})
        assert "the certificate shown by leaf-b.example:6443/TCP is not accepted: Hostname mismatch" in error.why

    def test_not_looked_at_when_told_so(self, apiserver: ApiServer) -> None:
        options = apiserver.credentials | {"validate_certs": False, "ca_cert": None}
        assert connect("leaf-a", options).list(NAMESPACE).items

    def test_options_win_over_the_kubeconfig(self, apiserver: ApiServer, tmp_path: Path) -> None:
        stranger = tmp_path / "ca.crt"
        shutil.copy(certifi.where(), stranger)
        error = failure({"kubeconfig": str(apiserver.kubeconfig), "ca_cert": str(stranger)})
        assert "is not accepted" in error.why


@pytest.mark.lab
def test_through_a_proxy_that_wants_a_password(apiserver: ApiServer, proxy: Server) -> None:
    options = apiserver.credentials | {"proxy": proxy.url, "proxy_headers": {"proxy_basic_auth": "user:s3cret"}}
    assert connect("leaf-a", options).list(NAMESPACE).items
    assert [(seen.method, seen.path) for seen in proxy.seen] == [("CONNECT", apiserver.address)]
    assert proxy.seen[0].said == "Basic " + base64.b64encode(b"user:s3cret").decode()
