# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bare script beside which a steady run is measured: the same client, the same LISTs, and nothing else.

`python -m benchmarks.bare_lists KUBECONFIG...`; the same figures on standard error as module_process. As many clusters
at once and as many requests to each as the collection has by default: one pool for all LISTs, tried too, is slower,
since each request in flight to a cluster costs a TLS handshake.
"""

from __future__ import annotations

import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import STEADY, WHO, Query
from ansible_collections.liqo.fabric.plugins.module_utils._run.read import REQUESTS_PER_CLUSTER
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits

from benchmarks.module_process import report

QUERIES = (WHO, *STEADY)


def main() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=Limits().parallel_clusters) as pool:
        list(pool.map(_read, sys.argv[1:]))
    report(started, before)


def _read(kubeconfig: str) -> None:
    api = connect(kubeconfig, {"kubeconfig": kubeconfig})
    with ThreadPoolExecutor(max_workers=REQUESTS_PER_CLUSTER) as pool:
        list(pool.map(lambda query: _list(api, query), QUERIES))


def _list(api: Api, query: Query) -> int:
    namespace = "liqo" if query.in_liqo_namespace else None
    return len(api.list(query.resource, namespace=namespace, label_selector=query.selector).items)


if __name__ == "__main__":
    main()
