# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wishes: what a task may say, and every way in which it may not."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import intents, plan_intent
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    ClientEndpoint,
    Fabric,
    Pair,
    ServiceType,
    Settings,
    State,
    Template,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import expand_wishes, parse_wishes, resolve
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import cluster_id, pair
from tests.unit.strategies import law

LEAVES = [{"name": name} for name in ("leaf-a", "leaf-b", "leaf-c")]
"""As Ansible hands them over; a test adds what it is about."""


def params(*shortcuts: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"fabric": "retail", "clusters": LEAVES, "shortcuts": list(shortcuts), "state": "present", **given}


def wish(*between: str, **settings: Any) -> dict[str, Any]:
    return {"between": list(between) or ["leaf-a", "leaf-b"], **settings}


def fabric_of(task: dict[str, Any]) -> Fabric:
    """Both steps, with the labels of the task itself."""
    return resolve(parse_wishes(task))


def violations(task: dict[str, Any]) -> list[str]:
    with pytest.raises(InputError) as refused:
        fabric_of(task)
    return [str(violation) for violation in refused.value.violations]


def settings(*shortcuts: dict[str, Any], **given: Any) -> Settings:
    (found,) = fabric_of(params(*shortcuts, **given)).shortcuts
    return found.settings


@pytest.mark.parametrize("address", ["vpn.example.org", "192.0.2.7", "2001:db8::7", "::1"])
def test_a_client_may_dial_names_and_addresses_of_both_families(address: str) -> None:
    fabric = fabric_of(params(wish(client_endpoint={"address": address})))
    endpoint = fabric.shortcuts[0].settings.client_endpoint
    assert endpoint is not None
    assert endpoint.address == address


def test_a_pair_alone_gets_the_documented_settings() -> None:
    assert settings(wish()) == Settings(
        server=None,
        service_type=ServiceType.LOAD_BALANCER,
        port=51840,
        mtu=1340,
        server_template=Template(name="wireguard-server"),
        client_template=Template(name="wireguard-client"),
    )


def test_a_pair_s_own_settings_win_over_the_defaults_and_those_over_ours() -> None:
    found = settings(wish(mtu=1400), defaults={"mtu": 1300, "port": 51999})
    assert (found.mtu, found.port, found.service_type) == (1400, 51999, ServiceType.LOAD_BALANCER)


def test_options_that_ansible_sets_to_none_are_no_opinion() -> None:
    assert settings(wish(mtu=None, node_port=None, client_endpoint=None), defaults={"mtu": None}) == settings(wish())


def test_template_and_its_namespace_are_joined() -> None:
    found = settings(wish(server_template="fast"), defaults={"server_template_namespace": "gateways"})
    assert found.server_template == Template(name="fast", namespace="gateways")


def test_an_endpoint_for_the_client_may_be_half_of_one() -> None:
    found = settings(wish(client_endpoint={"address": "vpn.example.org", "port": None}))
    assert found.client_endpoint == ClientEndpoint(address="vpn.example.org")


def test_names_become_cluster_ids() -> None:
    clusters = [{"name": "frankfurt", "cluster_id": "leaf-a"}, {"name": "leaf-b"}]
    found = fabric_of(params(wish("leaf-b", "frankfurt", server="frankfurt"), clusters=clusters))
    assert found.pairs == (pair(),)
    assert found.shortcuts[0].settings.server == "leaf-a"


def test_a_pair_named_twice_alike_is_one_wish() -> None:
    assert fabric_of(params(wish("leaf-a", "leaf-b"), wish("leaf-b", "leaf-a"))).pairs == (pair(),)


def test_a_pair_named_twice_gets_what_either_says() -> None:
    found = settings(wish("leaf-a", "leaf-b", mtu=1400), wish("leaf-b", "leaf-a", port=51841))
    assert (found.mtu, found.port) == (1400, 51841)


def test_values_of_labels_are_texts_as_yaml_would_write_them() -> None:
    labels = {"gpu": True, "size": 7, "edge": None, "region": "eu", "old": False}
    (found,) = parse_wishes(params(clusters=[{"name": "leaf-a", "labels": labels}])).clusters
    assert found.labels == {"gpu": "true", "size": "7", "edge": "", "region": "eu", "old": "false"}


