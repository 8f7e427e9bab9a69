# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts of the connection options must never be seen: what a face adds to `module.no_log_values`.

`no_log` in an argument spec covers the plain options; it cannot reach into a kubeconfig that is given as content.

What is masked is masked wherever it occurs, also inside of words and names. Hence:

1. A credential is always masked, whatever it looks like: what stands in a field for tokens, passwords, keys or
   certificates, behind a flag or in a variable of an exec plugin whose name says so, and as password in a URL.
2. Every other text below a user of a kubeconfig is masked too: arguments and what follows a flag, values of variables,
   names to act as, what a provider has. Not masked are texts that are no secret anyway: parts of what the declaration
   itself says in public (names, labels and servers of clusters, contexts, namespaces), the words in `_WORDS`, paths of
   files, and numbers of less than six digits.
3. Never masked are names of flags and variables, the command of a plugin, its installHint and paths of files, which
   messages have to name.

A text of one or two letters is not masked: it would be found in every word. No message of ours quotes it either.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from .auth_options import Auth, resolve
from .kubeconfig import is_content
from .kubeconfig_fields import is_path
from .kubeconfig_text import parse
from .unusable import UnusableError

_ALWAYS = frozenset(
    {
        "token",
        "password",
        "client-key-data",
        "client-certificate-data",
        "certificate-authority-data",
        "idp-certificate-authority-data",
        "access-token",
        "refresh-token",
        "id-token",
        "client-secret",
        "secret",
        "api_key",
    }
)
_PATHS = frozenset({"client-certificate", "client-key", "tokenFile", "idp-certificate-authority"})
_NEVER = frozenset({"command", "apiVersion", "interactiveMode", "installHint", "name"})
# The names of variables and flags whose value is a credential.
_SAYS_SECRET = re.compile(
    # PWD alone is the folder of a process.
    r"(secret|token|passw(or)?d|passphrase|credentials?|key)([-_]?id)?$"
    r"|(^|[-_])(pat|auth|pw|pass|pin|otp|sas|bearer)$|[-_]pwd$",
    re.IGNORECASE,
)
_SECRET_FLAGS = frozenset({"-p", "-P", "-t", "-k"})
_FLAG = re.compile(r"--[A-Za-z][\w.-]*|-[A-Za-z]\d{0,2}")
_LONG_FLAG_OF_GO = re.compile(
    r"-(\w+-)?(cluster|context|name|region|zone|profile|project|namespace|server|output|proxy|path|provider|kubeconfig"
    r"|token|password|key|secret|tenant|type|timeout)([-_]?(name|id|file|url))?",
    re.IGNORECASE,
)
_PLAIN_PATH = re.compile(
    r"(~|\.{1,2}|/(bin|etc|home|opt|root|run|srv|tmp|usr|var|Users))(/[A-Za-z._-]{1,30}\d{0,3}){1,12}/?"
)
# Of plugins: their subcommands and the usual values of their flags.
_OF_PLUGINS = """
    aks auth aws azurecli azurepubliccloud ce client.authentication.k8s.io/v1 client.authentication.k8s.io/v1beta1
    cluster clusters config container credential credentials devicecode doctl eks exec-credential gcloud generate-token
    get-token gke ibmcloud interactive json k8s kube kubeconfig kubernetes login msi oci oidc-login ske spn table text
    token tokens user users v1 v1beta1 workloadidentity yaml
"""
# Of messages and results, which could not be read any more without them.
_OF_RESULTS = """
    admin client cluster-admin default false gateway http https hub leaf link links liqo name names namespace
    namespaces no node nodes none null pod pods private prod production public root server service services shortcut
    shortcuts system system:authenticated system:masters true yes
"""
_WORDS = frozenset(f"{_OF_PLUGINS} {_OF_RESULTS}".split())
_SHORTEST = 3
"""A shorter text would be found in ordinary words."""
_LONGEST_NAME = 253
_SPACE = re.compile(r"[\s{}]")
_NUMBER = 6
"""A shorter number would be found in ports and times."""
_LINE = 8
"""A shorter line of a text of several lines could be that of any text."""


