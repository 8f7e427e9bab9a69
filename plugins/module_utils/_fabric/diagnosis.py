# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something awaited did not come true: facts, what the clusters hold and a few clues -> a failure by its name.

Pure. The clues are read only when a wait has timed out (`_run/diagnose.py`); what our rights do not show is None, and
nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Union

from .case import Case, Cause, Clues
from .command import Option, command
from .errors import FabricError, FailureName, WaitTimeout
from .facts import last_seen
from .faults import only
from .model import ClientEndpoint, ClusterId, Pair, ServiceType
from .objects import Child, Connection, Endpoint, Fact, FactName, Held, Side, TenantNamespace, names
from .obstacles import ObstacleName
from .phrases import few
from .pools import MOST_NETWORKS, is_inside, largest_free, networks_of
from .reaching import Dialled, dialled
from .steps import being_deleted
from .workload import Workload

MANAGER, IPAM, FABRIC = "controller-manager", "ipam", "fabric"
"""Components of Liqo on which a link depends."""

IN_PLACE_POOLS = (1, 2, 0)
"""Before it an IPAM gives nothing for a CIDR outside its pools; from then on it takes another one."""


def diagnose(
    pair: Pair,
    waiting: Sequence[Fact],
    sides: Mapping[ClusterId, Side],
    clues: Mapping[ClusterId, Clues],
    *,
    served_by: Mapping[str, tuple[str, ...]],
    timeout_s: float,
    client_endpoint: ClientEndpoint | None = None,
) -> FabricError:
    """The most particular failure that explains why ``waiting`` (never empty) did not come true.

    ``sides`` has what each cluster of the pair holds about the other one, ``clues`` what was looked up in it. A cluster
    that is gone for good is in neither.
    """
    for fact in waiting:
        for cluster in (fact.cluster, fact.peer):
            failure = clues[cluster].failure if cluster in clues else None
            if failure is not None:
                return failure
    cases = [
        Case(fact=fact, sides=sides, clues=clues, served_by=served_by, client_endpoint=client_endpoint)
        for fact in dict.fromkeys(waiting)
    ]
    causes = [(case.fact, cause) for case in cases for cause in _causes(case)]
    fact, cause = causes[0] if causes else (waiting[0], _unexplained(cases[0]))
    seen = "; ".join(f"{case.fact.cluster}: {last_seen(case.fact, case.side)}" for case in cases)
    return WaitTimeout(
        what=f"{pair}: waited {timeout_s:g} s until {fact}",
        where=clues[cause.cluster].where,
        why=f"{cause.why}; seen last: {seen}" if cause.why else seen,
        next=cause.next,
        last_seen=seen,
        fault=cause.fault,
        cause=cause.cause,
    )


def _causes(case: Case) -> Iterator[Cause]:
    for rule in _RULES[case.fact.name]:
        found = rule(case)
        if found is not None:
            yield found


Rule = Callable[[Case], Union[Cause, None]]


def _down(*components: str) -> Rule:
    """A component of Liqo that has to act does not run."""

    def rule(case: Case) -> Cause | None:
        workload = case.here.down(*components)
        return None if workload is None else _controller_down(case.fact.cluster, workload)

    return rule


def _controller_down(cluster: ClusterId, workload: Workload, why: str = "") -> Cause:
    selector = f"app.kubernetes.io/name={workload.component}"
    look = command("kubectl", Option("-n"), workload.namespace, "describe", "pods", Option("-l"), selector)
    how = workload.step(cluster) or look
    return Cause(
        fault=FailureName.CONTROLLER_DOWN,
        cluster=cluster,
        why=f"{why}{workload}",
        next=f"bring {workload.name} of {cluster} up again ({how}), then run again: the next run goes on from here",
        cause=workload.cause,
    )


