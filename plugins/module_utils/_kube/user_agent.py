# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How our requests are told from those of others in the audit log of an API server."""

from __future__ import annotations

COLLECTION_VERSION = "0.1.0"
"""As in galaxy.yml, which does not travel with a module to its host; a test keeps the two equal."""


def user_agent(agent: str = "") -> str:
    """`liqo.fabric/0.1.0 (shortcuts)`; `agent` is the face that asks."""
    product = f"liqo.fabric/{COLLECTION_VERSION}"
    return f"{product} ({agent})" if agent else product
