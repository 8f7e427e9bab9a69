# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the lab: every pin is in a go.mod, and the cache is named by what decides the content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab import binaries
from lab.binaries import BuildError, keys_for, pinned_version, program_sets, tools
from lab.layout import KUBERNETES, LIQO_VERSIONS, WIREGUARD_GO


@pytest.mark.parametrize("liqo", LIQO_VERSIONS)
def test_folder_of_a_liqo_version_pins_that_version(liqo: str) -> None:
    assert pinned_version(f"liqo-{liqo}", "github.com/liqotech/liqo") == liqo


@pytest.mark.parametrize("key", [KUBERNETES, WIREGUARD_GO, *LIQO_VERSIONS])
def test_every_set_has_tools_and_checksums(key: str) -> None:
    module = program_sets()[key].module
    assert tools(module)
    assert (binaries.GO_MODULES / module / "go.sum").stat().st_size > 0


@pytest.mark.parametrize("liqo", LIQO_VERSIONS)
def test_liqo_has_every_program_that_the_lab_runs(liqo: str) -> None:
    names = {tool.rpartition("/")[2] for tool in tools(f"liqo-{liqo}")}
    wanted = {"ipam", "liqo-controller-manager", "webhook", "crd-replicator", "fabric", "virtual-kubelet", "gateway"}
    assert wanted | {"wireguard"} <= names
    assert ("liqoctl" in names) == (liqo != "1.0.1")


def test_old_versions_are_built_only_when_asked_for() -> None:
    assert keys_for(["1.2.0"]) == (KUBERNETES, "1.2.0")
    assert keys_for(["1.0.1"]) == (KUBERNETES, "1.2.0", "1.0.1", WIREGUARD_GO)


def test_folder_changes_with_pins_and_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "go" / "wireguard-go"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module a\n")
    monkeypatch.setattr(binaries, "GO_MODULES", tmp_path / "go")
    programs = binaries.ProgramSet(key="x", module="wireguard-go")
    first = binaries.folder(programs, tmp_path)
    assert binaries.folder(programs, tmp_path) == first
    (module / "go.mod").write_text("module b\n")
    second = binaries.folder(programs, tmp_path)
    flagged = binaries.folder(binaries.ProgramSet(key="x", module="wireguard-go", link_flags="-X y"), tmp_path)
    assert len({first, second, flagged}) == 3


def test_missing_go_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="there is no `go` on the PATH: install Go"):
        binaries.ensure([WIREGUARD_GO], tmp_path, lambda text: None)


def test_failed_build_leaves_no_folder_and_says_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text('#!/bin/sh\n[ "$1" = build ] && { echo "x.go:1: no such thing" >&2; exit 1; }\necho ok\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:{os.environ['PATH']}")
    with pytest.raises(BuildError, match="no such thing"):
        binaries.ensure([WIREGUARD_GO], tmp_path / "cache", lambda text: None)
    assert list((tmp_path / "cache" / "programs").iterdir()) == []
