# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One opened set of credentials: a pool of connections and the headers that say who we are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from .auth_options import Auth
from .credentials import Credentials, Identity, Server, check_packages, read_credentials
from .headers import checked
from .proxies import open_pool, proxy_of
from .reachability import Endpoint
from .sent import Login, Sent
from .tls import tls_context
from .unusable import UnusableError
from .validity import Validity, of_certificate, of_token

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict, PoolManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Thread-safe, and never changed: fresh credentials are a new session."""

    endpoint: Endpoint
    pool: PoolManager
    headers: HTTPHeaderDict
    """Authorization and impersonation."""
    expires: datetime | None = None
    """When the credentials do, as far as that is known."""
    sent: Sent = field(default_factory=Sent)


def open_session(auth: Auth, *, cluster: str, pool_size: int) -> Session:
    """Credentials read now; no traffic to the API server. Raises FabricError."""
    check_packages(cluster)
    try:
        return _open(auth, read_credentials(auth), cluster=cluster, pool_size=pool_size)
    except UnusableError as problem:
        raise problem.about(cluster) from problem.__cause__


def _open(auth: Auth, credentials: Credentials, *, cluster: str, pool_size: int) -> Session:
    import urllib3

    server, identity = credentials.server, credentials.identity
    proxy = proxy_of(
        server.url, option=auth.proxy, kubeconfig=server.proxy, no_proxy=auth.no_proxy, headers=auth.proxy_headers
    )
    try:
        endpoint = Endpoint.of(cluster=cluster, url=server.url, proxy_url=proxy.url if proxy else None)
    except ValueError as error:
        raise UnusableError(str(error), "correct host, or server in the kubeconfig") from error
    if not server.verify:
        # Asked for by validate_certs=false or the kubeconfig; a warning per request would tell nothing new.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    ca = server.ca if server.verify else b""
    own = None
    if endpoint.url.startswith("https:"):
        own = tls_context(verify=server.verify, ca=ca, certificate=identity.certificate, key=identity.key)
    # What a proxy with TLS shows is signed by the same authority; it does not get to see our certificate.
    of_proxy = tls_context(verify=server.verify, ca=ca) if proxy is not None and proxy.scheme == "https" else None
    pool = open_pool(proxy, size=pool_size, tls=own, proxy_tls=of_proxy, server_name=server.name)
    return Session(
        endpoint=endpoint,
        pool=pool,
        headers=_headers(credentials),
        expires=identity.expires,
        sent=_sent(identity, server),
    )


def _sent(identity: Identity, server: Server) -> Sent:
    has_token, shows = identity.authorization.startswith("Bearer "), bool(identity.certificate)
    if not identity.authorization and not shows:
        return Sent(login=Login.READABLE if server.is_readable_on_the_way else Login.NONE)
    if not has_token and not shows:
        return Sent(login=Login.PASSWORD)
    if identity.giver:
        called = f"what the plugin {identity.giver} gave and was"
        renewal = f"log in again where the task runs, so that {identity.giver} gives new credentials"
        return Sent(called=called, renewal=renewal, validity=_validity(identity), is_certificate=shows)
    called = "the token and the client certificate" if has_token and shows else "the token"
    called = called if has_token else "the client certificate"
    return Sent(called=called, validity=_validity(identity), is_certificate=shows)


def _validity(identity: Identity) -> Validity:
    """Of what counts for the server: the certificate, if there is one."""
    if identity.certificate:
        return of_certificate(identity.certificate)
    found = of_token(identity.authorization.removeprefix("Bearer "))
    return replace(found, ends=identity.expires or found.ends)


def _headers(credentials: Credentials) -> HTTPHeaderDict:
    from urllib3 import HTTPHeaderDict

    headers = HTTPHeaderDict()
    if credentials.identity.authorization:
        headers["Authorization"] = credentials.identity.authorization
    for name, value in credentials.impersonation:
        headers.add(name, value)
    return checked(headers)