def secret_values(options: Mapping[str, object], environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """Every secret text in the connection options of one cluster, those from K8S_AUTH_* variables included.

    Files are not read: their content never comes near a result.
    """
    auth = resolve(options, environ)
    public = {str(options.get(name)) for name in ("name", "cluster_id", "liqo_namespace") if options.get(name)}
    labels = options.get("labels")
    if isinstance(labels, Mapping):
        public |= {str(text) for label in labels.items() for text in label}
    content = auth.kubeconfig if isinstance(auth.kubeconfig, str) and is_content(auth.kubeconfig) else ""
    # Not one in which somebody wrote something else than a name.
    public = {text for text in (*public, auth.context or "") if len(text) <= _LONGEST_NAME and not _SPACE.search(text)}
    return _of(_secrets(auth, public)) | ({content} if content else set())


def user_secrets(user: Mapping[str, object], *, public: Iterable[str] = ()) -> frozenset[str]:
    """The secret texts below one user of a kubeconfig; parts of `public` texts are none.

    Also the short ones: these are for a line that a program says, where they are looked for as words of their own.
    """
    return frozenset(filter(None, _walk(user, "user", below_user=True, public=frozenset(public), shortest=1)))


def surrounding_secrets(environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """What variables hold whose names say that it is a credential: a plugin sees them, and may repeat them."""
    variables = (os.environ if environ is None else environ).items()
    return frozenset(value for name, value in variables if value and _SAYS_SECRET.search(name))


def without_userinfo(url: str) -> str:
    """The URL, or what was meant to be one, without user name and password."""
    scheme, separator, rest = url.rpartition("//")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def userinfo(url: str) -> str:
    """`user:password` of a URL, decoded; empty when there is none."""
    parts = _split(url)
    if parts is None or not (parts.username or parts.password):
        return ""
    return f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"


def _of(found: Iterable[str]) -> frozenset[str]:
    """What can be looked for; of a text of several lines also each line, since messages have one."""
    texts = {text for text in found if len(text) >= _SHORTEST}
    lines = {line.strip() for text in texts if "\n" in text for line in text.splitlines()}
    return frozenset(texts | {line for line in lines if len(line) >= _LINE and not _is_heading(line)})


def _is_heading(line: str) -> bool:
    """Of a PEM or of a kubeconfig: the same in all of them."""
    return line.startswith("-----") or line.endswith((":", "[]", "[{")) or line in ("apiVersion: v1", "kind: Config")


def _secrets(auth: Auth, public: set[str]) -> Iterator[str]:
    yield auth.api_key or ""
    yield auth.password or ""
    for header in ("proxy_basic_auth", "basic_auth"):
        text = auth.proxy_headers.get(header, "")
        yield text
        yield text.partition(":")[2]
    for url in (auth.host, auth.proxy):
        yield from _in_url(url or "", frozenset(public))
    document: object = auth.kubeconfig
    if isinstance(document, str) and is_content(document):
        # Of a damaged one it is not known what is secret.
        document = _parsed(text := document) or text
        yield document if isinstance(document, str) else ""
    if isinstance(document, Mapping):
        yield from _walk(document, "", below_user=False, public=frozenset(public | set(_public_in(document))))


def _parsed(text: str) -> object:
    try:
        return parse(text, "")
    except (UnusableError, ImportError):
        return None


def _public_in(document: Mapping[str, object]) -> Iterator[str]:
    yield str(document.get("current-context"))
    for section in ("clusters", "contexts"):
        for entry in _list(document.get(section)):
            if isinstance(entry, Mapping):
                yield str(entry.get("name"))
                inner = entry.get(section.removesuffix("s"))
                inner = inner if isinstance(inner, Mapping) else {}
                yield from (str(inner[name]) for name in ("namespace", "tls-server-name") if inner.get(name))
                yield without_userinfo(str(inner.get("server") or ""))


def _walk(
    value: object, key: str, *, below_user: bool, public: frozenset[str], shortest: int = _SHORTEST
) -> Iterator[str]:
    if isinstance(value, Mapping):
        if key == "exec":
            yield from _in_plugin(value, public, shortest)
        for inner_key, inner in value.items():
            below = below_user or (key != "context" and inner_key == "user")
            if not (key == "exec" and inner_key in ("args", "env")):
                yield from _walk(inner, str(inner_key), below_user=below, public=public, shortest=shortest)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _walk(inner, key, below_user=below_user, public=public, shortest=shortest)
    elif isinstance(value, bytes):
        yield from _in_field(key, value.decode("utf-8", "replace"), below_user, public, shortest)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield from _in_field(key, str(value), below_user, public, shortest)


def _in_field(key: str, text: str, below_user: bool, public: frozenset[str], shortest: int) -> Iterator[str]:
    if key in _ALWAYS or (below_user and key not in _PATHS | _NEVER and _SAYS_SECRET.search(key)):
        yield text
        yield _decoded(text) if key == "client-key-data" else ""
    elif below_user and key in _PATHS:
        yield "" if is_path(text) else text
    elif below_user and key not in _NEVER:
        yield from _doubtful(text, public, shortest)
    elif key in ("server", "proxy-url"):
        yield from _in_url(text, public)


def _in_plugin(plugin: Mapping[str, object], public: frozenset[str], shortest: int) -> Iterator[str]:
    for variable in _list(plugin.get("env")):
        if isinstance(variable, Mapping):
            yield from _named(str(variable.get("name") or ""), str(variable.get("value") or ""), public, shortest)
    flag = ""
    for argument in map(str, _list(plugin.get("args"))):
        name, equals, value = argument.partition("=")
        if _FLAG.fullmatch(name) or _LONG_FLAG_OF_GO.fullmatch(name):
            flag = "" if equals else name
            yield from _named(name, value, public, shortest)
        elif name[:2] in _SECRET_FLAGS and len(name) > 2:
            # `-pSECRET`.
            yield from (argument, argument[2:])
            flag = ""
        else:
            yield from _named(flag, argument, public, shortest)
            flag = ""


def _named(name: str, value: str, public: frozenset[str], shortest: int) -> Iterator[str]:
    """The value of a variable, or what stands behind a flag."""
    if _SAYS_SECRET.search(name) or name in _SECRET_FLAGS:
        yield value
    else:
        yield from _doubtful(value, public, shortest)


def _doubtful(text: str, public: frozenset[str], shortest: int) -> Iterator[str]:
    yield from _in_url(text, public)
    # `Authorization: Bearer ...`, `NAME=...`: what counts may be seen without what stands before it.
    for part in (text, text.strip(), re.split(r"[\s=:]", text)[-1]):
        if len(part) >= shortest and not _is_public(part, public):
            yield part


def _is_public(text: str, public: frozenset[str]) -> bool:
    if text.lower() in _WORDS or (text.isdigit() and len(text) < _NUMBER):
        return True
    return bool(_PLAIN_PATH.fullmatch(text)) or any(text in known for known in public)


def _in_url(url: str, public: frozenset[str]) -> Iterator[str]:
    parts = _split(url if "//" in url else f"//{url}") if "@" in url else None
    if parts is None:
        return
    user, password = parts.username or "", parts.password or ""
    yield from (password, unquote(password))
    for text in (user, unquote(user)):
        if not password or not _is_public(text, public):
            yield text
        if text and password:
            # Also a name that is too short, or public, where it stands in the URL.
            yield f"//{text}:"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else ()
