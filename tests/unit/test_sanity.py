# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-test sanity` of an old ansible-core refuses and the tools of the newest do not, said within seconds."""

from __future__ import annotations

import re

from tools.import_root import CHECKOUT

PLUGINS = CHECKOUT / "plugins"
BODY_ON_THE_LINE = re.compile(r"^ *def .*: \.\.\.$", re.MULTILINE)


def test_no_sanity_test_is_ignored() -> None:
    ignores = (CHECKOUT / "tests").glob("sanity/ignore-*.txt")
    assert [path.name for path in ignores if path.read_text(encoding="utf-8").strip()] == []


def test_files_that_make_a_package_are_empty() -> None:
    assert [str(path.relative_to(PLUGINS)) for path in PLUGINS.rglob("__init__.py") if path.stat().st_size] == []


def test_a_method_of_a_protocol_has_a_docstring_for_its_body() -> None:
    sources = {str(path.relative_to(PLUGINS)): path.read_text(encoding="utf-8") for path in PLUGINS.rglob("*.py")}
    assert [name for name, source in sources.items() if BODY_ON_THE_LINE.search(source)] == []
