# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a person is shown of what clusters tell, and how much of it becomes variables: every number stands here.

How much is read of one cluster is bounded in `_kube/limits.py`.
"""

from __future__ import annotations

MOST_LINKS = 1000
"""Of one host of an inventory, in its variables. A cluster of the largest fabric that was measured has 200."""
MOST_LABELS = 100
"""Of one host of an inventory; `keyed_groups` may make a group of each."""
