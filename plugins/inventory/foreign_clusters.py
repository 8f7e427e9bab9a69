# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of hubs and of the leaves that they know."""

from __future__ import annotations

DOCUMENTATION = r"""
name: foreign_clusters
short_description: Hubs and leaves of a Liqo fabric, as the hubs know them
version_added: 0.1.0
author:
  - liqo.fabric contributors (@liqo-fabric)
description:
  - Reads one or several hubs in parallel, and lists each of them and each leaf that they are joined with as a host.
  - The hosts fit the playbooks of this collection, so that C(ansible-playbook liqo.fabric.plan -i
    retail.foreign_clusters.yml) works at once, with variables of the fabric in C(group_vars) beside the file.
  - The file is named C(foreign_clusters.yml) or C(liqo.yml), with anything before it, or C(.yaml) in place of
    C(.yml).
  - A hub is a host by its O(hubs[].name), a leaf by its Liqo cluster id, once however many hubs know it. A cluster
    that is among O(hubs) is never a leaf.
  - A hub that cannot be read is listed all the same, in the group C(liqo_health_unreachable), with a warning that
    names its address. Leaves that only this hub knows are missing then. Without any hub that answers there is no
    inventory.
  - No variable, warning or cache holds a credential. Connection options of O(hubs) that are secret, such as
    O(hubs[].api_key), are used to read the hub and are not passed on to its host.
  - The notes say which groups and variables there are.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - liqo.fabric.clusters.hubs
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [liqo.fabric.foreign_clusters]
  kubeconfig_pattern:
    description:
      - Path of the kubeconfig of each leaf, with C({cluster_id}) where its Liqo cluster id belongs.
      - A relative path starts at the folder of the inventory file.
      - A file that exists is preferred to an identity. Where there is neither, the leaf gets the path all the same,
        and what uses it says which file is missing.
    type: str
  identity_dir:
    description:
      - A folder for the kubeconfigs that leaves gave their hubs when they were peered, which Liqo keeps on the hub in
        Secrets with the label C(liqo.io/identity-type=ControlPlane). A relative path starts at the folder of the
        inventory file.
      - Each is written to a file of its own there, C(CLUSTER_ID.kubeconfig), that only its owner can read, and the
        host gets the path. This is the one way in which the content leaves the hub. Without this option no Secret is
        read.
      - The folder is made when it does not exist. It is refused when it is a link, when it belongs to somebody else,
        and when others may write there or exchange it. Files of leaves that are gone stay until you remove them.
      - Liqo gives such an identity few rights on the leaf (it may ask for resources in its own tenant namespace), too
        few for O(read_leaves) and for shortcuts. Bind what is missing to its user on the leaf, which is called like the
        cluster id of the hub, or use O(kubeconfig_pattern).
      - A kubeconfig that would run a program or read other files is not used, since whoever may write Secrets on the
        hub could then run programs here.
      - The address of the API server in it is the one under which the hub reaches the leaf. Where you need another one,
        give C(liqo_host), in C(host_vars) or with O(compose), and set O(read_leaves=false).
    type: str
  read_leaves:
    description:
      - Whether leaves are read too, those that O(kubeconfig_pattern) or O(identity_dir) says how to reach.
      - Hubs alone tell the role, health, labels, pod and external CIDRs of a leaf and its link to the hub. Only
        leaves tell their version, their other CIDRs, and which of them are connected with each other.
      - A leaf that cannot be read is listed with what the hubs say of it.
    type: bool
    default: true
  leaf_roles:
    description:
      - What a cluster has to be to a hub, in Liqo's words, to be listed as a leaf. V(Unknown) are clusters that are
        joined by network alone.
    type: list
    elements: str
    choices: [Provider, ConsumerAndProvider, Unknown, Consumer]
    default: [Provider, ConsumerAndProvider, Unknown]
  region_labels:
    description: Labels that name the region of a cluster, the first one that it has counts.
    type: list
    elements: str
    default: [region, topology.kubernetes.io/region]
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
notes:
  - Groups of every host are C(liqo_hubs) or C(liqo_leaves), C(liqo_consumers) and C(liqo_providers) by what it is in
    its peerings, C(liqo_health_healthy), C(liqo_health_unhealthy) or C(liqo_health_unreachable),
    C(liqo_region_REGION), C(liqo_version_1_2_0) and C(connected_to_CLUSTER_ID), one for each host of this
    file to which it has a tunnel that both ends call connected and in which something was heard in the last 30
    seconds. Both ends have to be read for that, except that a hub is believed of its own links. What is neither a
    letter nor a digit is C(_) in the name of a group.
  - Further groups come from O(keyed_groups) and O(groups), for example by any key of C(liqo_labels).
  - What a cluster says is data. No text of it is rendered as a template, in O(compose) either, and a label whose key
    Kubernetes would not take is left out.
  - A leaf whose id is V(all), V(ungrouped), V(localhost), the name of a group, of a hub that is another cluster, or of
    a host that another source declares and not in C(liqo_leaves), is left out with a warning that names its hubs. So is
    a leaf whose id is the C(liqo_cluster_id) of a host with another name, or the name of a host with another
    C(liqo_cluster_id). What a source that is read before declares of a leaf is kept.
  - A host that a source that is read before has put into C(liqo_leaves) never gets an identity of O(identity_dir), and
    a file of O(kubeconfig_pattern) only when nothing declares C(liqo_kubeconfig), C(liqo_context) or C(liqo_host).
  - Labels put no host into a group of the names above, nor into C(liqo_hubs) and the other groups that say what a host
    is. Without C(prefix) an entry of O(keyed_groups) puts no host into groups that another source has made.
  - C(liqo_kubeconfig) and other connection options have the names that P(liqo.fabric.clusters#filter) expects.
    Without O(kubeconfig_pattern) and O(identity_dir) leaves have none, and C(host_vars) or O(compose) can give it.
  - C(liqo_labels) are those that the cluster was installed with, else those of the virtual node and the
    ForeignCluster on the hub, without Liqo's own. They are what selectors of shortcuts look at.
  - C(liqo_labels_told) is true where C(liqo_labels) come from clusters. Then a contradiction that they cause costs
    only the links that it concerns, as O(liqo.fabric.shortcuts#module:clusters[].labels_told) says.
  - C(liqo_left_out) has under C(links) and C(labels) how many of a host are left out, because a cluster tells more
    than 1000 links or 100 labels. A warning names that host.
  - C(liqo_links) has for each peer C(kind) and C(server) as in RV(liqo.fabric.peering_info#module:links), C(evidence)
    (the rung), C(connected) and C(latency_ms); C(liqo_connected_to) lists those that are connected.
    C(connected) is null where a leaf alone was read, which calls the tunnel connected.
  - C(liqo_health) is V(unreachable) for a cluster whose API server gave no answer, V(unhealthy) for a leaf of which
    Liqo on a hub complains or whose tunnel to a hub is not connected; C(liqo_health_reasons) says why.
    C(liqo_reachable) is false when the cluster was asked and could not be read, with the reason in C(liqo_failure),
    and null when it was not asked.
  - C(liqo_networks) has the CIDRs as lists under C(pod), C(external), C(service) and C(internal).
  - C(liqo_reached_by) is V(hubs), V(kubeconfig_pattern), V(identity_dir) or null. C(liqo_identity) says in which
    Secret on which hub an identity is kept, with C(hub), C(namespace) and C(secret).
  - C(liqo_peered_hubs) are the hubs that know a leaf, C(liqo_roles) has C(consumer) and C(provider),
    C(liqo_api_server) is the address that the cluster announces.
  - With O(cache) an inventory is kept only when every hub could be read, and read afresh when the options below
    O(plugin) have changed or a file in O(identity_dir) is gone.
  - Strings in O(hubs), O(kubeconfig_pattern) and O(identity_dir) may be templates, such as C({{
    lookup('ansible.builtin.env', 'HUB_TOKEN') }}).
  - On hubs the rights of a query are needed, and for O(identity_dir) also to list Secrets.
seealso:
  - module: liqo.fabric.peering_info
  - plugin: liqo.fabric.clusters
    plugin_type: filter
"""

