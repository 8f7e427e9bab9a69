#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: shortcuts
short_description: Direct network connections between leaf clusters of a Liqo fabric
version_added: 0.1.0
description:
  - Makes, repairs and removes Liqo network connections between pairs of clusters, so that their pods talk to each other
    without the detour through the hub.
  - One task is the whole fabric. All clusters are read in parallel, what differs from the declaration is planned, and
    links are brought about in parallel and independently of each other.
  - A run that was interrupted is healed by the next one. Nothing is written when nothing is to be done.
  - A connection that exists already, made by hand or by C(liqoctl network connect), is used as it is. Names of objects
    and the roles of the two clusters are kept.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
  - cryptography >= 40 (Python package), where this module makes keys
extends_documentation_fragment:
  - liqo.fabric.attributes
  - liqo.fabric.clusters
  - liqo.fabric.wishes
attributes:
  idempotent:
    support: partial
    details:
      - With O(rotate_keys) every run gives new keys.
options:
  fabric:
    description:
      - Name of the fabric. It is written on what this module creates, so that several fabrics can share a cluster.
    type: str
    required: true
  hubs:
    description: Those of O(clusters), by name or cluster id, that are hubs. No selector picks them.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) adds the O(shortcuts) that are missing and repairs those that have drifted. Others are left alone.
      - V(exact) does the same, and removes the links that carry the mark of O(fabric) and are not in O(shortcuts).
      - V(absent) removes the O(shortcuts), or without this option all links that carry the mark of O(fabric). What this
        collection did not make, such as a tenant namespace that was there before, is left alone. A link that another
        fabric wants too stays, and loses only the mark of this one.
      - V(gathered) writes nothing and returns RV(gathered), the shortcuts between O(clusters) as they are.
      - V(rendered) writes nothing and returns RV(rendered), the manifests of the wanted shortcuts by cluster.
    type: str
    choices: [present, exact, absent, gathered, rendered]
    default: present
  max_removals:
    description:
      - With O(state=exact), how many links may go around one link, so that a mistake in O(shortcuts) removes few of
        them. For each link those links count that end in one of its two clusters, are marked there and are not in
        O(shortcuts). A link with a greater number stays, with the fault C(too-many-removals) that names them.
      - Links elsewhere do not count, so that no cluster decides whether a link between others goes. Many links that
        share no cluster may therefore go in one run. Look at the plan in check mode when O(shortcuts) gets shorter.
    type: int
    default: 5
  keep_links:
    description:
      - Links that are not removed in this run, each as a pair of cluster names. Such a removal is blocked with the
        fault C(in-use), everything else of the run is done.
      - The role P(liqo.fabric.fabric#role) gives the links there that Services may still use, as
        M(liqo.fabric.propagation) returns them under C(still_used).
    type: list
    elements: list
    default: []
  adopt:
    description:
      - Put the mark of O(fabric) on wanted links that no one has marked, made by hand or by C(liqoctl). Without it
        they are used and repaired, but not owned.
      - A link is only marked by the run that adopts it, which disturbs no traffic. What else differs is named in its
        notes and left to the next run. A PublicKey gets no mark, since Liqo's gateways shake hands anew at every write
        to one.
    type: bool
    default: false
  force_conflicts:
    description:
      - Have our way where another fabric wants the same link with other settings. Without it such a link is blocked,
        and the message names both fabrics and their values.
    type: bool
    default: false
  forget:
    description:
      - Cluster ids of clusters that are gone for good. What O(clusters) hold about them is removed from their side
        alone, under the rules of O(state=absent).
    type: list
    elements: str
    default: []
  scope:
    description:
      - The clusters that this run may touch. Links outside are neither planned nor reported.
    type: list
    elements: str
  scope_rule:
    description:
      - V(inside) takes the links with both ends in O(scope).
      - V(anchored) takes the links whose smaller cluster id is in O(scope), whatever the other end. Runs whose scopes
        are disjoint, like the slices of an AWX job, share no link that way, and together they miss none.
    type: str
    choices: [inside, anchored]
    default: inside
  only:
    description:
      - Only these pairs, each as the list of its two clusters, like RV(rerun.pairs) of an earlier run.
    type: list
    elements: list
  tolerate:
    description:
      - How many links may be blocked or failed before the task fails, as a number or as a share like V(10%). What went
        wrong is in the result either way.
    type: str
    default: "0"
  plan_file:
    description:
      - A file on the host that runs the module. In check mode the plan is written to it, without any secret.
      - Otherwise the plan in it is carried out, exactly that one. When anything has moved since, nothing is written,
        and the message says what moved.
    type: path
  saved_plan:
    description:
      - RV(saved_plan) of an earlier run in check mode with the same options, for where no file outlives a run. Exactly
        that plan is carried out. When anything has moved since, nothing is written, and the message says what moved.
      - What C(ansible.builtin.slurp) reads of a O(plan_file) is taken as well.
      - In check mode it is only compared with what would be done now.
      - Mutually exclusive with O(plan_file).
    type: str
  rotate_keys:
    description:
      - Give both gateways of these links new keys, whoever made the old ones. V(all), or a list of pairs out of
        O(shortcuts), each a list of two clusters by name or cluster id.
      - From then on the link has keys of its own as with O(shortcuts[].keys=own). Liqo itself replaces keys only
        together with a gateway.
      - The tunnel is interrupted once, while both gateway pods are replaced. With O(wait) the task ends when traffic
        has passed with the new keys.
      - Not idempotent. Each run with it rotates once, so give it on demand only. A run that died half-way is healed by
        any later run without it.
      - Needs the Python package C(cryptography), and the right to create and delete Secrets in the tenant namespaces,
        as Liqo's peering-user role has it. Only with O(state=present) and O(state=exact).
    type: raw
  allow_peering_pairs:
    description:
      - Also touch pairs that are peered. Their connection carries the peering, so a removal breaks it.
      - And those of which the rights do not show whether they are peered, which are blocked otherwise.
    type: bool
    default: false
  preflight:
    description:
      - Before the first write ask each cluster that would be written to whether the credentials suffice, try the writes
        with a dry run, and look for NodePorts, load balancer addresses and networks that clash, and for namespaces that
        let no gateway in, by their Pod Security level or a ResourceQuota.
      - A link that could not be completed is not begun. Others are. What was found is in the result, in check mode too.
      - Of one link at most 100 writes on each cluster are tried.
      - Costs nothing when nothing is to be done.
    type: bool
    default: true
  wait:
    description:
      - Wait until both clusters report the tunnel as connected.
      - Without it the task still waits for what a later step of the same link needs, like the address of a load
        balancer.
    type: bool
    default: true
  wait_timeout:
    description: Seconds that one link may take. Liqo 1.0 needs up to 60 when a shortcut is made anew.
    type: float
    default: 120
  parallel_clusters:
    description: How many clusters are read at the same time.
    type: int
    default: 32
  parallel_links:
    description:
      - How many links are worked on at the same time. One that takes longer than ten seconds no longer counts, so that
        a cluster that answers late does not keep links of others waiting. The same is true of O(parallel_clusters).
    type: int
    default: 32
notes:
  - A task whose work takes longer than 5 seconds shows on the controller, whatever the verbosity, how far each link is
    and what it waits for, with the state seen last. With more than 10 links there is one line every 10 seconds for all
    of them. The lines go to the standard error output, so that what a callback plugin prints stays whole.
  - This progress is shown where the connection of the task is C(local) and neither C(async) nor C(no_log) is set.
    Elsewhere the same work is done in silence. A user of C(become) who may not write to the temporary folder of the
    controller gets none either.
seealso:
  - module: liqo.fabric.peering_info
  - module: liqo.fabric.propagation
  - module: liqo.fabric.report
  - plugin: liqo.fabric.clusters
    plugin_type: filter
  - plugin: liqo.fabric.topology_expand
    plugin_type: filter
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: Two leaves talk to each other directly
  liqo.fabric.shortcuts:
    fabric: retail
    clusters:
      - name: leaf-a
        kubeconfig: kubeconfigs/leaf-a
      - name: leaf-b
        kubeconfig: kubeconfigs/leaf-b
    shortcuts:
      - between: [leaf-a, leaf-b]
    defaults:
      service_type: NodePort

- name: What would be done for the leaves of an inventory
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts:
      - between: [leaf-a, leaf-b]
      - between: [leaf-a, leaf-c]
        server: leaf-c
        mtu: 1300
  check_mode: true
  diff: true

- name: Exactly these, and none that the fabric made earlier
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts:
      - between: [leaf-a, leaf-b]
    state: exact
    max_removals: 1

- name: New keys for one link
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts:
      - between: [leaf-a, leaf-b]
      - between: [leaf-a, leaf-c]
    rotate_keys:
      - [leaf-a, leaf-c]

- name: Plan to a file, to be looked at
  liqo.fabric.shortcuts: &approved
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts:
      - between: [leaf-a, leaf-b]
    plan_file: retail.plan.json
  check_mode: true

- name: Carry out that plan, or nothing
  liqo.fabric.shortcuts: *approved

- name: A leaf burnt down; remove what the others hold about it
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts: []
    forget: [leaf-x]

- name: What is there, as the declaration for the next run
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    state: gathered
  register: seen

- name: All European leaves with each other, the depots in a ring, and one leaf with everybody
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ (groups.liqo_hubs + groups.liqo_leaves) | liqo.fabric.clusters(hostvars) }}"
    hubs: "{{ groups.liqo_hubs }}"
    labels_from: [inventory, cluster]
    shortcuts:
      - mesh:
          selector: region=eu,!retired
        except:
          - leaf-d # not this one
          - [leaf-a, leaf-b] # and these two not with each other
        mtu: 1300
      - ring:
          names: [depot-a, depot-b]
          selector: tier=depot
      - star:
          center: leaf-a
          selector: ""
        server: leaf-a
      - between: [leaf-a, leaf-c]
        mtu: 1400 # wins over what the mesh says

