# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was sent for a server to know who we are, and what its refusal means then. Pure; holds no secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from .._fabric.errors import FailureName
from .validity import Validity


class Login(Enum):
    """The kind of it: what to say where the server does not know us, and what to do."""

    NONE = "no credentials were sent to it", "give this cluster credentials: in its kubeconfig, or as api_key, for one"
    READABLE = (
        "no credentials were sent to it, because its address begins with http:// and they would be readable on the way",
        "write https:// in the address of the server",
    )
    PASSWORD = (
        "it does not know us by user name and password, which Kubernetes has not taken since 1.19",
        "use a token, a client certificate or an exec plugin",
    )
    OTHER = (
        "it does not know us by these credentials",
        "check that the token or client certificate was made for this cluster",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why credentials are not accepted."""

    why: str
    next_step: str
    fault: FailureName


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Credentials without their content."""

    login: Login = Login.OTHER
    called: str = "the credentials"
    """`the token`, `the client certificate`, `what the plugin aws gave`."""
    renewal: str = (
        "renew the credentials of this cluster (token, client certificate or exec plugin) in its connection options"
    )
    """How to get new ones."""
    validity: Validity = field(default_factory=Validity)
    is_certificate: bool = False
    """A client certificate is among them, which a server may refuse before it answers at all."""

    def is_out_of_date(self, now: datetime) -> bool:
        return self.objection(now).fault is FailureName.TOKEN_EXPIRED

    def objection(self, now: datetime) -> Objection:
        """To credentials that a server does not accept."""
        begins, ends = self.validity.begins, self.validity.ends
        if ends is not None and ends <= now:
            why = f"{self.called} sent to it expired at {_shown(ends)}"
            return Objection(why=why, next_step=self.renewal, fault=FailureName.TOKEN_EXPIRED)
        if begins is not None and begins > now:
            return Objection(
                why=f"{self.called} sent to it is not valid before {_shown(begins)}",
                next_step="correct the clock of the machine where the task runs, or wait until then",
                fault=FailureName.TOKEN_EXPIRED,
            )
        why = f"it does not accept {self.called} sent to it"
        return Objection(why=why, next_step=self.renewal, fault=FailureName.CREDENTIALS_REFUSED)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
