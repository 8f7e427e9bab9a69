# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever one cluster answers, everything that does not involve it comes out as if that cluster were unreachable.

The answers follow from a seed, which the summary of pytest names. These variables of the environment change a run:

- LIQO_FABRIC_TRUST_SEED: another seed, or `random` for one that no run had before.
- LIQO_FABRIC_TRUST_ANSWERS: so many wrong answers in all, instead of MIN_ANSWERS.
- LIQO_FABRIC_TRUST_CASE: only the case of this number of each scene, to play a failure again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

import pytest

from tests.unit.trust import tally
from tests.unit.trust.cases import Case, Played, Scene, Stage, scenes, stage

MIN_ANSWERS = 5000
MOST_OF_ONE_RUN = 60
MOST_CASES = 300
"""Of one scene: enough for its share of the answers, whatever the seed."""
SCENES = scenes()


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("trust")) as found:
        yield found


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_a_cluster_that_tells_the_truth_changes_nothing_for_the_others(theatre: Stage, scene: Scene) -> None:
    assert theatre.honest(scene).offences == []


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.asks_the_victim], ids=str)
def test_a_cluster_that_lies_changes_nothing_for_the_others(theatre: Stage, scene: Scene) -> None:
    only = os.environ.get("LIQO_FABRIC_TRUST_CASE")
    wanted = int(os.environ.get("LIQO_FABRIC_TRUST_ANSWERS", MIN_ANSWERS)) // len(SCENES) + 2
    answers = 0
    for number in [int(only)] if only else count():
        case = Case(tally.SEED, scene, number)
        played = theatre.play(case)
        # A crowd of objects may bring thousands of requests, which are all alike.
        answers += min(played.lies, MOST_OF_ONE_RUN)
        tally.add(min(played.lies, MOST_OF_ONE_RUN))
        assert not played.offences, _account(theatre, case, played)
        if answers >= wanted:
            break
        assert number < MOST_CASES, f"{number} cases bring {answers} wrong answers only"


def _account(theatre: Stage, case: Case, played: Played) -> str:
    """What went wrong, the lie that does it alone if there is one, and how to see it again."""
    alone = [
        said for said in played.said if theatre.play(case, only=frozenset({int(said[1 : said.index("]")])})).offences
    ]
    lies = alone[:1] or played.said[:12]
    again = f"LIQO_FABRIC_TRUST_SEED={case.seed} LIQO_FABRIC_TRUST_CASE={case.number}"
    found = [
        *played.offences,
        "It takes:" if alone else f"It takes several of {len(played.said)} wrong answers:",
        *(f"  {said[:300]}" for said in lies),
        f"Again: {again} pytest tests/unit/trust/test_non_interference.py -k 'lies and {case.scene.verb.name}'",
    ]
    return "\n".join(found)
