# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a task -> a graph in the language DOT. Documented in to_dot.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.picture import dot


def to_dot(result: Any) -> str:
    """Raises AnsibleFilterError for anything but a result with links."""
    if not isinstance(result, Mapping) or not isinstance(result.get("links"), (list, tuple)):
        raise AnsibleFilterError(
            "liqo.fabric.to_dot: this is no result with links; give it what liqo.fabric.peering_info or"
            " liqo.fabric.shortcuts returned"
        )
    return dot(result)


class FilterModule:
    """For Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_dot": to_dot}
