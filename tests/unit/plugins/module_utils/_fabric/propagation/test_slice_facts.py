# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run waits for, and the order of writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.operations import Verb, in_order
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.model import (
    Mode,
    Origin,
    Slice,
    SliceEndpoint,
    Use,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.propagation.operations import (
    FactName,
    SliceFact,
    SliceKind,
    SliceOp,
    holds,
    unsettled,
)

from tests.unit.propagated import after
from tests.unit.reflection import HUB, LEAVES, REMOTE, scene, want

A, B, C = LEAVES
SCENE = scene((A, B), pods={A: frozenset(), B: frozenset({"web-b"}), C: frozenset()})
"""leaf-a sees one pod, that of leaf-b."""
WORLD = after(want(Mode.EXCLUSIVE), SCENE)
STATE = WORLD[A].state
(OURS,) = [one for one in WORLD[A].slices if one.origin is Origin.OURS]
(OUT_OF_USE,) = [one for one in WORLD[A].slices if one.origin is Origin.REFLECTED]
(REFLECTED,) = [one for one in SCENE.world()[A].slices if one.origin is Origin.REFLECTED]
POD = frozenset({"web-b"})


def fact(name: FactName, *, pods: frozenset[str] = POD, use: Use = Use.ADDITIVE) -> SliceFact:
    return SliceFact(
        name=name,
        cluster=A,
        hub=HUB,
        namespace=REMOTE,
        service="web",
        slice=OURS.meta.name,
        pods=pods,
        use=use,
    )


def moved(one: Slice, address: str) -> Slice:
    return replace(one, endpoints=tuple(replace(endpoint, addresses=(address,)) for endpoint in one.endpoints))


DIRECT = moved(REFLECTED, "10.211.0.9")
STRAY = moved(REFLECTED, "10.9.9.9")


@pytest.mark.parametrize(
    ("wanted", "slices", "result"),
    [
        (fact(FactName.MIRRORED, use=Use.EXCLUSIVE), [OURS], True),
        (fact(FactName.MIRRORED, use=Use.LEAVING), [OURS], False),
        (fact(FactName.MIRRORED, use=Use.EXCLUSIVE, pods=frozenset({"web-b", "web-d"})), [OURS], False),
        (fact(FactName.MIRRORED, use=Use.EXCLUSIVE), [REFLECTED], False),
        (fact(FactName.UNMIRRORED), [OURS], False),
        (fact(FactName.UNMIRRORED), [REFLECTED], True),
        (fact(FactName.SETTLED), [OURS, OUT_OF_USE], True),
        (fact(FactName.SETTLED), [OURS, REFLECTED], False),
        (fact(FactName.SETTLED), [OUT_OF_USE], False),
        (fact(FactName.SETTLED), [REFLECTED], True),
        (fact(FactName.DIRECT), [DIRECT], True),
        (fact(FactName.DIRECT), [REFLECTED], False),
        (fact(FactName.DIRECT), [STRAY], False),
        (fact(FactName.DIRECT), [], False),
        (fact(FactName.DIRECT, pods=frozenset()), [], True),
        (fact(FactName.RETURNED), [REFLECTED], True),
        (fact(FactName.RETURNED), [DIRECT], False),
        (fact(FactName.RETURNED), [REFLECTED, OURS], True),
    ],
)
def test_a_fact_is_told_by_the_slices_of_its_service(wanted: SliceFact, slices: list[Slice], result: bool) -> None:
    strangers = [replace(one, service="db") for one in (DIRECT, REFLECTED)]
    assert holds(wanted, [*slices, *strangers], STATE) is result


@pytest.mark.parametrize(
    ("copy", "direct", "wrong"),
    [
        # (ready, serving) of the copy through the hub, ready of the direct one; None where there is none
        ((False, True), True, []),
        ((False, False), True, []),
        ((True, None), True, ["web-1"]),
        ((False, None), True, ["web-1"]),
        ((False, True), False, ["lf-web.leaf-b"]),
        ((False, False), False, []),
        ((True, None), None, []),
        ((False, True), None, ["web-1"]),
    ],
)
def test_a_slice_is_unsettled_where_the_policies_would_write_it_otherwise(
    copy: tuple[bool, bool | None], direct: bool | None, wrong: list[str]
) -> None:
    def with_pod(one: Slice, ready: bool, serving: bool | None = None) -> Slice:
        endpoint = SliceEndpoint(addresses=("10.1.0.5",), pod="web-b", ready=ready, serving=serving)
        return replace(one, endpoints=(endpoint,))

    slices = [with_pod(REFLECTED, *copy)]
    slices += [with_pod(OURS, direct)] if direct is not None else []
    names = POD if direct is not None else frozenset()
    assert [one.meta.name for one in unsettled(slices, names)] == wrong


def op(name: str, needs: Iterable[str] = ()) -> SliceOp:
    needed = frozenset(f"create leaf-a/ShadowEndpointSlice/{REMOTE}/{one}" for one in needs)
    return SliceOp(
        cluster=A,
        peer=B,
        verb=Verb.CREATE,
        kind=SliceKind.SHADOW,
        namespace=REMOTE,
        name=name,
        reason="",
        needs=needed,
    )


def test_writes_come_after_what_they_need_and_otherwise_stay_as_they_are() -> None:
    ops = [op("a", needs="d"), op("b"), op("c", needs="ab"), op("d", needs=["not of this plan"])]
    assert [one.name for one in in_order(ops)] == ["b", "d", "a", "c"]
    with pytest.raises(ValueError, match="need each other"):
        in_order([op("a", needs="b"), op("b", needs="a")])
