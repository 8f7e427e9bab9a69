# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mode a Service gets on a leaf."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.gate import Gate, Reason
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import Mode, World
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.modes import Choice, choose

from tests.unit.propagated import unread
from tests.unit.reflection import LEAVES, scene

A, B, C = LEAVES
REMAPS, DOWN, UNKNOWN = Reason.HUB_REMAPS, Reason.NOT_CONNECTED, Reason.UNKNOWN
WORLD: World = {**scene(policies=frozenset({A})).world(), C: unread(C)}
"""leaf-a serves the policies, leaf-b does not, leaf-c was not read."""


def chosen(wanted: Mode, reasons: Iterable[Reason] = (), *, leaf: ClusterId = A, direct_now: bool = False) -> Choice:
    gates = [Gate(consumer=A, provider=B, reason=reason, detail=f"it is {reason.value}") for reason in reasons]
    return choose(wanted, LEAVES, WORLD, gates, direct_now=direct_now)[leaf]


@pytest.mark.parametrize(
    ("wanted", "reasons", "direct_now", "mode"),
    [
        (Mode.AUTO, (), False, Mode.UPSTREAM),
        (Mode.AUTO, (REMAPS,), False, Mode.EXCLUSIVE),
        (Mode.AUTO, (REMAPS,), True, Mode.EXCLUSIVE),
        (Mode.AUTO, (DOWN, REMAPS), False, Mode.EXCLUSIVE),
        (Mode.AUTO, (DOWN,), False, None),
        (Mode.AUTO, (DOWN,), True, None),
        (Mode.AUTO, (UNKNOWN,), False, Mode.EXCLUSIVE),
        (Mode.AUTO, (UNKNOWN,), True, Mode.UPSTREAM),
        (Mode.AUTO, (UNKNOWN, DOWN), True, None),
        (Mode.UPSTREAM, (), False, Mode.UPSTREAM),
        (Mode.UPSTREAM, (REMAPS,), True, None),
        (Mode.UPSTREAM, (DOWN,), True, None),
        (Mode.UPSTREAM, (UNKNOWN,), False, None),
        (Mode.UPSTREAM, (UNKNOWN,), True, Mode.UPSTREAM),
        (Mode.SHADOW, (REMAPS, DOWN, UNKNOWN), False, Mode.SHADOW),
        (Mode.EXCLUSIVE, (REMAPS, DOWN, UNKNOWN), False, Mode.EXCLUSIVE),
    ],
)
def test_a_wish_meets_its_gates(wanted: Mode, reasons: tuple[Reason, ...], direct_now: bool, mode: Mode | None) -> None:
    assert chosen(wanted, reasons, direct_now=direct_now).mode is mode


def test_the_reason_is_the_gate_that_lasts_not_one_that_passes() -> None:
    assert chosen(Mode.AUTO, (DOWN, REMAPS)).reason == (
        "Liqo's own direct connections cannot be used (leaf-a to leaf-b: it is hub-remaps)"
    )
    assert chosen(Mode.UPSTREAM, (UNKNOWN, DOWN)).reason == "the gate is closed: leaf-a to leaf-b: it is not-connected"


@pytest.mark.parametrize(("wanted", "reasons"), [(Mode.EXCLUSIVE, ()), (Mode.AUTO, (REMAPS,))])
def test_a_leaf_without_the_policies_gets_shadow_and_is_told_why(wanted: Mode, reasons: tuple[Reason, ...]) -> None:
    choice = chosen(wanted, reasons, leaf=B)
    assert choice.mode is Mode.SHADOW
    assert choice.reason.endswith("the leaf serves no MutatingAdmissionPolicy, which mode exclusive needs")


def test_of_a_leaf_that_was_not_read_nothing_is_claimed() -> None:
    choice = chosen(Mode.EXCLUSIVE, leaf=C)
    assert choice.mode is None
    assert choice.reason == "as declared, but what the leaf can do is not known: it could not be read"
