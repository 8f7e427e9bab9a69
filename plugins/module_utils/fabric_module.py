# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way out of every module: what is secret is hidden, and what clusters said is printable text.

``no_log`` cannot reach into a kubeconfig that is given as a dictionary, and AnsibleModule writes its options to the
system log, or into a refusal, before a module gets to run.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ._fabric.terminal import LONGEST_REASON, one_line, printable
from ._run.face import stopped
from ._run.targets import secret_values, secrets_anywhere


class FabricModule(AnsibleModule):  # type: ignore[misc]  # Ansible has no type information
    """Used like AnsibleModule by the modules that have the option ``clusters``.

    A task that was told to stop fails, and has one result, whichever thread comes first.
    """

    _ending = threading.RLock()
    """Whoever holds it tells the result; it is never released, since the process ends."""

    def _load_params(self) -> None:
        super()._load_params()
        self.no_log_values.update(secrets_anywhere(self.params))
        clusters = self.params.get("clusters")
        for cluster in clusters if isinstance(clusters, list) else ():
            if isinstance(cluster, Mapping):
                self.no_log_values.update(secret_values(cluster))

    def exit_json(self, **result: Any) -> NoReturn:
        """Nothing that a cluster said reaches a terminal or a log as more than printable text."""
        if (failed := stopped(result)) is not None:
            self.fail_json(**failed)
        self._ending.acquire()
        super().exit_json(**printable(result))
        raise AssertionError

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        self._ending.acquire()
        failed = stopped({"msg": msg, **result}) or {"msg": msg, **result}
        reason = one_line(failed.pop("msg"), longest=LONGEST_REASON)
        super().fail_json(reason, **printable(failed))
        raise AssertionError

    def warn(self, warning: str) -> None:
        super().warn(one_line(warning))