- name: Remove everything that the fabric made
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    state: absent
"""

RETURN = r"""
task:
  description: Always V(shortcuts), so that a result says what it is.
  returned: always
  type: str
  sample: shortcuts
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
  description: How many links there are, and how many of each outcome.
  returned: always
  type: dict
  sample:
    links: 2
    in_sync: 1
    created: 1
    repaired: 0
    removed: 0
    partly_removed: 0
    left: 0
    pending: 0
    blocked: 0
    failed: 0
    unreachable: 0
clusters:
  description: What was read of each cluster, by cluster id.
  returned: always
  type: dict
links:
  description: One entry per pair, as last seen.
  returned: always
  type: list
  elements: dict
  contains:
    between:
      description: The two cluster ids, sorted.
      type: list
      elements: str
    outcome:
      description:
        - One of V(in_sync), V(created), V(repaired), V(removed), V(partly_removed), V(left), V(pending), V(blocked),
          V(failed).
        - V(removed) leaves no object of the link on either cluster. V(left) takes away the mark of this fabric alone,
          since the link also belongs to others. V(partly_removed) is one on each cluster. The notes say what stays,
          where and why.
        - In check mode what it would be.
      type: str
    changes:
      description: The writes that were confirmed.
      type: list
      elements: str
    failure:
      description: Why the link is blocked or failed, like an entry of RV(failures).
      type: dict
    notes:
      description: What else a person should know.
      type: list
      elements: str
