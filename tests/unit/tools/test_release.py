# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that contradicts itself is refused, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.release import contradictions, version_in


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One that is ready for the release 0.1.0."""
    (tmp_path / "changelogs" / "fragments").mkdir(parents=True)
    (tmp_path / "galaxy.yml").write_text("version: 0.1.0\n", encoding="utf-8")
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases:\n  0.1.0: {}\n", encoding="utf-8")
    return tmp_path


def test_what_agrees_is_released(checkout: Path) -> None:
    assert contradictions(checkout, "0.1.0") == []


def test_the_tag_and_galaxy_yml_must_agree(checkout: Path) -> None:
    (checkout / "galaxy.yml").write_text("version: 0.2.0\n", encoding="utf-8")
    (problem,) = contradictions(checkout, "0.1.0")
    assert problem.startswith("galaxy.yml has the version 0.2.0, not 0.1.0")


def test_a_release_has_notes(checkout: Path) -> None:
    (checkout / "changelogs" / "changelog.yaml").write_text("releases: {}\n", encoding="utf-8")
    (problem,) = contradictions(checkout, "0.1.0")
    assert "has no release 0.1.0: run `make changelog`" in problem


def test_no_change_is_left_out_of_the_notes(checkout: Path) -> None:
    (checkout / "changelogs" / "fragments" / "keys.yml").write_text("minor_changes: [a]\n", encoding="utf-8")
    (problem,) = contradictions(checkout, "0.1.0")
    assert problem.startswith("keys.yml: in no release notes yet")


def test_the_version_is_that_of_the_variable_or_of_the_tag() -> None:
    assert version_in({"VERSION": "0.1.0", "GITHUB_REF_NAME": "main"}) == "0.1.0"
    assert version_in({"GITHUB_REF_NAME": "v1.2.3-rc.1"}) == "1.2.3-rc.1"


@pytest.mark.parametrize(
    "tag", ["v1.0;touch$$IFS/x", "v$(id)", "v1.0.0`id`", "main", "", "v1.0.0\n::error::x", "v1.0.0\u0661"]
)
def test_a_tag_that_is_no_version_is_refused_and_not_quoted(tag: str) -> None:
    with pytest.raises(ValueError, match=r"is no version such as 0\.1\.0$"):
        version_in({"GITHUB_REF_NAME": tag})
