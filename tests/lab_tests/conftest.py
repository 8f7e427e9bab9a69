# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for all lab tests of a session: a hub and three leaves, peered.

Set LIQO_FABRIC_TEST_LAB to the name of a lab that runs already to use that one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab_tests.laboratory import Laboratory


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Laboratory]:
    running = os.environ.get("LIQO_FABRIC_TEST_LAB")
    if running:
        yield Laboratory(running)
        return
    laboratory = Laboratory("pytest")
    laboratory.command("down")
    laboratory.command("up", "--leaves", "3", "--fast-ping", "--kube-proxy", timeout_s=1800)
    yield laboratory
    laboratory.command("down")


@pytest.fixture(scope="module")
def lab(running_lab: Laboratory) -> Laboratory:
    """The tests of a module find no link between leaves, whatever those before them have left."""
    running_lab.unlink_all()
    return running_lab


@pytest.fixture(autouse=True)
def _mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test broke is whole again for the next one."""
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").mend()
