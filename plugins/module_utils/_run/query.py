# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions of users. The package is needed only by those who use one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._fabric.errors import FabricError, FailureName, InputError, Violation
from .._kube.packages import install_step

_HINT = "see https://jmespath.org; names with a hyphen need double quotes"


def parse_query(expression: str) -> Callable[[Mapping[str, object]], object]:
    """What evaluates the expression over a result. Raises FabricError without the package, InputError when it is wrong.

    The returned function raises InputError too: some mistakes show only on values.
    """
    try:
        import jmespath
        from jmespath.exceptions import JMESPathError
    except ImportError as missing:
        raise FabricError(
            what="query needs the Python package jmespath",
            where="the host and the Python interpreter that run the task",
            why=str(missing),
            next=f"{install_step('jmespath')}, or leave out query",
            fault=FailureName.MISSING_PACKAGE,
        ) from missing

    def refuse(problem: Exception) -> InputError:
        # Its messages have several lines, the later ones point at columns.
        reason = str(problem).splitlines()[0].rstrip(":. ")
        return InputError([Violation(path="query", message=f"{expression!r} is wrong: {reason}", hint=_HINT)])

    try:
        compiled = jmespath.compile(expression)
    except JMESPathError as problem:
        raise refuse(problem) from problem

    def evaluate(result: Mapping[str, object]) -> object:
        try:
            return compiled.search(result)
        except JMESPathError as problem:
            raise refuse(problem) from problem

    return evaluate
