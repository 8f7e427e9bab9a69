# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster whose Liqo is older than the kinds that we read: a real API server with what the chart of 0.10 writes.

Liqo 0.10 itself does not run here. Its cluster id ConfigMap has the labels of today, its cluster id is a UUID, and the
API groups of Liqo 1.0 are missing.
"""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName, NotFound
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Cluster, ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import Depth, read_cluster
from ansible_collections.liqo.fabric.plugins.module_utils._run.who import Who

from tests.integration_api.conftest import CONFIGMAP

pytestmark = pytest.mark.lab


def read(api: Api, namespace: str, version: str, own_id: str) -> FabricError:
    """What is said of a cluster with this version of Liqo in this namespace, which calls itself so."""
    labels = {"app.kubernetes.io/name": "clusterid-configmap", "app.kubernetes.io/version": version}
    metadata = {"name": "liqo-clusterid-configmap", "namespace": namespace, "labels": labels}
    data = {"CLUSTER_ID": own_id, "CLUSTER_NAME": "leaf-a"}
    api.create(CONFIGMAP, {"metadata": metadata, "data": data})
    cluster = Cluster(id=ClusterId("leaf-a"), name="leaf-a", liqo_namespace=namespace, labels={})
    with pytest.raises(FabricError) as caught:
        read_cluster(api, Who(cluster), peers=frozenset(), depth=Depth.STEADY)
    return caught.value


def test_its_version_is_named(api: Api, namespace: str) -> None:
    error = read(api, namespace, "v0.10.3", "6e5d0c7e-1b1f-4f6c-9a52-0d1a1d3e7a11")
    assert error.fault is FailureName.TOO_OLD
    assert str(error) == (
        f"{api.where}, namespace {namespace}: Liqo 0.10.3 is too old for shortcuts: it has none of the kinds that make"
        " a network connection, which Liqo 1.0 brought. Next: upgrade it to 1.0.1 or newer."
    )


def test_an_incomplete_installation_is_not_called_old(api: Api, namespace: str) -> None:
    error = read(api, namespace, "v1.2.0", "leaf-a")
    assert isinstance(error, NotFound)
    assert error.next == "check that Liqo is installed in this cluster, in a version that has this kind"
