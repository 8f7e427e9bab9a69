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

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    _UNKNOWN = "_ansible_inject_invocation"
    """These versions always repeat the arguments in the result, and cannot be asked for it."""

    @contextmanager
    def patch_module_args(args: Mapping[str, Any]) -> Iterator[None]:
        known = {name: value for name, value in args.items() if name != _UNKNOWN}
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": known}).encode()):
            yield


__all__ = ["patch_module_args"]
