# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who does what the hint of a refused option says is not refused any more: the wishes of a fabric."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve

from tests.unit.next_steps.following import Params, Step, check_followed

LEAVES = [{"name": name, "labels": {"region": "eu"}} for name in ("leaf-a", "leaf-b", "leaf-c")]
AB = {"between": ["leaf-a", "leaf-b"]}
AC = {"between": ["leaf-a", "leaf-c"]}
MESH = {"mesh": {"names": ["leaf-a", "leaf-b", "leaf-c"]}}
STAR = {"star": {"center": "leaf-a", "names": ["leaf-b", "leaf-c"]}}


def task(*shortcuts: dict[str, Any], **given: Any) -> Params:
    return {"fabric": "retail", "clusters": LEAVES, "shortcuts": list(shortcuts), "state": "present", **given}


def clusters(*entries: dict[str, Any]) -> Params:
    return task(clusters=list(entries))


def parse(params: Params) -> object:
    return resolve(parse_wishes(params))


ENTRIES = [
    Step("give it exactly one of {}", task({**AB, **MESH}), task(AB)),
    Step("give it exactly one of {}", task({"mtu": 1400}), task({**AB, "mtu": 1400})),
    Step("set it for each pair, with between", task({**MESH, "node_port": 31000}), task({**AB, "node_port": 31000})),
    Step("give it names, a selector, or both", task({"mesh": {}}), task({"mesh": {"selector": "region=eu"}})),
    Step("remove it there, or the whole star", task({**STAR, "except": ["leaf-a"]}), task(STAR)),
    Step("remove it there, or the whole star", task({**STAR, "except": ["leaf-a"]}), task()),
    Step(
        "name one of its members, or auto",
        task({"mesh": {"names": ["leaf-a", "leaf-b"]}, "server": "leaf-c"}),
        task({"mesh": {"names": ["leaf-a", "leaf-b"]}, "server": "auto"}),
    ),
    Step("remove it, or the whole entry", task({**AB, "except": ["leaf-c"]}), task(AB)),
    Step("remove it, or the whole entry", task({**AB, "except": ["leaf-c"]}), task()),
    Step("name one of the two, or auto", task({**AB, "server": "leaf-c"}), task({**AB, "server": "leaf-b"})),
    Step("name one of the two, or auto", task({**AB, "server": "leaf-c"}), task({**AB, "server": "auto"})),
    Step("write it as between: [leaf-a, leaf-b]", task({"between": ["leaf-a"]}), task(AB)),
    Step("name two different clusters", task({"between": ["leaf-a", "leaf-a"]}), task(AB)),
    Step(
        "write except: [leaf-a, [leaf-b, leaf-c]]",
        task({**MESH, "except": [{"leaf-a": "leaf-b"}]}),
        task({"mesh": {"selector": "region=eu"}, "except": ["leaf-a", ["leaf-b", "leaf-c"]]}),
    ),
    Step("name each cluster once", task({"mesh": {"names": ["leaf-a", "leaf-a", "leaf-b"]}}), task(MESH)),
    Step(
        "write it like region=eu,tier in (shop, depot),!retired",
        task({"mesh": {"selector": "region in (eu"}}),
        task({"mesh": {"selector": "region=eu,tier in (shop, depot),!retired"}}),
    ),
    Step("clusters of this task are: {}", task({"between": ["leaf-a", "leaf-x"]}), task(AB)),
    Step("it must be {}", task({**AB, "mtu": 70}), task({**AB, "mtu": 1280})),
    Step("it must be {}", task({**AB, "port": 0}), task({**AB, "port": 1})),
    Step(
        "remove {} or change service_type",
        task({**AB, "service_type": "NodePort", "load_balancer_ip": "192.0.2.7"}),
        task({**AB, "service_type": "NodePort"}),
    ),
    Step(
        "remove {} or change service_type",
        task({**AB, "service_type": "ClusterIP", "node_port": 31000}),
        task({**AB, "service_type": "NodePort", "node_port": 31000}),
    ),
    Step(
        "give both the same {}, or name the pair once",
        task({**AB, "mtu": 1400}, {**AB, "mtu": 1300}),
        task({**AB, "mtu": 1400}),
    ),
    Step(
        "give both the same {}, or set it for the pair, with between",
        task({**MESH, "mtu": 1400}, {**STAR, "mtu": 1300}),
        task({**MESH, "mtu": 1300}, {**STAR, "mtu": 1300}),
    ),
    Step(
        "give both the same {}, or set it for the pair, with between",
        task({**MESH, "mtu": 1400}, {"mesh": {"names": ["leaf-a", "leaf-b"]}, "mtu": 1300}),
        task({**MESH, "mtu": 1400}, {"mesh": {"names": ["leaf-a", "leaf-b"]}, "mtu": 1300}, {**AB, "mtu": 1300}),
    ),
    Step(
        "a {} needs two clusters that except does not leave out",
        task({**MESH, "except": ["leaf-a", "leaf-b"]}),
        task({**MESH, "except": ["leaf-a"]}),
    ),
    Step(
        "a {} needs a center and another cluster that except does not leave out",
        task({**STAR, "except": ["leaf-b", "leaf-c"]}),
        task({**STAR, "except": ["leaf-b"]}),
    ),
]

