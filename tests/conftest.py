# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as `ansible_collections.liqo.fabric`, for tests and the commands that they start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools.awx_collection import WANTED, awx_collections
from tools.import_root import link_checkout
from tools.kubernetes_core import kubernetes_core_folder

_import_root = str(link_checkout())
sys.path.insert(0, _import_root)
os.environ["ANSIBLE_COLLECTIONS_PATH"] = _import_root


LONG = "LIQO_FABRIC_TEST_LONG"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that take too long for every run need to be asked for; the skip says how."""
    for item in items:
        if item.get_closest_marker("long") and not os.environ.get(LONG):
            reason = f"takes too long for every run, make test-lab-long has it: set {LONG}=1 to run it"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def kubernetes_core() -> Path:
    """The installed collection kubernetes.core, to compare with; `make kubernetes-core` fetches it."""
    folder = kubernetes_core_folder()
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: run `make kubernetes-core`")
    return folder


@pytest.fixture(scope="session")
def awx_awx() -> Path:
    """A collections path with awx.awx in it; `make awx-collection` fetches it."""
    folder = awx_collections()
    if not (folder / WANTED).is_dir():
        pytest.skip(f"{folder / WANTED} is not there: run `python -m tools.awx_collection`")
    return folder
