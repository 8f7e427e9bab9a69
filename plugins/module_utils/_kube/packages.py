# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say where a Python package is missing: the one command that installs it for the interpreter of the task."""

from __future__ import annotations

import sys

from .._fabric.command import Option, command


def install_step(requirement: str) -> str:
    """A next step, for a package as pip names it."""
    pip = command(sys.executable, Option("-m"), "pip", "install", requirement)
    return f'install it where the task runs with "{pip}"'
