#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: peering_info
short_description: What Liqo clusters hold and how they are linked
version_added: 0.1.0
description:
  - Reads any number of clusters in parallel and merges what each says about its peers into links, seen from both ends.
  - Tells how much is known of each link, why not more, and every fault with what repairs it.
  - A cluster that cannot be read is listed with the reason and fails nothing. Its end of a link is unknown, not absent.
  - Peers that are not in O(clusters) appear in links of the kind V(foreign).
  - Private keys are never kept or returned.
  - With O(shortcuts) and O(defaults), as they are given to M(liqo.fabric.shortcuts), links are judged by what is
    declared of them, such as the endpoint of a server behind NAT. Which links are listed does not depend on it, and
    clusters that are not in O(clusters) may be named. Where labels that decide cannot be read, links are judged as if
    nothing were declared, and RV(failures) has the reason.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
  - jmespath >= 1.0 (Python package), only for O(query)
extends_documentation_fragment:
  - liqo.fabric.attributes.info
  - liqo.fabric.clusters
  - liqo.fabric.wishes
options:
  hubs:
    description: Those of O(clusters), by name or cluster id, that are hubs. No selector picks them.
    type: list
    elements: str
    default: []
  scope:
    description:
      - Those of O(clusters), by name or cluster id, that are read. Without it all are. Of the others only labels are
        read, where a selector wants those of O(labels_from).
    type: list
    elements: str
  query:
    description:
      - A JMESPath expression over the result. What it selects is RV(result).
      - With it RV(clusters) and RV(links) are left out.
    type: str
  connect_timeout:
    description: Seconds in which an API server has to accept a connection. There is one more attempt.
    type: float
    default: 5
  timeout:
    description: Seconds that reading one cluster may take in all.
    type: float
    default: 30
  parallel_clusters:
    description: How many clusters are read at the same time.
    type: int
    default: 32
seealso:
  - module: liqo.fabric.shortcuts
  - module: liqo.fabric.propagation_info
  - module: liqo.fabric.report
  - plugin: liqo.fabric.evidence_at_least
    plugin_type: test
  - plugin: liqo.fabric.to_mermaid
    plugin_type: filter
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: How are these clusters linked?
  liqo.fabric.peering_info:
    clusters:
      - name: hub
        kubeconfig: kubeconfigs/hub
      - name: leaf-a
        kubeconfig: kubeconfigs/leaf-a
      - name: leaf-b
        kubeconfig: kubeconfigs/leaf-b
  register: fabric

- name: No link has a fault, and no cluster is missing
  ansible.builtin.assert:
    that:
      - fabric.summary.faulty == 0
      - fabric.summary.unreachable == 0

- name: Only the shortcuts that do not carry traffic right now
  liqo.fabric.peering_info:
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    query: "links[?kind == 'shortcut' && evidence.rung != 'fresh'].{between: between, why: evidence.why_not_next}"
  register: broken

- name: The links of a fabric, judged by what is declared of them, such as the endpoint of a server behind NAT
  liqo.fabric.peering_info:
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts:
      - between: [leaf-a, leaf-b]
        server: leaf-a
        client_endpoint: { address: 203.0.113.7, port: 31840 }
  register: fabric

- name: How leaf-a addresses the pods of its peers
  liqo.fabric.peering_info:
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    query: "links[].ends[?cluster == 'leaf-a'].remap.pod[]"
  register: remaps
"""

RETURN = r"""
task:
  description: Always V(peering_info), so that a result says what it is.
  returned: success
  type: str
  sample: peering_info
summary:
  description: How many clusters and links there are.
  returned: success
  type: dict
  contains:
    clusters:
      description: Clusters of the task.
      type: int
    reachable:
      description: Those that were read.
      type: int
    unreachable:
      description: Those that were not, each with its reason in RV(failures).
      type: int
    links:
      description: Links of which any cluster holds something.
      type: int
    faulty:
      description: Links with at least one fault.
      type: int
    kinds:
      description: Number of links by kind.
      type: dict
    rungs:
      description: Number of links by the rung of evidence that they reached.
      type: dict
  sample:
    clusters: 3
    reachable: 3
    unreachable: 0
    links: 3
    faulty: 0
    kinds: {peering: 2, shortcut: 1, half-configured: 0, foreign: 0, unknown: 0}
    rungs: {unknown: 0, absent: 0, declared: 0, agreed: 0, handshaken: 0, fresh: 3, proven: 0}