def test_a_selector_picks_by_the_labels_of_the_task_and_never_a_hub() -> None:
    clusters = [{"name": name, "labels": {"region": "eu"}} for name in ("hub", "leaf-a", "leaf-b")]
    clusters.append({"name": "leaf-c", "labels": {"region": "us"}})
    found = fabric_of(params({"mesh": {"selector": "region=eu"}}, clusters=clusters, hubs=["hub"]))
    assert found.pairs == (pair("leaf-a", "leaf-b"),)
    assert found.shortcuts[0].source == "shortcuts[0].mesh"


def test_a_hub_may_be_named() -> None:
    clusters = [{"name": "hub"}, {"name": "leaf-a"}]
    assert fabric_of(params(wish("hub", "leaf-a"), clusters=clusters, hubs=["hub"])).pairs == (pair("hub", "leaf-a"),)


def test_labels_that_were_read_take_the_place_of_those_of_the_task() -> None:
    wishes = parse_wishes(params({"mesh": {"selector": "region=eu"}}))
    labels = {cluster_id(name): {"region": "eu"} for name in ("leaf-a", "leaf-c", "hub")}
    found = resolve(wishes, labels)
    assert found.pairs == (pair("leaf-a", "leaf-c"),)
    assert found.unlabelled == ("leaf-b",)


def test_a_cluster_of_unknown_labels_is_picked_by_no_selector() -> None:
    wishes = parse_wishes(params({"mesh": {"selector": "!retired"}}))
    assert resolve(wishes, {cluster_id("leaf-a"): {}}).pairs == ()


IN_TWO_MESHES = (
    {"mesh": {"selector": "x"}, "mtu": 1400},
    {"mesh": {"selector": "y"}, "mtu": 1300},
    {"star": {"center": "leaf-d", "selector": "z"}, "server": "leaf-d"},
)
ANY_LABELS = st.none() | st.sets(st.sampled_from("xyz")).map(lambda keys: dict.fromkeys(keys, ""))


@given(ANY_LABELS)
def test_whatever_labels_one_cluster_tells_the_pairs_of_the_others_are_the_same(told: dict[str, str] | None) -> None:
    names = ("leaf-a", "leaf-b", "leaf-c", "leaf-d")
    wishes = parse_wishes(params(*IN_TWO_MESHES, clusters=[{"name": name} for name in names]))
    labels = {cluster_id(name): dict.fromkeys(keys, "") for name, keys in (("leaf-a", "x"), ("leaf-c", "xyz"))}
    unreachable = resolve(wishes, labels, told_by=frozenset(map(cluster_id, names)))
    odd = {cluster_id("leaf-b"): told} if told is not None else {}
    found = resolve(wishes, {**labels, **odd}, told_by=frozenset(map(cluster_id, names)))
    assert [one for one in found.shortcuts if "leaf-b" not in one.pair] == list(unreachable.shortcuts)
    assert all("leaf-b" in refused for refused in found.refused)
    # In both meshes with leaf-c, which want something else.
    assert (pair("leaf-b", "leaf-c") in found.refused) == ({"x", "y"} <= set(told or ()))


@given(ANY_LABELS, st.sampled_from(["x", "xy"]))
def test_labels_that_an_inventory_was_told_concern_the_pairs_of_that_cluster_only(
    told: dict[str, str] | None, keys: str
) -> None:
    """In an inventory of hubs too, where they come with the task."""
    declared = {"leaf-a": "x", "leaf-c": "z", "leaf-d": ""}
    clusters = [
        *({"name": name, "labels": dict.fromkeys(own, "")} for name, own in declared.items()),
        {"name": "leaf-e", "labels": dict.fromkeys(keys, ""), "labels_told": True},
    ]
    odd = {"name": "leaf-b", "labels": told or {}, "labels_told": True}
    silent = resolve(parse_wishes(params(*IN_TWO_MESHES, clusters=clusters)))
    found = resolve(parse_wishes(params(*IN_TWO_MESHES, clusters=[*clusters, odd])))
    assert [one for one in found.shortcuts if "leaf-b" not in one.pair] == list(silent.shortcuts)
    others = {pair: str(why) for pair, why in found.refused.items() if "leaf-b" not in pair}
    assert others == {pair: str(why) for pair, why in silent.refused.items()}
    # The same pairs, as they are named to a person who asks what the wishes stand for.
    entries, left_out = expand_wishes({"shortcuts": IN_TWO_MESHES, "clusters": [*clusters, odd]})
    assert {tuple(entry["between"]) for entry in entries} == {tuple(pair) for pair in found.pairs}
    assert len(left_out) == len(found.refused)