plan:
  description:
    - Every write, in its order. In check mode what a run would do.
    - A value that exists only after another write reads C((known after ...)).
  returned: always
  type: list
  elements: dict
  contains:
    cluster:
      description: The cluster to write to.
      type: str
    peer:
      description: The other cluster of the link.
      type: str
    action:
      description: One of V(create), V(update), V(delete).
      type: str
    kind:
      description: Kind of the object.
      type: str
    namespace:
      description: Its namespace, empty for a cluster-scoped kind.
      type: str
    name:
      description: Its name.
      type: str
    reason:
      description: Why, with the values seen and wanted.
      type: str
    fields:
      description: The fields to set, each with C(before) and C(after).
      type: dict
saved_plan:
  description:
    - In check mode the plan as one word without any secret, for O(saved_plan) of a later run. Otherwise empty.
    - It is the JSON of O(plan_file), compressed, in letters, digits, C(-), C(_) and C(=).
  returned: always
  type: str
preflight:
  description:
    - What was found before the first write, the gravest first.
    - Empty when nothing was to be done, and with O(preflight=false).
  returned: always
  type: list
  elements: dict
  contains:
    cluster:
      description: The cluster that it is about.
      type: str
    between:
      description: The two cluster ids of the link, sorted. Empty when it is about every link of the cluster.
      type: list
      elements: str
    check:
      description:
        - What was looked at, one of V(rights), V(version), V(skew), V(ipam-pool), V(remap), V(node-port),
          V(load-balancer), V(endpoint), V(mtu), V(dry-run), V(pod-security), V(quota).
      type: str
    level:
      description: V(error) blocks the link, V(warning) and V(info) do not.
      type: str
    what:
      description: What was found.
      type: str
    why:
      description: The values seen.
      type: str
    next:
      description: What to do.
      type: str
rerun:
  description: What to run again once the failures are seen to.
  returned: always
  type: dict
  contains:
    clusters:
      description: The clusters of the links that are blocked or failed, for O(scope).
      type: list
      elements: str
    pairs:
      description: Those links, for O(only).
      type: list
      elements: list
gathered:
  description:
    - With O(state=gathered) the shortcuts that are there, as a value of O(shortcuts) with which a run changes nothing.
    - Links that only other fabrics own, and those of which one cluster alone has a part, are left out, which their
      notes say.
  returned: always
  type: list
  elements: dict
