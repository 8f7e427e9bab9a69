# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which task a result comes from. The result says so itself, so that nothing has to be guessed from its keys."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """The modules that return results, as ``task`` of a result; a result without it was refused or is none of ours."""

    SHORTCUTS = "shortcuts"
    PEERING_INFO = "peering_info"
    PROPAGATION = "propagation"
    PROPAGATION_INFO = "propagation_info"
    CONNECTOR = "connector"
    RBAC = "rbac"
