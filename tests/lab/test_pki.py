# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the lab: they satisfy a strict verifier, stay private, and are not made twice."""

from __future__ import annotations

import json
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from lab import pki
from lab.layout import Cluster, Wishes, plan_lab


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    state = tmp_path_factory.mktemp("state")
    made = plan_lab(Wishes(leaves=1), slot=0, state=state, cache=state, binaries={}).hub
    pki.make(made)
    pki.write_kubeconfigs(made)
    return made


def serve_once(cluster: Cluster, listener: socket.socket, seen: list[object]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(cluster.pki / "ca.crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(cluster.pki / "server.crt", cluster.pki / "server.key")
    plug, _ = listener.accept()
    with context.wrap_socket(plug, server_side=True) as tls:
        seen.append(tls.getpeercert())
        tls.sendall(b"x")


@pytest.mark.parametrize(("client", "common_name"), [("admin", "admin"), ("lab", "lab")])
def test_strict_verification_accepts_both_ends(cluster: Cluster, client: str, common_name: str) -> None:
    context = ssl.create_default_context(cafile=str(cluster.pki / "ca.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(cluster.pki / f"{client}.crt", cluster.pki / f"{client}.key")
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve_once, args=(cluster, listener, seen))
        server.start()
        plug = socket.create_connection(listener.getsockname())
        with context.wrap_socket(plug, server_hostname="127.0.0.1") as tls:
            assert tls.recv(1) == b"x"
        server.join()
    assert common_name in str(seen)
    assert "system:masters" in str(seen)


def test_server_certificate_is_good_for_the_node_address_and_loopback(cluster: Cluster) -> None:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate((cluster.pki / "server.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {cluster.node_ip, "127.0.0.1"} <= {str(a) for a in names.get_values_for_type(x509.IPAddress)}


def test_nobody_else_can_read_any_of_it(cluster: Cluster) -> None:
    files = [*cluster.pki.iterdir(), cluster.user_kubeconfig]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_existing_pki_is_kept(cluster: Cluster) -> None:
    before = (cluster.pki / "ca.crt").read_bytes()
    pki.make(cluster)
    assert (cluster.pki / "ca.crt").read_bytes() == before


def test_kubeconfigs_lead_to_the_machine_and_to_the_world(cluster: Cluster) -> None:
    def server(path: Path) -> str:
        return str(json.loads(path.read_text())["clusters"][0]["cluster"]["server"])

    assert server(cluster.user_kubeconfig) == f"https://127.0.0.1:{cluster.forward_port}"
    assert server(cluster.kubeconfig) == f"https://127.0.0.1:{cluster.apiserver_port}"
