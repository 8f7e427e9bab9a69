# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a module with given arguments, also on an ansible-core that has no helper of its own for this."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from ansible.module_utils import basic
from ansible.release import __version__ as core_version

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:

    @contextmanager
    def patch_module_args(args: Mapping[str, Any]) -> Iterator[None]:
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode()):
            yield


WITH_INVOCATION = (
    {"_ansible_inject_invocation": True} if tuple(map(int, core_version.split(".")[:2])) >= (2, 21) else {}
)
"""Lets a module repeat its arguments in the result; before ansible-core 2.21 it does so anyway, and cannot be asked."""

__all__ = ["WITH_INVOCATION", "patch_module_args"]
