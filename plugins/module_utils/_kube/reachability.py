# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an API server gave no answer, told apart by what the person has to do about it.

Pure: looks at exceptions, opens nothing. Every sentence names `host:port/TCP`, because the reader often has to open
exactly that in a firewall.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from .._fabric.errors import FailureName, Unreachable
from .deadline import OutOfTimeError
from .door import shown
from .limits import DEFAULT

_UNROUTED_ERRNOS = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


class Cause(StrEnum):
    """What stopped the exchange; one member per thing that a person, or the retry policy, does differently."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    """No TCP connection within the connect timeout."""
    NO_HANDSHAKE = "no TLS handshake"
    """Connected, then silence: the kernel takes connections for a server that is only starting."""
    NO_ANSWER = "no answer"
    """The request was sent, then silence for the read timeout."""
    UNRESOLVED = "name not resolved"
    UNROUTED = "no route"
    CERTIFICATE = "certificate"
    """The server's certificate was not accepted by us: nobody whom we trust has signed it."""
    CERTIFICATE_OVER = "certificate out of date"
    """Its time is over, or has not begun."""
    CERTIFICATE_NAME = "name in the certificate"
    """It is for another name or address."""
    OUR_CERTIFICATE = "our certificate"
    """Ours was not accepted by the server."""
    TLS = "TLS"
    """Any other failure of the TLS layer, such as no TLS at all."""
    PROXY = "proxy"
    """The proxy could not be reached, or would not let us through."""
    BROKEN = "connection broken"
    """Reset, or ended in the middle of an answer."""
    OUT_OF_TIME = "out of time"
    """Our own deadline passed, with the server still working or never asked."""
    OTHER = "other"

    @property
    def before_sending(self) -> bool:
        """The request cannot have reached the API server, so that repeating it is safe whatever it was."""
        return self in _BEFORE_SENDING


_BEFORE_SENDING = frozenset(
    {
        Cause.REFUSED,
        Cause.TIMED_OUT,
        Cause.NO_HANDSHAKE,
        Cause.UNRESOLVED,
        Cause.UNROUTED,
        Cause.CERTIFICATE,
        Cause.CERTIFICATE_OVER,
        Cause.CERTIFICATE_NAME,
    }
)

# X509_V_ERR_* of OpenSSL.
_CAUSE_BY_CODE = {
    9: Cause.CERTIFICATE_OVER,
    10: Cause.CERTIFICATE_OVER,
    62: Cause.CERTIFICATE_NAME,
    64: Cause.CERTIFICATE_NAME,
}
# What a server says of a certificate of ours, in the words of OpenSSL.
_OUR_CERTIFICATE = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_ACCESS_DENIED",
        # Of another authority that has the same name, as those of kubeadm have.
        "TLSV1_ALERT_DECRYPT_ERROR",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    }
)

_SENTENCES: dict[Cause, tuple[str, str]] = {
    Cause.REFUSED: (
        "{tcp} refused the connection",
        "start the API server, or correct the address in the connection options of {cluster}",
    ),
    Cause.TIMED_OUT: (
        "{tcp} did not accept a connection within {elapsed}",
        "check that the host is up and that no firewall drops {tcp} from the machine where the task runs",
    ),
    Cause.NO_HANDSHAKE: (
        "{tcp} accepted the connection, but no TLS handshake within {elapsed}",
        "look whether the API server is only starting, or overloaded",
    ),
    Cause.NO_ANSWER: (
        "{tcp} took the request, then sent nothing for {elapsed}",
        "look at the load of the API server and of its etcd",
    ),
    Cause.UNRESOLVED: (
        "the host name of {tcp} does not resolve ({reason})",
        "correct the name, or the resolver of the machine where the task runs",
    ),
    Cause.UNROUTED: (
        "there is no way to {tcp} ({reason})",
        "connect this machine to that network, or use delegate_to to run the task on one that is",
    ),
    Cause.CERTIFICATE: (
        "the certificate shown by {tcp} is not accepted: {reason}",
        "give the right ca_cert (certificate-authority in a kubeconfig), that of a proxy if one signs anew in between",
    ),
    Cause.CERTIFICATE_OVER: (
        "the certificate shown by {tcp} is not accepted: {reason}",
        "renew the certificate of the API server, or correct the clock of the machine where the task runs",
    ),
    Cause.CERTIFICATE_NAME: (
        "the certificate shown by {tcp} is not accepted: {reason}",
        "use an address that the certificate names, or write such a name as tls-server-name in the kubeconfig",
    ),
    Cause.OUR_CERTIFICATE: (
        "{tcp} does not accept our client certificate: {reason}",
        "renew the client certificate, or take the one that was made for this cluster",
    ),
    Cause.TLS: (
        "TLS with {tcp} failed: {reason}",
        "check that the address speaks https and that it accepts our client certificate",
    ),
    Cause.PROXY: (
        "the proxy {proxy} gave no way to {tcp}: {reason}",
        "check the proxy, or exempt this host with no_proxy",
    ),
    Cause.BROKEN: (
        "{tcp} broke the connection off ({reason})",
        "look at the log of the API server and at what stands before it, then run again",
    ),
    Cause.OUT_OF_TIME: (
        "the time allowed ({reason}) was used up before {tcp} had completed its answer",
        "look at the load of the API server and at the network in between, or allow more time",
    ),
    Cause.OTHER: (
        "{tcp} cannot be talked to: {reason}",
        "check the connection options of {cluster}",
    ),
}