def test_declared_labels_that_contradict_the_shortcuts_are_refused_at_once() -> None:
    clusters = [{"name": name, "labels": {"x": "", "y": ""}} for name in ("leaf-a", "leaf-b", "leaf-d")]
    with pytest.raises(InputError):
        resolve(parse_wishes(params(*IN_TWO_MESHES[:2], clusters=clusters)))


def test_a_contradiction_of_the_task_itself_is_refused_whatever_clusters_tell() -> None:
    wishes = parse_wishes(params(*IN_TWO_MESHES[:2], wish(mtu=1400), wish(mtu=1300)))
    with pytest.raises(InputError):
        resolve(wishes, {}, told_by=frozenset({cluster_id("leaf-a")}))


def test_pairs_that_clusters_have_left_by_their_labels_end_no_run_that_names_them() -> None:
    only = [["leaf-a", "leaf-b"], ["leaf-a", "leaf-c"]]
    wishes = parse_wishes(params({"mesh": {"selector": "x"}}, only=only, rotate_keys=only))
    labels = {cluster_id(name): {"x": ""} for name in ("leaf-a", "leaf-c")}
    found = resolve(wishes, labels, told_by=frozenset({cluster_id("leaf-b")}))
    assert found.pairs == (pair("leaf-a", "leaf-c"),)
    assert found.refused.keys() == {pair("leaf-a", "leaf-b")}
    assert found.rotate_keys == {pair("leaf-a", "leaf-c")}
    planned = {intent.pair: plan_intent(intent, {}, found) for intent in intents(found, [])}
    assert planned[pair("leaf-a", "leaf-b")].blocked is found.refused[pair("leaf-a", "leaf-b")]


def test_without_a_selector_nobody_misses_a_label() -> None:
    wishes = parse_wishes(params(wish()))
    assert not wishes.needs_labels
    assert resolve(wishes, {}).unlabelled == ()


def test_a_selector_that_matches_too_few_is_a_note() -> None:
    task = params({"mesh": {"selector": "a"}}, {"ring": {"names": ["leaf-a"], "selector": "a==b"}})
    assert fabric_of(task).notes == (
        "shortcuts[0].mesh connects nothing now: 'a' gives it no member",
        "shortcuts[1].ring connects nothing now: 'a in (b)' gives it only leaf-a",
    )


def test_contradictions_are_named_together_with_other_violations() -> None:
    task = params(wish(mtu=1300), wish(mtu=1400), wish("leaf-a", "leaf-x"))
    assert [line.split(":")[0] for line in violations(task)] == ["shortcuts[1].mtu", "shortcuts[2].between"]


def test_a_default_server_concerns_only_its_own_pairs() -> None:
    found = fabric_of(params(wish("leaf-a", "leaf-b"), wish("leaf-b", "leaf-c"), defaults={"server": "leaf-a"}))
    assert [shortcut.settings.server for shortcut in found.shortcuts] == ["leaf-a", None]


def test_auto_takes_a_default_server_back() -> None:
    assert settings(wish(server="auto"), defaults={"server": "leaf-a"}).server is None


