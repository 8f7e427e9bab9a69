# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the role -> one sentence that says what is wrong in them. Documented in complaint.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.variables import (
    check_misplaced,
    check_variables,
)


def complaint(
    variables: Mapping[str, Any],
    argument_specs: Mapping[str, Mapping[str, Any]],
    hubs: Sequence[str] = (),
    leaves: Sequence[str] = (),
    only_misplaced: bool = False,
) -> str:
    """Empty when nothing is wrong."""
    options = {name: option for entry in argument_specs.values() for name, option in entry["options"].items()}
    found = check_misplaced(variables, options)
    if not only_misplaced and not found:
        found = check_variables(variables, options, hubs=hubs, leaves=leaves)
    return str(InputError(found, where="variables of the fabric")) if found else ""


class FilterModule:
    """For Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"complaint": complaint}
