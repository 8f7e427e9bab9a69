# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric seen to by several runs: slices of a job, which may run at the same time, and waves, one after the other.

A run has the hosts of its inventory for a scope, as the role `fabric` gives them to the module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.intents import Intent, intents, to_read
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Fabric, Pair
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import client, cluster, cluster_id, marked, side
from tests.unit.strategies import law

GONE = cluster_id("id-gone")
"""Sorts in the middle of the others."""
OWNED = st.sampled_from(["nobody", "retail", "edge"])


@dataclass(frozen=True)
class Site:
    """Hosts with their cluster ids, which sort otherwise, wishes, and what the clusters hold."""

    ids: dict[str, ClusterId]
    wanted: tuple[tuple[str, str], ...]
    states: dict[ClusterId, ClusterState]

    def fabric(self, state: str, scope: Sequence[str] | None, rule: str = "inside", **options: object) -> Fabric:
        return resolve(
            parse_wishes(
                {
                    "fabric": "retail",
                    "clusters": [{"name": host, "cluster_id": one} for host, one in self.ids.items()],
                    "shortcuts": [{"between": list(ends)} for ends in self.wanted],
                    "state": state,
                    "forget": [GONE],
                    "scope": scope,
                    "scope_rule": rule,
                    **options,
                }
            )
        )

    def run(self, state: str, scope: Sequence[str] | None, rule: str = "inside", **options: object) -> list[Intent]:
        """What a run does that reads only what it asks for."""
        fabric = self.fabric(state, scope, rule, **options)
        return list(intents(fabric, [self.states[one.id] for one in to_read(fabric)]))

    def pair(self, one: str, other: str) -> Pair:
        return Pair.of(self.ids[one], self.ids[other])


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Up to 9 clusters; some pairs are wanted, some linked by this fabric, another or nobody, some with one gone."""
    hosts = [f"leaf-{number}" for number in range(draw(st.integers(1, 9)))]
    names = draw(st.permutations([cluster_id(f"id-{letter}") for letter in "abcdhijkl"[: len(hosts)]]))
    ids = dict(zip(hosts, names, strict=True))
    pairs = list(combinations(hosts, 2))
    wanted = tuple(pair for pair in pairs if draw(st.booleans()))
    states = {one: cluster(one) for one in names}
    linked = [(ids[one], ids[other]) for one, other in pairs if draw(st.booleans())]
    for one, other in [*linked, *((one, GONE) for one in names if draw(st.booleans()))]:
        owner = draw(OWNED)
        for here, peer in ((one, other), (other, one)):
            if here in states:
                held = side(here, peer) if here < peer else side(here, peer, gateway=client(here, peer))
                marks = () if owner == "nobody" else (owner,)
                state = marked(cluster(here, held), *marks) if marks else cluster(here, held)
                states[here] = cluster(here, *states[here].sides.values(), *state.sides.values())
    return Site(ids=ids, wanted=wanted, states=states)


def slices(hosts: Iterable[str], count: int) -> list[list[str]]:
    """As AWX cuts an inventory."""
    return [sorted(hosts)[number::count] for number in range(count)]


@law
@given(sites(), st.sampled_from(["present", "exact", "absent"]))
@pytest.mark.parametrize("count", range(1, 9))
def test_slices_share_no_link_and_together_do_what_one_run_does(count: int, site: Site, state: str) -> None:
    whole = site.run(state, None)
    parts = [intent for hosts in slices(site.ids, count) for intent in site.run(state, hosts, "anchored")]
    assert sorted(parts, key=lambda intent: intent.pair) == whole
    assert {site.pair(*ends) for ends in site.wanted} <= {intent.pair for intent in parts}


@law
@given(sites(), st.sampled_from(["present", "exact"]), st.lists(st.integers(1, 4), min_size=1, max_size=9))
def test_a_wave_makes_the_links_whose_later_end_is_in_it(site: Site, state: str, sizes: list[int]) -> None:
    hosts = list(site.ids)
    ends = [sum(sizes[:number]) for number in range(1, len(sizes) + 1)] + [len(hosts)]
    done: set[Pair] = set()
    for end in sorted({min(end, len(hosts)) for end in ends}):
        so_far = hosts[:end]
        found = {intent.pair for intent in site.run(state, so_far)}
        clusters = {site.ids[host] for host in so_far}
        assert {site.pair(*two) for two in site.wanted if set(two) <= set(so_far)} <= found
        assert all(set(pair) <= clusters | {GONE} for pair in found)
        assert done <= found
        done = found
    assert done == {intent.pair for intent in site.run(state, None)}


def test_a_wanted_pair_outside_the_scope_is_no_wrong_name() -> None:
    names = [cluster_id(f"leaf-{letter}") for letter in "abc"]
    site = Site(
        ids={str(name): name for name in names},
        wanted=(("leaf-a", "leaf-b"), ("leaf-b", "leaf-c")),
        states={name: cluster(name) for name in names},
    )
    only = [["leaf-b", "leaf-c"]]
    assert site.run("present", ["leaf-a", "leaf-b"], only=only) == []
    assert [intent.pair for intent in site.run("present", ["leaf-b", "leaf-c"], only=only)] == [
        Pair.of(names[1], names[2])
    ]