@pytest.mark.parametrize(
    ("state", "shortcuts", "everything"),
    [("absent", None, True), ("absent", [], False), ("absent", [wish()], False), ("present", [wish()], False)],
)
def test_only_absent_without_shortcuts_means_all_that_the_fabric_owns(
    state: str, shortcuts: list[dict[str, Any]] | None, everything: bool
) -> None:
    found = fabric_of(params(state=state, shortcuts=shortcuts))
    assert (found.state, found.every_owned_pair) == (State(state), everything)


REFUSED = {
    "unknown cluster": (
        params(wish("leaf-a", "leaf-x")),
        "shortcuts[0].between: unknown cluster 'leaf-x' (clusters of this task are: leaf-a, leaf-b, leaf-c)",
    ),
    "pair with itself": (
        params(wish("leaf-a", "leaf-a")),
        "shortcuts[0].between: pairs leaf-a with itself (name two different clusters)",
    ),
    "pair with itself under two names": (
        params(wish("first", "leaf-a"), clusters=[{"name": "first", "cluster_id": "leaf-a"}]),
        "shortcuts[0].between: pairs leaf-a with itself (name two different clusters)",
    ),
    "three clusters": (
        params(wish("leaf-a", "leaf-b", "leaf-c")),
        "shortcuts[0].between: names 3 clusters instead of 2 (write it as between: [leaf-a, leaf-b])",
    ),
    "one pair twice with different settings": (
        params(wish("leaf-a", "leaf-b", mtu=1300), wish("leaf-b", "leaf-a", mtu=1400)),
        (
            "shortcuts[1].mtu: leaf-a <-> leaf-b gets 1300 from shortcuts[0] and 1400 from shortcuts[1]"
            " (give both the same mtu, or name the pair once)"
        ),
    ),
    "an entry that connects nothing": (
        params({"mtu": 1400}),
        "shortcuts[0]: does not say what to connect (give it exactly one of between, mesh, ring, star)",
    ),
    "an entry of two shapes": (
        params({**wish(), "mesh": {"selector": ""}}),
        "shortcuts[0]: has between and mesh (give it exactly one of between, mesh, ring, star)",
    ),
    "a group of nobody in particular": (
        params({"mesh": {"names": None, "selector": None}}),
        "shortcuts[0].mesh: does not say which clusters (give it names, a selector, or both)",
    ),
    "a selector with a mistake in it": (
        params({"ring": {"selector": "region=eu us"}}),
        (
            "shortcuts[0].ring.selector: 'region=eu us' is no selector: at character 11 there is 'us' instead of"
            " ',' or the end (write it like region=eu,tier in (shop, depot),!retired)"
        ),
    ),
    "a mesh of one": (
        params({"mesh": {"names": ["leaf-a"]}}),
        (
            "shortcuts[0].mesh: connects nothing: its members are leaf-a"
            " (a mesh needs two clusters that except does not leave out)"
        ),
    ),
    "a ring that leaves out all but one": (
        params({"ring": {"names": ["leaf-a", "leaf-b"]}, "except": ["leaf-b"]}),
        (
            "shortcuts[0].ring: connects nothing: its members are leaf-a"
            " (a ring needs two clusters that except does not leave out)"
        ),
    ),
    "a star of its center": (
        params({"star": {"center": "leaf-a", "names": ["leaf-a"]}}),
        (
            "shortcuts[0].star: connects nothing: its members are leaf-a"
            " (a star needs a center and another cluster that except does not leave out)"
        ),
    ),
    "a star that leaves out its center": (
        params({"star": {"center": "leaf-a", "names": ["leaf-b"]}, "except": ["leaf-a"]}),
        "shortcuts[0].except: leaves out leaf-a, the center (remove it there, or the whole star)",
    ),
    "an unknown center": (
        params({"star": {"center": "leaf-x", "names": ["leaf-b"]}}),
        "shortcuts[0].star.center: unknown cluster 'leaf-x' (clusters of this task are: leaf-a, leaf-b, leaf-c)",
    ),
    "an unknown member": (
        params({"mesh": {"names": ["leaf-a", "leaf-x"]}}),
        "shortcuts[0].mesh.names: unknown cluster 'leaf-x' (clusters of this task are: leaf-a, leaf-b, leaf-c)",
    ),
    "a member named twice": (
        params({"ring": {"names": ["leaf-a", "leaf-b", "leaf-a"]}}),
        "shortcuts[0].ring.names: names leaf-a twice (name each cluster once)",
    ),
    "an unknown exception": (
        params({"mesh": {"selector": ""}, "except": ["leaf-x"]}),
        "shortcuts[0].except[0]: unknown cluster 'leaf-x' (clusters of this task are: leaf-a, leaf-b, leaf-c)",
    ),
    "an exception of three": (
        params({"mesh": {"selector": ""}, "except": [["leaf-a", "leaf-b", "leaf-c"]]}),
        (
            "shortcuts[0].except[0]: ['leaf-a', 'leaf-b', 'leaf-c'] is neither a cluster nor a pair"
            " (write except: [leaf-a, [leaf-b, leaf-c]])"
        ),
    ),
    "an exception of a pair": (
        params({**wish(), "except": ["leaf-a"]}),
        "shortcuts[0].except: has no meaning with between (remove it, or the whole entry)",
    ),
    "a server that is not of the group": (
        params({"mesh": {"names": ["leaf-a", "leaf-b"]}, "server": "leaf-c"}),
        "shortcuts[0].server: 'leaf-c' is not one of the mesh (name one of its members, or auto)",
    ),
    "one NodePort for a group": (
        params({"mesh": {"selector": ""}, "service_type": "NodePort", "node_port": 30000}),
        (
            "shortcuts[0].node_port: one NodePort cannot serve several shortcuts of a cluster"
            " (set it for each pair, with between)"
        ),
    ),
    "settings of a group that do not fit": (
        params({"mesh": {"selector": "nobody"}, "service_type": "ClusterIP", "load_balancer_ip": "192.0.2.1"}),
        (
            "shortcuts[0].load_balancer_ip: has no meaning with service_type ClusterIP of shortcuts[0]"
            " (remove load_balancer_ip or change service_type)"
        ),
    ),
    "a label that is no text": (
        params(clusters=[{"name": "leaf-a", "labels": {"zones": ["a", "b"]}}]),
        "clusters[0].labels.zones: is a list and no text (give one text per label)",
    ),
    "an unknown hub": (
        params(hubs=["hub"]),
        "hubs: unknown cluster 'hub' (clusters of this task are: leaf-a, leaf-b, leaf-c)",
    ),
    "labels of no hub": (
        params(labels_from=["hub"]),
        "labels_from: hub needs hubs (name the hubs whose ForeignClusters carry the labels)",
    ),
    "two entries with one id": (
        params(clusters=[{"name": "leaf-a"}, {"name": "paris", "cluster_id": "leaf-a"}]),
        (
            "clusters[1]: paris has cluster id leaf-a, like clusters[0] (leaf-a)"
            " (list each cluster once; two clusters never share an id)"
        ),
    ),
    "two entries with one name": (
        params(clusters=[{"name": "paris", "cluster_id": "leaf-a"}, {"name": "paris", "cluster_id": "leaf-b"}]),
        "clusters[1].name: paris is also the name of clusters[0] (give each cluster its own name)",
    ),
    "a name that is the id of another": (
        params(clusters=[{"name": "leaf-b", "cluster_id": "leaf-a"}, {"name": "paris", "cluster_id": "leaf-b"}]),
        "clusters[0].name: leaf-b is also the cluster id of paris (give it a name that means one cluster only)",
    ),
    "no cluster id": (
        params(clusters=[{"name": "Leaf_A"}]),
        (
            "clusters[0].cluster_id: 'Leaf_A' is not a Liqo cluster id (lower case letters, digits and -, at most 51)"
            " (set cluster_id of Leaf_A to what 'liqoctl info' shows)"
        ),
    ),
    "cluster id too long for a tenant namespace": (
        params(clusters=[{"name": "far", "cluster_id": "l" * 52}]),
        (
            f"clusters[0].cluster_id: '{'l' * 52}' is not a Liqo cluster id"
            " (lower case letters, digits and -, at most 51)"
            " (set cluster_id of far to what 'liqoctl info' shows)"
        ),
    ),
    "MTU too small": (
        params(wish(mtu=575)),
        "shortcuts[0].mtu: 575 is out of range (it must be between 576 and 9000)",
    ),
    "MTU too large": (
        params(defaults={"mtu": 9001}),
        "defaults.mtu: 9001 is out of range (it must be between 576 and 9000)",
    ),
    "port out of range": (
        params(wish(port=65536)),
        "shortcuts[0].port: 65536 is out of range (it must be between 1 and 65535)",
    ),
    "NodePort out of range": (
        params(wish(service_type="NodePort", node_port=0)),
        "shortcuts[0].node_port: 0 is out of range (it must be between 1 and 65535, most often 30000 to 32767)",
    ),
    "no IP address": (
        params(wish(load_balancer_ip="10.0.0.256")),
        "shortcuts[0].load_balancer_ip: '10.0.0.256' is not legal (it must be an IP address)",
    ),
    "no address for the client": (
        params(wish(client_endpoint={"address": "http://x/", "port": 1})),
        "shortcuts[0].client_endpoint.address: 'http://x/' is not legal (it must be an IP address or a host name)",
    ),
    "no port for the client": (
        params(wish(client_endpoint={"address": "vpn.example.org", "port": 70000})),
        "shortcuts[0].client_endpoint.port: 70000 is out of range (it must be between 1 and 65535)",
    ),
    "NodePort of a ClusterIP Service": (
        params(wish(service_type="ClusterIP", node_port=30000)),
        (
            "shortcuts[0].node_port: has no meaning with service_type ClusterIP of shortcuts[0]"
            " (remove node_port or change service_type)"
        ),
    ),
    "settings of two places that do not fit": (
        params(wish(service_type="NodePort"), defaults={"load_balancer_ip": "10.0.0.1"}),
        (
            "defaults.load_balancer_ip: has no meaning with service_type NodePort of shortcuts[0]"
            " (remove load_balancer_ip or change service_type)"
        ),
    ),
    "server that is not of the pair": (
        params(wish(server="leaf-c")),
        "shortcuts[0].server: 'leaf-c' is not one of leaf-a <-> leaf-b (name one of the two, or auto)",
    ),
    "default server that is no cluster": (
        params(defaults={"server": "leaf-x"}),
        "defaults.server: unknown cluster 'leaf-x' (clusters of this task are: leaf-a, leaf-b, leaf-c)",
    ),
    "one NodePort for several pairs": (
        params(wish(), wish("leaf-b", "leaf-c"), defaults={"service_type": "NodePort", "node_port": 30000}),
        "defaults.node_port: one NodePort cannot serve several shortcuts of a cluster (set it per shortcut)",
    ),
    "one NodePort for two servers of a cluster": (
        params(
            wish("leaf-a", "leaf-b", server="leaf-a", service_type="NodePort", node_port=30000),
            wish("leaf-a", "leaf-c", server="leaf-a", service_type="NodePort", node_port=30000),
        ),
        (
            "shortcuts[1].node_port: NodePort 30000 of leaf-a is also used by shortcuts[0]"
            " (give each shortcut of a cluster its own NodePort)"
        ),
    ),
    "present without shortcuts": (
        params(shortcuts=None),
        "shortcuts: state present needs shortcuts (list the pairs, an empty list changes nothing)",
    ),
    "fabric name that no annotation can hold": (
        params(fabric="retail,edge"),
        (
            "fabric: 'retail,edge' cannot be written on objects"
            " (use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends)"
        ),
    ),
    "no time to wait": (
        params(wait_timeout=0),
        "wait_timeout: 0 is out of range (it must be greater than 0)",
    ),
    "no cluster at a time": (
        params(parallel_clusters=-1),
        "parallel_clusters: -1 is out of range (it must be greater than 0)",
    ),
}


