# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as ansible-rulebook calls it, on a real API server that knows the kinds of Liqo, without Liqo."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import runpy
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import DEFAULTS

from tests.integration_api.conftest import NAMESPACE, ApiServer
from tests.integration_api.faulty_proxy import Server, Upstream, faulty_server
from tests.unit import bodies
from tests.unit.bodies import Body
from tools.import_root import CHECKOUT, link_checkout

CRD = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
)
LIQO = (resources.CONFIGURATION, resources.CONNECTION)
TENANT = "liqo-tenant-leaf-b"
SECONDS = 20
FAST = {"debounce": 0.3, "max_delay": 5, "poll_interval": 0.3}

Main = Callable[["asyncio.Queue[dict[str, Any]]", dict[str, Any]], Any]


def source() -> Main:
    """As ansible-rulebook loads it: a script by its path in the installed collection."""
    folder = Path(link_checkout()) / "ansible_collections/liqo/fabric"
    path = folder / "extensions/eda/plugins/event_source/links.py"
    main = runpy.run_path(str(path))["main"]
    assert asyncio.iscoroutinefunction(main)
    return cast(Main, main)


def crd(resource: Resource) -> Body:
    """Any content; the status is written like the rest, since no controller is there."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"plural": resource.plural, "kind": resource.kind, "singular": resource.kind.lower()}
    version = {"name": resource.version, "served": True, "storage": True, "schema": schema}
    return {
        "metadata": {"name": str(resource)},
        "spec": {"group": resource.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


@pytest.fixture(scope="module")
def leaf(apiserver: ApiServer) -> Iterator[Api]:
    """The API server as leaf-a, with a tenant namespace for leaf-b."""
    with contextlib.closing(connect("leaf-a", {"kubeconfig": str(apiserver.kubeconfig)})) as api:
        for resource in LIQO:
            api.create(CRD, crd(resource))
        for name, labels in {
            "liqo": {},
            "shop": {},
            TENANT: {"liqo.io/tenant-namespace": "true", "liqo.io/remote-cluster-id": "leaf-b"},
        }.items():
            api.create(NAMESPACE, {"metadata": {"name": name, "labels": labels}})
        api.create(resources.CONFIG_MAP, fresh(bodies.config_map()))
        served(api)
        yield api
        withdraw(api)


def served(api: Api) -> None:
    """Wait until the API server serves the new kinds."""
    version = api.list(CRD).resource_version
    todo = {str(resource) for resource in LIQO}
    with api.watch(CRD, resource_version="0", timeout_s=SECONDS) as watch:
        for event in watch:
            body = cast(Body, event.object)
            if any(one["type"] == "Established" and one["status"] == "True" for one in body["status"]["conditions"]):
                todo.discard(body["metadata"]["name"])
            if not todo:
                break
    assert not todo, version
    for resource in LIQO:
        api.list(resource)


def withdraw(api: Api) -> None:
    """Delete the kinds and wait until they are gone: other tests ask this server for a kind that it does not have."""
    listing = api.list(CRD)
    todo = {str(resource) for resource in LIQO}
    for body in cast("list[Body]", listing.items):
        api.delete(CRD, name=body["metadata"]["name"], uid=body["metadata"]["uid"])
    with api.watch(CRD, resource_version=listing.resource_version, timeout_s=SECONDS) as watch:
        for event in watch:
            if event.type == "DELETED":
                todo.discard(cast(Body, event.object)["metadata"]["name"])
            if not todo:
                break
    assert not todo


def fresh(body: Body) -> Body:
    """A body as it is created: without what only a server may say."""
    server_says = ("uid", "resourceVersion", "generation", "creationTimestamp")
    return {**body, "metadata": {key: value for key, value in body["metadata"].items() if key not in server_says}}


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "leaf" in request.fixturenames:
        api = request.getfixturevalue("leaf")
        for resource in (*LIQO, resources.ENDPOINT_SLICE):
            for body in api.list(resource).items:
                metadata = body["metadata"]
                if metadata["namespace"] in (TENANT, "shop"):
                    api.delete(resource, namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"])


def change(api: Api, resource: Resource, name: str, namespace: str, **content: Any) -> None:
    api.replace(resource, {**api.get(resource, name=name, namespace=namespace), **content})


def remove(api: Api, resource: Resource, name: str, namespace: str) -> None:
    uid = str(cast(Body, api.get(resource, name=name, namespace=namespace))["metadata"]["uid"])
    api.delete(resource, name=name, namespace=namespace, uid=uid)


def endpoint_slice(*addresses: str) -> Body:
    labels = {"offloading.liqo.io/origin": "hub", "kubernetes.io/service-name": "web"}
    return {
        "metadata": {"name": "web-1", "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }


class Events:
    """What the source has put."""

    def __init__(self, queue: asyncio.Queue[dict[str, Any]], task: asyncio.Task[None]) -> None:
        self.queue = queue
        self._task = task

    async def next(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The next one, or a TimeoutError; an error of the source is raised here."""
        getting = asyncio.ensure_future(self.queue.get())
        done, _waiting = await asyncio.wait({getting, self._task}, timeout=seconds, return_when="FIRST_COMPLETED")
        if getting not in done:
            getting.cancel()
            if self._task in done:
                self._task.result()
            raise TimeoutError("no event came")
        event: dict[str, Any] = getting.result()["liqo"]
        return event

    async def quiet(self, seconds: float) -> None:
        """Wait until there was no event for that long."""
        with contextlib.suppress(TimeoutError):
            while True:
                await self.next(seconds)


