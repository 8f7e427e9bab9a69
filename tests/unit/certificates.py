# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority with certificates for 127.0.0.1 and for a client, made anew for each process of tests."""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


@dataclass(frozen=True, kw_only=True)
class Pem:
    """A certificate and its key."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """What an API server with TLS and its client need."""

    ca: bytes
    server: Pem
    """For 127.0.0.1 and api.example."""
    client: Pem
    expired: Pem
    """Of the client, until the first of January 2026."""
    early: Pem
    """Of the client, from the year 2090 on."""
    stale_server: Pem
    """Of the server, as long as `expired`."""

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """It wants to see a certificate, and accepts that of the client alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (folder / "ca.pem").write_bytes(self.ca)
        (folder / "server.pem").write_bytes(self.server.certificate + self.server.key)
        context.load_cert_chain(folder / "server.pem")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def kubeconfig(self, server: str, **user: object) -> dict[str, object]:
        """With everything in it; the user has the client's certificate unless something else is given."""
        own = {"client-certificate-data": in_base64(self.client.certificate)}
        own["client-key-data"] = in_base64(self.client.key)
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": server, "certificate-authority-data": in_base64(self.ca)}}
            ],
            "users": [{"name": "u", "user": user or own}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@functools.cache
def certificates() -> Certificates:
    ca_key, ca_name = ec.generate_private_key(ec.SECP256R1()), _name("authority")
    basics = x509.BasicConstraints(ca=True, path_length=None)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("api.example")]
    now = datetime.datetime.now(tz=datetime.UTC)
    hour = datetime.timedelta(hours=1)
    times = {
        "now": (now - hour, now + hour),
        "past": (
            datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC),
            datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        ),
        "future": (
            datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC),
            datetime.datetime(2091, 1, 1, tzinfo=datetime.UTC),
        ),
    }

    ca_builder = _builder(ca_name, ca_name, ca_key, *times["now"])
    ca = ca_builder.add_extension(basics, critical=True).sign(ca_key, hashes.SHA256())

    def made(name: str, when: str = "now") -> Pem:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), ca_name, key, *times[when])
        if name == "server":
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(ca_key, hashes.SHA256()).public_bytes(PEM)
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return Pem(certificate=certificate, key=key.private_bytes(PEM, form, serialization.NoEncryption()))

    return Certificates(
        ca=ca.public_bytes(PEM),
        server=made("server"),
        client=made("client"),
        expired=made("client", "past"),
        early=made("client", "future"),
        stale_server=made("server", "past"),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: datetime.datetime,
    ends: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
