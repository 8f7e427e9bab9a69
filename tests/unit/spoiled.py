# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions of ours that fail for some arguments, as over a value that nobody foresaw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SECRET = "what-the-cluster-said"


def spoil(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, odd: Callable[..., bool]) -> None:
    """The function fails for arguments that are ``odd``."""
    original = getattr(module, name)

    def spoiled(*arguments: Any, **named: Any) -> Any:
        if odd(*arguments, **named):
            raise ValueError(SECRET)
        return original(*arguments, **named)

    monkeypatch.setattr(module, name, spoiled)
