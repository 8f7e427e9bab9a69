# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No executor takes what another one wrote meanwhile, nor mistakes its own object, whose answer was lost, for foreign.

One set of tests for all executors: links, Services with their policies, and the roles of an identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import Subject
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Conflict, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import (
    Cluster,
    ClusterId,
    Fabric,
    FabricName,
    State,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Marked
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    DirectSpec,
    PolicySpec,
    Propagation,
    ServiceKey,
    ShadowSpec,
    SliceEndpoint,
    SlicePort,
    TouchSpec,
    Use,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import SliceKind, SliceOp
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.policies import POLICY_NAMES
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.identity import Identity
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.policies import build_policy
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.services import (
    RESOURCE_BY_SLICE_KIND,
    build_slice_body,
)
from ansible_collections.liqo.fabric.plugins.module_utils._run.act import StalePlan
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagate import Limits as ServiceLimits
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagate import propagate
from ansible_collections.liqo.fabric.plugins.module_utils._run.rbac import manage_access
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile
from ansible_collections.liqo.fabric.plugins.module_utils._run.service_act import write

from tests.unit import bodies
from tests.unit.bodies import Body, body
from tests.unit.build import OURS, shortcut
from tests.unit.pretend_api import PretendApi

OWNERS = "liqo-fabric.github.io/owners"
HUB, A, B = (ClusterId(name) for name in ("hub", "leaf-a", "leaf-b"))
PLACE = "demo-hub"

SHADOW = ShadowSpec(
    owners=OURS,
    key=ServiceKey(HUB, "demo", "web"),
    source=B,
    endpoints=(SliceEndpoint(addresses=("10.1.0.5",), pod="web-b"),),
    ports=(SlicePort(name="http", port=8080),),
    use=Use.EXCLUSIVE,
    remap=("10.71.0.0/16",),
)


class LosingApi(PretendApi):
    """Once, the answer to a create is lost; the repetition meets what the first attempt made."""

    loses: Callable[[Resource], bool] = staticmethod(lambda resource: True)
    lost = 0

    def create(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        if not dry_run and self.loses(resource):
            super().create(resource, body)
            self.lost += 1
        return super().create(resource, body, dry_run=dry_run)


@dataclass(frozen=True)
class Case:
    """A kind that is written for Services, with its fields before and after."""

    kind: SliceKind
    before: Marked
    after: Marked
    name: str = "web"

    def body(self, spec: Marked) -> Body:
        resource = RESOURCE_BY_SLICE_KIND[self.kind]
        frame = body(resource, self.name, PLACE if resource.namespaced else "")
        if isinstance(spec, PolicySpec):
            found = build_policy(self.kind, spec, name=self.name, current=frame)
            return found if spec.intact else {**found, "spec": {}}
        return build_slice_body(spec, name=self.name, namespace=PLACE, current=frame)

    def op(self, verb: Verb) -> SliceOp:
        resource = RESOURCE_BY_SLICE_KIND[self.kind]
        place = PLACE if resource.namespaced else ""
        return SliceOp(
            cluster=A,
            peer=HUB,
            verb=verb,
            kind=self.kind,
            name=self.name,
            namespace=place,
            reason="a test",
            before=None if verb is Verb.CREATE else self.before,
            after=None if verb is Verb.DELETE else self.after,
            uid="" if verb is Verb.CREATE else f"uid of {resource.kind} {place}/{self.name}",
        )


CASES = [
    Case(SliceKind.SHADOW, SHADOW, replace(SHADOW, use=Use.LEAVING)),
    Case(SliceKind.SERVICE, DirectSpec(direct=True, owners=OURS), DirectSpec(direct=False)),
    Case(SliceKind.SLICE, TouchSpec(touched=""), TouchSpec(touched="after 42")),
    *(
        Case(kind, PolicySpec(owners=OURS, intact=False), PolicySpec(owners=OURS), name=POLICY_NAMES[0])
        for kind in (SliceKind.POLICY, SliceKind.BINDING)
    ),
]
MADE = [case for case in CASES if case.kind not in (SliceKind.SLICE, SliceKind.SERVICE)]
"""What this collection creates."""
MARKED = [case for case in CASES if case.kind is not SliceKind.SLICE]


def ids(case: Case) -> str:
    return case.kind.value


def owned_by(found: Body, owners: str) -> None:
    """As another run writes it."""
    found["metadata"].setdefault("annotations", {})[OWNERS] = owners
    found["metadata"]["resourceVersion"] += "1"


def api_with(case: Case) -> tuple[PretendApi, Body]:
    api = PretendApi(A, [case.body(case.before)])
    (found,) = api.store.values()
    return api, found


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_what_was_planned_is_written(case: Case) -> None:
    api, _ = api_with(case)
    write(case.op(Verb.UPDATE), api.as_api())
    (found,) = api.store.values()
    wanted = case.body(case.after)
    assert {**found, "metadata": {**found["metadata"], "resourceVersion": "42"}} == wanted


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.DELETE])
@pytest.mark.parametrize("case", MARKED, ids=ids)
def test_a_mark_that_another_fabric_set_meanwhile_stays(case: Case, verb: Verb) -> None:
    api, found = api_with(case)
    owned_by(found, "edge,retail")
    with pytest.raises(StalePlan, match=r"leaf-a: cannot .*(fields have changed|other fabrics have marked it)"):
        write(case.op(verb), api.as_api())
    (now,) = api.store.values()
    assert now["metadata"]["annotations"][OWNERS] == "edge,retail"


