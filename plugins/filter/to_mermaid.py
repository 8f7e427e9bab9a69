# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a task -> a Mermaid flowchart. Documented in to_mermaid.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.picture import mermaid


def to_mermaid(result: Any) -> str:
    """Raises AnsibleFilterError for anything but a result with links."""
    if not isinstance(result, Mapping) or not isinstance(result.get("links"), (list, tuple)):
        raise AnsibleFilterError(
            "liqo.fabric.to_mermaid: this is no result with links; give it what liqo.fabric.peering_info or"
            " liqo.fabric.shortcuts returned"
        )
    return mermaid(result)


class FilterModule:
    """For Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_mermaid": to_mermaid}
