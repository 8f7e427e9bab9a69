# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public verbs as a task runs them, in this process: options in, and out the result that Ansible would get."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.clock import Clock
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy
from ansible_collections.liqo.fabric.plugins.module_utils._run import (
    follower,
    hub_inventory,
    link_look,
    reconcile,
    service_act,
    targets,
)
from ansible_collections.liqo.fabric.plugins.modules import (
    connector,
    peering_info,
    propagation,
    propagation_info,
    rbac,
    shortcuts,
)

from tests.unit.module_arguments import patch_module_args
from tests.unit.trust.honest import SHOP
from tests.unit.trust.recording import CLUSTERS, LEAVES

Json = Any
Hosts = Mapping[str, str]
"""Where each cluster is."""
TOKEN = "token-of-the-trust-tests"


@dataclass(frozen=True)
class Done:
    """How a verb ended."""

    result: Mapping[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    broken: str = ""
    """What must never happen: an exception, or an output that is no result."""


Run = Callable[[Hosts, Path, float], Done]
"""Takes where the clusters are, a folder of its own, and for how many seconds a run may wait for a controller."""


@dataclass(frozen=True)
class Verb:
    """One way to call the collection."""

    name: str
    run: Run
    writes: bool = False
    hub_speaks_for_all: bool = False
    """The options make the hub the one that says what there is, so that its answers concern everything."""


def of_module(module: Any, check_mode: bool = False, **options: Json) -> Run:
    """A module with these options and the connection of every cluster."""

    def run(hosts: Hosts, _folder: Path, patience_s: float) -> Done:
        clusters = [{"name": name, "host": hosts[name], "api_key": TOKEN} for name in CLUSTERS]
        set_options = {name: value for name, value in options.items() if value is not None}
        if "wait" in options:
            set_options["wait_timeout"] = patience_s
        given = {**set_options, "clusters": clusters, "_ansible_check_mode": check_mode}
        printed = io.StringIO()
        try:
            with redirect_stdout(printed), patch_module_args(given):
                module.main()
        except SystemExit:
            pass
        except BaseException as problem:
            return Done(broken=f"{type(problem).__name__}: {problem}")
        return _read(printed.getvalue())

    return run


def _read(printed: str) -> Done:
    try:
        result = json.loads(printed)
    except ValueError:
        return Done(broken=f"no JSON but {printed[:200]!r}")
    if not isinstance(result, dict):
        return Done(broken=f"no result but {printed[:200]!r}")
    return Done(result=result, warnings=tuple(map(str, result.pop("warnings", ()))))


def of_link(*ends: str) -> Run:
    """The lookup, for all values of one link."""

    def run(hosts: Hosts, _folder: Path, _patience_s: float) -> Done:
        clusters = [{**_defaults(), "name": name, "host": hosts[name], "api_key": TOKEN} for name in LEAVES]
        params = {"value": "all", "clusters": clusters, "connect_timeout": 5.0, "timeout": 5.0}
        try:
            return Done(result={"link": link_look.link_value(ends, params)})
        except FabricError as problem:
            return Done(result={"failed": True, "msg": str(problem)})
        except BaseException as problem:
            return Done(broken=f"{type(problem).__name__}: {problem}")

    return run


def inventory(hosts: Hosts, folder: Path, _patience_s: float) -> Done:
    """The hosts of the inventory plugin, with a kubeconfig for every leaf."""
    for name in LEAVES:
        kubeconfig = json.dumps(_kubeconfig(hosts[name]))
        (folder / f"{name}.kubeconfig").write_text(kubeconfig)
    warnings: list[str] = []
    params = {
        "hubs": [{**_defaults(), "name": "hub", "host": hosts["hub"], "api_key": TOKEN}],
        "kubeconfig_pattern": f"{folder}/{{cluster_id}}.kubeconfig",
        "identity_dir": None,
        "read_leaves": True,
        "leaf_roles": ["Provider", "ConsumerAndProvider", "Unknown"],
        "region_labels": ["region"],
        "timeout": 5.0,
        "connect_timeout": 5.0,
        "parallel_clusters": 4,
    }
    try:
        found = hub_inventory.read_inventory(params, folder=str(folder), where="retail.yml", warn=warnings.append)
    except FabricError as problem:
        return Done(result={"failed": True, "msg": str(problem)}, warnings=tuple(warnings))
    except BaseException as problem:
        return Done(broken=f"{type(problem).__name__}: {problem}")
    listed = {host.name: {"groups": sorted(host.groups), "variables": dict(host.variables)} for host in found.hosts}
    return Done(result={"hosts": json.loads(json.dumps(listed))}, warnings=tuple(warnings))


def _defaults() -> dict[str, Json]:
    return {"cluster_id": None, "liqo_namespace": "liqo", "labels": {}}


def _kubeconfig(host: str) -> dict[str, Json]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": host}}],
        "users": [{"name": "it", "user": {"token": TOKEN}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }


_FABRIC: dict[str, Json] = {
    "fabric": "retail",
    "defaults": {"service_type": "NodePort"},
    "wait": False,
}
_MESH = [{"mesh": {"names": list(LEAVES)}}]
_PAIRS = [{"between": ["leaf-a", "leaf-b"]}, {"between": ["leaf-a", "leaf-c"]}]
_SERVICES: dict[str, Json] = {
    "fabric": "retail",
    "hubs": ["hub"],
    "services": [{"namespace": "demo", "name": "web"}, {"namespace": SHOP, "name": "solo"}],
    "wait": False,
}
_ROBOT: dict[str, Json] = {
    "fabric": "retail",
    "name": "robot",
    "hubs": ["hub"],
    "jobs": ["query", "shortcut", "removal", "keys", "propagation"],
    "service_account": True,
}


def _shortcuts(name: str, *, check_mode: bool = False, hub_speaks_for_all: bool = False, **options: Json) -> Verb:
    run = of_module(shortcuts, check_mode, **{**_FABRIC, "shortcuts": _MESH, **options})
    return Verb(f"shortcuts {name}", run, writes=not check_mode, hub_speaks_for_all=hub_speaks_for_all)


def _services(name: str, *, check_mode: bool = False, **options: Json) -> Verb:
    run = of_module(propagation, check_mode, **{**_SERVICES, **options})
    return Verb(f"propagation {name}", run, writes=not check_mode, hub_speaks_for_all=True)


def _cluster_labels() -> Json:
    """A mesh of the leaves that say of themselves that they run Kubernetes of this provider."""
    return [{"mesh": {"selector": "liqo.io/provider"}}]


PLANS = (
    _shortcuts("present, check", check_mode=True),
    _shortcuts("exact, check", check_mode=True, state="exact", shortcuts=_PAIRS),
    _shortcuts("absent, check", check_mode=True, state="absent"),
    _shortcuts("gathered", check_mode=True, state="gathered", shortcuts=None),
    _shortcuts("rendered", check_mode=True, state="rendered"),
    _shortcuts("adopt, labels of clusters", check_mode=True, adopt=True, labels_from=["cluster", "inventory"]),
    _services("auto, check", check_mode=True),
    _services("exclusive, check", check_mode=True, mode="exclusive"),
    _services("upstream, check", check_mode=True, mode="upstream"),
    _services("absent, check", check_mode=True, state="absent"),
)
RUNS = (
    _shortcuts("present"),
    _shortcuts("present, no preflight", preflight=False),
    _shortcuts("exact", state="exact", shortcuts=_PAIRS),
    _shortcuts("absent", state="absent"),
    _shortcuts("present, waits", wait=True),
    _services("shadow", mode="shadow"),
    _services("exclusive", mode="exclusive"),
    _services("absent", state="absent", services=None),
)
_DECLARED: dict[str, Any] = {
    "hubs": ["hub"],
    "labels_from": ["inventory", "cluster"],
    "shortcuts": [
        {"mesh": {"selector": "region"}},
        {"between": ["leaf-a", "leaf-c"], "client_endpoint": {"port": 51841}},
    ],
}
LOOKS = (
    Verb("peering_info", of_module(peering_info, timeout=5.0)),
    Verb("peering_info, query", of_module(peering_info, timeout=5.0, query="links[].[between, evidence]")),
    Verb("peering_info, declared", of_module(peering_info, timeout=5.0, **_DECLARED)),
    Verb("propagation_info", of_module(propagation_info, hubs=["hub"]), hub_speaks_for_all=True),
    Verb("link a-b", of_link("leaf-a", "leaf-b")),
    Verb("link a-c", of_link("leaf-a", "leaf-c")),
    Verb("foreign_clusters", inventory, hub_speaks_for_all=True),
    Verb("rbac, check", of_module(rbac, True, **_ROBOT)),
    Verb("rbac", of_module(rbac, **_ROBOT), writes=True),
    Verb("connector gathered", of_module(connector, hubs=["hub"], state="gathered"), hub_speaks_for_all=True),
)


QUICK = Limits(
    read_timeout_s=8.0,
    call_deadline_s=10.0,
    list_s=12.0,
    reading_s=20.0,
    answer_bytes=8 * 2**20,
    pages=40,
    list_bytes=16 * 2**20,
)
"""No honest answer on loopback comes near to any of these."""


@contextmanager
def hurried(limits: Limits = QUICK) -> Iterator[None]:
    """Inside of the block nothing pauses, and these are the limits."""
    retry, clock = RetryPolicy(delays_s=(0.0,)), Clock(sleep=lambda _s: None)

    def hasty(name: str, options: Mapping[str, object], *, agent: str, log: Any, **_given: Any) -> Any:
        return connect(name, options, limits=limits, agent=agent, log=log, retry=retry, clock=clock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(targets, "connect", hasty)
        patch.setattr(reconcile, "STALE_PAUSE_S", 0.0)
        patch.setattr(service_act, "SETTLE_S", 0.05)
        patch.setattr(follower, "POLL_S", 0.05)
        yield
