# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests are made before the first write, and what becomes of their answers. The API server is pretended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    ApiError,
    Conflict,
    FabricError,
    Forbidden,
    Invalid,
    NotFound,
    Throttled,
    Unreachable,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.findings import Finding
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import intents
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    Cluster,
    ClusterId,
    Fabric,
    Pair,
    Shortcut,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import LinkPlan
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.plan import plan_link
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.removal import plan_removal
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Answer
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api, Listing
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.cluster import parse_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._run import preflight, reconcile
from ansible_collections.liqo.fabric.plugins.module_utils._run.preflight import MOST_TRIED, REVIEWS, look_ahead
from ansible_collections.liqo.fabric.plugins.module_utils._run.progress import SILENT
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Reading

from tests.unit import bodies, work
from tests.unit.build import RETAIL, cluster_id, pair, shortcut, who

A, B = cluster_id("leaf-a"), cluster_id("leaf-b")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Attributes = Mapping[str, str]


def error(kind: type[ApiError], status: int, why: str = "because", reason: str = "") -> ApiError:
    return kind(what="cannot do it", where="leaf", why=why, next="ask", status=status, reason=reason)


@dataclass
class PretendedApi:
    """Answers from values and remembers what it was asked."""

    allows: Callable[[Attributes], bool] = lambda attributes: True
    refuses: Mapping[tuple[str, str], FabricError] = field(default_factory=dict)
    """By verb and kind; ("review", "") for questions about rights."""
    lists: Mapping[Resource, tuple[Json, ...]] = field(default_factory=dict)
    asked: list[Attributes] = field(default_factory=list)
    tried: list[tuple[str, str, str]] = field(default_factory=list)
    listed: list[Resource] = field(default_factory=list)

    where: str = "leaf"

    def within(self, seconds: float) -> PretendedApi:
        return self

    def request(self, *, method: str, path: str, body: Any) -> Answer:
        assert (method, path) == ("POST", REVIEWS)
        self._refuse("review", "")
        attributes = body["spec"]["resourceAttributes"]
        self.asked.append(attributes)
        return Answer(status=201, body={"status": {"allowed": self.allows(attributes)}}, server_time=NOW)

    def create(self, resource: Resource, body: Any, *, dry_run: bool) -> Json:
        return self._try("create", resource, body["metadata"]["name"], dry_run)

    def replace(self, resource: Resource, body: Any, *, dry_run: bool) -> Json:
        assert body["metadata"]["resourceVersion"]
        return self._try("replace", resource, body["metadata"]["name"], dry_run)

    def delete(self, resource: Resource, *, name: str, namespace: str | None, uid: str, dry_run: bool) -> None:
        assert uid
        self._try("delete", resource, name, dry_run)

    def set_labels(self, resource: Resource, **_options: Any) -> Json:
        return self._try("patch", resource, "", _options["dry_run"])

    def list(self, resource: Resource, *, namespace: str | None = None, label_selector: str | None = None) -> Listing:
        self._refuse("list", resource.kind)
        self.listed.append(resource)
        return Listing(items=self.lists.get(resource, ()), resource_version="1", server_time=NOW)

    def _try(self, verb: str, resource: Resource, name: str, dry_run: bool) -> Json:
        assert dry_run, "preflight must never write"
        self.tried.append((verb, resource.kind, name))
        self._refuse(verb, resource.kind)
        return {}

    def _refuse(self, verb: str, kind: str) -> None:
        if (verb, kind) in self.refuses:
            raise self.refuses[verb, kind]


def reading(api: PretendedApi, here: ClusterId, *more: bodies.Body, version: str = "v1.2.0") -> Reading:
    raw = bodies.raw([bodies.config_map(here, version), *bodies.local_networks(here), *more])
    return Reading(api=cast(Api, api), who=who(here), raw=raw, state=parse_cluster(raw, here))


def planned(readings: Mapping[ClusterId, Reading], wish: Shortcut | None = None) -> dict[Pair, LinkPlan]:
    found = plan_link(wish or shortcut(), readings[A].state, readings[B].state, fabric=RETAIL)
    assert found.blocked is None, str(found.blocked)
    return {pair(): found}


def ahead(readings: Mapping[ClusterId, Reading], wish: Shortcut | None = None) -> tuple[Finding, ...]:
    return look_ahead(planned(readings, wish), readings, parallel=2)


