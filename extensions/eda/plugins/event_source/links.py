# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source of Event-Driven Ansible: what changes in the links of a Liqo fabric."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
short_description: Receive an event when links or Services of a Liqo fabric change
description:
  - Watches Connections, Configurations and the EndpointSlices of reflected Services on every cluster, and puts one
    event for all changes that come shortly after each other.
  - Only what may need a run of C(liqo.fabric.apply) counts - a Connection with another value, a Configuration that
    came, went or has another spec or remap, an EndpointSlice that came, went or has other endpoints or ports.
    Latencies and annotations do not.
  - Of Connections and Configurations, only those between two clusters of O(clusters) count.
  - A cluster that cannot be read, or whose answers cannot be understood, is an event of its own, once per outage, and
    so is its return, when it has lasted for O(debounce) seconds. The others are watched on. What changed during an
    outage is found when it is over, unless the cluster had never been read before.
  - A cluster that goes and comes back again and again, and a link that changes again and again, is told three times at
    once, and then after pauses of 30 seconds up to 10 minutes. Ten minutes without news of it undo one of these times.
    All others are told as soon as ever.
  - Changes of Services are events of their own, or go with an event about links, which never waits for them.
  - Where the rights lack the verb C(watch), or span single namespaces only, the lists are read again every
    O(poll_interval) seconds.
  - An event never holds a credential. Prefer paths of kubeconfigs to their content, since C(ansible-rulebook) may show
    the arguments of a source when it is asked to be verbose.
options:
  clusters:
    description:
      - The leaves of the fabric, each with the names and options of O(liqo.fabric.shortcuts#module:clusters).
      - The host that runs C(ansible-rulebook) needs the Python packages of the modules, see C(requirements.txt) of the
        collection.
    type: list
    elements: dict
    required: true
  debounce:
    description: Seconds without a further change after which the changes so far become an event.
    type: float
    default: 2
  max_delay:
    description: Seconds after which they become an event even though changes go on.
    type: float
    default: 15
  poll_interval:
    description: Seconds between two readings of what cannot be watched.
    type: float
    default: 5
  connect_timeout:
    description: Seconds for one attempt to connect to an API server.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Keep a fabric as it is declared
  hosts: localhost
  sources:
    - liqo.fabric.links:
        clusters:
          - { name: leaf-a, kubeconfig: /etc/liqo/leaf-a }
          - { name: leaf-b, kubeconfig: /etc/liqo/leaf-b }
  rules:
    - name: Something changed
      condition: event.liqo.reasons is defined
      action:
        debug:
          msg: "{{ event.liqo.reasons }}"
"""

# ansible-rulebook runs this file as a script of its own, without the import system of Ansible.
_ROOTS = [str(folder.parent) for folder in Path(__file__).absolute().parents if folder.name == "ansible_collections"]
sys.path += [root for root in _ROOTS if root not in sys.path]

from ansible_collections.liqo.fabric.plugins.module_utils._run.events import stream
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import parse_watch_options


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Puts events until it is cancelled. Raises FabricError, one sentence, for arguments that cannot be meant."""
    await stream(queue.put, parse_watch_options(args), note=logging.getLogger("liqo.fabric.links").warning)
