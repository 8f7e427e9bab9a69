# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of object as a value that knows its URL path, so that no discovery request is ever needed.

Which kinds exist is not written here: the tables live beside the code that knows the kinds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Json = Mapping[str, object]
"""A JSON object as the API server sent it, or as it will be sent. Read it, never change it in place."""

# A path segment of the API server: what could mean another path (a slash, a dot segment, a query) is refused here
# instead of being quoted, because no legal name of an object holds it.
_SEGMENT = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9._:]*[A-Za-z0-9])?")


class IllegalNameError(ValueError):
    """A name that cannot be a part of a path, most likely because a cluster gave it to an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of object, named as in the URL (short names are ambiguous between groups)."""

    group: str
    """`networking.liqo.io`; empty for the core group."""
    version: str
    plural: str
    """As in the URL: `publickeies` (sic)."""
    kind: str
    namespaced: bool

    def __post_init__(self) -> None:
        for field, value in (("version", self.version), ("plural", self.plural), ("kind", self.kind)):
            _require_segment(value, what=field)
        if self.group:
            _require_segment(self.group, what="group")

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """As in the `apiVersion` field of an object."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str | None = None, name: str | None = None) -> str:
        """The URL path of one object, or of the collection when `name` is left out.

        Without `namespace` the collection of a namespaced kind spans all namespaces. Raises ValueError for a namespace
        on a cluster-scoped kind and for a namespaced object without a namespace, IllegalNameError for names that are no
        path segment.
        """
        if namespace is not None and not self.namespaced:
            raise ValueError(f"{self} is cluster-scoped, namespace {namespace!r} makes no sense")
        if name is not None and namespace is None and self.namespaced:
            raise ValueError(f"{self} {name!r} needs a namespace")
        segments = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace is not None:
            segments += ["namespaces", _require_segment(namespace, what="namespace")]
        segments.append(self.plural)
        if name is not None:
            segments.append(_require_segment(name, what="name"))
        return "/" + "/".join(segments)


def _require_segment(value: str, *, what: str) -> str:
    if not _SEGMENT.fullmatch(value):
        raise IllegalNameError(f"{what} {value!r} cannot be part of an API path")
    return value
