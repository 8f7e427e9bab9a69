# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of Ansible, as far as text of clusters may change it by the names of groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError


class JoinedGroups:
    """Stands for the inventory while groups are made of the variables of one host.

    A group of which ``may_be_joined`` says no is not made, and no host and no group is put into it; ``refused`` has
    the names of those.
    """

    def __init__(self, inventory: Any, may_be_joined: Callable[[str], bool]) -> None:
        self._inventory = inventory
        self._may_be_joined = may_be_joined
        self.refused: set[str] = set()

    def get_host(self, name: str) -> Any:
        return self._inventory.get_host(name)

    def add_group(self, name: str) -> str:
        if not self._may_be_joined(name):
            self.refused.add(name)
            return name
        return str(self._inventory.add_group(name))

    def add_host(self, host: str, group: str) -> None:
        if group not in self.refused:
            self._inventory.add_host(host, group)

    def add_child(self, parent: str, child: str) -> None:
        if not self.refused & {parent, child}:
            try:
                self._inventory.add_child(parent, child)
            except AnsibleError:  # the two would contain each other
                self.refused.add(parent)
