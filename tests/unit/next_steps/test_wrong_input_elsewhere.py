# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who does what the hint of a refused option says is not refused any more: variables of the role, Services, the event
source, the inventory, the lookup and the other modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.wishes import parse_wanted
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import intents
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Scope
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.wishes import parse_propagation
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.variables import check_variables
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import parse_identity
from ansible_collections.liqo.fabric.plugins.module_utils._run.hub_inventory import read_inventory
from ansible_collections.liqo.fabric.plugins.module_utils._run.link_look import link_value
from ansible_collections.liqo.fabric.plugins.module_utils._run.query import parse_query
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import parse_watch_options
from ansible_collections.liqo.fabric.plugins.plugin_utils.checked_options import checked_clusters

from tests.pages import ROOT
from tests.unit import three_leaves
from tests.unit.next_steps.following import Params, Step, check_followed

SPECS = yaml.safe_load((ROOT / "roles/fabric/meta/argument_specs.yml").read_text(encoding="utf-8"))
VARIABLES = {name: one for entry in SPECS["argument_specs"].values() for name, one in entry["options"].items()}
NAMED = [{"name": name} for name in ("hub", "leaf-a", "leaf-b")]
AB = [{"between": ["leaf-a", "leaf-b"]}]


def variables(**given: Any) -> Params:
    """Of the role, without the beginning that all have; ``hubs`` are those of the inventory."""
    hubs = given.pop("hubs", ("hub",))
    return {"hubs": hubs, "given": {f"liqo_fabric_{name}": value for name, value in given.items()}}


def parse_variables(params: Params) -> None:
    found = check_variables(params["given"], VARIABLES, hubs=params["hubs"], leaves=())
    if found:
        raise InputError(found)


VARIABLE_STEPS = [
    Step("did you mean {}?", variables(shortcut=AB), variables(shortcuts=AB)),
    Step("there are: {}", variables(shortcuts=[{"xyz": 1}]), variables(shortcuts=[{"mtu": 1300}])),
    Step("begin each entry with a dash", variables(shortcuts=AB[0]), variables(shortcuts=AB)),
    Step(
        "write names and values, like { between: [leaf-a, leaf-b] }",
        variables(shortcuts=[["leaf-a", "leaf-b"]]),
        variables(shortcuts=AB),
    ),
    Step(
        "with -e write it as -e '{\"{}\": [...]}', and in a file begin each entry with a dash",
        variables(shortcuts="between=leaf-a"),
        variables(shortcuts=AB),
    ),
    Step(
        "choose one of {}",
        variables(defaults={"service_type": "Node"}),
        variables(defaults={"service_type": "NodePort"}),
    ),
    Step("write it like 3, or like 25%", variables(waves=["some"]), variables(waves=["3", "25%"])),
    Step(
        "what joins a hub and a leaf is a peering, which 'liqoctl peer' makes",
        variables(shortcuts=[{"between": ["hub", "leaf-a"]}]),
        variables(shortcuts=[]),
    ),
    Step(
        "name the hubs in the group liqo_hubs",
        variables(services=[{"namespace": "demo", "name": "web"}], hubs=()),
        variables(services=[{"namespace": "demo", "name": "web"}]),
    ),
]


def services(*entries: dict[str, Any], **given: Any) -> Params:
    wanted = [{"namespace": None, "name": None, "selector": None, "hub": None, "mode": None, **one} for one in entries]
    return {
        "fabric": "retail",
        "clusters": NAMED,
        "hubs": ["hub"],
        "services": wanted,
        "mode": "auto",
        "state": "present",
        "coming": [],
        "leaving": [],
        "scope": None,
        "wait_timeout": 60.0,
        "connect_timeout": 5.0,
        "parallel_clusters": 32,
        **given,
    }


