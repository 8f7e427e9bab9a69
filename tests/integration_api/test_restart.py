# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real API server that goes away and comes back while we talk to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Gone, Unreachable
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.reachability import Cause
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy
from ansible_collections.liqo.fabric.plugins.module_utils._kube.watching import Ended

from tests.integration_api.conftest import CONFIGMAP, ApiServer, configmap

pytestmark = pytest.mark.lab

# A server that is starting refuses, resets, or leaves connections waiting in the kernel.
_STARTING = (Cause.REFUSED, Cause.BROKEN, Cause.NO_HANDSHAKE, Cause.NO_ANSWER)
PATIENT = RetryPolicy(delays_s=(0.2,) * 1000, repetitions_by_cause=dict.fromkeys(_STARTING, 1000))


@pytest.fixture
def apiserver_to_stop(apiserver: ApiServer) -> Iterator[ApiServer]:
    """Ready again for the next test."""
    yield apiserver
    if not apiserver.is_running():
        apiserver.start()
    apiserver.wait_ready()


def test_a_restart_is_survived_by_requests_and_ends_watches(apiserver_to_stop: ApiServer, namespace: str) -> None:
    kubeconfig = {"kubeconfig": str(apiserver_to_stop.kubeconfig)}
    impatient = connect("leaf-a", kubeconfig, retry=RetryPolicy(delays_s=()))
    patient = connect("leaf-a", kubeconfig, retry=PATIENT, limits=Limits(call_deadline_s=240))
    impatient.create(CONFIGMAP, configmap(namespace, "one"))
    before = impatient.list(CONFIGMAP, namespace=namespace).resource_version
    watch = impatient.watch(CONFIGMAP, namespace=namespace, resource_version=before, timeout_s=60)

    apiserver_to_stop.stop()
    assert list(watch) == []
    assert watch.ended in (Ended.SERVER, Ended.BROKEN)
    with pytest.raises(Unreachable, match=f"{apiserver_to_stop.address}/TCP refused the connection"):
        impatient.list(CONFIGMAP, namespace=namespace)

    apiserver_to_stop.start()
    assert len(patient.list(CONFIGMAP, namespace=namespace).items) == 1
    assert patient.counters.retries > 0
    patient.create(CONFIGMAP, configmap(namespace, "two"))
    with pytest.raises(Gone, match="too old resource version"):
        next(patient.watch(CONFIGMAP, namespace=namespace, resource_version="1", timeout_s=5))
