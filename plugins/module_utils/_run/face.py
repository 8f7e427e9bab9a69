# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module does around its own work: keep secrets out of the output, and end in one sentence when it fails."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from .._fabric.errors import FabricError
from .._kube.secrets_in_options import secret_values

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
    try:
        for cluster in module.params["clusters"]:
            module.no_log_values.update(secret_values(cluster))
        yield
    except FabricError as error:
        module.fail_json(msg=str(error), failures=[error.as_result()])
    except Exception as bug:
        what = f"liqo.fabric has a bug ({type(bug).__name__}: {bug})"
        module.fail_json(
            msg=f"{what}. Next: report it at {REPORT_BUGS_AT} with the output of -vvv.",
            exception=traceback.format_exc(),
        )
    finally:
        gc.set_threshold(*as_before)
