# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way out of every module: what is secret is hidden, and what clusters said is printable text.

``no_log`` cannot reach into a kubeconfig that is given as a dictionary, and AnsibleModule writes its options to the
system log, or into a refusal, before a module gets to run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ._fabric.terminal import LONGEST_REASON, one_line, printable
from ._run.targets import secret_values


class FabricModule(AnsibleModule):  # type: ignore[misc]  # Ansible has no type information
    """Used like AnsibleModule by the modules that have the option ``clusters``."""

    def _load_params(self) -> None:
        super()._load_params()
        clusters = self.params.get("clusters")
        for cluster in clusters if isinstance(clusters, list) else ():
            if isinstance(cluster, Mapping):
                self.no_log_values.update(secret_values(cluster))

    def exit_json(self, **result: Any) -> NoReturn:  # type: ignore[misc]  # Ansible has no type information
        """Nothing that a cluster said reaches a terminal or a log as more than printable text."""
        super().exit_json(**printable(result))

    def fail_json(self, msg: str, **result: Any) -> NoReturn:  # type: ignore[misc]
        super().fail_json(one_line(msg, longest=LONGEST_REASON), **printable(result))

    def warn(self, warning: str) -> None:
        super().warn(one_line(warning))