@asynccontextmanager
async def running(*clusters: dict[str, Any], **args: Any) -> AsyncIterator[Events]:
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.ensure_future(source()(queue, {"clusters": list(clusters), **FAST, **args}))
    try:
        yield Events(queue, task)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def followed(leaf: Api, events: Events) -> None:
    """The source has read the cluster: from now on changes are told. It says so of a slice that comes and goes.

    A Connection that comes and goes would be told less and less often.
    """
    probe = endpoint_slice("10.1.9.9")
    probe["metadata"]["name"] = "probe"
    while True:
        await asyncio.to_thread(leaf.create, resources.ENDPOINT_SLICE, probe)
        await asyncio.to_thread(remove, leaf, resources.ENDPOINT_SLICE, "probe", "shop")
        with contextlib.suppress(TimeoutError):
            await events.next(1)
            await events.quiet(1)
            return


def kubeconfig(server: ApiServer) -> dict[str, Any]:
    return {"name": "leaf-a", "kubeconfig": str(server.kubeconfig)}


PEER = {"name": "leaf-b", "host": "https://127.0.0.1:1", "api_key": "hunter2-secret"}
"""A cluster that nobody can reach; its name makes the pair one that matters."""


async def past_the_outage(events: Events) -> dict[str, Any]:
    event = await events.next()
    assert event["unreachable"]["cluster"] == "leaf-b"
    return event


@pytest.mark.lab
def test_changes_of_links_and_slices_become_one_event_and_noise_none(apiserver: ApiServer, leaf: Api) -> None:
    async def scenario() -> None:
        async with running(kubeconfig(apiserver), PEER) as events:
            await past_the_outage(events)
            await followed(leaf, events)
            leaf.create(resources.CONFIGURATION, fresh(bodies.configuration()))
            leaf.create(resources.ENDPOINT_SLICE, endpoint_slice("10.1.0.1"))
            event = await events.next()
            assert event["clusters"] == ["leaf-a", "leaf-b"]
            assert event["pairs"] == [["leaf-a", "leaf-b"]]
            assert event["services"] == [{"cluster": "leaf-a", "namespace": "shop", "name": "web"}]
            assert len(event["reasons"]) == 2
            assert event["first_seen"] <= event["last_seen"]

            # Noise, then something that counts: the event has that alone.
            change(leaf, resources.CONFIGURATION, "leaf-b", TENANT, anything="else")
            annotated = {**endpoint_slice("10.1.0.1")["metadata"], "annotations": {"a": "b"}}
            version = cast(Body, leaf.get(resources.ENDPOINT_SLICE, name="web-1", namespace="shop"))["metadata"]
            metadata = {**annotated, "resourceVersion": version["resourceVersion"]}
            leaf.replace(resources.ENDPOINT_SLICE, {**endpoint_slice("10.1.0.1"), "metadata": metadata})
            leaf.create(resources.CONNECTION, fresh(bodies.connection(value="Error")))
            event = await events.next()
            assert event["reasons"] == ["leaf-a: Connection for leaf-b is Error, was gone"]

            slices = endpoint_slice("10.1.0.1", "10.1.0.2")["endpoints"]
            change(leaf, resources.ENDPOINT_SLICE, "web-1", "shop", endpoints=slices)
            remove(leaf, resources.CONFIGURATION, "leaf-b", TENANT)
            reasons = (await events.next())["reasons"]
            assert any("2 of 2 ready after 1 of 1 ready" in reason for reason in reasons)
            assert "leaf-a: Configuration for leaf-b was deleted" in reasons

    asyncio.run(scenario())


