# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of this collection promises about check mode, diffs and action groups."""

from __future__ import annotations


class ModuleDocFragment:
    # A module that changes clusters.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description:
      - Writes nothing. RV(ignore:plan) is then what the next run without check mode does.
  diff_mode:
    support: full
    description:
      - Shows the fields that are owned here, before and after, of every object that is created, changed or removed.
  idempotent:
    support: full
    description:
      - A second run with the same options reports RV(ignore:changed=false) and writes nothing.
  action_group:
    support: full
    description:
      - Use C(group/liqo.fabric.all) in C(module_defaults) to set options of all modules of this collection.
    membership:
      - liqo.fabric.all
  platform:
    support: full
    description:
      - Runs on the controller or on any host from which the API servers can be reached, not on the nodes of a cluster.
    platforms: posix
"""

    # A module that only looks.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    description:
      - Never changes anything.
  diff_mode:
    support: N/A
    description:
      - Never changes anything, so there is no difference to show.
  idempotent:
    support: full
    description:
      - Never changes anything.
  action_group:
    support: full
    description:
      - Use C(group/liqo.fabric.all) in C(module_defaults) to set options of all modules of this collection.
    membership:
      - liqo.fabric.all
  platform:
    support: full
    description:
      - Runs on the controller or on any host from which the API servers can be reached, not on the nodes of a cluster.
    platforms: posix
"""

    # An action plugin that shows something.
    SHOWS = r"""
options: {}
attributes:
  check_mode:
    support: full
    description:
      - Never changes anything.
  diff_mode:
    support: N/A
    description:
      - Never changes anything, so there is no difference to show.
  idempotent:
    support: full
    description:
      - Never changes anything.
  platform:
    support: full
    description:
      - The action runs on the controller, whatever the target is.
    platforms: all
"""
