# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How what was read is kept current."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import BEFORE_WRITING, NAMESPACE
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Depth, deepen, list_scope, read_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._run.who import Who

from tests.unit import bodies
from tests.unit.pretend_api import PretendApi

PEERS = frozenset({ClusterId("leaf-b"), ClusterId("leaf-c")})
LEAF = Cluster(id=ClusterId("leaf-a"), name="leaf-a", labels={})


@pytest.mark.parametrize("at_once", [True, False])
def test_tenant_namespaces_are_followed_also_when_one_has_lost_its_labels(at_once: bool) -> None:
    leaf = PretendApi("leaf-a", [body for peer in PEERS for body in bodies.linked_cluster("leaf-a", peer)])
    leaf.one("Namespace", "liqo-tenant-leaf-b")["metadata"]["labels"] = {}
    api = leaf.as_api()
    if at_once:
        reading = read_cluster(api, Who(LEAF), peers=PEERS, depth=Depth.REMOVING)
    else:
        steady = read_cluster(api, Who(LEAF), peers=PEERS, depth=Depth.STEADY)
        reading = deepen(steady, peers=PEERS, queries=BEFORE_WRITING)
    (scope,) = reading.scopes[NAMESPACE]
    followed, version, _size = list_scope(api, scope)
    assert {body["metadata"]["name"] for body in followed} == {"liqo-tenant-leaf-b", "liqo-tenant-leaf-c"}  # type: ignore[index]
    assert version == "", "a watch by label does not see it go"
