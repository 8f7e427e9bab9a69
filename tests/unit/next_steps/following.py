# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a test says which next step it follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError, Violation

from tests.unit.next_steps.texts import OPEN

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A next step, what leads to it, and what somebody has then who follows it."""

    text: str
    wrong: Params
    right: Params

    def __str__(self) -> str:
        return self.text[:60]


def is_said(template: str, said: str) -> bool:
    """Is this text of a run the template, with something in the place of each `{}`?"""
    pattern = ".*".join(re.escape(part) for part in template.split(OPEN))
    return re.fullmatch(pattern, said, re.DOTALL) is not None


def violations(parse: Callable[[Params], object], params: Params) -> tuple[Violation, ...]:
    """What is wrong in what the user wrote."""
    try:
        parse(params)
    except InputError as refused:
        return refused.violations
    return ()


def check_followed(step: Step, parse: Callable[[Params], object]) -> None:
    """What is wrong says this step and nothing else; who does what it says is not refused."""
    found = violations(parse, step.wrong)
    assert [one.hint for one in found if is_said(step.text, one.hint)], [str(one) for one in found]
    assert violations(parse, step.right) == ()