def _pool(case: Case) -> Cause | None:
    """IPAM gave nothing for a CIDR of the peer, and its pools say why."""
    cluster, peer, clues = case.fact.cluster, case.fact.peer, case.here
    networks = (clues.networks or ())[:MOST_NETWORKS]
    taken = networks_of(found.given for found in networks if found.given)
    pools = networks_of(clues.pools)
    if not pools:
        return None
    free = largest_free(pools, taken)
    for pending in networks:
        if pending.peer != peer or pending.given:
            continue
        for wanted in networks_of([pending.wanted]):
            if not is_inside(wanted, pools) and clues.version is not None and clues.version < IN_PLACE_POOLS:
                return Cause(
                    fault=FailureName.OUTSIDE_POOL,
                    cluster=cluster,
                    why=f"Network {pending.name} asks for {wanted}, in none of the pools {few(clues.pools)}",
                    next=f"add a pool with {wanted} (ipam.pools of Liqo's chart) on {cluster}, or upgrade it to 1.2.0",
                )
            if wanted.prefixlen < free:
                return Cause(
                    fault=FailureName.IPAM_POOL_FULL,
                    cluster=cluster,
                    why=f"Network {pending.name} asks for {wanted}, but the pools {few(clues.pools)} have no free"
                    f" /{wanted.prefixlen}: {len(taken)} Networks take them",
                    next=f"remove Networks of {cluster} whose peers are gone"
                    f" ({command('kubectl', 'get', 'networks.ipam.liqo.io', Option('-A'))}),"
                    " or add a pool (ipam.pools of Liqo's chart); then run again",
                )
    return None


def _address(case: Case) -> Cause | None:
    """A LoadBalancer without an address."""
    server, missing = only(case.side.servers), case.here.no_address
    if server is None or missing is None:
        return None
    cluster, port = case.fact.cluster, server.spec.port
    place = f"Service {server.meta.namespace}/gw-{server.meta.name}"
    return Cause(
        fault=FailureName.NO_ADDRESS,
        cluster=cluster,
        why=f"{place} of type {ServiceType.LOAD_BALANCER.value}, port {port}/UDP, has got no address"
        f"{missing.why(cluster, port)}",
        next=f"see that {cluster} has a load balancer controller with a free address for {place}, or set service_type"
        f" to NodePort{missing.step}; then run again",
    )


def _gateway(case: Case) -> Cause | None:
    """The gateway pod of one of the two clusters does not run."""
    for cluster in case.both:
        peer = case.fact.peer if cluster == case.fact.cluster else case.fact.cluster
        clues, side = case.clues[cluster], case.sides[cluster]
        gateway = clues.gateway
        if clues.gateway_missing and side.gateways():
            return _unmade(case, cluster)
        if gateway is None or not gateway.is_down:
            continue
        why = f"the gateway of {cluster} to {peer} does not run: {gateway}"
        if gateway.obstacle is None and clues.unseen:
            why += f"; why is not seen{_lacks(clues)}"
        why += clues.dialled.unresolved if clues.dialled is not None else ""
        return Cause(
            fault=FailureName.DEAD_GATEWAY,
            cluster=cluster,
            why=why,
            next=f"{_way_out(case, cluster)}; {_then(case)}",
            cause=gateway.cause,
        )
    return None


def _service(case: Case) -> Cause | None:
    """Liqo makes the Service of a gateway server as soon as there is a Deployment."""
    cluster = case.fact.cluster
    return _unmade(case, cluster) if case.here.service_missing and case.side.servers else None


def _unmade(case: Case, cluster: ClusterId) -> Cause:
    """Liqo has not made what a gateway is made of. Why, is only in its log; unless a quota is full."""
    clues = case.clues[cluster]
    lacking = "Deployment" if clues.gateway_missing else "Service"
    manager = clues.down(MANAGER)
    if manager is not None:
        return _controller_down(cluster, manager, f"there is no gateway {lacking}, and ")
    namespace = case.sides[cluster].gateways()[0].meta.namespace
    look = command("kubectl", Option("-n"), namespace, "describe", "resourcequota")
    log = next((one for one in clues.workloads or () if one.component == MANAGER), None)
    where = f" ({command('kubectl', Option('-n'), log.namespace, 'logs', f'deployment/{log.name}')})" if log else ""
    step = f"look at the log of Liqo's controller-manager of {cluster}{where}, which has to make it"
    if clues.full:
        step = f"raise the ResourceQuota of {namespace} on {cluster} ({look})"
    peer = case.fact.peer if cluster == case.fact.cluster else case.fact.cluster
    return Cause(
        fault=FailureName.DEAD_GATEWAY if clues.gateway_missing else FailureName.NO_ADDRESS,
        cluster=cluster,
        why=f"{cluster} has no {lacking} of its gateway to {peer}" + (f"; {few(clues.full)}" if clues.full else ""),
        next=f"{step}; Liqo tries again by itself, after 17 minutes at the latest; then run again",
        cause=ObstacleName.QUOTA.value if clues.full else "",
    )