CLUSTERS = [
    Step(
        "set cluster_id of {} to what 'liqoctl info' shows",
        clusters({"name": "Leaf_A"}),
        clusters({"name": "Leaf_A", "cluster_id": "leaf-a"}),
    ),
    Step(
        "list each cluster once; two clusters never share an id",
        clusters({"name": "one", "cluster_id": "leaf-a"}, {"name": "two", "cluster_id": "leaf-a"}),
        clusters({"name": "one", "cluster_id": "leaf-a"}),
    ),
    Step(
        "give each cluster its own name",
        clusters({"name": "one", "cluster_id": "leaf-a"}, {"name": "one", "cluster_id": "leaf-b"}),
        clusters({"name": "one", "cluster_id": "leaf-a"}, {"name": "two", "cluster_id": "leaf-b"}),
    ),
    Step(
        "give it a name that means one cluster only",
        clusters({"name": "leaf-b", "cluster_id": "leaf-a"}, {"name": "two", "cluster_id": "leaf-b"}),
        clusters({"name": "one", "cluster_id": "leaf-a"}, {"name": "two", "cluster_id": "leaf-b"}),
    ),
    Step(
        "give one text per label",
        clusters({"name": "leaf-a", "labels": {"regions": ["eu", "us"]}}),
        clusters({"name": "leaf-a", "labels": {"regions": "eu"}}),
    ),
]

OPTIONS = [
    Step("set it per shortcut", task(AB, AC, defaults={"node_port": 31000}), task({**AB, "node_port": 31000}, AC)),
    Step(
        "name the hubs whose ForeignClusters carry the labels",
        task(AB, labels_from=["hub"]),
        task(AB, labels_from=["hub"], hubs=["leaf-c"]),
    ),
    Step("remove it", task(AB, state="absent", rotate_keys="all"), task(AB, state="absent")),
    Step("write all, or [[leaf-a, leaf-b]]", task(AB, rotate_keys="some"), task(AB, rotate_keys="all")),
    Step(
        "write all, or [[leaf-a, leaf-b]]",
        task(AB, rotate_keys="leaf-a"),
        task(AB, rotate_keys=[["leaf-a", "leaf-b"]]),
    ),
    Step(
        "name pairs of shortcuts only",
        task(AB, rotate_keys=[["leaf-a", "leaf-c"]]),
        task(AB, rotate_keys=[["leaf-a", "leaf-b"]]),
    ),
    Step(
        "use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        task(AB, fabric="-retail"),
        task(AB, fabric="retail_eu.2"),
    ),
    Step(
        "give each shortcut of a cluster its own NodePort",
        task({**AB, "server": "leaf-a", "node_port": 31000}, {**AC, "server": "leaf-a", "node_port": 31000}),
        task({**AB, "server": "leaf-a", "node_port": 31000}, {**AC, "server": "leaf-a", "node_port": 31001}),
    ),
    Step("it must be greater than 0", task(AB, wait_timeout=0), task(AB, wait_timeout=1)),
    Step("it must be 0 or more", task(AB, max_removals=-1), task(AB, max_removals=0)),
    Step("list the pairs, an empty list changes nothing", task(shortcuts=None), task(shortcuts=[])),
    Step(
        "list the pairs, an empty list removes all that is owned",
        task(shortcuts=None, state="exact"),
        task(shortcuts=[], state="exact"),
    ),
    Step(
        "take it out of clusters, or remove its links with state absent",
        task(AB, forget=["leaf-c"]),
        task(AB, forget=["leaf-c"], clusters=LEAVES[:2]),
    ),
    Step("give the id, not a host name", task(AB, forget=["leaf_x.example"]), task(AB, forget=["leaf-x"])),
    Step("clusters of this task are: {}", task(AB, scope=["leaf-x"]), task(AB, scope=["leaf-a"])),
    Step("write it as [leaf-a, leaf-b]", task(AB, only=["leaf-a"]), task(AB, only=[["leaf-a", "leaf-b"]])),
    Step("write it as 3, or as a share of them like 10%", task(AB, tolerate="few"), task(AB, tolerate="3")),
    Step("write it as 3, or as a share of them like 10%", task(AB, tolerate="110%"), task(AB, tolerate="10%")),
]


@pytest.mark.parametrize("step", [*ENTRIES, *CLUSTERS, *OPTIONS], ids=str)
def test_who_follows_the_hint_is_not_refused(step: Step) -> None:
    check_followed(step, parse)
