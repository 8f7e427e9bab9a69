# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contexts made from certificates and keys in memory: what they accept, and that no file with a key is left."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube import tls
from ansible_collections.liqo.fabric.plugins.module_utils._kube.tls import tls_context
from ansible_collections.liqo.fabric.plugins.module_utils._kube.unusable import UnusableError

from tests.unit.certificates import certificates
from tests.unit.recording_server import recording

PEM = certificates()


def context(**given: bytes) -> ssl.SSLContext:
    return tls_context(**{"verify": True, "ca": PEM.ca, **given})  # type: ignore[arg-type]  # one of them is a flag


def test_client_and_server_recognise_each_other(tmp_path: Path) -> None:
    import urllib3

    with recording(tls=PEM.server_context(tmp_path)) as server:
        pool = urllib3.PoolManager(ssl_context=context(certificate=PEM.client.certificate, key=PEM.client.key))
        assert pool.request("GET", server.url).status == 200
        pool.clear()


def test_one_pem_may_hold_certificate_and_key() -> None:
    context(certificate=PEM.client.certificate + PEM.client.key)


def test_comments_in_any_language_may_stand_between_certificates() -> None:
    context(ca="Behörde ☃\n".encode() + PEM.ca + b"\n# end\n")


@pytest.mark.parametrize(
    "ca", [b"hello", PEM.client.key, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_authority_is_told(ca: bytes) -> None:
    with pytest.raises(UnusableError, match="the CA certificate cannot be read as PEM"):
        context(ca=ca)


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [
        (b"hello", b"", "the client certificate cannot be read as PEM"),
        (PEM.client.certificate, b"hello", "the client key cannot be read as PEM"),
        (PEM.client.certificate, PEM.server.key, "the client certificate and its key do not belong together"),
        (PEM.client.certificate, b"", "the client key cannot be read as PEM"),
    ],
)
def test_a_key_that_does_not_belong_to_its_certificate_is_told(certificate: bytes, key: bytes, why: str) -> None:
    with pytest.raises(UnusableError, match=why):
        context(certificate=certificate, key=key)


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password() -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(PEM.client.key, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"s3cret"),
    )
    with pytest.raises(UnusableError, match="the client key is encrypted"):
        context(certificate=PEM.client.certificate, key=locked)


def test_without_verification_nothing_is_compared() -> None:
    found = tls_context(verify=False)
    assert (found.verify_mode, found.check_hostname) == (ssl.CERT_NONE, False)
    assert context().verify_mode is ssl.CERT_REQUIRED
    assert context().check_hostname


def test_without_an_authority_those_of_the_system_count() -> None:
    found = tls_context(verify=True)
    assert found.verify_mode is ssl.CERT_REQUIRED
    assert {name for name, count in found.cert_store_stats().items() if count} <= {"x509", "x509_ca", "crl"}
    assert context().cert_store_stats()["x509"] == 1


@pytest.mark.parametrize("way", ["memory", "a file without a name"])
def test_no_descriptor_stays_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str) -> None:
    if way != "memory":
        monkeypatch.delattr(os, "memfd_create", raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(list(Path(tls._DESCRIPTORS).iterdir()))
    context(certificate=PEM.client.certificate, key=PEM.client.key)
    assert len(list(Path(tls._DESCRIPTORS).iterdir())) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["memory", "a file without a name"])
def test_many_clusters_load_the_same_certificate_at_the_same_time(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """All have written theirs before the first one reads, and each reads after the one before has tidied up."""
    if way != "memory":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    written, turns = threading.Barrier(8), [threading.Event() for _thread in range(9)]
    order = iter(range(8))
    mine, read = threading.local(), list[str]()
    load_cert_chain = ssl.SSLContext.load_cert_chain

    def waiting(self: ssl.SSLContext, *paths: Any, **options: Any) -> None:
        read.extend(paths)
        written.wait(20)
        mine.turn = next(order)
        assert turns[mine.turn].wait(20)
        load_cert_chain(self, *paths, **options)

    def load(_number: int) -> ssl.SSLContext:
        try:
            return context(certificate=PEM.client.certificate, key=PEM.client.key)
        finally:
            turns[mine.turn + 1].set()

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", waiting)
    turns[0].set()
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(load, range(8)))) == 8
    assert len(set(read)) == 2 * 8, "two threads read what one of them writes"


# Is killed while OpenSSL has the path of the key.
KILLED = """
import os, signal, ssl, sys
from ansible_collections.liqo.fabric.plugins.module_utils._kube.tls import tls_context
def load_cert_chain(self, certificate, key, password):
    assert open(key, "rb").read() == b"the private key"
    os.kill(os.getpid(), int(sys.argv[1]))
ssl.SSLContext.load_cert_chain = load_cert_chain
if sys.argv[2] == "file":
    del os.memfd_create
tls_context(verify=False, certificate=b"the certificate", key=b"the private key")
"""


@pytest.mark.parametrize("way", ["memory", "file"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_in_the_middle_of_loading_it_leaves_nothing(tmp_path: Path, number: signal.Signals, way: str) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(int(number)), way], env=environ, check=False)
    assert done.returncode == -number
    assert list(tmp_path.rglob("*")) == []