def seen(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(one.check, one.level, one.cluster) for one in findings if one.what != "writes that could not be tried: 3"]


def new(a: PretendedApi, *more: bodies.Body, version: str = "v1.2.0") -> dict[ClusterId, Reading]:
    """leaf-a with some objects, and leaf-b with nothing."""
    return {A: reading(a, A, *more, version=version), B: reading(PretendedApi(), B)}


def test_a_new_link_asks_once_per_right_and_tries_what_can_be_tried() -> None:
    api = PretendedApi()
    assert seen(ahead(new(api))) == []
    assert sorted((it["verb"], it["resource"], it.get("namespace", "")) for it in api.asked) == [
        ("create", "configurations", ""),
        ("create", "gatewayservers", ""),
        ("create", "namespaces", ""),
        ("create", "publickeies", ""),
    ]
    assert api.tried == [("create", "Namespace", "liqo-tenant-leaf-b")]
    assert api.listed == []


def strict_namespace() -> bodies.Body:
    """A tenant namespace with the defaults of a cluster that is strict."""
    found = bodies.namespace()
    found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "baseline"
    return found


def full_quota() -> bodies.Body:
    spec = {"hard": {"pods": "0"}}
    status = {**spec, "used": {"pods": "0"}}
    return bodies.body(resources.RESOURCE_QUOTA, "none", bodies.tenant(), spec=spec, status=status)


def test_of_a_namespace_that_is_there_level_and_quotas_are_looked_at() -> None:
    api = PretendedApi(lists={resources.RESOURCE_QUOTA: (full_quota(),)})
    found = ahead(new(api, strict_namespace()))
    assert seen(found) == [("pod-security", "warning", A), ("quota", "warning", A)]
    assert api.listed == [resources.RESOURCE_QUOTA]


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (error(Forbidden, 403), []),
        (error(NotFound, 404), []),
        (error(Throttled, 429), [("quota", "info", A)]),
    ],
)
def test_quotas_that_are_not_shown_are_no_news(refusal: ApiError, expected: list[tuple[str, str, str]]) -> None:
    api = PretendedApi(refuses={("list", "ResourceQuota"): refusal})
    assert seen(ahead(new(api, bodies.namespace()))) == expected


def test_writes_in_a_namespace_that_is_not_there_are_counted_once_per_cluster() -> None:
    told = ahead(new(PretendedApi()))
    assert {one.what for one in told} == {"writes that could not be tried: 3"}
    assert [one.cluster for one in told] == [A, B]


def test_in_a_namespace_that_is_there_everything_that_is_known_is_tried() -> None:
    api = PretendedApi()
    ahead(new(api, bodies.namespace()))
    assert sorted(api.tried) == [("create", "Configuration", "leaf-b"), ("create", "GatewayServer", "leaf-b")]


def test_what_is_made_anew_in_the_place_of_something_else_is_not_tried() -> None:
    """The name is free only after the deletion, which is tried."""
    api = PretendedApi()
    moved = bodies.configuration(modern=False)
    moved["spec"]["remote"]["cidr"]["pod"] = ["10.99.0.0/16"]
    ahead(new(api, bodies.namespace(), moved, version="v1.1.2"))
    assert [one for one in sorted(api.tried) if one[1] == "Configuration"] == [("delete", "Configuration", "leaf-b")]


def test_nothing_is_asked_where_nothing_is_to_be_done() -> None:
    api = PretendedApi()
    readings = new(api)
    assert look_ahead({pair(): LinkPlan(pair=pair())}, readings, parallel=2) == ()
    assert (api.asked, api.tried, api.listed) == ([], [], [])


def test_a_right_that_is_granted_in_the_tenant_namespace_is_enough() -> None:
    api = PretendedApi(allows=lambda it: it.get("namespace") == "liqo-tenant-leaf-b")
    assert seen(ahead(new(api, bodies.namespace()))) == []


def test_a_right_that_is_granted_nowhere_stops_the_link() -> None:
    api = PretendedApi(allows=lambda it: it["resource"] != "publickeies")
    (told,) = (one for one in ahead(new(api, bodies.namespace())) if one.level == "error")
    assert (told.check, told.cluster, told.pair) == ("rights", A, pair())
    assert told.why == "missing on leaf-a: create publickeies.networking.liqo.io"