def _way_out(case: Case, cluster: ClusterId) -> str:
    """What to do about the gateway of this cluster."""
    side, gateway = case.sides[cluster], case.clues[cluster].gateway
    how = "" if gateway is None else gateway.step(cluster)
    if how:
        return f"on {cluster}: {how}"
    namespace = side.gateways()[0].meta.namespace if side.gateways() else ""
    peer = case.fact.peer if cluster == case.fact.cluster else case.fact.cluster
    place, option = (
        (namespace, (Option("-n"), namespace)) if namespace else (f"the tenant namespace of {peer}", (Option("-A"),))
    )
    look = command("kubectl", *option, "describe", "pods")
    return f"look at the gateway pod of {cluster} in {place} ({look}){_towards(case)}"


def _then(case: Case) -> str:
    """Once a gateway runs, a link of which everything is written comes up by itself."""
    return "the link heals by itself when it runs" if case.fact.name is FactName.CONNECTED else "then run again"


def _lacks(clues: Clues) -> str:
    return f", since this user may not {few(clues.unseen)}"


def _tunnel(case: Case) -> Cause | None:
    """Both gateways run, and at least one of them says that it hears nothing, or has no address for a name."""
    client, server, endpoint = _dialling(case)
    gateways = [case.clues[cluster].gateway for cluster in case.both]
    running = len(gateways) == 2 and all(gateway is not None and not gateway.is_down for gateway in gateways)
    if not running or endpoint is None or only(case.sides[server].connections) is None:
        return None
    way, is_declared = case.clues[client].dialled or Dialled(endpoint=endpoint), bool(case.client_endpoint)
    correct = "correct client_endpoint of this shortcut, which declares it"
    other = f"set server or client_endpoint so that the client can reach the server{way.step(server)}"
    if only(case.sides[client].connections) is None:
        if not way.is_name:
            return None
        why = f"the gateway of {client} has no Connection, as long as it finds no address for {way.address}"
        step = f"make {way.address} resolve in {client}, or {correct if is_declared else other}"
    else:
        why = f"both gateways run, but {client} gets no answer from {server} at {way.endpoint}"
        leads = f"see that {endpoint} leads to {_advertised(case, server)} and lets UDP pass from the nodes of {client}"
        passes = (
            f"let UDP pass from the nodes of {client} to {way.endpoint} of {server} (firewall, security group, NAT)"
        )
        step = f"{leads}, or {correct}" if is_declared else f"{passes}, or {other}"
    return Cause(
        fault=FailureName.TUNNEL_BLOCKED,
        cluster=client,
        why=f"{why}{way.seen(client)}",
        next=f"{step}; then run again",
    )


def _stuck(case: Case) -> Cause | None:
    """An object that is deleted is held by a finalizer."""
    for thing in _left(case):
        if not thing.meta.terminating or not thing.meta.finalizers:
            continue
        cluster, finalizer = case.fact.cluster, thing.meta.finalizers[0]
        title = f"{_title(thing)} is deleted, but held by the finalizer {finalizer}"
        servants = case.served_by.get(finalizer, ())
        down = case.here.down(*servants)
        if down is not None:
            return _controller_down(cluster, down, f"{title}, which {few(servants)} would take away: ")
        if servants:
            look = f"look at the log of Liqo's {few(servants)} in {cluster}, which should take {finalizer} away"
        else:
            look = (
                f"no component of Liqo serves {finalizer}: the tool that put it on {_title(thing)} has to take it away"
            )
        return Cause(fault=FailureName.STUCK_FINALIZER, cluster=cluster, why=title, next=f"{look}; then run again")
    return None


