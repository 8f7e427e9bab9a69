# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever waits for slices waits as long as they change, also where the rights allow no watch."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import not_understood
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import ClusterServices
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    FactName,
    SliceFact,
    SliceKind,
    SliceOp,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import ENDPOINT_SLICE
from ansible_collections.liqo.fabric.plugins.module_utils._run.service_act import execute
from ansible_collections.liqo.fabric.plugins.module_utils._run.service_read import ServiceReading
from ansible_collections.liqo.fabric.plugins.module_utils._run.slice_feed import SliceFeed
from ansible_collections.liqo.fabric.plugins.module_utils._run.world import Changes

from tests.unit import build
from tests.unit.pretend_api import PretendApi

PATIENCE_S = 10


def endpoint_slice(*addresses: str) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": "web"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-1", "namespace": "shop", "uid": "u", "resourceVersion": "1", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": list(addresses), "conditions": {"ready": True}}],
        "ports": [],
    }


def test_the_same_list_again_is_no_change() -> None:
    listed = threading.Semaphore(0)

    def count(verb: str, _resource: Resource) -> None:
        if verb == "list":
            listed.release()

    api = PretendApi("leaf-a", [endpoint_slice("10.0.0.1")], count)
    services = ClusterServices(state=build.cluster("leaf-a"))
    changes = Changes()
    reading = ServiceReading(
        api=api.as_api(),
        who=build.who("leaf-a"),
        services=services,
        slices=api.list(ENDPOINT_SLICE),
        selector=None,
    )
    with closing(SliceFeed(reading, changes)) as feed:
        for _list in range(3):
            assert listed.acquire(timeout=PATIENCE_S)
        seen = changes.count
        api.put(endpoint_slice("10.0.0.1", "10.0.0.2"))
        assert changes.wait_beyond(seen, timeout_s=PATIENCE_S)
        assert len(feed.slices()[0].endpoints[0].addresses) == 2
    assert (seen, changes.count) == (1, 2)


def test_nobody_waits_for_slices_of_a_cluster_that_sends_junk() -> None:
    junk = not_understood(ValueError(), what="cannot list endpointslices", where="leaf-a")
    api = PretendApi("leaf-a", [endpoint_slice("10.0.0.1")])
    services = ClusterServices(state=build.cluster("leaf-a"))
    slices = api.list(ENDPOINT_SLICE)
    api.refuse = lambda verb, _resource: junk if verb == "list" else None
    reading = ServiceReading(api=api.as_api(), who=build.who(), services=services, slices=slices, selector=None)
    leaf = build.cluster_id("leaf-a")
    wanted = SliceFact(
        name=FactName.MIRRORED, cluster=leaf, hub=build.cluster_id("hub"), namespace="shop", service="web", slice="none"
    )
    op = SliceOp(
        cluster=leaf, peer=leaf, verb=Verb.DELETE, kind=SliceKind.SLICE, name="x", namespace="shop", reason="r",
        awaits=(wanted,),
    )  # fmt: skip
    begun = time.monotonic()
    result = execute([op], [wanted], {leaf: reading}, wait=True, patience_s={leaf: 10 * PATIENCE_S})
    assert time.monotonic() - begun < PATIENCE_S
    assert result.failures == {op.id: junk}
    assert result.unmet == (wanted,)
