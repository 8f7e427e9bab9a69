# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many API servers in one process, on loopback with TLS, that answer LISTs with what was recorded.

`python -m benchmarks.apiserver FOLDER CLUSTERS PEERS DELAY_MS` writes a kubeconfig per cluster into FOLDER, prints one
line when all of them listen, and serves until its standard input ends. A line on standard input is answered with what
was asked since the line before. Every answer is sent DELAY_MS after its request came.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import ssl
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.recording import Recording

BACKLOG = 256
_NOT_FOUND = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}'


def names(clusters: int) -> list[str]:
    return [f"sim-{number:04d}" for number in range(clusters)]


def peers_of(number: int, clusters: int, peers: int) -> list[int]:
    """A cluster is linked with those beside it on a circle, as many on each side; with all where that is all."""
    if peers >= clusters - 1:
        return [other for other in range(clusters) if other != number]
    steps = [step for distance in range(1, peers // 2 + 1) for step in (-distance, distance)]
    return sorted((number + step) % clusters for step in steps)


class Counts:
    """What clients asked, by cluster and method."""

    def __init__(self) -> None:
        self.by_cluster: Counter[str] = Counter()
        self.writes = 0

    def take(self) -> dict[str, int]:
        """The figures since the last call."""
        found = {
            "most": max(self.by_cluster.values(), default=0),
            "all": self.by_cluster.total(),
            "writes": self.writes,
        }
        self.by_cluster.clear()
        self.writes = 0
        return found


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection of a client that sends one request at a time, without bodies."""

    def __init__(self, cluster: str, answers: Mapping[str, bytes], counts: Counts, delay_s: float) -> None:
        self.cluster, self.answers, self.counts, self.delay_s = cluster, answers, counts, delay_s
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _end, self.rest = self.rest.partition(b"\r\n\r\n")
            method, target = head.split(b" ", 2)[:2]
            self.counts.by_cluster[self.cluster] += 1
            self.counts.writes += method != b"GET"
            answer = self.answers.get(target.partition(b"?")[0].decode(), self.answers[""])
            if self.delay_s:
                asyncio.get_running_loop().call_later(self.delay_s, self.transport.write, answer)
            else:
                self.transport.write(answer)


def response(body: bytes, date: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1 that clients trust as they would an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "simulated API servers")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file


async def serve(folder: Path, clusters: int, peers: int, delay_s: float) -> None:
    key_file, certificate_file = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    recording, counts, known = Recording.load(), Counts(), names(clusters)
    loop = asyncio.get_running_loop()
    for number, name in enumerate(known):
        bodies = recording.answers(name, [known[peer] for peer in peers_of(number, clusters, peers)])
        answers = {place: response(body, recording.date) for place, body in bodies.items()}
        answers[""] = response(_NOT_FOUND, recording.date, "404 Not Found")
        server = await loop.create_server(
            lambda name=name, answers=answers: Connection(name, answers, counts, delay_s),  # type: ignore[misc]
            "127.0.0.1",
            0,
            ssl=context,
            backlog=BACKLOG,
        )
        port = server.sockets[0].getsockname()[1]
        (folder / name).write_text(yaml.safe_dump(_kubeconfig(name, port, certificate_file)))
    print("ready", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(counts.take()), flush=True)


def _kubeconfig(name: str, port: int, authority: Path) -> dict[str, object]:
    cluster = {"server": f"https://localhost:{port}", "certificate-authority": str(authority)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": "simulated"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) / 1000))
