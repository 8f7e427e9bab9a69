#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rbac
short_description: Least rights for those who work with a Liqo fabric
version_added: 0.1.0
description:
  - Makes on every cluster the roles and bindings that somebody needs for certain jobs of this collection, and nothing
    else. They come from the same table of verbs that the other modules ask about before they write.
  - With O(service_account) it also makes a ServiceAccount to run Ansible as. It never makes or returns a token.
  - Run it as somebody who holds these rights and may write roles, most often an administrator of the clusters.
    Kubernetes lets no one grant a right that they do not have.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages), except for O(state=rendered)
extends_documentation_fragment:
  - liqo.fabric.attributes
  - liqo.fabric.clusters
options:
  fabric:
    description:
      - Name of the fabric. It is written on what this module creates. What carries another name, or none, is neither
        changed nor removed.
    type: str
    required: true
  name:
    description:
      - Name of the identity, the same on every cluster. Roles, bindings and the ServiceAccount have this name.
      - It must be its own for each fabric that shares a cluster.
    type: str
    required: true
  jobs:
    description:
      - What the identity may do. Each of them includes V(query).
      - V(query) is for M(liqo.fabric.peering_info) and status.
      - V(shortcut) makes and repairs shortcuts, V(removal) removes them. Hubs get no more than V(query) for these.
      - V(keys) is needed beside these for O(liqo.fabric.shortcuts#module:rotate_keys) and for shortcuts that have
        V(keys=own).
      - V(propagation) is for M(liqo.fabric.propagation) and M(liqo.fabric.propagation_info).
      - Required unless O(state=absent).
    type: list
    elements: str
    choices: [query, shortcut, removal, keys, propagation]
    default: []
  subjects:
    description: Who gets the rights, beside the ServiceAccount of O(service_account).
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: As Kubernetes calls it.
        type: str
        choices: [User, Group, ServiceAccount]
        required: true
      name:
        description: Name of the user, group or ServiceAccount.
        type: str
        required: true
      namespace:
        description: Of a ServiceAccount.
        type: str
  service_account:
    description: Make a ServiceAccount called O(name) on every cluster, and give it the rights.
    type: bool
    default: false
  service_account_namespace:
    description: Namespace of this ServiceAccount, which must be there. Without it that of Liqo.
    type: str
  hubs:
    description: Those of O(clusters) that are hubs, by name. All others are leaves.
    type: list
    elements: str
    default: []
  pairs:
    description:
      - Grant what lies in tenant namespaces only in those of these pairs of clusters, each as a list of two names.
      - Without it these rights hold over the whole cluster, so that pairs to come need no administrator. Then the
        identity sees all Secrets of the cluster if its jobs include V(shortcut) or V(keys). The other jobs see none, so
        that they cannot compare the keys of links, and say so; with O(pairs) they can.
      - Tenant namespaces that are missing are made, with the names and labels that Liqo gives them, and are kept. The
        identity itself can make none.
      - Rights on Services and their EndpointSlices (V(propagation)) always hold over the whole cluster.
    type: list
    elements: list
  needed_only:
    description:
      - Leave out the verbs without which the jobs can be done too, but less well. Then runs poll instead of watching,
        warn of less beforehand, say less about why a gateway cannot start, and see no peerings in V(query). What the
        other jobs need in order to leave peerings alone is always granted.
    type: bool
    default: false
  state:
    description:
      - V(present) makes the identity as described, and takes away what it has beyond that.
      - V(absent) removes all that this module made under O(fabric) and O(name), the ServiceAccount included.
      - V(rendered) returns the manifests and talks to no cluster.
    type: str
    choices: [present, absent, rendered]
    default: present
  connect_timeout:
    description: Seconds in which an API server has to accept a connection. There is one more attempt.
    type: float
    default: 5
  parallel_clusters:
    description: How many clusters are worked on at the same time.
    type: int
    default: 32
seealso:
  - module: liqo.fabric.shortcuts
  - module: liqo.fabric.propagation
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: The people on call may look at everything
  liqo.fabric.rbac:
    fabric: retail
    name: retail-status
    jobs: [query]
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    subjects:
      - kind: Group
        name: on-call

- name: A ServiceAccount for the shortcut between two leaves, and for no other namespace
  liqo.fabric.rbac:
    fabric: retail
    name: retail-robot
    jobs: [shortcut, removal]
    clusters:
      - name: leaf-a
        kubeconfig: kubeconfigs/leaf-a
      - name: leaf-b
        kubeconfig: kubeconfigs/leaf-b
    pairs:
      - [leaf-a, leaf-b]
    service_account: true
    service_account_namespace: automation

- name: Manifests for a Git repository
  liqo.fabric.rbac:
    fabric: retail
    name: retail-robot
    jobs: [shortcut, removal, propagation]
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    service_account: true
    state: rendered
  register: roles

- name: No one needs this one any more
  liqo.fabric.rbac:
    fabric: retail
    name: retail-robot
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    state: absent
"""

RETURN = r"""
task:
  description: Always V(rbac), so that a result says what it is.
  returned: always
  type: str
  sample: rbac
fabric:
  description: Name of the fabric.
  returned: always
  type: str
  sample: retail
name:
  description: Name of the identity.
  returned: always
  type: str
  sample: retail-robot
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
  description: Numbers of clusters, of those in sync and of those that failed, and of objects written.
  returned: always
  type: dict
  sample:
    clusters: 3
    in_sync: 1
    created: 6
    updated: 0
    deleted: 0
    failed: 0
clusters:
  description: By cluster id whether the identity is as declared there, and why not.
  returned: always
  type: dict
  contains:
    ok:
      description: Whether it is, or in check mode could be brought about.
      type: bool
    failure:
      description: Why not, as in RV(failures), or null.
      type: dict
plan:
  description: Everything that is written, or in check mode would be, in order.
  returned: always
  type: list
  elements: dict
  contains:
    cluster:
      description: Cluster id.
      type: str
    action:
      description: One of V(create), V(update) and V(delete).
      type: str
    kind:
      description: Kind of the object.
      type: str
    namespace:
      description: Its namespace; empty for cluster-scoped kinds.
      type: str
    name:
      description: Its name.
      type: str
    reason:
      description: Why.
      type: str
    fields:
      description: What changes, before and after.
      type: dict
changes:
  description: The writes that were confirmed, as C(ACTION CLUSTER/KIND/NAMESPACE/NAME).
  returned: always
  type: list
  elements: str
rendered:
  description: With O(state=rendered) the manifests by cluster id, in the order in which to apply them; otherwise empty.
  returned: always
  type: dict
failures:
  description:
    - Why clusters are not as declared. Each has C(fault) (its stable name, see C(docs/troubleshooting.md)), C(what),
      C(where), C(why) and C(next).
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.access import access_result, failure_text
from ansible_collections.liqo.fabric.plugins.module_utils._run.face import face
from ansible_collections.liqo.fabric.plugins.module_utils._run.rbac import rbac
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

ARGUMENT_SPEC = {
    "fabric": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    **CLUSTERS_SPEC,
    "jobs": {
        "type": "list",
        "elements": "str",
        "choices": ["query", "shortcut", "removal", "keys", "propagation"],
        "default": [],
    },
    "subjects": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "choices": ["User", "Group", "ServiceAccount"], "required": True},
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
        },
    },
    "service_account": {"type": "bool", "default": False},
    "service_account_namespace": {"type": "str"},
    "hubs": {"type": "list", "elements": "str", "default": []},
    "pairs": {"type": "list", "elements": "list"},
    "needed_only": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent", "rendered"], "default": "present"},
    "connect_timeout": {"type": "float", "default": 5},
    "parallel_clusters": {"type": "int", "default": 32},
}


def main() -> None:
    module = FabricModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    with face(module):
        report = rbac(module.params, check_mode=module.check_mode)
        result = access_result(report)
        if problem := failure_text(report):
            module.fail_json(msg=problem, **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