def test_a_mark_that_is_set_between_the_last_look_and_the_delete_stays() -> None:
    api, found = api_with(CASES[0])
    looks: list[str] = []

    def marks(verb: str, _resource: Resource) -> None:
        looks.append(verb)
        if looks == ["get", "delete"]:
            owned_by(found, "edge,retail")

    api.refuse = marks
    with pytest.raises(StalePlan):
        write(CASES[0].op(Verb.DELETE), api.as_api())
    assert api.store


def test_a_field_that_was_right_when_planned_is_not_undone() -> None:
    api, found = api_with(CASES[0])
    found["spec"]["template"]["ports"][0]["port"] = 9090
    with pytest.raises(StalePlan, match="its fields have changed"):
        write(CASES[0].op(Verb.UPDATE), api.as_api())
    assert found["spec"]["template"]["ports"][0]["port"] == 9090


@pytest.mark.parametrize("verb", [Verb.UPDATE, Verb.DELETE])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_another_object_of_the_same_name_is_left_alone(case: Case, verb: Verb) -> None:
    api, found = api_with(case)
    found["metadata"]["uid"] = "another"
    before = dict(api.store)
    with pytest.raises(StalePlan):
        write(case.op(verb), api.as_api())
    assert api.store == before


@pytest.mark.parametrize("case", MADE, ids=ids)
def test_an_object_whose_answer_was_lost_is_ours(case: Case) -> None:
    api = LosingApi(A, [])
    write(case.op(Verb.CREATE), api.as_api())
    assert (api.lost, len(api.store)) == (1, 1)


@pytest.mark.parametrize("case", MADE, ids=ids)
def test_an_object_that_another_fabric_created_meanwhile_is_not_ours(case: Case) -> None:
    api, found = api_with(case)
    owned_by(found, "edge")
    with pytest.raises(StalePlan, match="another one with other content was created meanwhile"):
        write(case.op(Verb.CREATE), api.as_api())
    assert found["metadata"]["annotations"][OWNERS] == "edge"


def test_what_may_not_be_read_is_not_taken_for_ours() -> None:
    api, _ = api_with(CASES[0])
    refusal = Forbidden(what="cannot read", where="leaf-a", why="403", next="grant it", status=403)
    api.refuse = lambda verb, _resource: refusal if verb == "get" else None
    with pytest.raises(StalePlan):
        write(CASES[0].op(Verb.CREATE), api.as_api())


def hub_with(owners: str) -> PretendApi:
    """A hub that offloads one Service, whose direct connections these fabrics switched on, and no leaf."""
    service = body(resources.SERVICE, "web", "demo", spec={"type": "ClusterIP"})
    service["metadata"]["annotations"] = {"liqo.io/use-direct-connections": "true", OWNERS: owners}
    current = {"demo": {"remoteNamespace": PLACE, "phase": "Accepted"}}
    mapping = body(
        resources.NAMESPACE_MAP,
        "leaf-a",
        bodies.tenant(A),
        peer=A,
        spec={"desiredMapping": {"demo": PLACE}},
        status={"currentMapping": current},
    )
    return PretendApi(HUB, [bodies.config_map(HUB), *bodies.local_networks(HUB), service, mapping])


def test_a_run_plans_anew_what_another_fabric_joined_meanwhile() -> None:
    api = hub_with("retail")
    service = api.one("Service", "web", "demo")
    joins: Iterator[None] = iter([None])

    def edge_joins(verb: str, resource: Resource) -> None:
        if (verb, resource) == ("get", resources.SERVICE) and next(joins, "joined") is None:
            owned_by(service, "edge,retail")

    api.refuse = edge_joins
    want = Propagation(
        fabric=FabricName("retail"),
        clusters=(Cluster(id=HUB, name=HUB, labels={}),),
        hubs=(HUB,),
        state=State.ABSENT,
    )
    limits = ServiceLimits(wait=False, wait_timeout_s=20)
    report = propagate(want, {HUB: api.as_api()}, limits=limits, check_mode=False)
    annotations = api.one("Service", "web", "demo")["metadata"]["annotations"]
    assert annotations == {"liqo.io/use-direct-connections": "true", OWNERS: "edge"}
    assert (report.failures, report.changed) == ((), True)


