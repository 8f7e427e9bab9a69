#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: propagation
short_description: Let the Services of a hub use the shortcuts between its leaves
version_added: 0.1.0
description:
  - A Service whose pods a hub has offloaded to several leaves is reflected to all of them, with addresses that lead
    through the hub. This module brings about that a leaf which has a shortcut to the leaf of a pod reaches it directly.
  - It reads hubs and leaves, decides for each Service and leaf which of the modes is possible, plans, writes, and waits
    until Liqo has followed. Nothing is written when nothing is to be done.
  - Make shortcuts first (M(liqo.fabric.shortcuts)), and before one is removed let this module retreat from it with
    O(leaving). The role P(liqo.fabric.fabric#role) does both in the safe order.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
extends_documentation_fragment:
  - liqo.fabric.attributes
  - liqo.fabric.clusters
options:
  fabric:
    description:
      - Name of the fabric. It is written on what this module creates, so that several fabrics can share a cluster.
    type: str
    required: true
  hubs:
    description: Those of O(clusters) that are hubs, by name. All others are leaves.
    type: list
    elements: str
    required: true
  services:
    description:
      - The Services that must use shortcuts, in namespaces that a hub has offloaded.
      - Required with O(state=present). With O(state=absent) and without this option all that carries the mark of
        O(fabric) is removed.
    type: list
    elements: dict
    suboptions:
      namespace:
        description: Namespace on the hub. Required with O(services[].name); without it a selector looks everywhere.
        type: str
      name:
        description: Name of one Service.
        type: str
      selector:
        description: Instead of a name, a label selector as Kubernetes writes it. It looks at the labels on the hub.
        type: str
      hub:
        description: One of O(hubs). Without it every hub that has such a Service is meant.
        type: str
      mode:
        description: Overrides O(mode).
        type: str
        choices: [auto, upstream, shadow, exclusive]
  mode:
    description:
      - V(upstream) switches on Liqo's own direct connections (Liqo 1.2.0 or newer) by an annotation of the Service on
        the hub, but only while they are right for every ordered pair of the leaves that have its namespace. When they
        are no longer, the annotation is taken away. RV(gates) names each pair that keeps it off, with the reason.
      - V(shadow) writes a ShadowEndpointSlice with the pods of each other leaf beside the reflected one. Works with
        every supported version and with remapped CIDRs. Traffic is shared between both paths. It is a snapshot of the
        pods, to be kept current by further runs.
      - V(exclusive) is V(shadow), and two static MutatingAdmissionPolicies on the leaf keep the copies through the hub
        out of use while the direct ones are healthy, and use them when they are not. Needs Kubernetes 1.36 on the leaf;
        another leaf gets V(shadow), and the result says so.
      - V(auto) takes V(upstream) where it is lastingly possible, else V(exclusive), else V(shadow).
    type: str
    choices: [auto, upstream, shadow, exclusive]
    default: auto
  state:
    description:
      - V(present) adds and repairs, and removes slices of this fabric that lead nowhere.
      - V(exact) also retreats from Services that carry the mark of this fabric and are not among O(services).
      - V(absent) retreats from O(services), or without them from all that this fabric has marked.
    type: str
    choices: [present, exact, absent]
    default: present
  coming:
    description:
      - Pairs of leaves whose shortcut does not exist yet, but will when this is done for real. For plans of both.
    type: list
    elements: list
    default: []
  leaving:
    description: Pairs of leaves whose shortcut is about to be removed. Nothing relies on them when this task is done.
    type: list
    elements: list
    default: []
  scope:
    description:
      - Leaves that may be written to. Without it all.
      - The annotation of V(upstream) is on the hub, and is for all leaves.
    type: list
    elements: str
  wait:
    description: Wait until Liqo has made of it what is declared.
    type: bool
    default: true
  wait_timeout:
    description: Seconds that each cluster is waited for in all. None takes them from another one.
    type: float
    default: 60
  connect_timeout:
    description: Seconds in which an API server has to accept a connection. There is one more attempt.
    type: float
    default: 5
  parallel_clusters:
    description: How many clusters are read at the same time.
    type: int
    default: 32
notes:
  - A leaf speaks only for its own pods. In the modes shadow and exclusive an endpoint of a leaf is used by others only
    when the hub lists its pod on that leaf with the same ports, and at an address inside the pod CIDR that its peer
    knows of that leaf. All else stays on the way through the hub, and is named under C(faults).
  - An annotation that somebody else has set on a Service is left alone.
  - Slices of the modes shadow and exclusive must never outlive their shortcut, because Liqo then hands out the
    addresses as they are. This module removes such ones at every run.
seealso:
  - module: liqo.fabric.shortcuts
  - module: liqo.fabric.propagation_info
  - module: liqo.fabric.report
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: Service web of the hub takes the shortcuts, in the best way that each leaf allows
  liqo.fabric.propagation:
    fabric: retail
    clusters:
      - name: hub
        kubeconfig: kubeconfigs/hub
      - name: leaf-a
        kubeconfig: kubeconfigs/leaf-a
      - name: leaf-b
        kubeconfig: kubeconfigs/leaf-b
    hubs: [hub]
    services:
      - namespace: demo
        name: web

- name: Before a shortcut is removed nothing relies on it
  liqo.fabric.propagation:
    fabric: retail
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    services:
      - namespace: demo
        selector: app=web
        mode: shadow
    leaving:
      - [leaf-a, leaf-b]

- name: Every Service takes the way through the hub again
  liqo.fabric.propagation:
    fabric: retail
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    state: absent
"""

RETURN = r"""
task:
  description: Always V(propagation), so that a result says what it is.
  returned: always
  type: str
  sample: propagation
fabric:
  description: Name of the fabric.
  returned: always
  type: str
  sample: retail
state:
  description: The wanted state.
  returned: always
  type: str
  sample: present
check_mode:
  description: Whether this is a plan, of which nothing was done.
  returned: always
  type: bool
summary:
  description: Numbers of Services, of rows, of rows by outcome, of faults, and of clusters that were not read.
  returned: always
  type: dict
  sample:
    services: 1
    rows: 2
    in_sync: 0
    created: 2
    repaired: 0
    removed: 0
    pending: 0
    blocked: 0
    failed: 0
    faults: 0
    unreachable: 0
services:
  description:
    - A row for each Service and each leaf that has its namespace, and one for the hub where something is written or
      wrong.
    - C(outcome) is one of V(in_sync), V(created), V(repaired), V(removed), V(pending), V(blocked), V(failed).
    - C(faults) names endpoints that this leaf lists, or that it would use, and that are not used directly. They are
      reached through the hub. Each has C(name), C(detail) and C(repair), as in M(liqo.fabric.propagation_info).
  returned: always
  type: list
  elements: dict
  sample:
    - hub: hub
      namespace: demo
      name: web
      cluster: leaf-a
      mode: exclusive
      reason: as declared
      outcome: created
      changes: [create leaf-a/ShadowEndpointSlice/demo-hub/lf-web.leaf-b]
      faults: []
      failure: null
still_used:
  description:
    - The links of O(leaving), and with O(state=absent) all, that Services may still use after this task. Do not remove
      these. C(clusters) are the ends on which such Services are, or which could not be read.
    - In check mode, those that they may still use when the plan has been carried out.
  returned: always
  type: list
  elements: dict
  sample:
    - between: [leaf-a, leaf-c]
      clusters: [leaf-a]
gates:
  description: Why Liqo's own direct connections cannot be used, by Service and ordered pair of leaves.
  returned: always
  type: list
  elements: dict
  sample:
    - service: hub:demo/web
      consumer: leaf-c
      provider: leaf-a
      reason: no-shortcut
      detail: there is no shortcut between leaf-c and leaf-a
plan:
  description: Everything that is written, or in check mode would be, in order. A value that is not known yet says so.
  returned: always
  type: list
  elements: dict
clusters:
  description: By cluster id whether it was read, and whether it can do mode exclusive.
  returned: always
  type: dict
failures:
  description:
    - Why Services are blocked or failed. Each has C(fault) (its stable name, see C(docs/troubleshooting.md)), C(what),
      C(where), C(why) and C(next).
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.report import (
    failure_text,
    propagation_result,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.wishes import parse_propagation
from ansible_collections.liqo.fabric.plugins.module_utils._run.face import face
from ansible_collections.liqo.fabric.plugins.module_utils._run.propagate import Limits, propagate
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC, open_apis
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

MODES = ["auto", "upstream", "shadow", "exclusive"]

ARGUMENT_SPEC = {
    "fabric": {"type": "str", "required": True},
    **CLUSTERS_SPEC,
    "hubs": {"type": "list", "elements": "str", "required": True},
    "services": {
        "type": "list",
        "elements": "dict",
        "options": {
            "namespace": {"type": "str"},
            "name": {"type": "str"},
            "selector": {"type": "str"},
            "hub": {"type": "str"},
            "mode": {"type": "str", "choices": MODES},
        },
    },
    "mode": {"type": "str", "choices": MODES, "default": "auto"},
    "state": {"type": "str", "choices": ["present", "exact", "absent"], "default": "present"},
    "coming": {"type": "list", "elements": "list", "default": []},
    "leaving": {"type": "list", "elements": "list", "default": []},
    "scope": {"type": "list", "elements": "str"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 60},
    "connect_timeout": {"type": "float", "default": 5},
    "parallel_clusters": {"type": "int", "default": 32},
}


def main() -> None:
    module = FabricModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    limits = Limits(
        wait=params["wait"], wait_timeout_s=params["wait_timeout"], parallel_clusters=params["parallel_clusters"]
    )
    with face(module):
        want = parse_propagation(params)
        report = propagate(want, open_apis(params, agent="propagation"), limits=limits, check_mode=module.check_mode)
        for note in report.notes:
            module.warn(note)
        result = propagation_result(report)
        if report.failures:
            module.fail_json(msg=failure_text(report), **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