clusters:
  description: Every cluster of the task by its id, the unreachable ones too. All have the same keys.
  returned: success, unless O(query) is given
  type: dict
  contains:
    cluster:
      description: The cluster id.
      type: str
    reachable:
      description: Whether the cluster was read.
      type: bool
    version:
      description: Version of Liqo, null when neither image nor label tells.
      type: str
    features:
      description:
        - What this Liqo can do, null where that is not known.
        - RV(ignore:cidrs_in_place) is to take new CIDRs of a peer without a new Configuration.
        - RV(ignore:service_metadata) is to set labels and annotations of the gateway's Service.
        - RV(ignore:direct_connections) is Liqo's own feature of this name, where it is not denied.
      type: dict
    liqo_namespace:
      description: Where Liqo was looked for.
      type: str
    address:
      description: Host and port of the API server as this task reached it.
      type: str
    api_server:
      description: URL that the cluster announces to its peers, null when Liqo works it out by itself.
      type: str
    labels:
      description: Labels that Liqo gives to the cluster.
      type: dict
    networks:
      description: CIDRs in use, as lists under C(pod), C(external), C(service) and C(internal).
      type: dict
    virtual_kubelets:
      description: Version of the virtual kubelet for each provider.
      type: dict
    unread:
      description:
        - Kinds that our rights do not show, or not in every tenant namespace, so that nothing follows from their
          absence.
      type: list
      elements: str
    read_at:
      description: When the cluster was read, by the clock of its API server.
      type: str
    notes:
      description: What of the answers of the cluster was left out, like objects for a peer that is no cluster id.
      type: list
      elements: str
    failure:
      description: Why the cluster was not read, like an entry of RV(failures); null when it was.
      type: dict
  sample:
    leaf-a:
      cluster: leaf-a
      reachable: true
      version: 1.2.0
      features: {cidrs_in_place: true, service_metadata: true, direct_connections: true}
      liqo_namespace: liqo
      address: 203.0.113.11:6443
      api_server: https://203.0.113.11:6443
      labels: {region: eu}
      networks: {pod: [10.42.0.0/16], external: [10.70.0.0/16], service: [10.96.0.0/16], internal: [10.80.0.0/16]}
      virtual_kubelets: {}
      unread: []
      read_at: "2026-01-01T12:00:00+00:00"
      notes: []
      failure: null
