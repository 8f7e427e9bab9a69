# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why connection options lead to no connection: raised where the mistake is seen, told where the cluster is known."""

from __future__ import annotations

from .._fabric.errors import FabricError, FailureName


class UnusableError(Exception):
    """Never leaves `_kube`: `open_session` makes a FabricError of it. No text in it may quote a secret."""

    def __init__(
        self,
        why: str,
        next_step: str,
        *,
        what: str = "cannot use the connection options",
        server: str = "",
        fault: FailureName = FailureName.NO_CREDENTIALS,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.next_step = next_step
        self.what = what
        self.fault = fault
        self.server = server
        """URL without credentials, when it is known already."""

    def about(self, cluster: str) -> FabricError:
        """The same, for people."""
        return FabricError(
            what=self.what,
            where=f"{cluster} at {self.server}" if self.server else cluster,
            why=self.why,
            next=self.next_step,
            fault=self.fault,
        )
