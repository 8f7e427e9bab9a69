# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which verb meets which liar: everything follows from a seed, the name of a scene and a number."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits

from tests.unit.trust import verbs
from tests.unit.trust.honest import World, stores
from tests.unit.trust.hostile import Liar, Temper
from tests.unit.trust.law import Outcome, apart, differences, offences
from tests.unit.trust.schemes import SCHEMES
from tests.unit.trust.server import Served, Server, Voice, serving
from tests.unit.trust.verbs import Verb

HASTY_S = 0.3
PATIENT_S = 8.0


@dataclass(frozen=True)
class Scene:
    """A verb in a world, and which cluster lies."""

    world: World
    verb: Verb
    victim: str = "leaf-b"

    def __str__(self) -> str:
        return f"{self.verb.name} | {self.world.value} | {self.victim}"

    @property
    def asks_the_victim(self) -> bool:
        """A look at two clusters asks no third one."""
        return not (self.verb.name.startswith("link ") and self.victim[-1] not in self.verb.name)

    @property
    def equal(self) -> bool:
        """The law of non-interference holds; where a hub says what there is, its silence is no measure."""
        return not (self.victim == "hub" and self.verb.hub_speaks_for_all)


@dataclass(frozen=True)
class Case:
    """One run."""

    seed: str
    scene: Scene
    number: int

    def temper(self) -> Temper:
        rng = Random(f"{self.seed}/{self.scene}/{self.number}")
        # A verb that only looks asks each question once.
        later = 1 if self.scene.verb.writes else 0
        weights = {"tame": 8, "wild": 2, "later": 3 * later, "distorted": 2, "denial": 1, "scheme": 4}
        scheme = rng.choice(sorted(SCHEMES))
        return {
            "tame": Temper(tame=True),
            "wild": Temper(share=rng.choice((1.0, 0.1))),
            "later": Temper(tame=rng.random() < 0.7, honest_first=rng.choice((1, 1, 2))),
            "distorted": Temper(tame=True, distorted=0.08),
            "denial": Temper(tame=True, denies_itself=True, honest_first=rng.choice((0, later))),
            "scheme": Temper(scheme=scheme, honest_first=rng.choice((0, 0, later))),
        }[rng.choices(list(weights), list(weights.values()))[0]]

    def liar_seed(self) -> str:
        return f"{self.seed}/{self.number}"


@dataclass
class Played:
    """What a case came to."""

    outcome: Outcome
    lies: int = 0
    said: list[str] = field(default_factory=list)
    offences: list[str] = field(default_factory=list)


class Stage:
    """Plays cases on one server, one after the other."""

    def __init__(self, server: Server, folder: Path, nowhere: str) -> None:
        self.server = server
        self.folder = folder
        self.nowhere = nowhere
        self._number = 0
        self._dead: list[str] = []
        self._silent: dict[Scene, Outcome] = {}
        self._answers: dict[tuple[World, str], dict[str, bytes]] = {}
        """Honest ones before anything is written."""

    def died(self, thread: threading.ExceptHookArgs) -> None:
        """A thread of the verb ended with an exception."""
        self._dead.append(f"{thread.exc_type.__name__}: {thread.exc_value}")

    def silent(self, scene: Scene) -> Outcome:
        """The same with the victim unreachable."""
        if scene not in self._silent:
            self._silent[scene] = self._run(scene, None, {scene.victim: self.nowhere}, PATIENT_S)
        return self._silent[scene]

    def honest(self, scene: Scene) -> Played:
        """The same with a victim that tells the truth."""
        return self._judged(scene, Played(self._run(scene, None, {}, PATIENT_S)))

    def play(self, case: Case, only: frozenset[int] | None = None) -> Played:
        """The case, with all its lies or some of them.

        Links with the victim are seldom completed, so that runs wait for little time. Where that was too little for
        the others, because this machine is busy, the case is played again with much.
        """
        played = self._play(case, only, HASTY_S)
        if played.offences and "wait-timeout" in str(played.outcome.done.result):
            played = self._play(case, only, PATIENT_S)
        return played

    def hear(self, scene: Scene, voice: Voice, patience_s: float = HASTY_S) -> Played:
        """The scene with this voice of the victim."""
        return self._judged(scene, Played(self._run(scene, voice, {}, patience_s)))

    def _play(self, case: Case, only: frozenset[int] | None, patience_s: float) -> Played:
        liar = Liar(case.liar_seed(), case.temper(), only)
        outcome = self._run(case.scene, liar, {}, patience_s)
        return self._judged(case.scene, Played(outcome, liar.count, liar.said))

    def _judged(self, scene: Scene, played: Played) -> Played:
        found = list(offences(played.outcome))
        if scene.equal and not found:
            here, there = (apart(one, scene.victim) for one in (played.outcome, self.silent(scene)))
            found += [f"with this cluster gone it is not the same: {what}" for what in differences(here, there)][:3]
        return replace(played, offences=found)

    def _run(self, scene: Scene, voice: Voice | None, hosts: dict[str, str], patience_s: float) -> Outcome:
        self._number += 1
        clusters = stores(scene.world)
        served = {
            name: Served(store, answers=self._answers.setdefault((scene.world, name), {}))
            for name, store in clusters.items()
        }
        if isinstance(voice, Liar):
            voice.hears(clusters, scene.victim)
        served[scene.victim].voice = voice
        self.server.show({f"{self._number}/{name}": one for name, one in served.items()})
        urls = {name: self.server.url(f"{self._number}/{name}") for name in clusters}
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            done = scene.verb.run({**urls, **hosts}, Path(folder), patience_s)
        dead, self._dead = self._dead, []
        if dead:
            done = replace(done, broken=done.broken or f"a thread that died of {dead[0]}")
        honest = {name: tuple(store.writes) for name, store in clusters.items() if name != scene.victim}
        return Outcome(done, honest)


