# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubeconfig says, as kubectl reads it: every mistake in it becomes one sentence that quotes no secret.

It is read here and not by a library, so that a private key in it needs no file, and no field is silently passed over.
"""

from __future__ import annotations

import base64
import functools
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._fabric.resources import Json
from .._fabric.unquoted import is_quotable
from .kubeconfig_fields import Fields, KubeconfigError, is_path
from .kubeconfig_text import decoded, parse, write
from .kubeconfig_types import CLUSTER, USER, check_spelling, check_types, quoted_name, shown_name

_MAX_NAMES = 10
"""Names listed in a message at most."""
# Many clusters are opened at once; without it each of them would parse the file that they share.
_parsing = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kubeconfig."""

    name: str
    """Its path, or what to call it when it came as a dictionary or as text."""
    folder: Path
    """Where relative paths in it start."""
    document: Json
    path: Path | None = None
    """Of its file, if it is one."""

    @property
    def fields(self) -> Fields:
        return Fields(content=self.document, owner=self.name, folder=self.folder, origin=self.path)

    def entries(self, section: str) -> tuple[Mapping[str, Any], ...]:
        """As they stand there; their types were checked when it was read."""
        found: Any = self.document.get(section) or ()
        return tuple(entry or {} for entry in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the chosen context leads to."""

    context: str
    cluster: Fields
    user: Fields | None
    """None for a context without a user."""

    @property
    def server(self) -> str:
        return self.cluster.text("server")


def select(kubeconfig: str | Json, *, context: str | None) -> Selection:
    """The context that will be used. Raises KubeconfigError, which names the file and the mistake."""
    sources = read_sources(kubeconfig)
    names = " and ".join(source.name for source in sources)
    chosen = context or _current_context(sources)
    if not chosen:
        raise KubeconfigError(
            f"{names} has no current-context and no context is given",
            f"set the option context, there are: {_listed(_names(sources, 'contexts'))}",
        )
    entry = _entry(sources, "contexts", chosen, within=names)
    cluster = _entry(sources, "clusters", entry.text("cluster"), within=names)
    check_spelling(cluster, CLUSTER)
    if not cluster.text("server"):
        raise KubeconfigError(f"{cluster.owner} has no server", "add its URL")
    user = None
    if entry.text("user"):
        user = _entry(sources, "users", entry.text("user"), within=names)
        check_spelling(user, USER)
    return Selection(context=chosen, cluster=cluster, user=user)


def is_content(kubeconfig: str) -> bool:
    """Is this the text of a kubeconfig, and not its path?"""
    is_plain = "\n" in kubeconfig or kubeconfig.lstrip().startswith("{") or "apiVersion:" in kubeconfig
    return is_plain or _is_in_base64(kubeconfig)


def _is_in_base64(kubeconfig: str) -> bool:
    """Is this the text of a kubeconfig as a Secret of Kubernetes or a variable of a pipeline holds it?"""
    try:
        text = base64.b64decode("".join(kubeconfig.split()), validate=True).decode()
    except ValueError:
        return False
    return not is_quotable(text)


def paths_of(kubeconfig: str) -> tuple[Path, ...]:
    """The files of a value as in KUBECONFIG."""
    return tuple(Path(part).expanduser() for part in kubeconfig.split(os.pathsep) if part)


def quoted_paths(kubeconfig: str) -> str:
    """What was given as one or several paths, for a message: not quoted when it may be something else."""
    return kubeconfig if is_path(kubeconfig) and is_quotable(kubeconfig) else "(not quoted, as it is no path)"


def read_sources(kubeconfig: str | Json) -> tuple[Source, ...]:
    """At least one; of several files, missing and empty ones are passed over, as by kubectl. Raises KubeconfigError."""
    if isinstance(kubeconfig, Mapping):
        return (_source("the kubeconfig dictionary", Path.cwd(), kubeconfig),)
    if is_content(kubeconfig):
        if _is_in_base64(kubeconfig):
            raise KubeconfigError("the kubeconfig is in base64", "give it decoded, with the filter b64decode")
        name = "the text of the kubeconfig"
        return (_source(name, Path.cwd(), parse(kubeconfig, name)),)
    paths = paths_of(kubeconfig)
    existing = tuple(path for path in paths if os.path.exists(path))  # noqa: PTH110 - no error for a name that is too long
    if not existing:
        named = " and ".join(map(str, paths)) or "an empty path"
        named = quoted_paths(named)
        raise KubeconfigError(
            f"the file {named} does not exist",
            "correct the path; that of liqo_kubeconfig starts at the folder of the inventory, any other at "
            f"{Path.cwd()} on the machine where the task runs",
        )
    read = [_source_of(path) for path in existing]
    return tuple(source for source in read if source is not None) or (
        _source(str(existing[0]), existing[0].parent, None),
    )


def keep_in_user(fields: Fields, values: Mapping[str, str]) -> None:
    """Writes values of an entry back to the file that it stands in; as a whole or not at all, with the mode it had.

    Does nothing for what is in no file. Raises KubeconfigError.
    """
    if fields.origin is None:
        return
    path = fields.origin.resolve()
    document = parse(_read(path), str(path))
    section, name, *inner = fields.trail
    entry = next(entry for entry in document[section] if entry and entry.get("name") == name)
    for step in inner:
        entry = entry[step]
    entry.update(values)
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            draft = Path(file.name)
            try:
                write(document, file)
                file.flush()
                draft.chmod(path.stat().st_mode & 0o777)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        why = f"the new tokens cannot be written to {path}: {error.strerror}"
        raise KubeconfigError(why, "make the file and its folder writable, or set persist_config to false") from None


def _source_of(path: Path) -> Source | None:
    """None for an empty file. Read once for all clusters with a context in it, and anew when it has changed."""
    try:
        found = path.stat()
    except OSError:
        return _opened(path)
    with _parsing:
        return _cached(path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


@functools.lru_cache(maxsize=4)
def _cached(path: Path, _version: tuple[int, ...]) -> Source | None:
    return _opened(path)


def _opened(path: Path) -> Source | None:
    document = parse(_read(path), str(path))
    # The folder as it is written: where the kubeconfig is a link, its relative paths start at the link, as for kubectl.
    return None if document is None else _source(str(path), path.absolute().parent, document, path)


def _read(path: Path) -> str:
    try:
        return decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None)
        next_step = "make it readable for the user of the task" if reason else "write it as UTF-8"
        if isinstance(error, IsADirectoryError):
            next_step = "give the path of a kubeconfig"
        raise KubeconfigError(f"{path} cannot be read: {reason or 'it is no text'}", next_step) from None


def _source(name: str, folder: Path, document: Any, path: Path | None = None) -> Source:
    kind = document.get("kind") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not document:
        raise KubeconfigError(f"{name} is no kubeconfig, its top level is no mapping", "give the path of a kubeconfig")
    if kind not in (None, "", "Config") or document.get("apiVersion") not in (None, "", "v1"):
        raise KubeconfigError(f"{name} is no kubeconfig of the kind Config, version v1", "give that of a kubeconfig")
    source = Source(name=name, folder=folder, document=document, path=path)
    check_types(source.fields)
    return source


def _current_context(sources: Iterable[Source]) -> str:
    """The first one that is set, as for kubectl."""
    for source in sources:
        if current := source.fields.text("current-context"):
            return current
    return ""


def _entry(sources: Sequence[Source], section: str, name: str, *, within: str) -> Fields:
    """That of the first file that has one of this name; entries of several files are not mixed, as for kubectl."""
    singular = section.removesuffix("s")
    called = f"the {singular} {quoted_name(name)}"
    for source in sources:
        entry = next((entry for entry in source.entries(section) if entry.get("name") == name), None)
        if entry is not None:
            owner, content = f"{called} in {source.name}", entry.get(singular) or {}
            return replace(source.fields, content=content, owner=owner, trail=(section, name, singular))
    raise KubeconfigError(
        f"{called} is not in {within}",
        f"name one that is there: {_listed(_names(sources, section))}",
    )


def _names(sources: Iterable[Source], section: str) -> tuple[str, ...]:
    found = [entry.get("name") for source in sources for entry in source.entries(section)]
    return tuple(sorted(shown_name(name) for name in found if isinstance(name, str)))


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "none"
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