links:
  description: Every link of which a cluster holds something, sorted by the pair. All have the same keys.
  returned: success, unless O(query) is given
  type: list
  elements: dict
  contains:
    between:
      description: The two cluster ids, sorted.
      type: list
      elements: str
    kind:
      description:
        - V(peering) has more than networking.
        - V(shortcut) has networking alone on both sides, V(half-configured) on one.
        - V(foreign) leads to a cluster that is not in O(clusters).
        - V(unknown) cannot be told without the cluster that was not read, or without what our rights hide.
      type: str
    peering:
      description: Who consumes whom, as C(consumer) and C(provider). Empty without a peering.
      type: list
      elements: dict
    server:
      description: The cluster that runs the gateway server.
      type: str
    service_type:
      description: How the Service of the gateway server is exposed.
      type: str
    endpoint:
      description:
        - RV(ignore:advertised) is where the server says it is reached, RV(ignore:used) is what the client dials.
        - Each is null or has C(addresses), C(port) and C(protocol). The client uses the first address.
      type: dict
    latency_ms:
      description: The worse latency that the two gateways measured, null unless the link is fresh.
      type: float
    owners:
      description: Fabrics that have their mark on objects of the link.
      type: list
      elements: str
    ends:
      description: What each of the two clusters says, in the order of RV(ignore:between).
      type: list
      elements: dict
      contains:
        cluster:
          description: The cluster id.
          type: str
        reachable:
          description: Whether this end was read, null when the cluster is not in O(clusters).
          type: bool
        peer_role:
          description: What the peer is here. V(Consumer), V(Provider), V(ConsumerAndProvider) or V(Unknown).
          type: str
        modules:
          description: Modules of Liqo that are enabled with the peer.
          type: list
          elements: str
        role:
          description: V(server) or V(client), by the gateway that this end has.
          type: str
        mtu:
          description: MTU of this end's gateway in bytes.
          type: int
        key_matches:
          description:
            - Whether the key that is trusted here is that of the peer's gateway. Null when one of the two was not seen.
          type: bool
        remap:
          description:
            - How the peer's CIDRs are addressed from here.
            - C(pod) and C(external) are lists of C(native) and C(remapped), the latter null until Liqo settled it.
          type: dict
        connection:
          description: What the gateway says. V(Connected), V(Connecting), V(Error), or null without a Connection.
          type: str
        latency_ms:
          description: Latency that this end measured.
          type: float
        latency_at:
          description: When, by the clock of the gateway's node.
          type: str
    evidence:
      description: How much is known of the link.
      type: dict
      contains:
        rung:
          description:
            - V(absent), V(declared) (objects on at least one side), V(agreed) (both sides are complete and consistent),
              V(handshaken) (both gateways are connected) or V(fresh) (both heard from each other within 30 seconds).
            - V(unknown) when nothing was seen but not everything could be looked at.
            - V(proven) needs a probe, which this module does not send.
          type: str
        level:
          description: The same as a number, V(0) for V(absent) up to V(4) for V(fresh). Null for V(unknown).
          type: int
        why_not_next:
          description: Why not the next rung.
          type: str
        faults:
          description: What is wrong, each with C(name), C(cluster), C(detail) and C(repair).
          type: list
          elements: dict
        notes:
          description:
            - What differs and does no harm. Both gateways hear from each other, but the client dials something else
              than the server advertises, as it must when the server is behind NAT.
          type: list
          elements: str
  sample:
    - between: [leaf-a, leaf-b]
      kind: shortcut
      peering: []
      server: leaf-a
      service_type: NodePort
      endpoint:
        advertised: {addresses: [203.0.113.11], port: 30412, protocol: UDP}
        used: {addresses: [203.0.113.11], port: 30412, protocol: UDP}
      latency_ms: 1.2
      owners: [retail]
      ends:
        - cluster: leaf-a
          reachable: true
          peer_role: Unknown
          modules: [networking]
          role: server
          mtu: 1340
          key_matches: true
          remap:
            pod: [{native: 10.42.0.0/16, remapped: 10.43.0.0/16}]
            external: [{native: 10.70.0.0/16, remapped: 10.71.0.0/16}]
          connection: Connected
          latency_ms: 1.2
          latency_at: "2026-01-01T11:59:55Z"
        - cluster: leaf-b
          reachable: true
          peer_role: Unknown
          modules: [networking]
          role: client
          mtu: 1340
          key_matches: true
          remap:
            pod: [{native: 10.42.0.0/16, remapped: 10.45.0.0/16}]
            external: [{native: 10.70.0.0/16, remapped: 10.71.0.0/16}]
          connection: Connected
          latency_ms: 1.1
          latency_at: "2026-01-01T11:59:58Z"
      evidence:
        rung: fresh
        level: 4
        why_not_next: no probe was sent through the tunnel
        faults: []
        notes: []
failures:
  description:
    - Why clusters were not read, why it is not known what is declared, or why the task was refused. Each has C(fault)
      (its stable name, see C(docs/troubleshooting.md)), C(what), C(where), C(why) and C(next).
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
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import peering_info
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils._run.wishes_spec import LABELS_FROM_SPEC, SHORTCUTS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

ARGUMENT_SPEC = {
    **CLUSTERS_SPEC,
    **SHORTCUTS_SPEC,
    "hubs": {"type": "list", "elements": "str", "default": []},
    **LABELS_FROM_SPEC,
    "scope": {"type": "list", "elements": "str"},
    "query": {"type": "str"},
    "connect_timeout": {"type": "float", "default": 5},
    "timeout": {"type": "float", "default": 30},
    "parallel_clusters": {"type": "int", "default": 32},
}


def main() -> None:
    module = FabricModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    with face(module):
        module.exit_json(**peering_info(module.params))


if __name__ == "__main__":
    main()
