# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a link."""

from __future__ import annotations

DOCUMENTATION = r"""
name: link
short_description: Evidence, latency, server or endpoint of the link between two Liqo clusters
version_added: 0.1.0
author:
  - liqo.fabric contributors (@liqo-fabric)
description:
  - Reads both clusters at the moment of the lookup, on the controller, and returns one value of the link between
    them, whoever made it.
  - When one of the two cannot be read the lookup fails with the reason, since half an account of a link is none. Use
    C(errors='warn') or C(errors='ignore') to go on.
  - Every lookup reads again. For many links or many values, M(liqo.fabric.peering_info) reads each cluster once.
requirements:
  - python >= 3.11
  - urllib3 >= 2.3 and PyYAML >= 6.0 (Python packages)
options:
  _terms:
    description: The two clusters, by name or Liqo cluster id. Their order has no meaning.
    type: list
    elements: str
    required: true
  value:
    description:
      - Which value.
      - V(evidence) is how much is known of the link, one of C(absent), C(declared), C(agreed), C(handshaken),
        C(fresh) and C(unknown); V(why_not_next) says why not more, V(faults) are the names of what is wrong, and
        V(notes) are sentences about what differs and does no harm.
      - V(kind) is what the two are to each other, as in RV(liqo.fabric.peering_info#module:links).
      - V(latency_ms) is the worse of what both ends measured, null unless both did so a moment ago.
      - V(server) is the cluster that runs the gateway server, and V(service_type) how that is exposed.
      - V(endpoint) is where the server says it is reached, V(endpoint_used) what the client dials, like
        C(203.0.113.7:51840).
      - V(owners) are the fabrics that have marked the link.
      - V(all) is the entry of RV(liqo.fabric.peering_info#module:links).
      - Where a link has no such value it is null, or an empty list.
    type: str
    choices:
      - evidence
      - why_not_next
      - faults
      - notes
      - kind
      - latency_ms
      - server
      - service_type
      - endpoint
      - endpoint_used
      - owners
      - all
    default: evidence
  clusters:
    description:
      - The two clusters, possibly among others, with the options of O(liqo.fabric.shortcuts#module:clusters).
      - Without it the two are hosts of the inventory, with the variables of P(liqo.fabric.clusters#filter) such as
        C(liqo_kubeconfig).
    type: list
    elements: dict
  shortcuts:
    description:
      - What is declared, as in O(liqo.fabric.shortcuts#module:shortcuts), to judge the link by it. A link to a server
        behind NAT is judged by its C(client_endpoint). Without it, the variable C(liqo_fabric_shortcuts) is used.
      - Other clusters may be named, of which no labels are known. Whether a ring with a selector joins the two is not
        known here, nor what selectors pick with labels of hubs. The link is then judged as if it were not declared.
    type: list
    elements: dict
  defaults:
    description:
      - Settings of all shortcuts that say nothing else. Without it, the variable C(liqo_fabric_defaults) is used.
    type: dict
  labels_from:
    description:
      - Where selectors find labels, as in O(liqo.fabric.shortcuts#module:labels_from). Without it, the variable
        C(liqo_fabric_labels_from) is used.
    type: list
    elements: str
  hubs:
    description:
      - Clusters that are hubs, which no selector picks. Without it, the variable C(liqo_fabric_hubs) is used, or else
        the group C(liqo_hubs).
    type: list
    elements: str
  connect_timeout:
    description: Seconds in which an API server has to accept a connection. There is one more attempt.
    type: float
    default: 5
  timeout:
    description: Seconds that reading one cluster may take in all.
    type: float
    default: 30
notes:
  - Lookups run on the controller, whatever a task is delegated to. Paths of kubeconfigs are those of the controller.
seealso:
  - module: liqo.fabric.peering_info
  - plugin: liqo.fabric.evidence_at_least
    plugin_type: test
"""

EXAMPLES = r"""
- name: Two leaves of the inventory hear from each other
  ansible.builtin.assert:
    that: lookup('liqo.fabric.link', 'leaf-a', 'leaf-b') == 'fresh'
    fail_msg: "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='why_not_next') }}"

- name: How slow is it?
  ansible.builtin.debug:
    msg: "{{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='latency_ms', clusters=leaves) }} ms"
  vars:
    leaves:
      - { name: leaf-a, kubeconfig: kubeconfigs/leaf-a }
      - { name: leaf-b, kubeconfig: kubeconfigs/leaf-b }

- name: Open the firewall for the tunnel
  ansible.builtin.debug:
    msg: "Let UDP pass to {{ lookup('liqo.fabric.link', 'leaf-a', 'leaf-b', value='endpoint') }}"
"""

RETURN = r"""
_raw:
  description: The value.
  type: list
  elements: raw
  sample: [fresh]
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.filter.clusters import clusters
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.unquoted import INSTEAD, is_quotable
from ansible_collections.liqo.fabric.plugins.module_utils._run.link_look import WHERE, link_value
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils._run.wishes_spec import LABELS_FROM_SPEC, SHORTCUTS_SPEC
from ansible_collections.liqo.fabric.plugins.plugin_utils.checked_options import (
    checked_clusters,
    checked_options,
    plain,
)

_DECLARED_SPEC = {**SHORTCUTS_SPEC, **LABELS_FROM_SPEC, "hubs": {"type": "list", "elements": "str"}}


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no type information
    """For Ansible."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        try:
            self.set_options(var_options=variables, direct=kwargs)
        except (AnsibleError, ValueError):
            if is_quotable(str(kwargs)):
                raise
            why = f"{WHERE}: {', '.join(sorted(kwargs))}: one of them is of another type, and {INSTEAD}"
            raise AnsibleLookupError(why) from None
        ends = [str(term) for term in terms]
        params = {name: plain(self.get_option(name)) for name in ("value", "connect_timeout", "timeout")}
        try:
            given = self.get_option("clusters")
            if given is None:
                given = clusters(sorted(set(ends)), (variables or {}).get("hostvars") or {})
            entries = checked_clusters(given, CLUSTERS_SPEC, where=WHERE)
            return [link_value(ends, {**params, "clusters": entries, **self._declared(variables or {}, ends)})]
        except (FabricError, AnsibleFilterError) as problem:
            raise AnsibleLookupError(str(problem)) from problem

    def _declared(self, variables: Mapping[str, Any], ends: list[str]) -> dict[str, Any]:
        """What is declared: the options, or the variables of the role. Raises InputError for what is of other types."""
        given = {name: self._option(name, variables) for name in _DECLARED_SPEC}
        if given["hubs"] is None:
            given["hubs"] = (variables.get("groups") or {}).get("liqo_hubs") or []
        given = {name: value for name, value in given.items() if value is not None}
        checked = checked_options(given, _DECLARED_SPEC, where=WHERE)
        return {**checked, "hubs": [name for name in checked["hubs"] if name in ends]}

    def _option(self, name: str, variables: Mapping[str, Any]) -> Any:
        value, variable = self.get_option(name), variables.get(f"liqo_fabric_{name}")
        # An option is a value already, a variable may still be a template.
        return self._templar.template(variable) if value is None and variable is not None else value
