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

MOST_LINKS_WITH_WRITES = 40
"""Beyond that, the writes of a link are left to `plan` in the result: a person does not read thousands of lines."""
MOST_WRITES_OF_LINK = 50
"""A new link has about ten; a cluster may hold any number of objects that go or get their labels back."""
MOST_WRITES, FEWEST_WRITES = 200, 5
"""For Services, shared by the clusters, but so many of each; the others are in the result, under `plan`."""
MOST_NOTES = 20
"""Of one link."""
MOST_GATES = 20
"""There is one for each ordered pair of leaves."""
MOST_INFOS = 5
"""Beyond that, what is only good to know is left to `preflight` in the result."""
MOST_REASONS = 20
"""In one event, for the links that one cluster tells of, and again for its Services; the last one counts the others."""
MOST_SERVICES_NAMED = 100
"""Of one cluster, in one event."""
MOST_FAULTS = 50
"""Of one link, in its evidence; `why_not_next` counts them all."""
MOST_STRANGERS = 50
"""Links that one cluster tells to have with clusters that are not of the task. It can make up any number of them."""
MOST_FAULTS_SHOWN = 10
"""Of one link, or of one Service on one cluster."""
MOST_ENDPOINTS = 500
"""That are shown as seen from one cluster."""
MOST_SERVICES = 500
"""Services that are shown on one cluster."""
MOST_ORPHANS = 20
"""Of one cluster."""
MOST_FAILURES = 20
"""Of one place."""
MOST_ADDRESSES_SHOWN = 4
"""Of one gateway server. K3s gives it those of all nodes."""