def test_a_run_that_never_gets_to_write_says_so() -> None:
    api = hub_with("retail")
    api.refuse = lambda verb, _resource: (
        Conflict(what="cannot change", where="hub", why="409", next="again", status=409) if verb == "update" else None
    )
    want = Propagation(
        fabric=FabricName("retail"),
        clusters=(Cluster(id=HUB, name=HUB, labels={}),),
        hubs=(HUB,),
        state=State.ABSENT,
    )
    report = propagate(want, {HUB: api.as_api()}, limits=ServiceLimits(wait=False, wait_timeout_s=20), check_mode=False)
    assert ["something else wrote it at the same moment" in str(failure) for failure in report.failures] == [True]


def leaves(kind: type[PretendApi] = PretendApi, owners: str = "retail") -> dict[ClusterId, Any]:
    """Two leaves with a link between them that has these owners."""
    apis: dict[ClusterId, Any] = {}
    for here, peer in ((A, B), (B, A)):
        apis[here] = kind(here, bodies.linked_cluster(here, peer, is_server=here == A))
        for found in apis[here].store.values():
            if found["kind"] in ("Namespace", "Configuration", "GatewayServer", "GatewayClient", "PublicKey"):
                found["metadata"]["labels"]["liqo-fabric.github.io/managed"] = "true"
                owned_by(found, owners)
    return apis


def go(apis: dict[ClusterId, Any], state: State, **settings: Any) -> Any:
    fabric = Fabric(
        name=FabricName("retail"),
        clusters=tuple(Cluster(id=name, name=name, labels={}) for name in apis),
        shortcuts=(shortcut(A, B, **settings),),
        state=state,
    )
    (link,) = reconcile(
        fabric,
        {key: api.as_api() for key, api in apis.items()},
        limits=Limits(wait=False, wait_timeout_s=0.5),
        check_mode=False,
    ).links
    return link


GATEWAY = ("GatewayServer", "leaf-b", "liqo-tenant-leaf-b")


@pytest.mark.parametrize(
    ("state", "verb", "settings"), [(State.PRESENT, "update", {"mtu": 1400}), (State.ABSENT, "delete", {})]
)
def test_a_link_that_another_fabric_joins_during_the_run_keeps_its_mark(
    state: State, verb: str, settings: dict[str, Any]
) -> None:
    """The owners were right when planned, so that they are no change of the plan; but the write sets them."""
    apis = leaves()
    joined: list[str] = []

    def edge_joins(asked: str, resource: Resource) -> None:
        if asked == verb and not joined:
            joined.append(asked)
            owned_by(apis[A].one(*GATEWAY), "edge,retail")

    apis[A].refuse = edge_joins
    go(apis, state, **settings)
    assert joined
    assert "edge" in apis[A].one(*GATEWAY)["metadata"]["annotations"][OWNERS]


def test_objects_of_a_link_whose_answers_were_lost_are_in_the_account() -> None:
    apis = leaves(LosingApi)
    for kind in ("PublicKey", "Configuration"):
        (key,) = [key for key in apis[A].store if key[0] == kind]
        del apis[A].store[key]
    link = go(apis, State.PRESENT)
    assert apis[A].lost == 2
    assert {op.kind.value for op in link.done} >= {"PublicKey", "Configuration"}


def test_roles_whose_answers_were_lost_are_in_the_account() -> None:
    api = LosingApi(A, bodies.linked_cluster(A, B))
    identity = Identity(
        fabric=FabricName("retail"),
        name="ops",
        jobs=frozenset({Job.QUERY}),
        subjects=(Subject(kind="User", name="ann"),),
    )
    report = manage_access(
        identity,
        [Cluster(id=A, name=A, labels={})],
        {A: api.as_api()},
        state="present",
        check_mode=False,
        parallel=1,
    )
    assert {op.id for op in report.done} == {op.id for op in report.planned}
    assert api.lost == len(report.done) > 0


def test_a_role_that_another_fabric_takes_over_meanwhile_is_not_deleted() -> None:
    identity = Identity(fabric=FabricName("retail"), name="ops", jobs=frozenset({Job.QUERY}))
    api = PretendApi(A, bodies.linked_cluster(A, B))

    def manage(state: str) -> Any:
        cluster = Cluster(id=A, name=A, labels={})
        return manage_access(identity, [cluster], {A: api.as_api()}, state=state, check_mode=False, parallel=1)

    manage("present")
    (role,) = (found for key, found in api.store.items() if key[0] == "ClusterRole")

    def edge_takes_it(verb: str, resource: Resource) -> None:
        if verb == "delete":
            owned_by(role, "edge")

    api.refuse = edge_takes_it
    manage("absent")
    assert [key[0] for key in api.store if key[0] == "ClusterRole"] == ["ClusterRole"]
