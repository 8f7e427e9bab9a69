# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of the documentation is built, whole and without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT
from tools import docsite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the HTML pages. In a process of its own: packages that Sphinx loads warn of each other's future."""
    folder = tmp_path_factory.mktemp("docsite")
    command = [sys.executable, "-m", "tools.docsite", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_every_page_and_every_module_is_there(site: Path) -> None:
    pages = docsite.sources()
    wanted = {pages[str(page.relative_to(ROOT))] for page in PAGES if page != ROOT / "README.md"}
    wanted |= {f"reference/{path.stem}_module" for path in (ROOT / "plugins/modules").glob("[!_]*.py")}
    assert [page for page in wanted if not (site / page).with_suffix(".html").is_file()] == []


def test_pages_link_to_pages_and_show_pictures(site: Path) -> None:
    concepts = (site / "concepts.html").read_text(encoding="utf-8")
    assert 'href="troubleshooting.html"' in concepts
    assert len(re.findall(r'<img [^>]*src="_images/\w+\.svg"', concepts)) == 3
    assert 'class="mermaid"' in concepts
    assert 'href="reference/shortcuts_module.html' in (site / "index.html").read_text(encoding="utf-8")


def test_only_addresses_of_pages_become_local() -> None:
    text = f"[a]({docsite.REPOSITORY}docs/b.md#c) [d]({docsite.REPOSITORY}LICENSE) [e](https://liqo.io)"
    local = docsite.with_local_links(text, {"docs/b.md": "b.md"})
    assert local == f"[a](b.md#c) [d]({docsite.REPOSITORY}LICENSE) [e](https://liqo.io)"


def test_the_menu_has_a_part_for_each_section_that_links_to_pages() -> None:
    index = "# T\n\n## One\n[a](a.md) [a again](a.md#b)\n\n## Two\nnothing\n\n## Three\n[m](reference/m_module.rst)\n"
    shown = [line for line in docsite.menu(index) if line.startswith(":caption") or line.endswith(">")]
    assert shown == [":caption: One", "a <a.md>", ":caption: Three", "Modules and plugins <reference/index>"]