rendered:
  description:
    - With O(state=rendered) a list of manifests for each cluster id. What only Liqo can bring about, like an endpoint
      or a key, reads C((known after ...)).
  returned: always
  type: dict
failures:
  description: Each reason why links are blocked or failed, once.
  returned: always
  type: list
  elements: dict
  contains:
    fault:
      description:
        - Stable name of what it is, such as V(unreachable), V(token-expired), V(missing-right), V(stuck-finalizer),
          V(dead-gateway), V(tunnel-blocked), V(ipam-pool-full), V(duplicate-objects), V(namespace-terminating),
          V(controller-down) or V(wait-timeout).
        - All names and what to do about each are in C(docs/troubleshooting.md).
      type: str
    cause:
      description:
        - With V(dead-gateway) and V(controller-down), the stable name of what keeps the pod from running, such as
          V(pod-security), V(quota), V(admission-webhook), V(image-pull), V(unschedulable) or V(crash).
        - Empty for every other failure, and where nothing that is shown explains it.
      type: str
    what:
      description: What could not be done.
      type: str
    where:
      description: The cluster, with C(https://host:port) of its API server where that matters.
      type: str
    why:
      description: The reason, with the values seen.
      type: str
    next:
      description: What a person can do now.
      type: str
"""

from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import failure_text, report_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve
from ansible_collections.liqo.fabric.plugins.module_utils._run.face import face
from ansible_collections.liqo.fabric.plugins.module_utils._run.labels import read_labels
from ansible_collections.liqo.fabric.plugins.module_utils._run.plan_file import approval
from ansible_collections.liqo.fabric.plugins.module_utils._run.progress import progress
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC, open_apis
from ansible_collections.liqo.fabric.plugins.module_utils._run.wishes_spec import LABELS_FROM_SPEC, SHORTCUTS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

ARGUMENT_SPEC = {
    "fabric": {"type": "str", "required": True},
    **CLUSTERS_SPEC,
    **SHORTCUTS_SPEC,
    **LABELS_FROM_SPEC,
    "hubs": {"type": "list", "elements": "str", "default": []},
    "state": {
        "type": "str",
        "choices": ["present", "exact", "absent", "gathered", "rendered"],
        "default": "present",
    },
    "max_removals": {"type": "int", "default": 5},
    "adopt": {"type": "bool", "default": False},
    "force_conflicts": {"type": "bool", "default": False},
    "forget": {"type": "list", "elements": "str", "default": []},
    "keep_links": {"type": "list", "elements": "list", "default": []},
    "scope": {"type": "list", "elements": "str"},
    "scope_rule": {"type": "str", "choices": ["inside", "anchored"], "default": "inside"},
    "only": {"type": "list", "elements": "list"},
    "tolerate": {"type": "str", "default": "0"},
    "plan_file": {"type": "path"},
    "saved_plan": {"type": "str"},
    "rotate_keys": {"type": "raw", "no_log": False},
    "allow_peering_pairs": {"type": "bool", "default": False},
    "preflight": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 120},
    "parallel_clusters": {"type": "int", "default": 32},
    "parallel_links": {"type": "int", "default": 32},
}


def main() -> None:
    module = FabricModule(
        argument_spec=ARGUMENT_SPEC, mutually_exclusive=[("plan_file", "saved_plan")], supports_check_mode=True
    )
    params = module.params
    limits = Limits(
        wait=params["wait"],
        wait_timeout_s=params["wait_timeout"],
        parallel_links=params["parallel_links"],
        parallel_clusters=params["parallel_clusters"],
    )
    with face(module):
        wishes = parse_wishes(params)
        apis = open_apis(params, agent="shortcuts")
        labels = read_labels(wishes, apis, parallel=params["parallel_clusters"])
        fabric = resolve(wishes, labels.by_cluster, told_by=labels.told_by)
        for note in (*fabric.notes, *map(str, labels.problems.values())):
            module.warn(note)
        check_mode = module.check_mode
        approve = approval(fabric, file=params["plan_file"], word=params["saved_plan"], check_mode=check_mode)
        with progress() as told:
            report = reconcile(
                fabric,
                apis,
                limits=limits,
                check_mode=check_mode,
                approve=approve,
                progress=told,
                preflight=params["preflight"],
            )
        result = report_result(report)
        if report.failed:
            module.fail_json(msg=failure_text(report), **result)
        if report.failures and not check_mode:
            module.warn(failure_text(report))
        module.exit_json(**result)


if __name__ == "__main__":
    main()
