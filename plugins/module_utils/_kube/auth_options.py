# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person says where a cluster is and who we are there: the option names of kubernetes.core, once per cluster.

Reads no file and opens nothing. The K8S_AUTH_* variables have the same names and meaning as in kubernetes.core, but are
not `fallback`s of the argument spec: they describe ONE connection, and a task of ours has many. As plain fallbacks they
would send the token that belongs to K8S_AUTH_HOST to every cluster that comes with a kubeconfig of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

CLUSTER_AUTH_SPEC: dict[str, dict[str, object]] = {
    "kubeconfig": {"type": "raw"},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"]},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "proxy_headers": {
        "type": "dict",
        "options": {
            "proxy_basic_auth": {"type": "str", "no_log": True},
            "basic_auth": {"type": "str", "no_log": True},
            "user_agent": {"type": "str"},
        },
    },
    "persist_config": {"type": "bool"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}
"""Suboptions for an argument spec whose list elements are clusters."""

_PROXY_HEADERS = ("proxy_basic_auth", "basic_auth", "user_agent")
_CREDENTIALS = ("api_key", "username", "password", "client_cert", "client_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """The connection options of one cluster after the environment was consulted; None is what nobody set."""

    kubeconfig: str | Mapping[str, object] | None = field(default=None, repr=False)
    """Path, several paths joined as in KUBECONFIG, or the content as a dictionary or text (hence not in the repr)."""
    context: str | None = None
    host: str | None = field(default=None, repr=False)
    """May carry a password in its URL."""
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    validate_certs: bool | None = None
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = field(default=None, repr=False)
    """May carry a password in its URL."""
    no_proxy: str | None = None
    proxy_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    persist_config: bool = False
    impersonate_user: str | None = None
    impersonate_groups: tuple[str, ...] = ()

    @property
    def empty_target(self) -> str:
        """The option that names the server with nothing in it: somebody meant one, and another must not be taken."""
        if self.kubeconfig is not None and not (self.kubeconfig and str(self.kubeconfig).strip()):
            return "kubeconfig"
        return "host" if self.host is not None and not self.host.strip() else ""


def resolve(options: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Auth:
    """The options of one cluster, completed from K8S_AUTH_* variables.

    The variables describe one connection. What belongs to that connection is not used for a cluster that names another.
    """
    given = {name: _given(options, name) for name in CLUSTER_AUTH_SPEC}
    surrounding = _without_foreign(_from_environment(os.environ if environ is None else environ), given)
    value = {name: surrounding.get(name) if given[name] is None else given[name] for name in CLUSTER_AUTH_SPEC}
    kubeconfig, headers = value["kubeconfig"], value["proxy_headers"]
    groups = value["impersonate_groups"]
    return Auth(
        # Whoever reads it refuses other types.
        kubeconfig=str(kubeconfig) if isinstance(kubeconfig, os.PathLike) else kubeconfig,  # type: ignore[arg-type]
        context=_text(value["context"]),
        host=_target(value["host"]),
        api_key=_text(value["api_key"]),
        username=_text(value["username"]),
        password=_text(value["password"]),
        validate_certs=_flag(value["validate_certs"]),
        ca_cert=_text(value["ca_cert"]),
        client_cert=_text(value["client_cert"]),
        client_key=_text(value["client_key"]),
        proxy=_text(value["proxy"]),
        no_proxy=_text(value["no_proxy"]),
        proxy_headers={key: str(text) for key, text in _mapping(headers).items() if text},
        persist_config=bool(_flag(value["persist_config"])),
        impersonate_user=_text(value["impersonate_user"]),
        impersonate_groups=tuple(map(str, groups)) if isinstance(groups, (list, tuple)) else _split(_text(groups)),
    )


def _without_foreign(surrounding: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """What the variables say that holds for this cluster as well."""
    own = {name for name in ("kubeconfig", "host", "context") if given[name] is not None}
    theirs = surrounding.keys() & {"kubeconfig", "host", "context"}
    # It names its server by itself, as the variables do: nothing of theirs is meant for it.
    if own & {"kubeconfig", "host"} and theirs & {"kubeconfig", "host"}:
        return {}
    # A host of its own has nothing to do with a context of theirs, nor a context of its own with a host of theirs.
    if (own == {"host"} and "context" in theirs) or (own == {"context"} and theirs - {"context"} == {"host"}):
        return {}
    # A kubeconfig or context of its own says who we are there, and where: a token of the environment would otherwise go
    # to every cluster of the task, also to that of somebody else. The file and the way to it may be shared.
    if own & {"kubeconfig", "context"}:
        return {name: value for name, value in surrounding.items() if name not in ("host", *_CREDENTIALS)}
    return dict(surrounding)


def variables(name: str) -> tuple[str, ...]:
    """The K8S_AUTH_* variables that can fill an option, the first one that is set wins."""
    return tuple(f"K8S_AUTH_{spelling.upper()}" for spelling in (name, *_aliases(name)))


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in CLUSTER_AUTH_SPEC:
        if name == "proxy_headers":
            headers = {key: environ.get(f"K8S_AUTH_PROXY_HEADERS_{key.upper()}") for key in _PROXY_HEADERS}
            if any(headers.values()):
                found[name] = headers
            continue
        text = next((environ[variable] for variable in variables(name) if environ.get(variable)), None)
        if text is not None:
            found[name] = text
    return found


def _given(options: Mapping[str, object], name: str) -> object:
    """What the cluster itself says; aliases are looked at for callers that have no argument spec in between."""
    values = (options.get(spelling) for spelling in (name, *_aliases(name)))
    # An empty context is none, as in a kubeconfig.
    return next((value for value in values if value is not None and (value != "" or name != "context")), None)


def _aliases(name: str) -> tuple[str, ...]:
    aliases = CLUSTER_AUTH_SPEC[name].get("aliases")
    return tuple(aliases) if isinstance(aliases, list) else ()


def _text(value: object) -> str | None:
    return str(value) if value is not None and value != "" else None


def _target(value: object) -> str | None:
    """An empty one stays, to be refused."""
    return None if value is None else str(value)


def _flag(value: object) -> bool | None:
    """kubernetes.core reads a variable as true unless it is one of these words."""
    return value if isinstance(value, bool) or value is None else str(value).lower() not in ("0", "false", "no")


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(",") if part)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