@contextmanager
def stage(folder: Path, limits: Limits = verbs.QUICK) -> Iterator[Stage]:
    """A server, a port on which nobody listens, and nothing that pauses."""
    with serving() as server, socket.socket() as nobody, verbs.hurried(limits):
        nobody.bind(("127.0.0.1", 0))
        found = Stage(server, folder, f"http://127.0.0.1:{nobody.getsockname()[1]}/0/gone")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threading, "excepthook", found.died)
            yield found


def scenes() -> tuple[Scene, ...]:
    """Every verb in the worlds that matter to it."""
    by_name = {verb.name: verb for verb in (*verbs.PLANS, *verbs.RUNS, *verbs.LOOKS)}
    return tuple(Scene(World(world), by_name[name], victim) for name, world, victim in _SCENES)


_SCENES = (
    ("shortcuts present, check", "drifted", "leaf-b"),
    ("shortcuts present, check", "unlinked", "leaf-b"),
    ("shortcuts present, check", "linked", "leaf-a"),
    ("shortcuts present", "drifted", "leaf-b"),
    ("shortcuts present", "drifted", "leaf-c"),
    ("shortcuts present", "unlinked", "leaf-b"),
    ("shortcuts present, no preflight", "unlinked", "leaf-a"),
    ("shortcuts present, waits", "drifted", "leaf-b"),
    ("shortcuts adopt, labels of clusters", "drifted", "leaf-b"),
    ("shortcuts exact, check", "drifted", "leaf-b"),
    ("shortcuts exact", "drifted", "leaf-b"),
    ("shortcuts exact, check", "linked", "hub"),
    ("shortcuts absent, check", "linked", "leaf-b"),
    ("shortcuts absent", "linked", "leaf-b"),
    ("shortcuts absent", "drifted", "leaf-a"),
    ("shortcuts gathered", "linked", "leaf-b"),
    ("shortcuts rendered", "drifted", "leaf-b"),
    ("propagation auto, check", "linked", "leaf-b"),
    ("propagation auto, check", "propagated", "hub"),
    ("propagation upstream, check", "propagated", "leaf-b"),
    ("propagation exclusive, check", "propagated", "leaf-b"),
    ("propagation absent, check", "propagated", "leaf-b"),
    ("propagation shadow", "linked", "leaf-b"),
    ("propagation exclusive", "linked", "leaf-b"),
    ("propagation exclusive", "linked", "hub"),
    ("propagation absent", "propagated", "leaf-b"),
    ("peering_info", "linked", "leaf-b"),
    ("peering_info", "drifted", "hub"),
    ("peering_info, query", "linked", "leaf-a"),
    ("peering_info, declared", "linked", "leaf-b"),
    ("propagation_info", "propagated", "leaf-b"),
    ("propagation_info", "propagated", "hub"),
    ("link a-b", "linked", "leaf-b"),
    ("link a-c", "linked", "leaf-b"),
    ("foreign_clusters", "linked", "leaf-b"),
    ("foreign_clusters", "linked", "hub"),
    ("rbac, check", "linked", "leaf-b"),
    ("rbac", "linked", "leaf-b"),
    ("connector gathered", "linked", "leaf-b"),
    ("connector gathered", "linked", "hub"),
)