@pytest.mark.parametrize(("task", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_a_sentence_that_says_where_and_what_to_do(task: dict[str, Any], message: str) -> None:
    assert violations(task) == [message]


def test_names_annotations_and_labels_are_those_of_kubernetes() -> None:
    names = wish(server_template="{{ x }}", client_template_namespace="a.b")
    texts = wish(between=["leaf-a", "leaf-c"], service_annotations={"a b": "x", "c": 7}, service_labels={"d": "x y"})
    key = "under a key of Kubernetes, such as example.com/pool"
    assert violations(params(names, texts)) == [
        "shortcuts[0].client_template_namespace: 'a.b' is not legal (it must be the name of a namespace)",
        "shortcuts[0].server_template: '{{ x }}' is not legal (it must be the name of an object of Kubernetes)",
        f"shortcuts[1].service_annotations.a b: 'a b' is not legal (it must be {key})",
        "shortcuts[1].service_annotations.c: 7 is out of range (it must be a text)",
        "shortcuts[1].service_labels.d: 'x y' is not legal (it must be the value of a label)",
    ]


@pytest.mark.parametrize("name", ["mtu", "port", "node_port", "load_balancer_ip", "wait_timeout"])
def test_every_refusal_has_a_twin_that_passes(name: str) -> None:
    fitting = {
        "mtu": params(wish(mtu=576), wish("leaf-a", "leaf-c", mtu=9000)),
        "port": params(wish(port=1), wish("leaf-a", "leaf-c", port=65535)),
        "node_port": params(wish(node_port=30000), wish("leaf-a", "leaf-c", service_type="NodePort", node_port=30001)),
        "load_balancer_ip": params(wish(load_balancer_ip="10.0.0.255")),
        "wait_timeout": params(wait_timeout=0.5),
    }
    assert isinstance(fabric_of(fitting[name]), Fabric)


def test_all_violations_come_in_one_message() -> None:
    task = params(
        wish("leaf-a", "leaf-x", mtu=1),
        wish("leaf-b", "leaf-b"),
        fabric="?",
        clusters=[*LEAVES, {"name": "other", "cluster_id": "leaf-a"}],
        defaults={"port": 0},
    )
    found = [line.split(":")[0] for line in violations(task)]
    assert found == ["clusters[3]", "defaults.port", "fabric", "shortcuts[0].between", "shortcuts[0].mtu"] + [
        "shortcuts[1].between"
    ]


def test_the_message_says_how_many_and_that_nothing_was_written() -> None:
    with pytest.raises(InputError) as refused:
        fabric_of(params(wish(mtu=1, port=0)))
    assert str(refused.value) == (
        "options of the task: 2 wrong values: "
        "shortcuts[0].mtu: 1 is out of range (it must be between 576 and 9000); "
        "shortcuts[0].port: 0 is out of range (it must be between 1 and 65535). "
        "Next: correct the input and run again; nothing was written."
    )


@law
@given(st.randoms(use_true_random=False))
def test_the_order_of_clusters_shortcuts_and_names_changes_nothing(shuffle: random.Random) -> None:
    clusters = [*LEAVES, {"name": "paris", "cluster_id": "leaf-d"}]
    between = [["leaf-a", "leaf-b"], ["leaf-c", "paris"], ["leaf-b", "leaf-c"], ["leaf-a", "leaf-b"]]
    mixed_clusters = shuffle.sample(clusters, len(clusters))
    mixed = [shuffle.sample(names, 2) for names in shuffle.sample(between, len(between))]
    assert fabric_of(params(*(wish(*names) for names in mixed), clusters=mixed_clusters)) == fabric_of(
        params(*(wish(*names) for names in between), clusters=clusters)
    )


def test_a_pair_has_no_direction() -> None:
    assert Pair.of(cluster_id("leaf-b"), cluster_id("leaf-a")) == pair("leaf-a", "leaf-b")
    assert [*pair("leaf-b", "leaf-a")] == ["leaf-a", "leaf-b"]
    assert pair().other(cluster_id("leaf-a")) == "leaf-b"


def test_a_pair_of_one_cluster_is_impossible() -> None:
    with pytest.raises(ValueError, match="leaf-a cannot be paired with itself"):
        Pair.of(cluster_id("leaf-a"), cluster_id("leaf-a"))