def _namespace(case: Case) -> Cause | None:
    for held in case.side.namespaces:
        if held.meta.terminating:
            problem = being_deleted(held, case.fact.cluster)
            return Cause(
                fault=problem.fault,
                cluster=case.fact.cluster,
                why=f"{_title(held)} is being deleted: {problem.why}",
                next=problem.next,
            )
    return None


_RULES: dict[FactName, tuple[Rule, ...]] = {
    FactName.CONFIGURED: (_down(MANAGER, IPAM), _pool),
    FactName.KEY: (_down(MANAGER), _gateway),
    FactName.RENEWED: (_down(MANAGER), _gateway),
    FactName.ENDPOINT: (_down(MANAGER), _address, _gateway, _service),
    FactName.CONNECTED: (_gateway, _tunnel),
    FactName.GATEWAY_GONE: (_stuck, _down(MANAGER)),
    FactName.NETWORK_GONE: (_stuck, _down(MANAGER, IPAM, FABRIC)),
    FactName.IDLE: (_down(MANAGER),),
    FactName.NAMESPACE_GONE: (_namespace,),
}


def _unexplained(case: Case) -> Cause:
    """What to look at where the clues say nothing."""
    fact = case.fact
    look = {
        FactName.CONFIGURED: f"look at Liqo's ipam and controller-manager on {fact.cluster}",
        FactName.KEY: f"look at Liqo's controller-manager on {fact.cluster}",
        FactName.RENEWED: f"look at the gateway pod for {fact.peer} on {fact.cluster}; the tunnel waits for it",
        FactName.ENDPOINT: f"look at the Service and the gateway pod for {fact.peer} on {fact.cluster}",
        FactName.CONNECTED: f"check that the gateway pods run on {fact.cluster} and {fact.peer}{_towards(case)}",
        FactName.GATEWAY_GONE: f"look at Liqo's controller-manager on {fact.cluster}",
        FactName.NETWORK_GONE: f"look at Liqo's controller-manager, ipam and fabric pods on {fact.cluster}",
        FactName.IDLE: f"look at Liqo's controller-manager on {fact.cluster}",
        FactName.NAMESPACE_GONE: f"see what is left in the tenant namespace of {fact.peer} on {fact.cluster}",
    }[fact.name]
    blind = next((cluster for cluster in case.both if case.clues[cluster].unseen), None)
    return Cause(
        fault=FailureName.WAIT_TIMEOUT,
        cluster=fact.cluster,
        why="" if blind is None else f"whether the gateway of {blind} runs is not seen{_lacks(case.clues[blind])}",
        next=f"{look}; then run again, or raise wait_timeout",
    )


def _towards(case: Case) -> str:
    """For messages about a tunnel: what has to be reachable from where."""
    client, server, endpoint = _dialling(case)
    declared = ", as client_endpoint declares" if case.client_endpoint else ""
    return f" and that UDP passes from {client} to {endpoint} of {server}{declared}" if endpoint else ""


def _advertised(case: Case, server: ClusterId) -> str:
    """Where a declared endpoint has to lead."""
    held = only(case.sides[server].servers) if server in case.sides else None
    seen = held.endpoint if held is not None else None
    return f"the gateway of {server}" + (f" at {seen}" if seen is not None else "")


def _dialling(case: Case) -> tuple[ClusterId, ClusterId, Endpoint | None]:
    """Client, server, and where the client dials."""
    for cluster in case.both:
        client = only(case.sides[cluster].clients)
        if client is not None:
            peer = case.fact.peer if cluster == case.fact.cluster else case.fact.cluster
            return cluster, peer, dialled(client.spec.endpoint) if isinstance(client.spec.endpoint, Endpoint) else None
    return case.fact.cluster, case.fact.peer, None


def _left(case: Case) -> tuple[Held | Connection | Child, ...]:
    side = case.side
    if case.fact.name is FactName.GATEWAY_GONE:
        return (*side.gateways(), *side.gateway_children, *side.connections)
    return (*side.configurations, *side.network_children)


def _title(thing: Held | Connection | Child) -> str:
    if isinstance(thing, Child):
        return f"{thing.kind} {thing.meta.namespace}/{thing.meta.name}".replace(" /", " ")
    kind = "Namespace" if isinstance(thing, TenantNamespace) else type(thing).__name__
    return f"{kind} {names([thing])}"