def test_a_missing_right_is_not_told_again_by_the_dry_run() -> None:
    refusal = error(Forbidden, 403)
    api = PretendedApi(
        allows=lambda it: it["resource"] != "configurations", refuses={("create", "Configuration"): refusal}
    )
    told = ahead(new(api, bodies.namespace()))
    assert seen(told) == [("rights", "error", A)]


def test_namespaces_are_asked_for_once_since_there_is_no_narrower_question() -> None:
    api = PretendedApi(allows=lambda it: it["resource"] != "namespaces")
    assert ("rights", "error", A) in seen(ahead(new(api)))
    assert [it["resource"] for it in api.asked].count("namespaces") == 1


@pytest.mark.parametrize(
    ("refusal", "level"),
    [
        (error(Invalid, 422, "a policy denies it"), "error"),
        (error(Forbidden, 403, "a webhook denies it"), "error"),
        (error(ApiError, 500, "failed calling webhook"), "error"),
        (error(ApiError, 400, 'admission webhook "x" does not support dry run'), "info"),
        (error(Invalid, 422, "policy: what does not support dry run is denied"), "error"),
        (error(Throttled, 429), "info"),
        (error(NotFound, 404), None),
        (error(Conflict, 409, reason="AlreadyExists"), None),
        (Unreachable(what="x", where="y", why="z", next="w"), "error"),
    ],
)
def test_what_a_dry_run_may_answer(refusal: FabricError, level: str | None) -> None:
    api = PretendedApi(refuses={("create", "GatewayServer"): refusal})
    told = seen(ahead(new(api, bodies.namespace())))
    assert [one[1:] for one in told] == ([(level, A)] if level else [])


def test_an_api_server_that_answers_no_question_stops_nothing_by_that() -> None:
    api = PretendedApi(refuses={("review", ""): error(Forbidden, 403)})
    assert seen(ahead(new(api))) == [("rights", "info", A)]


def test_a_link_that_was_stopped_stays_so_when_it_is_planned_again() -> None:
    """Other links of its clusters go on, and each of their rounds plans it anew."""
    api = PretendedApi(allows=lambda it: it["resource"] != "publickeies")
    readings: dict[ClusterId, Reading | FabricError] = {**new(api)}
    ends = tuple(Cluster(id=key, name=key, labels={}) for key in (A, B))
    fabric = Fabric(name=RETAIL, clusters=ends, shortcuts=(shortcut(),))
    run = reconcile._Run(fabric, {}, reconcile.Limits(), SILENT, exactly=False)
    states = tuple(reading.state for reading in new(api).values())
    wanted = {intent.pair: intent for intent in intents(fabric, states)}
    stopped, told = run.preflight(run.plan(wanted, readings), readings)
    again = run.plan(wanted, readings)
    for plan in (stopped[pair()], again[pair()]):
        assert plan.ops == ()
        assert "publickeies" in str(plan.blocked)
    assert told[0].level == "error"


def test_services_are_listed_only_for_a_wished_port() -> None:
    taken = bodies.body(resources.SERVICE, "web", "shop", spec={"ports": [{"port": 80, "nodePort": 30500}]})
    api = PretendedApi(lists={resources.SERVICE: (taken,)})
    told = ahead(new(api), shortcut(service_type="NodePort", node_port=30500))
    assert api.listed == [resources.SERVICE]
    assert seen(told) == [("node-port", "error", A)]
    forbidden = PretendedApi(refuses={("list", "Service"): error(Forbidden, 403)})
    told = ahead(new(forbidden), shortcut(service_type="NodePort", node_port=30500))
    assert seen(told) == [("node-port", "info", A)]


def test_services_are_listed_where_a_second_gateway_has_the_port_of_the_first() -> None:
    held = [*bodies.linked_cluster("leaf-a", "leaf-c")[5:]]
    taken = bodies.body(
        resources.SERVICE,
        "gw-leaf-c",
        "liqo-tenant-leaf-c",
        spec={"type": "LoadBalancer", "ports": [{"port": 51840, "protocol": "UDP"}]},
        status={"loadBalancer": {"ingress": [{"ip": "198.51.100.5", "ipMode": "Proxy"}, {}]}},
    )
    api = PretendedApi(lists={resources.SERVICE: (taken,)})
    told = ahead(new(api, *held))
    assert api.listed == [resources.SERVICE]
    assert seen(told) == [("load-balancer", "info", A)]
    forbidden = PretendedApi(refuses={("list", "Service"): error(Forbidden, 403)})
    (note,) = (one for one in ahead(new(forbidden, *held)) if one.check == "load-balancer")
    assert note.what == "not checked: whether the load balancer gives one address to several Services"


