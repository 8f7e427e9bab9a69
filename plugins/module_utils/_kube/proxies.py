# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy is on the way to an API server, and the pool of connections that goes through it.

The proxy of the options comes first, then that of the kubeconfig, then that of the environment, as kubectl takes them.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from .deadline import keep_deadlines
from .headers import basic, checked
from .packages import install_step
from .unusable import UnusableError

if TYPE_CHECKING:
    from urllib3 import PoolManager

_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
_IN_KUBECONFIG = frozenset({"http", "https", "socks5"})
# Those of kubectl: probes after 30 s of silence, every 15 s. A watch is silent for long; without probes it would not be
# noticed that a firewall has forgotten the connection.
_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One proxy."""

    url: str
    """Without credentials."""
    scheme: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For an HTTP proxy."""


def proxy_of(
    server: str, *, option: str | None, kubeconfig: str, no_proxy: str | None, headers: Mapping[str, str]
) -> Proxy | None:
    """The proxy before the URL of a server; None when it is reached directly. Raises UnusableError.

    `option`, `no_proxy` and `headers` are what the options say, `kubeconfig` is its proxy-url.
    """
    surrounding_no_proxy = _variable("no_proxy")
    if option:
        chosen, exempt = _split(option), no_proxy if no_proxy is not None else surrounding_no_proxy
    elif kubeconfig:
        chosen, exempt = _of_kubeconfig(kubeconfig), no_proxy or ""
    else:
        found = _variable(f"{urlsplit(server).scheme}_proxy")
        if not found or is_loopback(server):
            return None
        chosen = _split(found if "://" in found else f"http://{found}")
        exempt = no_proxy if no_proxy is not None else surrounding_no_proxy
    if is_exempt(server, exempt):
        return None
    return _proxy(chosen, headers)


def _variable(name: str) -> str:
    """Of the environment, as for kubectl: that in capitals comes first, and there is none for all protocols."""
    return os.environ.get(name.upper()) or os.environ.get(name) or ""


def is_exempt(url: str, no_proxy: str) -> bool:
    """Is the host of the URL among these hosts, domains, addresses and networks?"""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    address = _address(host)
    named = (host, parts.netloc.rpartition("@")[2].lower())
    for entry in filter(None, (entry.strip().lower() for entry in no_proxy.split(","))):
        if entry == "*" or (address is not None and _holds(entry, address)):
            return True
        domain = entry.lstrip(".")
        if any(name == domain or name.endswith(f".{domain}") for name in named):
            return True
    return False


def open_pool(
    proxy: Proxy | None, *, size: int, tls: ssl.SSLContext | None, proxy_tls: ssl.SSLContext | None, server_name: str
) -> PoolManager:
    """No connection is opened yet. `server_name` is the one in the server's certificate, when it is not its host."""
    options: dict[str, object] = {"maxsize": size, "socket_options": _socket_options()}
    if tls is not None:
        options["ssl_context"] = tls
    if server_name:
        options["server_hostname"] = server_name
    pool = _pool(proxy, proxy_tls, options)
    keep_deadlines(pool)
    return pool


def _pool(proxy: Proxy | None, proxy_tls: ssl.SSLContext | None, options: Mapping[str, object]) -> PoolManager:
    import urllib3

    if proxy is None:
        return urllib3.PoolManager(**options)  # type: ignore[arg-type]  # of several types
    if proxy.scheme in _SOCKS:
        try:
            from urllib3.contrib.socks import SOCKSProxyManager
        except ImportError as error:
            why = "a SOCKS proxy needs the Python package PySocks"
            raise UnusableError(why, install_step("PySocks")) from error
        return SOCKSProxyManager(proxy.url, proxy.user or None, proxy.password or None, **options)  # type: ignore[arg-type]
    return urllib3.ProxyManager(
        proxy.url,
        proxy_headers=proxy.headers,
        proxy_ssl_context=proxy_tls,
        **options,  # type: ignore[arg-type]
    )


def _of_kubeconfig(url: str) -> SplitResult:
    parts = _split(url)
    if parts.scheme not in _IN_KUBECONFIG:
        raise _no_url()
    # The name of the server is resolved by the proxy, as kubectl has it: often only the proxy can.
    return parts._replace(scheme="socks5h") if parts.scheme == "socks5" else parts


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise _no_url() from None
    if not is_usable or parts.scheme not in _SOCKS | _IN_KUBECONFIG or not url.isprintable():
        raise _no_url()
    return parts


def _proxy(parts: SplitResult, given: Mapping[str, str]) -> Proxy:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    headers = {}
    login = given.get("proxy_basic_auth") or (f"{user}:{password}" if user or password else "")
    if login:
        headers["proxy-authorization"] = basic(login)
    if given.get("basic_auth"):
        headers["authorization"] = basic(given["basic_auth"])
    if given.get("user_agent"):
        headers["user-agent"] = given["user_agent"]
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2], path="", query="", fragment="").geturl()
    return Proxy(url=url, scheme=parts.scheme, user=user, password=password, headers=checked(headers))


def _no_url() -> UnusableError:
    return UnusableError(
        "the address of the proxy is not a URL like http://proxy:3128", "correct proxy, or proxy-url in the kubeconfig"
    )


def is_loopback(server: str) -> bool:
    """Does the URL lead to this machine?"""
    host = (urlsplit(server).hostname or "").lower()
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _holds(entry: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False


def _socket_options() -> list[tuple[int, int, int]]:
    from urllib3.connection import HTTPConnection

    probes = [(socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _KEEPALIVE if hasattr(socket, name)]
    return [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *probes]