@pytest.mark.lab
def test_one_unreachable_cluster_is_told_once_without_its_token_and_stops_nobody(
    apiserver: ApiServer, leaf: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with running(kubeconfig(apiserver), PEER) as events:
            outage = await past_the_outage(events)
            assert outage["unreachable"]["fault"] == "unreachable"
            assert "127.0.0.1:1" in outage["unreachable"]["where"]
            await followed(leaf, events)
            leaf.create(resources.CONNECTION, fresh(bodies.connection()))
            event = await events.next()
            assert event["reasons"] == ["leaf-a: Connection for leaf-b is Connected, was gone"]
            # Longer than one more attempt takes: the outage was told already.
            with pytest.raises(TimeoutError):
                await events.next(7)
            assert "hunter2" not in json.dumps([outage, event]) + caplog.text

    asyncio.run(scenario())


@pytest.mark.lab
def test_an_outage_and_its_end_are_told_and_what_was_missed_is_found(apiserver: ApiServer, leaf: Api) -> None:
    upstream = Upstream(apiserver.url, apiserver.pool())

    async def scenario(before: Server) -> None:
        async with running({"name": "leaf-a", "host": before.url}, PEER) as events:
            await past_the_outage(events)
            await followed(leaf, events)
            await asyncio.to_thread(before.cut_all)
            lost = await events.next()
            assert lost["unreachable"]["cluster"] == "leaf-a"
            leaf.create(resources.CONNECTION, fresh(bodies.connection(value="Error")))
            with faulty_server(upstream, port=before.server_port):
                told = [await events.next(), await events.next()]
                with pytest.raises(TimeoutError):
                    await events.next(2)
            (back,) = [event for event in told if "reachable" in event]
            (missed,) = [event for event in told if "reasons" in event]
            assert back["reachable"] == {"cluster": "leaf-a", "unreachable_since": lost["unreachable"]["since"]}
            assert missed["reasons"] == ["leaf-a: Connection for leaf-b is Error, was gone"]

    with faulty_server(upstream) as server:
        asyncio.run(scenario(server))
    upstream.pool.clear()


@pytest.mark.lab
def test_where_the_rights_lack_watch_the_lists_are_read_again(apiserver: ApiServer, leaf: Api) -> None:
    token = reader(apiserver, leaf)
    humble = {"name": "leaf-a", "host": apiserver.url, "api_key": token, "ca_cert": str(apiserver.ca)}

    async def scenario() -> None:
        async with running(humble, PEER) as events:
            await past_the_outage(events)
            # Polling may miss what comes and goes in between, so this one stays.
            leaf.create(resources.CONNECTION, fresh(bodies.connection(value="Connecting")))
            value = 0
            while True:
                value += 1
                change(leaf, resources.CONNECTION, "gw-leaf-b", TENANT, status={"value": f"Try{value}"})
                with contextlib.suppress(TimeoutError):
                    event = await events.next(1.5)
                    break
            assert event["pairs"] == [["leaf-a", "leaf-b"]]
            assert token not in json.dumps(event)

    asyncio.run(scenario())
    verbs = {entry["verb"] for entry in apiserver.audit(agent_of(apiserver))}
    assert "list" in verbs
    assert verbs <= {"get", "list", "watch"}


@pytest.mark.lab
def test_cancelling_closes_every_watch(apiserver: ApiServer, leaf: Api) -> None:
    async def scenario() -> None:
        async with running(kubeconfig(apiserver), PEER) as events:
            await past_the_outage(events)
            await followed(leaf, events)
            assert watchers()
        for thread in watchers():
            await asyncio.to_thread(thread.join, SECONDS)
        assert not watchers()

    asyncio.run(scenario())


def test_wrong_arguments_are_one_sentence() -> None:
    with pytest.raises(InputError, match=r"^arguments of liqo\.fabric\.links: 1 wrong value: clusters"):
        asyncio.run(source()(asyncio.Queue(), {}))


def test_the_documented_options_and_defaults_are_those_in_use() -> None:
    names = runpy.run_path(str(CHECKOUT / "extensions/eda/plugins/event_source/links.py"))
    options = yaml.safe_load(names["DOCUMENTATION"])["options"]
    assert {name: option.get("default") for name, option in options.items()} == {**DEFAULTS, "clusters": None}
    (ruleset,) = yaml.safe_load(names["EXAMPLES"])
    assert ruleset["sources"][0]["liqo.fabric.links"].keys() <= options.keys()


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(("leaf-a ", "leaf-b "))]


def agent_of(apiserver: ApiServer) -> str:
    agents = {
        str(entry.get("userAgent"))
        for entry in map(json.loads, apiserver.cluster.audit_log.read_text().splitlines())
        if "links" in str(entry.get("userAgent"))
    }
    (agent,) = agents
    return agent


def reader(apiserver: ApiServer, admin: Api) -> str:
    """The token of an account that may list all that is watched, and watch nothing."""
    token = apiserver.token(admin, namespace="shop", account="reader")
    rules = [
        {"apiGroups": [""], "resources": ["namespaces", "configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": ["networking.liqo.io"], "resources": ["*"], "verbs": ["list"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
    ]
    path = "/apis/rbac.authorization.k8s.io/v1"
    admin.request(method="POST", path=f"{path}/clusterroles", body={"metadata": {"name": "reader"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": "shop"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}
    binding = {"metadata": {"name": "reader"}, "subjects": [subject], "roleRef": role}
    admin.request(method="POST", path=f"{path}/clusterrolebindings", body=binding)
    return token