WEB = {"namespace": "demo", "name": "web"}
SERVICE_STEPS = [
    Step("name the clusters whose Services must use the shortcuts", services(WEB, hubs=[]), services(WEB)),
    Step("list them by name or by selector", services(services=None), services({"selector": "app=web"})),
    Step("name each Service once", services(WEB, {**WEB, "mode": "shadow"}), services({**WEB, "mode": "shadow"})),
    Step("write namespace and name, or a label selector", services({}), services(WEB)),
    Step("write namespace and name, or a label selector", services({}), services({"selector": "app=web"})),
    Step("name its namespace on the hub", services({"name": "web"}), services(WEB)),
    Step(
        "use lower case letters, digits and -",
        services({"namespace": "Demo", "name": "web_1"}),
        services({"namespace": "demo", "name": "web-1"}),
    ),
    Step("hubs of this task are: {}", services({**WEB, "hub": "leaf-a"}), services({**WEB, "hub": "hub"})),
]

LEAF = {"name": "leaf-a", "kubeconfig": "/etc/liqo/leaf-a"}


def watch(*clusters: Any, **given: Any) -> Params:
    return {"clusters": list(clusters) or [LEAF], **given}


WATCH_STEPS = [
    Step("there are clusters, {}", watch(interval=1), watch(poll_interval=1)),
    Step("give it the longest time that a change may wait", watch(max_delay=1), watch(max_delay=3)),
    Step("without it, it is {}", watch(debounce="soon"), watch()),
    Step(
        "list the leaves of the fabric, as in the option clusters of the module liqo.fabric.shortcuts",
        {"clusters": []},
        watch(LEAF),
    ),
    Step("write it as {name: leaf-a, kubeconfig: ...}", watch("leaf-a"), watch(LEAF)),
    Step("name each cluster as the inventory does", watch({"kubeconfig": "/x"}), watch(LEAF)),
    Step("there are {}", watch({**LEAF, "kubconfig": "/x"}), watch({**LEAF, "kubeconfig": "/x"})),
    Step("put it into quotes", watch({**LEAF, "api_key": 123456}), watch({**LEAF, "api_key": "123456"})),
    Step("leave it out, the event source has no use for it", watch({**LEAF, "labels": ["eu"]}), watch(LEAF)),
]


def identity(**given: Any) -> Params:
    return {
        "fabric": "retail",
        "name": "robot",
        "clusters": [{"name": "leaf-a"}, {"name": "leaf-b"}],
        "jobs": ["shortcut"],
        "subjects": [],
        "service_account": True,
        "service_account_namespace": None,
        "needed_only": False,
        "pairs": None,
        "hubs": [],
        "state": "present",
        **given,
    }


def subject(kind: str, namespace: str | None) -> Params:
    return identity(subjects=[{"kind": kind, "name": "robot", "namespace": namespace}])


IDENTITY_STEPS = [
    Step("list those on which the identity must have rights", identity(clusters=[]), identity()),
    Step("use at most {} lower case letters, digits and -", identity(name="Robot!"), identity(name="robot-1")),
    Step("use at most {} lower case letters, digits and -", identity(name="r" * 57), identity(name="r" * 56)),
    Step(
        "use lower case letters, digits and -",
        identity(service_account_namespace="Robots"),
        identity(service_account_namespace="robots"),
    ),
    Step("list some of {}", identity(jobs=[]), identity(jobs=["query"])),
    Step(
        "name subjects, or set service_account to true",
        identity(service_account=False),
        identity(service_account=True),
    ),
    Step("name the namespace in which it lies", subject("ServiceAccount", None), subject("ServiceAccount", "robots")),
    Step("leave it out", subject("User", "robots"), subject("User", None)),
]


def connector(**given: Any) -> Params:
    return {"clusters": NAMED, "hubs": ["hub"], "state": "gathered", **given}


CONNECTOR_STEPS = [
    Step(
        "it says which links are safe because the fabric has them",
        connector(state="absent", fabric="retail"),
        connector(state="absent", fabric="retail", shortcuts=AB),
    ),
    Step("name the clusters on which the controller runs", connector(hubs=[]), connector()),
    Step(
        "write it as namespace/name of a ForeignClusterConnection",
        connector(abandon=["leaf-a"]),
        connector(abandon=["demo/leaf-a"]),
    ),
]


def inventory(*hubs: dict[str, Any], pattern: str | None = None) -> Params:
    return {"hubs": list(hubs), "kubeconfig_pattern": pattern}


