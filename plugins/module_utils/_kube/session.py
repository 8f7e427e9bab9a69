# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One opened set of credentials: a pool of connections and the headers that say who we are.

Of the Python package kubernetes, what builds connections is used (TLS, proxies, pooling); its model classes and its
discovery are not. Imports of it are late, see credentials.py.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .auth_options import Auth
from .credentials import cannot_use_options, read_configuration
from .deadline import keep_deadlines
from .reachability import Endpoint

if TYPE_CHECKING:
    from kubernetes.client import Configuration
    from urllib3 import HTTPHeaderDict, PoolManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Thread-safe, and never changed: fresh credentials are a new session."""

    endpoint: Endpoint
    pool: PoolManager
    headers: HTTPHeaderDict
    """Authorization and impersonation."""


def open_session(auth: Auth, *, cluster: str, pool_size: int) -> Session:
    """Credentials read now; no traffic to the API server. Raises FabricError."""
    configuration = read_configuration(auth, cluster=cluster)
    _override(configuration, auth)
    _check_tls_files(configuration, cluster=cluster)
    pool = _pool(configuration, cluster=cluster, pool_size=pool_size)
    # no_proxy may have decided against the proxy; then no message should speak of it.
    is_proxied = getattr(pool, "proxy", None) is not None or hasattr(pool, "proxy_url")
    try:
        endpoint = Endpoint.of(
            cluster=cluster, url=configuration.host, proxy_url=configuration.proxy if is_proxied else None
        )
    except ValueError as error:
        raise cannot_use_options(cluster, str(error), "correct host, or server in the kubeconfig") from error
    return Session(endpoint=endpoint, pool=pool, headers=_headers(configuration, auth, cluster=cluster))


def _override(configuration: Configuration, auth: Auth) -> None:
    """What the options say wins over the kubeconfig."""
    from urllib3.util import make_headers

    values = {
        "host": auth.host.rstrip("/") if auth.host else None,
        "verify_ssl": auth.validate_certs,
        "ssl_ca_cert": auth.ca_cert,
        "cert_file": auth.client_cert,
        "key_file": auth.client_key,
        "proxy": auth.proxy,
        "no_proxy": auth.no_proxy,
        "proxy_headers": _proxy_headers(auth),
    }
    for name, value in values.items():
        if value is not None:
            setattr(configuration, name, value)
    if auth.api_key:
        configuration.api_key = {"authorization": f"Bearer {auth.api_key}"}
    elif auth.username and auth.password:
        basic = make_headers(basic_auth=f"{auth.username}:{auth.password}")
        configuration.api_key = {"authorization": basic["authorization"]}
    # Credentials that expire are renewed in one place, on a 401, by opening a new session; the library's own hook would
    # run a plugin in the middle of a request and put the kubeconfig's token back in place of api_key.
    configuration.refresh_api_key_hook = None


def _proxy_headers(auth: Auth) -> dict[str, str] | None:
    from urllib3.util import make_headers

    given = auth.proxy_headers
    if not given:
        return None
    return make_headers(
        proxy_basic_auth=given.get("proxy_basic_auth"),
        basic_auth=given.get("basic_auth"),
        user_agent=given.get("user_agent"),
    )


def _headers(configuration: Configuration, auth: Auth, *, cluster: str) -> HTTPHeaderDict:
    from urllib3 import HTTPHeaderDict

    headers = HTTPHeaderDict()
    for setting in configuration.auth_settings().values():
        if setting["in"] == "header" and setting["value"]:
            # A token from a file or a variable often ends in a line break.
            headers[setting["key"]] = str(setting["value"]).strip()
    if auth.impersonate_user:
        headers["Impersonate-User"] = auth.impersonate_user
    for group in auth.impersonate_groups:
        headers.add("Impersonate-Group", group)
    for name, value in headers.items():
        if not value.isprintable():
            # http.client would refuse it too, but quote the token in its complaint.
            why = f"what would go into the header {name} holds a line break or a control character"
            raise cannot_use_options(cluster, why, "correct the token, user or groups")
    return headers


def _pool(configuration: Configuration, *, cluster: str, pool_size: int) -> PoolManager:
    import urllib3
    from kubernetes.client.rest import RESTClientObject

    if not configuration.verify_ssl:
        # Asked for by validate_certs=false or the kubeconfig; a warning per request would tell nothing new.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    configuration.connection_pool_maxsize = pool_size
    # A watch is silent for long; without probes a connection that a firewall has forgotten would never be noticed.
    configuration.keep_alive = True
    try:
        pool: PoolManager = RESTClientObject(configuration).pool_manager
    except ImportError as error:
        why = "a SOCKS proxy needs the Python package PySocks"
        raise cannot_use_options(cluster, why, "install it where the task runs") from error
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        why = "the address of the proxy is not a URL like http://proxy:3128"
        raise cannot_use_options(cluster, why, "correct proxy, or proxy-url in the kubeconfig") from error
    keep_deadlines(pool)
    return pool


def _check_tls_files(configuration: Configuration, *, cluster: str) -> None:
    """Loads them once here, because later the mistake would look like a failure of the server."""
    for option, path in (
        ("ca_cert", configuration.ssl_ca_cert),
        ("client_cert", configuration.cert_file),
        ("client_key", configuration.key_file),
    ):
        if path and not Path(path).is_file():
            raise cannot_use_options(cluster, f"the file {path} does not exist", f"correct {option}")
    # Not the default context: reading all authorities of the system takes longer than the requests of a steady run.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if configuration.ssl_ca_cert:
            context.load_verify_locations(cafile=configuration.ssl_ca_cert)
    except (OSError, ssl.SSLError):
        raise cannot_use_options(cluster, "the CA certificate cannot be read as PEM", "correct ca_cert") from None
    try:
        if configuration.cert_file:
            # An empty password makes an encrypted key fail instead of asking at the terminal.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (OSError, ssl.SSLError, ValueError):
        why = "the client certificate and its key cannot be read as PEM, do not belong together, or are encrypted"
        raise cannot_use_options(cluster, why, "correct client_cert and client_key") from None
