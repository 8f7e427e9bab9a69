# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AnsibleModule that knows which values of the option ``clusters`` are secret before it logs or returns any.

``no_log`` cannot reach into a kubeconfig that is given as a dictionary, and AnsibleModule writes its options to the
system log, or into a refusal, before a module gets to run.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule

from ._run.targets import secret_values


class FabricModule(AnsibleModule):  # type: ignore[misc]  # Ansible has no type information
    """Used like AnsibleModule by the modules that have the option ``clusters``."""

    def _load_params(self) -> None:
        super()._load_params()
        clusters = self.params.get("clusters")
        for cluster in clusters if isinstance(clusters, list) else ():
            if isinstance(cluster, Mapping):
                self.no_log_values.update(secret_values(cluster))
