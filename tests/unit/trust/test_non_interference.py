# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever one cluster answers, everything that does not involve it comes out as if that cluster were unreachable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.trust.cases import Scene, Stage, scenes, stage


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("trust")) as found:
        yield found


@pytest.mark.parametrize("scene", scenes(), ids=str)
def test_a_cluster_that_tells_the_truth_changes_nothing_for_the_others(theatre: Stage, scene: Scene) -> None:
    assert theatre.honest(scene).offences == []