def test_a_name_that_a_client_is_to_dial_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolve(names: Iterable[str]) -> dict[str, str]:
        asked.extend(names)
        return dict.fromkeys(asked, "Name or service not known")

    monkeypatch.setattr(preflight, "resolve", resolve)
    a, b = PretendedApi(), PretendedApi()
    on_a = bodies.linked_cluster("leaf-a", "leaf-b")[5:]
    (gateway,) = (one for one in on_a if one["kind"] == "GatewayServer")
    gateway["status"]["endpoint"]["addresses"] = ["gw.leaf-a.example.org"]
    readings = {
        A: reading(a, A, *on_a),
        B: reading(b, B, *bodies.linked_cluster("leaf-b", "leaf-a", is_server=False)[5:]),
    }
    told = ahead(readings)
    assert asked == ["gw.leaf-a.example.org"]
    assert seen(told) == [("endpoint", "info", B)]


def test_pools_are_read_only_of_an_ipam_that_refuses_what_lies_outside() -> None:
    args = ["--pools=192.168.0.0/16"]
    spec = {"template": {"spec": {"containers": [{"args": args}]}}}
    labels = {"app.kubernetes.io/name": "ipam"}
    ipam = bodies.body(resources.DEPLOYMENT, "liqo-ipam", "liqo", metadata={"labels": labels}, spec=spec)
    old = PretendedApi(lists={resources.DEPLOYMENT: (ipam,)})
    assert ("ipam-pool", "error", A) in seen(ahead(new(old, version="v1.1.2")))
    assert old.listed == [resources.DEPLOYMENT]


def test_updates_and_deletions_are_tried_too() -> None:
    a, b = PretendedApi(), PretendedApi()
    readings = {
        A: reading(a, A, *bodies.linked_cluster("leaf-a", "leaf-b")[5:]),
        B: reading(b, B, *bodies.linked_cluster("leaf-b", "leaf-a", is_server=False)[5:]),
    }
    ahead(readings, shortcut(mtu=1400))
    assert (a.tried, b.tried) == ([("replace", "GatewayServer", "leaf-b")], [("replace", "GatewayClient", "leaf-a")])
    assert {it["verb"] for it in a.asked} == {"get", "update"}
    a.tried.clear()
    removal = plan_removal(pair(), readings[A].state, readings[B].state, fabric=RETAIL)
    assert look_ahead({pair(): removal}, readings, parallel=2) == ()
    kinds = ["Configuration", "ForeignCluster", "GatewayServer", "PublicKey"]
    assert sorted(kind for _verb, kind, _name in a.tried) == kinds


def with_lost_labels(api: PretendedApi, number: int) -> dict[ClusterId, Reading]:
    """A link of which leaf-a holds so many Connections, each without its labels."""
    crowd = [
        bodies.body(resources.CONNECTION, f"odd-{one}", bodies.tenant(), metadata={"labels": {}, "uid": f"u{one}"})
        for one in range(number)
    ]
    return {
        A: reading(api, A, *bodies.linked_cluster("leaf-a", "leaf-b")[5:], *crowd),
        B: reading(PretendedApi(), B, *bodies.linked_cluster("leaf-b", "leaf-a", is_server=False)[5:]),
    }


def test_so_many_writes_of_one_link_are_tried_and_the_others_are_counted() -> None:
    api = PretendedApi()
    found = ahead(with_lost_labels(api, MOST_TRIED + 5))
    assert len(api.tried) == MOST_TRIED
    assert [(one.level, one.what, one.why) for one in found] == [
        ("info", "writes that could not be tried: 5", "only so many writes of one link to one cluster are tried")
    ]


def test_the_work_grows_no_faster_than_what_a_cluster_holds() -> None:
    def look(number: int) -> None:
        ahead(with_lost_labels(PretendedApi(), number))

    assert work.grows_with(look, 100) < 5
