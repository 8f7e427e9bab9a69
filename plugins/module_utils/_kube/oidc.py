# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The auth-provider `oidc` of a kubeconfig: its token while that is valid, or else a new one, as kubectl gets it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from .deadline import Deadline, applied
from .door import LimitReachedError, NotKubernetesError, read_json
from .headers import basic
from .kubeconfig import keep_in_user
from .kubeconfig_fields import Fields, KubeconfigError
from .kubeconfig_types import quoted_name
from .limits import DEFAULT
from .proxies import open_pool, proxy_of
from .tls import tls_context
from .unusable import UnusableError
from .validity import of_token

if TYPE_CHECKING:
    from urllib3 import PoolManager

_MARGIN_S = 10.0
_SUCCESSORS = {
    "gcp": "the exec plugin gke-gcloud-auth-plugin",
    "azure": "the exec plugin kubelogin of https://github.com/Azure/kubelogin",
}
"""Providers that kubectl had until 1.25, and what it tells to use."""

# Clusters that share a login must not use its refresh token twice: many providers take each once only.
_lock = threading.Lock()
_renewed: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Provider:
    """Where tokens come from."""

    owner: str
    issuer: str
    client: str
    secret: str = field(repr=False)
    ca: bytes = field(repr=False)

    def failed(self, why: str, next_step: str) -> UnusableError:
        return UnusableError(f"{self.owner}: {why}", next_step, what="cannot get credentials")


def id_token(fields: Fields, *, persist: bool) -> str:
    """`fields` are the auth-provider of a user; `persist` writes new tokens back to its file. Raises UnusableError."""
    check_provider(fields)
    config = fields.fields("config") or Fields(content={}, owner=fields.owner, folder=fields.folder)
    issuer, client = config.text("idp-issuer-url"), config.text("client-id")
    if not issuer or not client:
        raise KubeconfigError(f"{config.owner} has no idp-issuer-url or no client-id", "add them")
    token, refresh = config.text("id-token").strip(), config.text("refresh-token").strip()
    provider = _Provider(
        owner=config.owner,
        issuer=issuer,
        client=client,
        secret=config.text("client-secret"),
        ca=config.pem("idp-certificate-authority"),
    )
    with _lock:
        token = _renewed.get(refresh, token)
        if _is_valid(token):
            return token
        if not refresh:
            raise provider.failed("the id-token is not valid any more, and there is no refresh-token", "log in again")
        token, following = _refresh(provider, refresh)
        _renewed[refresh] = _renewed[following] = token
    if persist:
        keep_in_user(config, {"id-token": token, "refresh-token": following})
    return token


def check_provider(fields: Fields) -> None:
    """Raises KubeconfigError for one that kubectl does not know any more, also beside other credentials."""
    name = fields.text("name")
    if name != "oidc":
        why = f"{fields.owner} is {quoted_name(name)}, and oidc is the only one that kubectl still knows"
        raise KubeconfigError(why, f"use {_SUCCESSORS.get(name, 'an exec plugin')} in its place")


def _is_valid(token: str) -> bool:
    """For long enough to be used; the API server is the one who looks at its signature."""
    ends = of_token(token).ends
    return ends is not None and ends.timestamp() > time.time() + _MARGIN_S


def _refresh(provider: _Provider, refresh: str) -> tuple[str, str]:
    """A new id-token, and the refresh-token to use after this one."""
    pool = open_pool(
        proxy_of(provider.issuer, option=None, kubeconfig="", no_proxy=None, headers={}),
        size=1,
        tls=tls_context(verify=True, ca=provider.ca),
        proxy_tls=tls_context(verify=True, ca=provider.ca),
        server_name="",
    )
    try:
        found = _ask(provider, pool, "GET", f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        endpoint = (found or {}).get("token_endpoint")
        if not isinstance(endpoint, str):
            raise provider.failed("the issuer does not say where it gives tokens", "correct idp-issuer-url")
        grant = {"grant_type": "refresh_token", "refresh_token": refresh}
        login = {"client_id": provider.client, "client_secret": provider.secret}
        header = basic(":".join(quote(part, safe="") for part in login.values()))
        # Providers differ in where they look for the client; a refusal of the first way uses nothing up.
        answer = _ask(provider, pool, "POST", endpoint, form=grant, authorization=header)
        answer = answer or _ask(provider, pool, "POST", endpoint, form={**grant, **login})
    finally:
        pool.clear()
    token, following = (answer or {}).get("id_token"), (answer or {}).get("refresh_token") or refresh
    if not isinstance(token, str) or not isinstance(following, str) or not _is_valid(token):
        raise provider.failed("the issuer gave no new id-token for the refresh-token", "log in again")
    return token, following


def _ask(
    provider: _Provider,
    pool: PoolManager,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    authorization: str = "",
) -> Mapping[str, object] | None:
    """The JSON object that is answered; None when the answer is a refusal."""
    from urllib3.exceptions import HTTPError

    headers = {"Accept": "application/json"} | ({"Authorization": authorization} if authorization else {})
    body = urlencode({name: value for name, value in form.items() if value}) if form else None
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if urlsplit(url).scheme != "https":
        raise provider.failed("the issuer, or where it gives tokens, is no https URL", "correct idp-issuer-url")
    try:
        with applied(Deadline(time.monotonic() + DEFAULT.issuer_s, time.monotonic)):
            response = pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=DEFAULT.issuer_s,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        content = response.read(DEFAULT.issuer_bytes)
        response.close()
        return read_json(content) if response.status == 200 else None
    except (HTTPError, OSError, ValueError, NotKubernetesError, LimitReachedError) as error:
        why = f"the issuer at {urlsplit(url).hostname} gave no answer that can be used ({type(error).__name__})"
        raise provider.failed(why, "check that it can be reached from the machine where the task runs") from error
