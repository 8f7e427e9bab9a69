# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoint goes into which slice of ours: each stays in the slice that has it, so that no pod is between two.

A slice is known by its Service and by the leaf of its pods, never by its name: names that an older version of this
collection gave are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .model import Slice, SliceEndpoint
from .offers import Groups, Ports

PER_SLICE = 100
"""Endpoints in one slice, as Kubernetes does it."""


@dataclass(slots=True)
class _Box:
    """A slice that is being filled."""

    ports: Ports
    endpoints: list[SliceEndpoint] = field(default_factory=list)
    gives: bool = False
    """A pod that is in the slice goes into another one. Such a slice takes none itself: what has to be written first
    is then always clear."""


def assigned(
    groups: Groups, held: Iterable[Slice], name_of: Callable[[int], str], taken: Collection[str]
) -> dict[str, tuple[Ports, tuple[SliceEndpoint, ...]]]:
    """The ports and endpoints of each slice, by its name; a held slice that is not among them is no longer needed.

    ``name_of`` gives names for new slices by number, of which those that are ``taken`` are not used.
    """
    by_pod = {endpoint.pod: (ports, endpoint) for ports, endpoints in groups.items() for endpoint in endpoints}
    boxes = _kept(groups, by_pod, sorted(held, key=lambda one: one.meta.name))
    placed = {endpoint.pod for box in boxes.values() for endpoint in box.endpoints}
    new = (name for number in range(len(by_pod) + len(taken) + 1) for name in [name_of(number)] if name not in taken)
    for ports, endpoints in groups.items():
        rest = [endpoint for endpoint in endpoints if endpoint.pod not in placed]
        room_in = _open_boxes(ports, boxes, new)
        while rest:
            box = next(room_in)
            room = PER_SLICE - len(box.endpoints)
            box.endpoints += rest[:room]
            rest = rest[room:]
    return {name: (box.ports, tuple(sorted(box.endpoints))) for name, box in boxes.items() if box.endpoints}


def _open_boxes(ports: Ports, boxes: dict[str, _Box], new: Iterator[str]) -> Iterator[_Box]:
    """Slices for these ports that may take an endpoint, at last as many new ones as are needed."""
    yield from [
        box for box in boxes.values() if box.ports == ports and not box.gives and len(box.endpoints) < PER_SLICE
    ]
    for name in new:
        boxes[name] = _Box(ports)
        yield boxes[name]


def _kept(groups: Groups, by_pod: Mapping[str, tuple[Ports, SliceEndpoint]], held: list[Slice]) -> dict[str, _Box]:
    """The held slices with those of their pods that stay in them."""
    boxes: dict[str, _Box] = {}
    placed: set[str] = set()
    for one in held:
        wanted = sorted(pod for pod in one.pods if pod in by_pod)
        ports = _ports_of(one, [by_pod[pod][0] for pod in wanted], groups, boxes)
        if ports is None:
            continue
        stays = [pod for pod in wanted if by_pod[pod][0] == ports and pod not in placed][:PER_SLICE]
        placed.update(stays)
        endpoints = [by_pod[pod][1] for pod in stays]
        boxes[one.meta.name] = _Box(ports, endpoints, gives=len(stays) < len(wanted))
    return boxes


def _ports_of(one: Slice, ports_of_pods: list[Ports], groups: Groups, boxes: Mapping[str, _Box]) -> Ports | None:
    """The ports that a held slice will have: its own, else those of most of its pods, else of a group without slice."""
    own = tuple(sorted(one.ports, key=str))
    if own in groups:
        return own
    if ports_of_pods:
        return max(sorted(set(ports_of_pods), key=str), key=ports_of_pods.count)
    used = {box.ports for box in boxes.values()}
    return next((ports for ports in groups if ports not in used), None)
