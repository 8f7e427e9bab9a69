# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, keys and kubeconfigs of a lab.

One authority per cluster, good for a year, strict enough for Python >= 3.13.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.layout import WORLD_GATEWAY, Cluster

LAB_USER = "lab"
"""As whom the lab's own processes act, Liqo's among them; people act as `admin`. Audit logs tell them apart by it."""
_ADMINISTRATORS = "system:masters"
_LIFETIME = datetime.timedelta(days=365)
_DNS = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make(cluster: Cluster) -> None:
    """The cluster's pki folder is complete; an existing one is kept."""
    if (cluster.pki / "sa.pub").exists():
        return
    authority = _authority(f"{cluster.name}-ca")
    server = _issue(authority, "kube-apiserver", addresses=_addresses(cluster))
    admin = _issue(authority, "admin", organization=_ADMINISTRATORS)
    lab = _issue(authority, LAB_USER, organization=_ADMINISTRATORS)
    signer = ec.generate_private_key(ec.SECP256R1())
    cluster.pki.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, issued in (("ca", authority), ("server", server), ("admin", admin), (LAB_USER, lab)):
        write_private(cluster.pki / f"{name}.crt", issued.certificate.public_bytes(serialization.Encoding.PEM))
        write_private(cluster.pki / f"{name}.key", _private_pem(issued.key))
    write_private(cluster.pki / "sa.key", _private_pem(signer))
    public = signer.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(cluster.pki / "sa.pub", public)


def write_kubeconfigs(cluster: Cluster) -> None:
    """Both kubeconfigs of the cluster exist, drawn from its pki folder."""
    cluster.user_kubeconfig.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(cluster.kubeconfig, _kubeconfig(cluster, cluster.loopback_url, LAB_USER).encode())
    write_private(cluster.user_kubeconfig, _kubeconfig(cluster, cluster.user_url, "admin").encode())


def _kubeconfig(cluster: Cluster, url: str, client: str) -> str:
    """JSON, which every reader of kubeconfigs takes as YAML."""

    def encoded(file: str) -> str:
        return base64.b64encode((cluster.pki / file).read_bytes()).decode()

    name, user = cluster.name, f"{cluster.name}-{client}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority-data": encoded("ca.crt")}}],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": encoded(f"{client}.crt"),
                    "client-key-data": encoded(f"{client}.key"),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return json.dumps(config, indent=1) + "\n"


def write_private(path: Path, content: bytes) -> None:
    """The file holds the content and only its owner may read it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _addresses(cluster: Cluster) -> list[str]:
    return sorted({"127.0.0.1", "10.96.0.1", WORLD_GATEWAY, cluster.node_ip})


def _authority(name: str) -> _Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(name, key.public_key(), issuer=_name(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return _Issued(certificate=builder.sign(key, hashes.SHA256()), key=key)


def _issue(authority: _Issued, name: str, *, organization: str = "", addresses: list[str] | None = None) -> _Issued:
    """A server certificate for the addresses, or a client certificate when there are none."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.SERVER_AUTH if addresses else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(name, key.public_key(), issuer=authority.certificate.subject, organization=organization)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if addresses:
        names = [x509.DNSName(n) for n in _DNS] + [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _Issued(certificate=builder.sign(authority.key, hashes.SHA256()), key=key)


def _builder(
    name: str, key: ec.EllipticCurvePublicKey, *, issuer: x509.Name, organization: str = ""
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name, organization))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str, organization: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
