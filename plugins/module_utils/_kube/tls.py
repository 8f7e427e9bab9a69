# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys, held as bytes, become contexts of the module ssl. None of them is in a file that has a name.

OpenSSL loads a private key from a path only. The path here is that of an open descriptor whose file is in no folder, so
that nothing is left of it however this process ends.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .unusable import UnusableError

_DESCRIPTORS = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def tls_context(*, verify: bool, ca: bytes = b"", certificate: bytes = b"", key: bytes = b"") -> ssl.SSLContext:
    """For connections to a server that shows a certificate signed by `ca`, or by an authority of the system without.

    `key` may be empty when `certificate` holds it as well. Raises UnusableError.
    """
    # Not the default context: it is as strict with certificates as kubectl is not, and reading all authorities of the
    # system takes longer than the requests of a steady run.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca:
        # An authority that is named is trusted, be it signed by another one or not.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        _load_ca(context, ca)
    else:
        context.load_default_certs()
    if certificate:
        _load_certificate(context, certificate, key or certificate)
    return context


def _load_ca(context: ssl.SSLContext, ca: bytes) -> None:
    # Between the certificates there may be comments in any language.
    text = ca.decode("ascii", "ignore")
    # Of several, one that cannot be read does no harm, as with kubectl.
    for certificate in (text, *_CERTIFICATE.findall(text)):
        try:
            context.load_verify_locations(cadata=certificate)
        except (ssl.SSLError, ValueError):
            continue
        if certificate is text:
            return
    if not context.cert_store_stats()["x509"]:
        raise UnusableError(
            "the CA certificate cannot be read as PEM", "correct ca_cert, or certificate-authority in the kubeconfig"
        )


def _load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    try:
        with _path_of(certificate) as certificate_path, _path_of(key) as key_path:
            # An empty password makes an encrypted key fail instead of asking at the terminal.
            context.load_cert_chain(certificate_path, key_path, password="")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise _unusable(certificate, key, error) from None


def _unusable(certificate: bytes, key: bytes, error: Exception) -> UnusableError:
    correct = "correct client_cert and client_key, or those of the kubeconfig"
    if not _CERTIFICATE.search(certificate.decode("ascii", "ignore")):
        return UnusableError("the client certificate cannot be read as PEM", correct)
    if b"ENCRYPTED" in key:
        return UnusableError("the client key is encrypted", "store it without a passphrase, which no one could give")
    if b" PRIVATE KEY-----" not in key:
        return UnusableError("the client key cannot be read as PEM", correct)
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return UnusableError("the client certificate and its key do not belong together", correct)
    return UnusableError("the client certificate or its key cannot be read as PEM, or do not belong together", correct)


@contextmanager
def _path_of(content: bytes) -> Iterator[str]:
    with _nameless() as file:
        file.write(content)
        file.flush()
        # Where opening the path does not open the file anew, reading begins where the descriptor stands.
        file.seek(0)
        yield f"{_DESCRIPTORS}/{file.fileno()}"


def _nameless() -> IO[bytes]:
    try:
        return os.fdopen(os.memfd_create("pem"), "w+b")
    except (AttributeError, OSError):
        # No Linux. The file loses its name before anything is written to it.
        return tempfile.TemporaryFile()
