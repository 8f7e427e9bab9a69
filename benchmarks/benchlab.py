# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labs on which real clusters are measured: started for a part of the benchmarks, and removed after it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contestants import Pair, module_task
from benchmarks.results import say
from lab import places
from lab.api import Api, wait_for
from lab.layout import Lab
from tools.import_root import CHECKOUT

GONE_S = 60.0


@contextmanager
def running(name: str, *options: str) -> Iterator[Lab]:
    """A lab of that name with these options of `up`; RuntimeError when there is one already."""
    if places.state_folder(name).exists():
        raise RuntimeError(
            f"there is a lab {name} already: `python -m lab --name {name} down`, or choose another --lab"
        )
    try:
        say(f"lab {name}: up {' '.join(options)}")
        _lab(name, "up", *options)
        yield places.load(name)
    finally:
        _lab(name, "down")


def kubeconfigs(lab: Lab, names: Sequence[str]) -> dict[str, str]:
    return {name: str(lab.cluster(name).user_kubeconfig) for name in names}


def leaves(lab: Lab) -> list[str]:
    return [cluster.name for cluster in lab.clusters if cluster.name.startswith("leaf-")]


def unlink(lab: Lab, pairs: Sequence[Pair]) -> None:
    """As if the pairs had never been linked, by whomever."""
    if not pairs:
        return
    names = sorted({name for pair in pairs for name in pair})
    module_task(kubeconfigs(lab, names), pairs, state="absent")
    for here, peer in [place for pair in pairs for place in (pair, pair[::-1])]:
        api, namespace = Api(Path(lab.cluster(here).user_kubeconfig)), f"liqo-tenant-{peer}"
        if api.delete("v1", "Namespace", namespace):
            wait_for(
                lambda api=api, namespace=namespace: api.get("v1", "Namespace", namespace) is None,  # type: ignore[misc]
                f"the end of namespace {namespace} of {here}",
                timeout_s=GONE_S,
            )


def _lab(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "lab", "--name", name, *arguments], cwd=CHECKOUT, check=True)
