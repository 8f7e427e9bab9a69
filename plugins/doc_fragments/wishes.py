# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say which clusters are linked, and how."""

from __future__ import annotations


class ModuleDocFragment:
    """The module has an option O(hubs) of its own."""

    DOCUMENTATION = r"""
options:
  shortcuts:
    description:
      - What to connect. Each entry has exactly one of O(shortcuts[].between), O(shortcuts[].mesh), O(shortcuts[].ring)
        and O(shortcuts[].star), and settings for the pairs that come of it.
      - A pair may come of several entries. Their settings add up, one by one. What O(shortcuts[].between) says wins
        over what a mesh, ring or star says, and that over O(defaults). Two entries of the same rank that want something
        else of the same setting are refused, with both of them named.
    type: list
    elements: dict
    suboptions:
      <<: &settings
        server:
          description:
            - The cluster that runs the gateway server, by name or cluster id. The other one dials it.
            - V(auto) chooses. A role that exists already is always kept.
          type: str
        service_type:
          description: How the Service of the gateway server is exposed. V(LoadBalancer) where nothing is said.
          type: str
          choices: [LoadBalancer, NodePort, ClusterIP]
        port:
          description:
            - UDP port of the gateway server. V(51840) where nothing is said.
            - Where a load balancer gives all Services one address, as that of K3s does, each link needs its own.
          type: int
        node_port:
          description: NodePort of the Service. Chosen by Kubernetes where nothing is said.
          type: int
        load_balancer_ip:
          description: Address that the load balancer must use.
          type: str
        mtu:
          description: MTU of the tunnel in bytes, the same on both sides. V(1340) where nothing is said.
          type: int
        server_template:
          description: Name of the WgGatewayServerTemplate. V(wireguard-server) where nothing is said.
          type: str
        server_template_namespace:
          description: Namespace of the server template, that of Liqo where nothing is said.
          type: str
        client_template:
          description: Name of the WgGatewayClientTemplate. V(wireguard-client) where nothing is said.
          type: str
        client_template_namespace:
          description: Namespace of the client template, that of Liqo where nothing is said.
          type: str
        client_endpoint:
          description:
            - What the client dials instead of what the server advertises, for a server behind NAT.
            - An address that is given here is trusted. Of what a server advertises each address is left out that no
              gateway can have (loopback, link-local, multicast), or that lies in the client's own networks.
            - Where a server advertises several addresses, the client dials one of them and keeps it as long as it is
              among them. Name another one here to have that dialled.
          type: dict
          suboptions:
            address:
              description: Address or host name.
              type: str
            port:
              description: UDP port.
              type: int
        service_annotations:
          description: Annotations of the Service of the gateway server. Needs Liqo 1.2.0 on the server's cluster.
          type: dict
        service_labels:
          description: Labels of the Service of the gateway server. Needs Liqo 1.2.0 on the server's cluster.
          type: dict
        keys:
          description:
            - Who makes the WireGuard keys. V(liqo) where nothing is said.
            - With V(liqo) Liqo's controllers make the keys of new gateways. What is there stays, also keys that this
              module made in an earlier run.
            - With V(own) this module makes a pair per side, and a Secret for it in the tenant namespace. A link with
              keys of Liqo gets new ones, which interrupts it for a moment. Needs the Python package C(cryptography).
          type: str
          choices: [liqo, own]
        trusted_cidrs:
          description:
            - CIDRs that the two clusters may report as their own, though they would be refused otherwise.
            - Without it a CIDR of a cluster is not given to its peer when it is no private range (RFC 1918,
              V(100.64.0.0/10), V(198.18.0.0/15), unique local addresses), larger than a V(/12), or contains a network
              of the peer and more. Equal and overlapping CIDRs are no problem, Liqo maps them.
          type: list
          elements: str
      between:
        description: The two clusters, by name or cluster id. Their order has no meaning.
        type: list
        elements: str
      mesh:
        description: Every one of these clusters with every other.
        type: dict
        suboptions:
          names: &names
            description: Clusters, by name or cluster id.
            type: list
            elements: str
          selector: &selector
            description:
              - The clusters whose labels match, a label selector of Kubernetes like
                V(region=eu,tier in (shop, depot\),!retired). Where the labels come from is said by O(labels_from).
              - Clusters of O(hubs) are never picked. An empty selector picks all others.
              - They are added to the names. When nothing is picked, the task says so in a warning.
            type: str
      ring:
        description:
          - Each cluster with the next one, and the last with the first.
          - Every member decides who is next to whom. Where members come by the labels that clusters tell, one cluster
            can change the links of its neighbours, so name them or take the labels from the inventory.
          - The order is that of the names, followed by what the selector picks, sorted by cluster id.
        type: dict
        suboptions:
          names: *names
          selector: *selector
      star:
        description: One cluster with every other one.
        type: dict
        suboptions:
          center:
            description: The cluster in the middle, by name or cluster id.
            type: str
            required: true
          names: *names
          selector: *selector
      except:
        description:
          - What a mesh, ring or star leaves out. A name leaves out a cluster, a list of two names this pair only.
          - A ring closes around a cluster that is left out, and is open at a pair that is left out.
        type: list
        elements: raw
  labels_from:
    description:
      - Where the labels come from by which a O(shortcuts[].mesh.selector) picks clusters. Nothing is read without a
        selector.
      - V(inventory) is O(clusters[].labels). V(cluster) is what Liqo was installed with on each cluster, its cluster
        labels. V(hub) is the labels of the ForeignClusters of O(hubs).
      - Where they differ, O(clusters[].labels) wins, also without V(inventory). V(cluster) wins over V(hub).
      - With V(cluster) the owner of a cluster chooses by its labels which meshes it joins, with V(hub) the owner of the
        hub. Use V(inventory) alone for clusters of other owners. What Kubernetes does not take as a label is left out.
      - A cluster that cannot be read for V(cluster) is picked by no selector, and a task that may write warns of it.
        When a hub cannot be read for V(hub), such a task fails and writes nothing.
    type: list
    elements: str
    choices: [inventory, cluster, hub]
    default: [inventory]
  defaults:
    description: Settings of all shortcuts that say nothing else.
    type: dict
    suboptions:
      <<: *settings
"""
