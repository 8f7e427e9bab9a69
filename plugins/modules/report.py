#!/usr/bin/python
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the action plugin of the same name does the work.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: report
short_description: Show the result of a task of this collection as text
version_added: 0.1.0
description:
  - Prints what a person wants to know of the registered result of M(liqo.fabric.shortcuts),
    M(liqo.fabric.peering_info), M(liqo.fabric.propagation), M(liqo.fabric.propagation_info), M(liqo.fabric.rbac) or
    M(liqo.fabric.connector). The summary comes first, then only what differs, then what is in the way and how to run
    only the rest again.
  - Never fails because of what the result is. A result that is none of this collection's is named as what it is.
  - Runs on the controller and talks to no cluster.
extends_documentation_fragment:
  - liqo.fabric.attributes.shows
options:
  result:
    description:
      - The registered result. That of a loop is shown item by item.
    type: raw
    required: true
  again:
    description:
      - The command of this run, to which the text adds what selects only the links that failed.
      - Without it the text gives the value for O(liqo.fabric.shortcuts#module:shortcuts).
    type: str
    default: ""
seealso:
  - module: liqo.fabric.shortcuts
  - module: liqo.fabric.peering_info
  - module: liqo.fabric.propagation
  - module: liqo.fabric.propagation_info
author:
  - liqo.fabric contributors (@liqo-fabric)
"""

EXAMPLES = r"""
- name: What would be done
  liqo.fabric.shortcuts:
    fabric: retail
    clusters: "{{ groups.liqo_leaves | liqo.fabric.clusters(hostvars) }}"
    shortcuts:
      - between: [leaf-a, leaf-b]
  check_mode: true
  register: planned

- name: Show it
  liqo.fabric.report:
    result: "{{ planned }}"
"""

RETURN = r"""
text:
  description: The text that was printed.
  returned: always
  type: str
  sample: "fabric retail: 1 to create, 41 in sync"
"""