class _PassedError(Exception):
    """The options are taken, and the clusters would be read now."""


class _Passing(dict[str, Any]):
    """Options of the inventory; what is asked for first after the checks ends the test."""

    def __getitem__(self, name: str) -> Any:
        if name == "parallel_clusters":
            raise _PassedError
        return super().__getitem__(name)


def parse_inventory(params: Params) -> None:
    with pytest.raises((_PassedError, InputError)) as ended:
        read_inventory(_Passing(params), folder="/", where="fabric.yml", warn=print)
    if isinstance(ended.value, InputError):
        raise ended.value


HUB = {"name": "hub", "kubeconfig": "/x"}
INVENTORY_STEPS = [
    Step("list each hub once", inventory(HUB, HUB), inventory(HUB)),
    Step("list each hub once", inventory(HUB, {"name": "other", "cluster_id": "hub"}), inventory(HUB)),
    Step("name at least one, with its kubeconfig", inventory(), inventory(HUB)),
    Step("write {} in it", inventory(HUB, pattern="/k/leaf"), inventory(HUB, pattern="/k/{cluster_id}")),
    Step("name it as the inventory does", inventory({"name": "a\nb"}), inventory(HUB)),
    Step("give the hub another name", inventory({"name": "all"}), inventory({"name": "all-of-it"})),
]


def parse_entries(params: Params) -> object:
    return checked_clusters(params["clusters"], CLUSTERS_SPEC, where="here")


ENTRY_STEPS = [
    Step("write each as {name: hub, kubeconfig: ...}", {"clusters": ["hub"]}, {"clusters": [HUB]}),
]


NOWHERE = [{**one, "kubeconfig": "/nowhere"} for one in NAMED]


def look(*ends: str, **given: Any) -> Params:
    return {"ends": ends, "value": "server", "clusters": NOWHERE, "timeout": 0.1, "connect_timeout": 0.1, **given}


def parse_look(params: Params) -> None:
    # What is taken ends at the connection, which is not there.
    try:
        link_value(params["ends"], params)
    except InputError:
        raise
    except FabricError:
        return


LOOK_STEPS = [
    Step("there are {}", look("leaf-a", "leaf-b", value="speed"), look("leaf-a", "leaf-b", value="evidence")),
    Step("there are {}", look("leaf-a", "leaf-x"), look("leaf-a", "leaf-b")),
    Step("name two different clusters", look("leaf-a"), look("leaf-a", "leaf-b")),
]


def parse_expression(params: Params) -> object:
    return parse_query(params["query"])({"cluster-id": "x", "links": []})


QUERY_STEPS = [
    Step(
        "see https://jmespath.org; names with a hyphen need double quotes",
        {"query": "cluster-id"},
        {"query": '"cluster-id"'},
    ),
]


ONLY_STEPS = [
    Step("name pairs that shortcuts declares", {"only": three_leaves.BC}, {"only": three_leaves.AB}),
]


def parse_scope(params: Params) -> object:
    wanted = replace(three_leaves.fabric_of(pairs=[three_leaves.AB]), scope=Scope(pairs=frozenset({params["only"]})))
    return intents(wanted, ())


@pytest.mark.parametrize(
    ("parse", "step"),
    [
        (parse, step)
        for parse, steps in (
            (parse_variables, VARIABLE_STEPS),
            (parse_propagation, SERVICE_STEPS),
            (parse_watch_options, WATCH_STEPS),
            (parse_identity, IDENTITY_STEPS),
            (lambda params: parse_wanted(params, check_mode=False), CONNECTOR_STEPS),
            (parse_inventory, INVENTORY_STEPS),
            (parse_entries, ENTRY_STEPS),
            (parse_look, LOOK_STEPS),
            (parse_expression, QUERY_STEPS),
            (parse_scope, ONLY_STEPS),
        )
        for step in steps
    ],
    ids=str,
)
def test_who_follows_the_hint_is_not_refused(parse: Callable[[Params], object], step: Step) -> None:
    check_followed(step, parse)
