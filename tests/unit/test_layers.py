# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arrows between the packages go one way only: faces -> _run -> (_fabric, _kube, _liqo), _liqo -> _fabric."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.layers import CORE_ROOMS, room_of, source_files, violations
from tools.import_root import CHECKOUT

UTILS = "plugins/module_utils"
ABSOLUTE = "ansible_collections.liqo.fabric.plugins.module_utils"


def test_no_import_of_this_tree_goes_against_the_arrows() -> None:
    assert violations(CHECKOUT) == []


def test_every_room_has_files_that_were_read() -> None:
    rooms = {room_of(path.relative_to(CHECKOUT).with_suffix("").parts) for path in source_files(CHECKOUT)}
    assert {*CORE_ROOMS, "faces", "lab"} <= rooms


@pytest.mark.parametrize(
    ("file", "source", "problem"),
    [
        (f"{UTILS}/_fabric/plan.py", "from .._kube.client import Api", "_fabric imports _kube"),
        (f"{UTILS}/_fabric/plan.py", "from .. import _run", "_fabric imports _run"),
        (f"{UTILS}/_fabric/plan.py", f"from {ABSOLUTE}._liqo.labels import X", "_fabric imports _liqo"),
        (f"{UTILS}/_fabric/plan.py", f"import {ABSOLUTE}._liqo.labels", "_fabric imports _liqo"),
        (f"{UTILS}/_fabric/plan.py", "import os.path", "_fabric imports os"),
        (f"{UTILS}/_fabric/plan.py", "def f():\n    import time", "_fabric imports time"),
        (f"{UTILS}/_fabric/plan.py", "from random import choice", "_fabric imports random"),
        (f"{UTILS}/_fabric/plan.py", "from ansible.errors import AnsibleError", "_fabric imports ansible"),
        (f"{UTILS}/_fabric/plan.py", "import yaml", "_fabric imports yaml"),
        (
            f"{UTILS}/_fabric/plan.py",
            "from datetime import datetime\nx = datetime.now()",
            "_fabric reads the clock with now()",
        ),
        (f"{UTILS}/_fabric/plan.py", "x = open('file')", "_fabric calls open()"),
        (f"{UTILS}/_fabric/plan.py", "if TYPE_CHECKING:\n    from .._run.loop import Loop", "_fabric imports _run"),
        (f"{UTILS}/_liqo/parse.py", "from .._kube.client import Api", "_liqo imports _kube"),
        (f"{UTILS}/_liqo/parse.py", "import socket", "_liqo imports socket"),
        (f"{UTILS}/_kube/client.py", "from .._fabric.plan import plan", "_kube imports _fabric.plan"),
        (f"{UTILS}/_kube/client.py", "from .._fabric import plan", "_kube imports _fabric.plan"),
        (f"{UTILS}/_kube/client.py", "from .._liqo.labels import X", "_kube imports _liqo"),
        (f"{UTILS}/_kube/client.py", "from ansible.module_utils.basic import AnsibleModule", "_kube imports ansible"),
        (f"{UTILS}/_run/loop.py", "import kubernetes.client", "_run imports kubernetes"),
        (f"{UTILS}/_run/loop.py", "from ...modules.shortcuts import main", "_run imports faces"),
        (f"{UTILS}/_run/loop.py", "from ..arguments import SPEC", "_run imports faces"),
        ("plugins/modules/shortcuts.py", f"from {ABSOLUTE}._kube.client import Api", "faces imports _kube"),
        ("plugins/modules/shortcuts.py", "import kubernetes", "faces imports kubernetes"),
        ("plugins/filter/clusters.py", "from ..module_utils._kube.client import Api", "faces imports _kube"),
        ("plugins/modules/shortcuts.py", "import lab.layout", "faces imports lab"),
        ("lab/up.py", f"from {ABSOLUTE}._fabric.model import Pair", "lab imports _fabric"),
        ("lab/up.py", "from plugins.module_utils import _fabric", "lab imports _fabric"),
        ("lab/agent/pods.py", "from ...plugins.module_utils import _fabric", "lab imports _fabric"),
    ],
)
def test_a_back_edge_is_named_with_its_file_and_line(tmp_path: Path, file: str, source: str, problem: str) -> None:
    write(tmp_path / file, source)
    (found,) = violations(tmp_path)
    assert found.startswith(f"{file}:")
    assert found.endswith(f": {problem}")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            f"{UTILS}/_fabric/plan.py",
            "import ipaddress\nimport netaddr\nfrom datetime import datetime\nfrom .model import Pair",
        ),
        (f"{UTILS}/_liqo/parse.py", "import base64\nfrom .._fabric.model import Pair\nfrom . import labels"),
        (f"{UTILS}/_kube/client.py", "import time\nimport kubernetes\nfrom .._fabric.errors import FabricError"),
        (
            f"{UTILS}/_run/loop.py",
            "import threading\nfrom .._fabric import plan\nfrom .._kube.client import Api\nfrom .._liqo import parse",
        ),
        (
            "plugins/modules/shortcuts.py",
            f"from ansible.module_utils.basic import AnsibleModule\nfrom {ABSOLUTE}._run.loop import run",
        ),
        ("plugins/modules/shortcuts.py", f"from {ABSOLUTE}.arguments import SPEC"),
        (
            "lab/agent/pods.py",
            "import subprocess\nfrom ..layout import Lab\nfrom lab.layout import Cluster\nimport kubernetes",
        ),
    ],
)
def test_an_import_along_the_arrows_is_accepted(tmp_path: Path, file: str, source: str) -> None:
    write(tmp_path / file, source)
    assert violations(tmp_path) == []


def write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
