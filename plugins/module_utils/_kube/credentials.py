# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to a server and to who we are there: options, kubeconfig, or the pod this runs in.

Everything is read afresh each time, so that a renewed token or certificate is found.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from .._fabric.errors import FabricError, FailureName
from .auth_options import Auth
from .exec_plugin import Plugin, cluster_info, credentials_of
from .headers import basic
from .kubeconfig import Selection, is_content, paths_of, quoted_paths, select
from .kubeconfig_fields import Fields, KubeconfigError
from .oidc import check_provider, id_token
from .packages import install_step
from .proxies import is_loopback
from .secrets_in_options import surrounding_secrets, user_secrets, userinfo, without_userinfo
from .unusable import UnusableError

OLDEST: Mapping[str, tuple[str, tuple[int, int]]] = {"urllib3": ("urllib3", (2, 3)), "PyYAML": ("yaml", (6, 0))}
"""Packages as in requirements.txt: what to import, and the oldest version that does. An older urllib3 cannot end a read
from another thread."""

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""What a pod has to talk to the API server of its cluster."""

# Of a header of its own; the percent sign is no letter of a header name for Kubernetes.
_HEADER_LETTERS = "!#$&'*+^`|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom we talk to, and how we know that it is the one."""

    url: str
    """Without credentials."""
    verify: bool = True
    ca: bytes = b""
    """PEM; empty for the authorities of the system."""
    name: str = ""
    """In its certificate, when that is not its host."""
    proxy: str = field(default="", repr=False)
    """As a kubeconfig names it."""

    @property
    def is_readable_on_the_way(self) -> bool:
        """No encryption, and another machine: kubectl sends no credentials there."""
        return self.url.lower().startswith("http://") and not is_loopback(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are."""

    authorization: str = field(default="", repr=False)
    """The value of that header."""
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    expires: datetime | None = None
    giver: str = ""
    """The plugin that gave them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """All that is needed to talk to a cluster."""

    server: Server
    identity: Identity
    impersonation: tuple[tuple[str, str], ...] = ()
    """Headers that say as whom we act."""


def read_credentials(auth: Auth) -> Credentials:
    """Raises UnusableError. An exec plugin of the kubeconfig runs when its credentials are needed."""
    if auth.empty_target:
        why = f"{auth.empty_target} is given and empty"
        raise UnusableError(why, f"fill it in, or leave {auth.empty_target} out where another connection is meant")
    if auth.kubeconfig is not None and not isinstance(auth.kubeconfig, (str, Mapping)):
        why = f"kubeconfig is a {type(auth.kubeconfig).__name__}"
        raise UnusableError(why, f"give a path, several paths joined with {os.pathsep}, a dictionary or a text")
    selection, user = None, None
    # A host that comes without kubeconfig stands for itself: credentials of another cluster must not be sent there.
    if auth.host and not auth.kubeconfig and not auth.context:
        server, identity = Server(url=auth.host), Identity()
    elif not auth.kubeconfig and not auth.context and (pod := _pod()) is not None:
        server, identity = pod
    else:
        selection = _selection(auth)
        user = selection.user
        server, identity = _server_of(selection.cluster), Identity()
    server = _with_options(server, auth)
    own, login = _own_identity(auth), userinfo(server.url)
    if own is not None:
        identity = own
    elif selection is not None and user is not None and not server.is_readable_on_the_way:
        identity = _identity_of(user, selection, server, persist=auth.persist_config)
    if login and own is None:
        # Also in the place of a token, as with kubectl.
        identity = replace(identity, authorization=basic(login))
    return Credentials(
        server=replace(server, url=without_userinfo(server.url)),
        identity=identity,
        impersonation=_impersonation(auth, user),
    )


def check_packages(where: str) -> None:
    """Raises FabricError that names the first Python package that is missing or too old, and how to get it."""
    remedy = "or point ansible_python_interpreter at an interpreter that has it"
    for package, (module, oldest) in OLDEST.items():
        wanted = ".".join(map(str, oldest))
        step = f"{install_step(f'{package}>={wanted}')}, {remedy}"
        try:
            importlib.import_module(module)
        except ImportError as error:
            why = f"the Python package {package} cannot be imported by {sys.executable} ({error})"
            raise _package_missing(where, why, step) from error
        found = importlib.metadata.version(package)
        if tuple(map(int, found.split(".")[:2])) < oldest:
            why = f"the Python package {package} of {sys.executable} is {found}, and {wanted} or newer is needed"
            raise _package_missing(where, why, step)


def default_kubeconfig() -> str:
    """That of kubectl."""
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def _pod() -> tuple[Server, Identity] | None:
    """None outside of a pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    token, ca = SERVICE_ACCOUNT / "token", SERVICE_ACCOUNT / "ca.crt"
    if not host or not port or not token.is_file() or not ca.is_file():
        return None
    url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        return Server(url=url, ca=ca.read_bytes()), Identity(authorization=f"Bearer {token.read_text().strip()}")
    except (OSError, UnicodeDecodeError):
        why = f"the service account of this pod in {SERVICE_ACCOUNT} cannot be read"
        raise UnusableError(why, "make its files readable for the user of the task, or give a kubeconfig") from None


def _selection(auth: Auth) -> Selection:
    if auth.kubeconfig:
        return select(auth.kubeconfig, context=auth.context)
    kubeconfig = default_kubeconfig()
    if not is_content(kubeconfig) and not any(map(_is_there, paths_of(kubeconfig))):
        lacks = "neither kubeconfig nor host, this is no pod" if not auth.context else "a context but no kubeconfig"
        why = f"it has {lacks}, and {quoted_paths(kubeconfig)} does not exist"
        raise UnusableError(why, "give its kubeconfig, or its host with credentials")
    return select(kubeconfig, context=auth.context)


def _is_there(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - no error for a name that is too long


def _server_of(cluster: Fields) -> Server:
    insecure, ca = cluster.flag("insecure-skip-tls-verify"), cluster.pem("certificate-authority")
    if insecure and ca:
        why = f"{cluster.owner} has insecure-skip-tls-verify and a certificate-authority, which contradict each other"
        raise KubeconfigError(why, "take one of them out; kubectl refuses both together")
    return Server(
        url=_with_scheme(cluster.text("server")),
        verify=not insecure,
        ca=ca,
        name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url"),
    )


def _with_scheme(server: str) -> str:
    """`host:port` alone is http to kubectl, whatever the cluster says of certificates."""
    is_address = "://" not in server and "/" not in server.rstrip("/")
    return f"http://{server}" if is_address else server


def _with_options(server: Server, auth: Auth) -> Server:
    """What the options say of the server wins."""
    return replace(
        server,
        url=(auth.host or server.url).rstrip("/"),
        verify=server.verify if auth.validate_certs is None else auth.validate_certs,
        ca=_file(auth.ca_cert, "ca_cert") or server.ca,
    )


def _own_identity(auth: Auth) -> Identity | None:
    """Who we are by the options; None when they leave that to the kubeconfig."""
    if bool(auth.username) != bool(auth.password):
        raise UnusableError("only one of username and password is given", "give both of them or none")
    if auth.client_key and not auth.client_cert:
        raise UnusableError("client_key is given without client_cert", "give both of them or none")
    authorization = ""
    if auth.api_key:
        # A token from a file or a variable often ends in a line break.
        authorization = f"Bearer {auth.api_key.strip()}"
    elif auth.username:
        authorization = basic(f"{auth.username}:{auth.password}")
    if not authorization and not auth.client_cert:
        return None
    return Identity(
        authorization=authorization,
        certificate=_file(auth.client_cert, "client_cert"),
        key=_file(auth.client_key, "client_key"),
    )


def _identity_of(user: Fields, selection: Selection, server: Server, *, persist: bool) -> Identity:
    """In the order in which kubectl looks: what stands there itself, then what a program or provider gives."""
    command, provider = user.fields("exec"), user.fields("auth-provider")
    plugin = Plugin.of(command) if command is not None else None
    certificate = user.pem("client-certificate")
    has_certificate = any(user.content.get(name) for name in ("client-certificate", "client-certificate-data"))
    if has_certificate and not certificate:
        raise KubeconfigError(f"the client-certificate of {user.owner} is empty", "write a certificate to it")
    key = user.pem("client-key") if certificate else b""
    login = f"{user.text('username')}:{user.text('password')}"
    token = _token(user)
    for count, why in (
        ((token != "") + (login != ":"), "a token and a user name with password"),
        ((plugin is not None) + (provider is not None), "exec and auth-provider"),
    ):
        if count > 1:
            raise KubeconfigError(f"{user.owner} has both {why}", "take one of them out; kubectl refuses both together")
    if certificate and not key:
        raise KubeconfigError(f"{user.owner} has a client-certificate without a client-key", "add the key")
    if login.startswith(":") and login != ":":
        raise KubeconfigError(f"{user.owner} has a password without a username", "add it; kubectl asks for it")
    if provider is not None:
        check_provider(provider)
    found = Identity(certificate=certificate, key=key)
    if token or login != ":":
        return replace(found, authorization=f"Bearer {token}" if token else basic(login))
    if plugin is not None and not certificate:
        given = credentials_of(
            plugin,
            context=selection.context,
            server=without_userinfo(server.url),
            cluster=cluster_info(selection.cluster, ca=server.ca),
            secrets=user_secrets(user.content, public=(selection.context,)) | surrounding_secrets(),
        )
        return Identity(
            authorization=f"Bearer {given.token.strip()}" if given.token else "",
            certificate=given.certificate,
            key=given.key,
            expires=given.expires,
            giver=plugin.called,
        )
    if provider is not None and not certificate:
        return replace(found, authorization=f"Bearer {id_token(provider, persist=persist)}")
    return found


def _token(user: Fields) -> str:
    """That of the file, if it can be read and is not empty, as for kubectl."""
    token = user.text("token").strip()
    if not user.text("tokenFile"):
        return token
    try:
        read = user.file("tokenFile").decode("ascii", "replace").strip()
    except KubeconfigError:
        if token:
            return token
        raise
    if not read and not token:
        raise KubeconfigError(f"{user.path('tokenFile')} is empty (tokenFile of {user.owner})", "write a token to it")
    return read or token


def _impersonation(auth: Auth, user: Fields | None) -> tuple[tuple[str, str], ...]:
    """As whom we act by the options, or else by the user of the kubeconfig."""
    name, groups, uid, extra = auth.impersonate_user or "", auth.impersonate_groups, "", None
    if user is not None and not name:
        name, uid, extra = user.text("as"), user.text("as-uid"), user.fields("as-user-extra")
        groups = groups or user.texts("as-groups")
    pairs = [("Impersonate-Uid", uid)] if uid else []
    pairs += [("Impersonate-Group", group) for group in groups]
    for key, values in _extra(extra).items():
        header = f"Impersonate-Extra-{quote(str(key), safe=_HEADER_LETTERS)}"
        pairs += [(header, value) for value in values]
    if pairs and not name:
        why = "groups, a uid or extra attributes to act with are given, but no user to act as"
        raise UnusableError(why, "add impersonate_user, or as in the kubeconfig")
    return (("Impersonate-User", name), *pairs) if name else ()


def _extra(fields: Fields | None) -> dict[str, tuple[str, ...]]:
    return {} if fields is None else {str(key): fields.texts(key) for key in fields.content}


def _file(path: str | None, option: str) -> bytes:
    if not path:
        return b""
    try:
        return Path(path).expanduser().read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableError(f"the file {quoted_paths(path)} does not exist", f"correct {option}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnusableError(f"the file {quoted_paths(path)} cannot be read: {reason}", f"correct {option}") from None


def _package_missing(where: str, why: str, next_step: str) -> FabricError:
    return FabricError(
        what="cannot talk to API servers", where=where, why=why, next=next_step, fault=FailureName.MISSING_PACKAGE
    )
