# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes over names and labels -> pairs with their settings. Documented in topology_expand.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.display import Display
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.terminal import one_line
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import expand_wishes
from ansible_collections.liqo.fabric.plugins.module_utils._run.wishes_spec import SHORTCUTS_SPEC

_CLUSTER_SPEC = {
    "name": {"type": "str", "required": True},
    "cluster_id": {"type": "str"},
    "labels": {"type": "dict", "default": {}},
    "labels_told": {"type": "bool", "default": False},
}
_SPEC = {
    **SHORTCUTS_SPEC,
    "clusters": {"type": "list", "elements": "dict", "required": True, "options": _CLUSTER_SPEC},
    "hubs": {"type": "list", "elements": "str", "default": []},
}


def topology_expand(
    shortcuts: Sequence[Mapping[str, Any]],
    clusters: Sequence[Mapping[str, Any]],
    defaults: Mapping[str, Any] | None = None,
    hubs: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """One entry per pair, sorted by cluster ids, with the names of its clusters. Raises AnsibleFilterError."""
    # The connections of the clusters may hold secrets, which have no business in a message about types.
    needed = [
        {name: entry[name] for name in _CLUSTER_SPEC if name in entry} if isinstance(entry, Mapping) else {}
        for entry in (clusters if isinstance(clusters, Sequence) else ())
    ]
    given = {"shortcuts": shortcuts, "clusters": needed, "defaults": defaults, "hubs": list(hubs)}
    checked = ArgumentSpecValidator(_SPEC).validate(given)
    if checked.error_messages:
        raise AnsibleFilterError(f"liqo.fabric.topology_expand: {'; '.join(checked.error_messages)}")
    try:
        entries, left_out = expand_wishes(checked.validated_parameters)
    except InputError as refused:
        raise AnsibleFilterError(f"liqo.fabric.topology_expand: {refused.why}") from refused
    for problem in left_out:
        Display().warning(one_line(f"liqo.fabric.topology_expand leaves out a pair: {problem}"))
    return entries


class FilterModule:
    """For Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"topology_expand": topology_expand}
