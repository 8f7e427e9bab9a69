#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: propagation_info
short_description: Which way the Services of a hub take from each leaf
version_added: 0.1.0
description:
  - Tells for each Service in a namespace that a hub has offloaded, and for each leaf that has this namespace, every
    endpoint with its pod, the cluster where the pod runs, the address as the leaf sees it, the path to it, and why.
  - Names what is wrong, with what repairs it. Nothing is written.
  - A cluster that cannot be read is listed with the reason and fails nothing.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
  - jmespath >= 1.0 (Python package), only for O(query)
extends_documentation_fragment:
  - liqo.fabric.attributes.info
  - liqo.fabric.clusters
options:
  hubs:
    description: Those of O(clusters) that are hubs, by name. All others are leaves.
    type: list
    elements: str
    required: true
  query:
    description:
      - A JMESPath expression over the result. What it selects is RV(result).
      - With it RV(services), RV(orphans) and RV(clusters) are left out.
    type: str
  connect_timeout:
    description: Seconds in which an API server has to accept a connection. There is one more attempt.
    type: float
    default: 5
  parallel_clusters:
    description: How many clusters are read at the same time.
    type: int
    default: 32
seealso:
  - module: liqo.fabric.propagation
  - module: liqo.fabric.report
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: Which way do the Services of the hub take?
  liqo.fabric.propagation_info:
    clusters:
      - name: hub
        kubeconfig: kubeconfigs/hub
      - name: leaf-a
        kubeconfig: kubeconfigs/leaf-a
      - name: leaf-b
        kubeconfig: kubeconfigs/leaf-b
    hubs: [hub]
  register: seen

- name: Endpoints that still go through the hub
  liqo.fabric.propagation_info:
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    query: services[].endpoints[?path=='via-hub' && ready].pod[]
  register: detours
"""

RETURN = r"""
task:
  description: Always V(propagation_info), so that a result says what it is.
  returned: always
  type: str
  sample: propagation_info
summary:
  description: Numbers of Services, of places (a Service on a leaf), of endpoints in all and by path, and of faults.
  returned: always
  type: dict
  sample:
    services: 1
    places: 2
    endpoints: 6
    local: 2
    direct: 2
    hub: 0
    via_hub: 2
    unmapped: 0
    faults: 0
    unreachable: 0
services:
  description:
    - A row for each Service and leaf.
    - C(path) of an endpoint is V(local), V(direct) (over the shortcut to C(through)), V(hub) (the pod runs on the hub),
      V(via-hub), or V(unmapped).
    - C(name) of a fault is V(stale-slice), V(dead-tunnel), V(unmapped-address), V(gate-closed), V(unsettled) or
      V(lost-label), or for endpoints that a leaf lists and that no other leaf uses, V(foreign-pod), V(unknown-pod),
      V(foreign-address), V(several-addresses) or V(other-ports). V(own-service) is a Service of the leaf's own, which
      is left alone.
  returned: without O(query)
  type: list
  elements: dict
  sample:
    - hub: hub
      namespace: demo
      name: web
      cluster: leaf-a
      remote_namespace: demo-hub
      mode: exclusive
      endpoints:
        - pod: web-leaf-b
          cluster: leaf-b
          address: 10.71.0.11
          path: direct
          through: leaf-b
          ready: true
          slice: lf-web.leaf-b
          why: direct copy of leaf-b
      faults: []
orphans:
  description: Slices of this collection whose shortcut or Service is gone.
  returned: without O(query)
  type: list
  elements: dict
clusters:
  description: By cluster id whether it was read, and why not.
  returned: without O(query)
  type: dict
failures:
  description:
    - Why clusters were not read, or why the task was refused. Each has C(fault) (its stable name, see
      C(docs/troubleshooting.md)), C(what), C(where), C(why) and C(next).
  returned: always
  type: list
  elements: dict
result:
  description: What O(query) selected, null without it.
  returned: success
  type: raw
"""

from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._run.face import face
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagation_info import propagation_info
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

ARGUMENT_SPEC = {
    **CLUSTERS_SPEC,
    "hubs": {"type": "list", "elements": "str", "required": True},
    "query": {"type": "str"},
    "connect_timeout": {"type": "float", "default": 5},
    "parallel_clusters": {"type": "int", "default": 32},
}


def main() -> None:
    module = FabricModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    with face(module):
        module.exit_json(**propagation_info(module.params))


if __name__ == "__main__":
    main()
