# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to many clusters at once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import open_apis

clusters = [{"name": f"leaf-{n}", "host": "https://192.0.2.1", "api_key": "token"} for n in range(8)]
for api in open_apis({"clusters": clusters}, agent="test").values():
    if isinstance(api, FabricError):
        print(api)
"""


@pytest.mark.parametrize("_attempt", range(3))
def test_threads_that_import_the_client_at_the_same_time_do_not_disturb_each_other(_attempt: int) -> None:
    """Only the first import of a process is in danger, and then in 9 of 10 cases: each attempt is a process."""
    environment = {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""
