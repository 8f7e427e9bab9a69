# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of an inventory <-> what is kept in a cache, beside a digest of what was asked, without its secrets.

So the answer to another question is not taken for the answer to this one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .inventory_hosts import Host

_SECRET = ("api_key", "username", "password", "proxy", "proxy_headers")
_NOT_ASKED = ("hubs", "connect_timeout", "timeout", "parallel_clusters")


def to_cache(hosts: Sequence[Host], params: Mapping[str, Any]) -> dict[str, Any]:
    """JSON; ``params`` are the options of the inventory plugin."""
    kept = [{"name": host.name, "groups": list(host.groups), "variables": dict(host.variables)} for host in hosts]
    return {"asked": _asked(params), "hosts": kept}


def from_cache(kept: Any, params: Mapping[str, Any]) -> tuple[Host, ...] | None:
    """None when nothing is kept, something else was asked, or another version of this collection wrote it."""
    if not isinstance(kept, Mapping) or kept.get("asked") != _asked(params):
        return None
    return tuple(
        Host(name=host["name"], groups=tuple(host["groups"]), variables=host["variables"]) for host in kept["hosts"]
    )


def _asked(params: Mapping[str, Any]) -> str:
    hubs = [
        {
            key: _without_login(value) if key == "host" else value
            for key, value in hub.items()
            if key not in _SECRET and (key == "labels" or not _is_content(value))
        }
        for hub in params["hubs"]
    ]
    rest = {name: value for name, value in params.items() if name not in _NOT_ASKED}
    text = json.dumps({"layout": 2, "hubs": hubs, **rest}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_content(value: object) -> bool:
    """Of connection options, the content of a kubeconfig, as a dictionary or text."""
    return isinstance(value, Mapping) or (isinstance(value, str) and "\n" in value)


def _without_login(url: object) -> object:
    """A digest of few letters that are not known could be guessed at."""
    return url.rpartition("@")[2] if isinstance(url, str) else url
