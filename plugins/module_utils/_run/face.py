# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module does around its own work: keep secrets out of the output, end in one sentence when it fails, and
end at once when it is told to."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from .._fabric.errors import FabricError, FailureName, lines_of
from .._kube.account import ACCOUNT
from .._kube.secrets_in_options import secret_values
from .._kube.stop import STOP
from .signals import obeyed

ALLOCATIONS = 200_000
"""Between two looks for garbage. What a run reads is held until its end, and walking all of it every 700 of them, as
Python does by default, takes a third of the time of a run with 1225 links."""
REPORT_BUGS_AT = "https://github.com/liqo-fabric/liqo.fabric/issues"


class Module(Protocol):
    """The part of AnsibleModule that is used here."""

    params: Mapping[str, Any]
    no_log_values: set[str]

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Prints the result and ends the process."""


@contextmanager
def face(module: Module) -> Iterator[None]:
    """The work of a module goes inside. An error becomes its result; what was not foreseen is named as our bug."""
    as_before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *as_before[1:])
    ACCOUNT.clear()
    try:
        for cluster in module.params["clusters"]:
            module.no_log_values.update(secret_values(cluster))
        with obeyed(lambda: _last_words(module)):
            yield
    except FabricError as error:
        module.fail_json(msg=str(error), failures=[error.as_result()], changed=ACCOUNT.changed)
    except Exception as bug:
        # The words of the exception may be those of a cluster.
        lines = lines_of(bug)
        what = f"liqo.fabric has a bug ({type(bug).__name__} at {lines[-1] if lines else 'an unknown line'})"
        module.fail_json(
            msg=f"{what}; {ACCOUNT}. Next: report it at {REPORT_BUGS_AT} with the output of -vvv.",
            exception="\n".join([type(bug).__name__, *lines]),
            changed=ACCOUNT.changed,
        )
    finally:
        gc.set_threshold(*as_before)


def stopped(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The result as that of a task that was told to stop, with ``msg``; None when it was not told to.

    A write that was sent and not answered may have been carried out, so it counts as a change.
    """
    if not STOP.is_set:
        return None
    failures = list(result.get("failures") or ())
    if not any(failure["fault"] == FailureName.INTERRUPTED for failure in failures):
        failures.append(_interrupted().as_result())
    changed = bool(result.get("changed")) or ACCOUNT.changed
    return {"msg": str(_interrupted()), **result, "failures": failures, "changed": changed}


def _last_words(module: Module) -> None:
    error = _interrupted()
    module.fail_json(msg=f"{error} {ACCOUNT}.", failures=[error.as_result()], changed=ACCOUNT.changed)


def _interrupted() -> FabricError:
    return STOP.error(what="the task was not completed", where="the machine where the task runs")
