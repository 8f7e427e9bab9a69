# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows a registered result as text, on the controller. Documented in plugins/modules/report.py."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.text import result_text

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "result": {"type": "raw", "required": True},
    "again": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no type information
    """For Ansible."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(ARGUMENT_SPEC)
        text = result_text(options["result"], again=options["again"])
        Display().display(text)
        return {**result, "changed": False, "text": text}
