# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubeconfig says, read before the library does: every mistake in it becomes one sentence.

The library's own complaints cannot be shown, because some of them quote the whole entry of a user, token included. So
the mistakes that people make are looked for here first; what is left over is reported without the library's words.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._fabric.errors import FabricError, FailureName
from .._fabric.resources import Json
from .secrets_in_options import is_content

_MAX_NAMES = 10
"""Names listed in a message at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kubeconfig."""

    name: str
    """Its path, or what to call it when it came as a dictionary."""
    folder: Path
    """Where relative paths in it start."""
    document: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the chosen context leads to."""

    context: str
    server: str
    plugin: str | None
    """Command of the exec plugin, or name of the auth-provider, that has to run before there are credentials."""


class KubeconfigError(Exception):
    """Why a kubeconfig cannot be used; caught in this file only, where the name of the cluster is known."""

    def __init__(self, why: str, next_step: str) -> None:
        super().__init__(why)
        self.why = why
        self.next_step = next_step


def select(kubeconfig: str | Json, *, context: str | None, cluster: str) -> Selection:
    """The context that will be used. Raises FabricError, which names the cluster, the file and the mistake."""
    try:
        return _select(read_sources(kubeconfig), context)
    except KubeconfigError as mistake:
        raise FabricError(
            what="cannot use the kubeconfig",
            where=cluster,
            why=mistake.why,
            next=mistake.next_step,
            fault=FailureName.NO_CREDENTIALS,
        ) from None


def paths_of(kubeconfig: str) -> tuple[Path, ...]:
    """The files of a value as in KUBECONFIG."""
    return tuple(Path(part).expanduser() for part in kubeconfig.split(os.pathsep) if part)


def read_sources(kubeconfig: str | Json) -> tuple[Source, ...]:
    """At least one; of several files, missing ones are passed over as kubectl does. Raises KubeconfigError."""
    if isinstance(kubeconfig, Mapping):
        return (Source(name="the kubeconfig dictionary", folder=Path.cwd(), document=kubeconfig),)
    if is_content(kubeconfig):
        raise KubeconfigError(
            "kubeconfig holds the text of a kubeconfig where a path or a dictionary belongs",
            "give the path of the file, or the parsed content (the filter from_yaml makes a dictionary of it)",
        )
    paths = paths_of(kubeconfig)
    existing = tuple(path for path in paths if path.exists())
    if not existing:
        named = " and ".join(map(str, paths)) or "an empty path"
        raise KubeconfigError(
            f"the file {named} does not exist",
            "correct the path; that of liqo_kubeconfig starts at the folder of the inventory, any other at "
            f"{Path.cwd()} on the machine where the task runs",
        )
    return tuple(_read(path) for path in existing)


def _read(path: Path) -> Source:
    # PyYAML comes with the Python package kubernetes, which is imported late (see credentials.py).
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except OSError as error:
        raise KubeconfigError(
            f"{path} cannot be read: {error.strerror}", "make it readable for the user of the task"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # str(error) would quote the lines around the mistake.
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark else ""
        raise KubeconfigError(
            f"{path} is not valid YAML{place}", "correct the file; kubectl config view shows it"
        ) from None
    if not isinstance(document, Mapping):
        raise KubeconfigError(f"{path} is no kubeconfig, its top level is no mapping", "give the path of a kubeconfig")
    return Source(name=str(path), folder=path.resolve().parent, document=document)


def _select(sources: Sequence[Source], wanted: str | None) -> Selection:
    names = " and ".join(source.name for source in sources)
    context_name = wanted or _current_context(sources)
    if not context_name:
        raise KubeconfigError(
            f"{names} has no current-context and no context is given",
            f"set the option context, there are: {_listed(_names(sources, 'contexts'))}",
        )
    context = _entry(sources, "contexts", context_name, within=names)[1]
    cluster_source, cluster = _entry(sources, "clusters", context.get("cluster"), within=names)
    server = cluster.get("server")
    if not isinstance(server, str) or not server:
        raise KubeconfigError(
            f"the cluster {context.get('cluster')!r} in {cluster_source.name} has no server", "add its URL"
        )
    _check_files(cluster_source, cluster, ("certificate-authority",))
    plugin = None
    if context.get("user"):
        user_source, user = _entry(sources, "users", context["user"], within=names)
        _check_files(user_source, user, ("client-certificate", "client-key", "tokenFile"))
        plugin = _plugin(user)
    return Selection(context=context_name, server=server, plugin=plugin)


def _current_context(sources: Iterable[Source]) -> str:
    """The last one wins, as in the library (kubectl takes the first)."""
    current = ""
    for source in sources:
        current = str(source.document.get("current-context") or "") or current
    return current


def _entry(sources: Iterable[Source], section: str, name: object, *, within: str) -> tuple[Source, Json]:
    """The first entry of that name, and where it stands."""
    sources = tuple(sources)
    singular = section.removesuffix("s")
    for source in sources:
        for entry in _entries(source, section):
            if entry.get("name") == name:
                content = entry.get(singular)
                return source, content if isinstance(content, Mapping) else {}
    raise KubeconfigError(
        f"the {singular} {name!r} is not in {within}",
        f"name one that is there: {_listed(_names(sources, section))}",
    )


def _entries(source: Source, section: str) -> tuple[Json, ...]:
    entries = source.document.get(section)
    return tuple(entry for entry in entries if isinstance(entry, Mapping)) if isinstance(entries, list) else ()


def _names(sources: Iterable[Source], section: str) -> tuple[str, ...]:
    return tuple(sorted(str(entry.get("name")) for source in sources for entry in _entries(source, section)))


def _check_files(source: Source, entry: Json, keys: Sequence[str]) -> None:
    for key in keys:
        content, path = entry.get(f"{key}-data"), entry.get(key)
        if content:
            _check_base64(content, f"{key}-data in {source.name}")
        elif isinstance(path, str) and path and not (source.folder / path).is_file():
            raise KubeconfigError(
                f"{source.folder / path} does not exist ({key} in {source.name})", "correct that path"
            )


def _check_base64(content: object, name: str) -> None:
    try:
        base64.b64decode(str(content), validate=True)
    except (binascii.Error, ValueError):
        raise KubeconfigError(f"{name} is not base64", "write the kubeconfig anew, it seems to be damaged") from None


def _plugin(user: Json) -> str | None:
    plugin, provider = user.get("exec"), user.get("auth-provider")
    if isinstance(plugin, Mapping):
        return str(plugin.get("command") or "exec plugin without a command")
    if isinstance(provider, Mapping):
        return str(provider.get("name") or "auth-provider without a name")
    return None


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "none"
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