_NO_URL = "the server address is not a URL like https://host:6443"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Whom we talk to, free of credentials that a URL may carry."""

    cluster: str
    url: str
    """`https://host:port`, with the path prefix of a gateway such as Rancher if there is one."""
    address: str
    """`host:port`, IPv6 in brackets."""
    proxy: str | None = None
    """`host:port` of the proxy in between, if one is used."""

    @classmethod
    def of(cls, *, cluster: str, url: str, proxy_url: str | None = None) -> Endpoint:
        """Raises ValueError, whose text is a phrase for people, when `url` is no http(s) URL with a host."""
        try:
            parts, address = urlsplit(url), _address(url)
        except ValueError:
            raise ValueError(_NO_URL) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
            raise ValueError(_NO_URL)
        return cls(
            cluster=cluster,
            url=f"{parts.scheme}://{address}{parts.path.rstrip('/')}",
            address=address,
            proxy=_address(proxy_url) if proxy_url else None,
        )

    def __str__(self) -> str:
        return f"{self.cluster} at {self.url}"


def cause_of(error: BaseException) -> Cause:
    """Reads the chain of an exception of urllib3, ssl or socket."""
    # Imported late: the sanity tests import this file without it.
    import urllib3.exceptions as http

    chain = tuple(_chain(error))
    if any(isinstance(link, OutOfTimeError) for link in chain):
        return Cause.OUT_OF_TIME
    if any(isinstance(link, http.ProxyError) for link in chain):
        return Cause.PROXY
    if any(isinstance(link, OSError) and link.errno in _UNROUTED_ERRNOS for link in chain):
        return Cause.UNROUTED
    # urllib3 calls both a read timeout; only the words of the ssl module tell them apart.
    if any(isinstance(link, TimeoutError) and "handshake" in str(link) for link in chain):
        return Cause.NO_HANDSHAKE
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return _CAUSE_BY_CODE.get(link.verify_code, Cause.CERTIFICATE)
        if isinstance(link, ssl.SSLError) and link.reason in _OUR_CERTIFICATE:
            return Cause.OUR_CERTIFICATE
    # From the particular to the general: urllib3 has a refused connection as a child of one that timed out.
    by_class: tuple[tuple[type[BaseException], Cause], ...] = (
        (socket.gaierror, Cause.UNRESOLVED),
        (ConnectionRefusedError, Cause.REFUSED),
        (http.ConnectTimeoutError, Cause.TIMED_OUT),
        (http.ReadTimeoutError, Cause.NO_ANSWER),
        (ssl.SSLError, Cause.TLS),
        (http.SSLError, Cause.TLS),
        (http.ProtocolError, Cause.BROKEN),
        (ConnectionError, Cause.BROKEN),
    )
    for kind, cause in by_class:
        if any(isinstance(link, kind) for link in chain):
            return cause
    return Cause.OTHER


def unreachable(
    cause: Cause,
    *,
    what: str,
    endpoint: Endpoint,
    reason: str = "",
    elapsed_s: float = 0.0,
) -> Unreachable:
    """The error to raise; `reason` comes from `reason_of`, `elapsed_s` is how long the attempt took that failed.

    With OUT_OF_TIME, `reason` is the time that was allowed and for what.
    """
    why, next_step = _SENTENCES[cause]
    if cause is Cause.PROXY and "407" in reason:
        next_step = "give user and password of the proxy, in its URL or as proxy_headers.proxy_basic_auth"
    values = {
        "tcp": f"{endpoint.address}/TCP",
        "proxy": f"{endpoint.proxy}/TCP",
        "cluster": endpoint.cluster,
        # A proxy may have said it.
        "reason": shown(reason, most=DEFAULT.quoted_text) or cause.value,
        "elapsed": f"{elapsed_s:.1f} s",
    }
    return Unreachable(
        what=what,
        where=str(endpoint),
        why=why.format_map(values),
        next=next_step.format_map(values),
        fault=FailureName.LIMIT_REACHED if cause is Cause.OUT_OF_TIME else None,
    )


def reason_of(error: BaseException) -> str:
    """The innermost words of an exception, without the object addresses that urllib3 puts into its own."""
    innermost = error
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return str(link.verify_message)
        if isinstance(link, OSError):
            innermost = link
    if isinstance(innermost, ssl.SSLError) and innermost.reason:
        return innermost.reason.replace("_", " ").lower()
    if isinstance(innermost, OSError):
        return innermost.strerror or str(innermost)
    return type(innermost).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and whatever it wraps: by `raise from`, in its arguments, or as urllib3's original_error."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        link = todo.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        todo += [link.__cause__, link.__context__, getattr(link, "original_error", None), *link.args]


def _address(url: str) -> str:
    parts = urlsplit(url if "//" in url else f"//{url}")
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
