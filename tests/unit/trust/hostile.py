# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster that lies: what it says depends on the seed, the request, and how often it was asked the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.unit.bodies import Body
from tests.unit.trust.mutations import mutated
from tests.unit.trust.schemes import SCHEMES, Clusters
from tests.unit.trust.server import Wire, chunk
from tests.unit.trust.store import Found, Request, encoded
from tests.unit.trust.transport import distorted, plain


@dataclass(frozen=True)
class Temper:
    """How much of what a cluster says is wrong."""

    share: float = 1.0
    """Of the answers, those with wrong values."""
    distorted: float = 0.0
    """Of the answers, those that are wrong as HTTP or JSON."""
    honest_first: int = 0
    """So often it answers each question honestly."""
    tame: bool = False
    """Wrong values are such that an API server could send them for some object."""
    scheme: str = ""
    """One of SCHEMES, in the place of values that are wrong by chance."""
    denies_itself: bool = False
    """What it says of its own id may be wrong, too."""


@dataclass
class Liar:
    """What a hostile cluster says in the place of honest answers."""

    seed: str
    temper: Temper
    only: frozenset[int] | None = None
    """Of its lies only those with these numbers, to find out which one it takes."""
    said: list[str] = field(default_factory=list)
    """Each lie: the question and what was changed."""
    count: int = 0
    _asked: Counter[str] = field(default_factory=Counter)
    _others: list[Body] = field(default_factory=list)
    _clusters: Clusters = field(default_factory=dict)
    _victim: str = ""

    def hears(self, clusters: Clusters, victim: str) -> None:
        """All clusters of the case, and which of them lies. Values are taken from some objects of each kind of it."""
        self._clusters, self._victim = clusters, victim
        store = clusters[victim]
        self._others = [
            {"items": list(store.of(kind).values())[:3]} for kind in sorted(store.kinds, key=str) if store.of(kind)
        ]

    def __call__(self, request: Request, found: Found) -> Wire | None:
        question = f"{request.method} {request.target}" + (f" {request.name}" if request.name else "")
        if request.watches:
            question += " event"
        turn = self._asked[question]
        self._asked[question] += 1
        rng = Random(f"{self.seed}/{question}/{turn}")
        if turn < self.temper.honest_first:
            return None
        lie = self._lie(rng, request, found)
        if lie is None:
            return None
        wire, what = lie
        number = hash_of(question, turn)
        if self.only is not None and number not in self.only:
            return None
        self.count += 1
        self.said.append(f"[{number}] {question} ({turn}): {what}")
        return wire

    def _lie(self, rng: Random, request: Request, found: Found) -> tuple[Wire, str] | None:
        if self.temper.scheme:
            return self._plot(rng, request, found)
        if rng.random() < self.temper.distorted and not request.watches:
            return distorted(rng, found)
        if rng.random() >= self.temper.share:
            return None
        if "clusterid-configmap" in request.target and not self.temper.denies_itself:
            return None
        content, what = mutated(rng, found.body, rng.choice(self._others), tame=self.temper.tame)
        if not what:
            return None
        if request.watches:
            return Wire([chunk(content + b"\n")], closes=False), what
        return plain(content, start=f"HTTP/1.1 {found.status} OK"), what

    def _plot(self, rng: Random, request: Request, found: Found) -> tuple[Wire, str] | None:
        """The part of the scheme that is about this request."""
        event = found.body if request.watches else None
        honest = Found(200, event["object"]) if event else found
        lie = SCHEMES[self.temper.scheme](rng, request, honest, self._clusters, self._victim)
        if lie is None:
            return None
        if event:
            return Wire([chunk(encoded({**event, "object": lie.body}) + b"\n")], closes=False), self.temper.scheme
        return plain(encoded(lie.body), start=f"HTTP/1.1 {lie.status} OK"), self.temper.scheme


def hash_of(question: str, turn: int) -> int:
    """A short name of a lie, the same in each process."""
    return Random(f"{question}/{turn}").randrange(10_000)
