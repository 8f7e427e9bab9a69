# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One opened set of credentials: a pool of connections and the headers that say who we are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .answers import Login
from .auth_options import Auth
from .credentials import Credentials, Identity, check_packages, read_credentials
from .headers import checked
from .proxies import open_pool, proxy_of
from .reachability import Endpoint
from .tls import tls_context
from .unusable import UnusableError

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
    login: Login = Login.OTHER


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
        login=_login(identity),
    )


def _login(identity: Identity) -> Login:
    if identity.authorization.startswith("Basic "):
        return Login.OTHER if identity.certificate else Login.PASSWORD
    return Login.OTHER if identity.authorization or identity.certificate else Login.NONE


def _headers(credentials: Credentials) -> HTTPHeaderDict:
    from urllib3 import HTTPHeaderDict

    headers = HTTPHeaderDict()
    if credentials.identity.authorization:
        headers["Authorization"] = credentials.identity.authorization
    for name, value in credentials.impersonation:
        headers.add(name, value)
    return checked(headers)
