#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connector
short_description: Leave the ForeignClusterConnection controller of 2025 without losing a link
version_added: 0.1.0
description:
  - In 2025 links between leaves were made by a controller on the hub, one for each C(ForeignClusterConnection), and by
    the command C(liqoshortcut), which writes such objects. This module reads these objects as shortcuts, and retires
    the controller.
  - The controller resets the network of both leaves when such an object is deleted. So it is stopped first, and its
    pods are gone, before any object is touched.
  - In between the links have to be adopted by M(liqo.fabric.shortcuts), with O(liqo.fabric.shortcuts#module:adopt). The
    role C(liqo.fabric.migrate_connector) does all of it.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
extends_documentation_fragment:
  - liqo.fabric.attributes
  - liqo.fabric.clusters
  - liqo.fabric.wishes
options:
  hubs:
    description: Those of O(clusters) on which the controller runs, by name or cluster id. All others are leaves.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(gathered) writes nothing and returns RV(shortcuts), the links of the controller as they are, as a value of
        O(shortcuts). RV(connections) names what is not carried over.
      - V(absent) retires the controller. On the hubs it stops it, waits until its pods are gone, takes the finalizer
        off each object and deletes it, then deletes the CustomResourceDefinition, the roles of the controller and its
        namespace C(liqo-shortcutmanager-system) with all that is in it. On the leaves it deletes the ClusterRole
        C(liqo-gatewayclients-reader) and its binding, unless somebody else than O(hubs) is bound to it.
      - V(absent) writes nothing at all as long as the link of one object is neither adopted by O(fabric) and as
        declared in O(shortcuts), nor gone, nor given up in O(abandon). A link itself is never written to.
    type: str
    choices: [gathered, absent]
    required: true
  fabric:
    description: Name of the fabric that has adopted the links. Required with O(state=absent).
    type: str
  abandon:
    description:
      - Objects that may go whatever has become of their link, each as C(namespace/name). What there is of the link
        stays as it is, and nothing repairs it.
      - For links with a cluster that is gone, and for pairs that are peered.
    type: list
    elements: str
    default: []
  coming:
    description:
      - In check mode, pairs that will have been adopted when this is done for real. For plans of both.
    type: list
    elements: list
    default: []
  wait_timeout:
    description: Seconds in all for pods, objects and the namespace to be gone.
    type: float
    default: 120
  connect_timeout:
    description: Seconds in which an API server has to accept a connection. There is one more attempt.
    type: float
    default: 5
  parallel_clusters:
    description: How many clusters are read at the same time.
    type: int
    default: 32
notes:
  - With O(state=absent) every one of O(clusters) must be reachable. Leave out a leaf that is gone for good, and give
    its objects up in O(abandon).
  - An interrupted run is gone on with by the next one.
seealso:
  - module: liqo.fabric.shortcuts
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: What did the connector make?
  liqo.fabric.connector:
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    state: gathered
  register: connector

- name: The fabric takes its links over as they are
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts: "{{ connector.shortcuts }}"
    only: "{{ connector.adoptable }}"
    adopt: true

- name: The connector goes
  liqo.fabric.connector:
    fabric: retail
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    shortcuts: "{{ connector.shortcuts }}"
    state: absent
"""

RETURN = r"""
task:
  description: Always V(connector), so that a result says what it is.
  returned: always
  type: str
  sample: connector
fabric:
  description: Name of the fabric, V(any) where none was given.
  returned: always
  type: str
  sample: retail
state:
  description: As the task said.
  returned: always
  type: str
  sample: gathered
check_mode:
  description: Whether nothing was written because of check mode.
  returned: always
  type: bool
  sample: false
summary:
  description:
    - Numbers of objects, of those that are carried over, of hubs whose controller ran, and of writes planned and done.
  returned: always
  type: dict
  sample:
    connections: 1
    carried: 1
    running: 1
    planned: 0
    done: 0
connections:
  description:
    - Every ForeignClusterConnection as it was at the beginning.
    - C(link) is what there is between the two clusters, V(shortcut), V(half-configured), V(absent), V(peering),
      V(foreign) or V(unknown).
    - C(shortcut) is the entry of RV(shortcuts), null where none can be made. C(notes) names what is not carried over.
  returned: always
  type: list
  elements: dict
  sample:
    - hub: hub
      namespace: default
      name: leaf-a-leaf-b
      between: [leaf-a, leaf-b]
      server: leaf-b
      phase: Connected
      connected: true
      error: ""
      link: shortcut
      shortcut:
        between: [leaf-a, leaf-b]
        server: leaf-b
        service_type: NodePort
        port: 51840
        mtu: 1450
      notes: ["timeoutSeconds 120 belongs to a run, as liqo_fabric_wait_timeout"]
shortcuts:
  description: The links of these objects as a value of O(liqo.fabric.shortcuts#module:shortcuts), sorted by pair.
  returned: always
  type: list
  elements: dict
adoptable:
  description:
    - The pairs of RV(shortcuts) of which there is a link, as a value of O(liqo.fabric.shortcuts#module:only).
    - Without those of O(abandon), and without those that O(shortcuts) does not declare, where it is given.
  returned: always
  type: list
  elements: list
plan:
  description: Everything that is written, or in check mode would be, in order.
  returned: always
  type: list
  elements: dict
changes:
  description: The writes of RV(plan) that were done.
  returned: always
  type: list
  elements: str
notes:
  description: What a person should know of what goes and what stays.
  returned: always
  type: list
  elements: str
failures:
  description:
    - Why nothing or not everything was done. Each has C(fault) (its stable name, see C(docs/troubleshooting.md)),
      C(what), C(where), C(why) and C(next).
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.report import connector_result, failure_text
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.wishes import parse_wanted
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._run.connector import Limits, migrate
from ansible_collections.liqo.fabric.plugins.module_utils._run.face import face
from ansible_collections.liqo.fabric.plugins.module_utils._run.labels import read_labels
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC, open_apis
from ansible_collections.liqo.fabric.plugins.module_utils._run.wishes_spec import LABELS_FROM_SPEC, SHORTCUTS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

ARGUMENT_SPEC = {
    **CLUSTERS_SPEC,
    **SHORTCUTS_SPEC,
    "hubs": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["gathered", "absent"], "required": True},
    "fabric": {"type": "str"},
    **LABELS_FROM_SPEC,
    "abandon": {"type": "list", "elements": "str", "default": []},
    "coming": {"type": "list", "elements": "list", "default": []},
    "wait_timeout": {"type": "float", "default": 120},
    "connect_timeout": {"type": "float", "default": 5},
    "parallel_clusters": {"type": "int", "default": 32},
}


def main() -> None:
    module = FabricModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    limits = Limits(wait_timeout_s=params["wait_timeout"], parallel_clusters=params["parallel_clusters"])
    with face(module):
        want, wishes = parse_wanted(params, check_mode=module.check_mode)
        apis = open_apis(params, agent="connector")
        labels = read_labels(wishes, apis, parallel=params["parallel_clusters"])
        fabric = resolve(wishes, labels.by_cluster, told_by=labels.told_by)
        report = migrate(want, fabric, apis, limits=limits, check_mode=module.check_mode)
        result = connector_result(report)
        if report.failures:
            module.fail_json(msg=failure_text(report), **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