EXAMPLES = r"""
# retail.foreign_clusters.yml; all but plugin and hubs may be left out
plugin: liqo.fabric.foreign_clusters
hubs:
  - { name: hub-eu, kubeconfig: kubeconfigs/all, context: hub-eu }
  - { name: hub-us, host: "https://203.0.113.9:6443", api_key: "{{ lookup('ansible.builtin.env', 'HUB_US_TOKEN') }}" }
# a kubeconfig for each leaf beside this file, else the connection from the identities on the hubs
kubeconfig_pattern: kubeconfigs/{cluster_id}
identity_dir: identities
# groups by a label of your own, and by what is measured
keyed_groups:
  - key: liqo_labels.tier
    prefix: tier
groups:
  slow: liqo_links.values() | map(attribute='latency_ms') | select('number') | select('gt', 50) | list | length > 0
# kept for ten minutes
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache
cache_timeout: 600
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, InputError, Violation
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_cache import from_cache, to_cache
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_hosts import Host
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_names import (
    Taken,
    admitted,
    beside_declared,
    may_be_joined,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.terminal import one_line
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.unquoted import INSTEAD, misplaced
from ansible_collections.liqo.fabric.plugins.module_utils._run.hub_inventory import files_are_there, read_inventory
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.plugin_utils.checked_options import checked_clusters, harmless, plain
from ansible_collections.liqo.fabric.plugins.plugin_utils.declared_hosts import declared_hosts
from ansible_collections.liqo.fabric.plugins.plugin_utils.joined_groups import JoinedGroups

HUBS_SPEC = {"hubs": CLUSTERS_SPEC["clusters"]}
OPTIONS = (
    "kubeconfig_pattern",
    "identity_dir",
    "read_leaves",
    "leaf_roles",
    "region_labels",
    "connect_timeout",
    "timeout",
    "parallel_clusters",
)
NAMES = tuple(f"{stem}.{suffix}" for stem in ("foreign_clusters", "liqo") for suffix in ("yml", "yaml"))


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]  # Ansible has no type information
    """For Ansible."""

    NAME = "liqo.fabric.foreign_clusters"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(NAMES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            self._add(self._hosts(path, cache), declared_hosts(self.inventory, loader, path))
        except FabricError as problem:
            raise AnsibleParserError(str(problem)) from problem

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Ansible quotes a value of a wrong type, so that what may hold credentials is refused before."""
        _refuse_misplaced(direct or {}, "options of the inventory")
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def _hosts(self, path: str, cache: bool) -> tuple[Host, ...]:
        """From the cache when that is asked for and it has them."""
        params = self._params(path)
        key = self.get_cache_key(path)
        keeps = self.get_option("cache")
        if keeps and cache:
            try:
                hosts = from_cache(self._cache[key], params)
            except KeyError:
                hosts = None
            if hosts is not None and files_are_there(hosts):
                return hosts
        found = read_inventory(params, folder=str(Path(path).parent), where=path, warn=self._warn)
        if keeps and found.complete:
            self._cache[key] = to_cache(found.hosts, params)
        return found.hosts

    def _warn(self, text: str) -> None:
        self.display.warning(one_line(text))

    def _params(self, path: str) -> dict[str, Any]:
        params: dict[str, Any] = {name: plain(self._rendered(name)) for name in OPTIONS}
        _refuse_misplaced(params, path)
        return {**params, "hubs": checked_clusters(self._rendered("hubs"), HUBS_SPEC, where=path)}

    def _rendered(self, name: str) -> Any:
        return self.templar.template(self.get_option(name))

    def _add(self, found: Sequence[Host], declared: Mapping[str, Mapping[str, Any]]) -> None:
        """Nothing of Ansible gets the hosts as they came from clusters, only as they are marked here.

        ``declared`` are the variables of hosts that other sources have put into the groups of clusters.
        """
        groups = {*self.inventory.groups, *map(self._sanitize_group_name, self.get_option("groups") or ())}
        leaves = self.inventory.groups["liqo_leaves"].get_hosts() if "liqo_leaves" in groups else ()
        others = {*self.inventory.hosts} - {host.name for host in leaves}
        clusters = {name: _declared_id(name, variables) for name, variables in declared.items()}
        hosts, refusals = admitted(found, Taken(groups=groups, hosts=others, clusters=clusters))
        for refusal in refusals:
            self._warn(refusal)
        for host in hosts:
            for what, count in host.variables["liqo_left_out"].items():
                if count:
                    self._warn(f"host {host.name} has too many {what} for its variables: {count} are left out")
        own = [beside_declared(host, declared[host.name]) if host.name in declared else host for host in hosts]
        marked = [replace(host, variables=harmless(host.variables)) for host in own]
        for host in marked:
            self._add_as_it_is(host)
        taken = Taken(groups=groups, hosts={*self.inventory.hosts})
        for host in marked:
            self._construct(host, taken)

    def _add_as_it_is(self, host: Host) -> None:
        """What the inventory declares of a host that it declares itself is kept."""
        self.inventory.add_host(host.name)
        declared = self.inventory.hosts[host.name].vars
        for name, value in host.variables.items():
            # Of a host of an earlier file of this plugin it may not have been known how it is reached.
            if name not in declared or (name == "liqo_reached_by" and declared[name] is None):
                self.inventory.set_variable(host.name, name, value)
        for group in host.groups:
            self.inventory.add_group(group)
            self.inventory.add_child(group, host.name)

    def _construct(self, host: Host, taken: Taken) -> None:
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), host.variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), host.variables, host.name, strict=strict)
        for keyed in self.get_option("keyed_groups") or ():
            self._join_keyed(keyed, host, taken, strict)

    def _join_keyed(self, keyed: Any, host: Host, taken: Taken, strict: bool) -> None:
        """What a person has put before the names, or the parent that a person has named, is a permission."""
        entry = keyed if isinstance(keyed, Mapping) else {}
        prefix, parent = str(entry.get("prefix") or ""), str(entry.get("parent_group") or "")
        names = replace(taken, groups=()) if prefix else taken
        whole: Any = self.inventory
        joined = JoinedGroups(whole, lambda group: group == parent or may_be_joined(group, names))
        self.inventory: Any = joined
        try:
            self._add_host_to_keyed_groups([keyed], host.variables, host.name, strict=strict)
        finally:
            self.inventory = whole
        if joined.refused:
            self._warn(
                f"host {host.name} is not put into {', '.join(sorted(joined.refused))}, which labels of its cluster"
                " name: this has another meaning in the inventory; give the entry of keyed_groups a prefix"
            )


def _refuse_misplaced(options: Mapping[str, Any], where: str) -> None:
    """What `hubs` holds is looked at where it is known which of it may be a kubeconfig."""
    places = [place for name, value in options.items() if name != "hubs" for place in misplaced(value, name)]
    if places:
        raise AnsibleParserError(
            str(InputError((Violation(path=place, message=INSTEAD) for place in places), where=where))
        )


def _declared_id(name: str, variables: Mapping[str, Any]) -> str:
    """The cluster that a host is declared to be. What is still a template is not known now."""
    told = str(variables.get("liqo_cluster_id") or name)
    return name if "{" in told else told
