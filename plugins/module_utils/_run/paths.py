# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of connection options: in an inventory, people mean the folder in which it lies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._kube.kubeconfig import is_content

_PATHS = ("kubeconfig", "ca_cert", "client_cert", "client_key")


def beside(options: Mapping[str, Any], folder: str | None) -> dict[str, Any]:
    """The options of a cluster, with each relative path taken from ``folder`` where it is a file there."""
    return {
        name: _beside(value, folder) if folder and name in _PATHS and isinstance(value, str) else value
        for name, value in options.items()
    }


def _beside(paths: str, folder: str) -> str:
    """A kubeconfig may be several, or no path at all but its text, which must not be looked for in a folder."""
    if is_content(paths):
        return paths
    candidates = [(path, Path(folder, path).absolute()) for path in paths.split(os.pathsep)]
    # No error for a name that is too long or holds a zero byte: it would quote what may be a secret.
    return os.pathsep.join(str(found) if path and os.path.isfile(found) else path for path, found in candidates)  # noqa: PTH113
