# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts -> the option `clusters` of the modules. Documented in clusters.yml."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.unquoted import is_quotable, quoted
from ansible_collections.liqo.fabric.plugins.module_utils._run.paths import beside
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC

_OPTIONS = tuple(name for name in CLUSTERS_SPEC["clusters"]["options"] if name != "name")
_NAME_A_SERVER = ("kubeconfig", "context", "host")
_BUNDLE = "K8S_AUTH_KUBECONFIG"
_ONE_SERVER = ("K8S_AUTH_CONTEXT", "K8S_AUTH_HOST")


def clusters(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry per host, in the order of `hosts`, with what its variables `liqo_<option>` say.

    Raises AnsibleFilterError that names each host whose variables do not say where its cluster is.
    """
    if isinstance(hosts, str) or not isinstance(hosts, Sequence):
        raise AnsibleFilterError(
            f"liqo.fabric.clusters: the input is a list of hosts, like groups.liqo_leaves, not {quoted(hosts)}"
        )
    found = []
    problems = []
    for host in hosts:
        if host not in hostvars:
            name = host if isinstance(host, str) and is_quotable(host) else quoted(host)
            raise AnsibleFilterError(f"liqo.fabric.clusters: {name} is not a host of the inventory")
        # Computing the variables of a host is what takes time: once.
        variables = hostvars[host]
        entry = cluster(host, variables)
        if not any(name in entry for name in _NAME_A_SERVER):
            surrounding = _of_environment(host, variables)
            if surrounding is None:
                problems.append(host)
            else:
                entry |= surrounding
        found.append(entry)
    if problems:
        raise AnsibleFilterError(
            f"liqo.fabric.clusters: nothing says where the cluster of {', '.join(problems)} is: set liqo_kubeconfig"
            " (or liqo_context, or liqo_host) for each of these hosts in the inventory"
        )
    return found


def _of_environment(host: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a host gets from the environment when its variables name no server; None when that says nothing either.

    A variable that names a server and is empty was meant for one: no other takes its place.
    """
    if any(variables.get(f"liqo_{name}") == "" for name in ("kubeconfig", "host")):
        return None
    if any(map(os.environ.get, _ONE_SERVER)):
        return {}
    return {"context": host} if os.environ.get(_BUNDLE) else None


def cluster(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of one host; a variable that is not set or empty gives no option."""
    given = {name: variables.get(f"liqo_{name.removeprefix('liqo_')}") for name in _OPTIONS}
    given = {name: value for name, value in given.items() if value not in (None, "")}
    return {"name": host, **beside(given, variables.get("inventory_dir"))}


class FilterModule:
    """For Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"clusters": clusters}
