# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation as a site of HTML pages, guides and reference together: `python -m tools.docsite`.

There is one source of each text: guides are the Markdown pages that a reader of the repository sees, the reference is
what `ansible-doc` shows, by antsibull-docs. Only addresses in this repository are changed, into links between the pages
of the site. The menu comes from docs/README.md. Every warning is an error: of a page without a place in the menu, of a
link or an anchor that leads nowhere, of markup that is wrong.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.import_root import CHECKOUT, IMPORT_ROOT, link_checkout

REPOSITORY = "https://github.com/liqo-fabric/liqo.fabric/blob/main/"
SITE = IMPORT_ROOT / "docsite"
PROGRAMS = Path(sys.executable).parent

ENTRY = "docs/README.md"
REFERENCE = "reference"
_LINK = re.compile(r"\]\(" + re.escape(REPOSITORY) + r"([^)#]+)(#[^)]*)?\)")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)

_OF_ANSIBLE_CORE = ("action_plugins", "ansible_configuration_settings", "common_return_values")
"""Labels on pages of ansible-core to which the reference refers. To look them up would take the network."""

SETTINGS: dict[str, Any] = {
    "project": "liqo.fabric",
    "copyright": "liqo.fabric contributors",
    "html_title": "liqo.fabric",
    "html_short_title": "liqo.fabric",
    "extensions": ["myst_parser", "sphinx_antsibull_ext", "sphinxcontrib.mermaid"],
    "root_doc": "index",
    "html_theme": "sphinx_ansible_theme",
    "html_copy_source": False,
    "html_show_sphinx": False,
    "html_use_index": False,
    "highlight_language": "none",
    "pygments_style": "ansible",
    "myst_fence_as_directive": ["mermaid"],
    "myst_heading_anchors": 4,
    "nitpicky": True,
    "nitpick_ignore_regex": [("std:ref", "|".join(_OF_ANSIBLE_CORE)), ("std:envvar", "ANSIBLE_[A-Z_]+")],
}


def main(arguments: list[str]) -> int:
    site = Path(arguments[0]) if arguments else SITE
    shutil.rmtree(site, ignore_errors=True)
    source = site / "source"
    # antsibull-docs refuses a folder that others may write to.
    source.mkdir(parents=True, mode=0o755)
    write_pages(source)
    write_reference(source / REFERENCE)
    failed = build(source, site / "html")
    print(f"docs: {site / 'html' / 'index.html'}" if not failed else "docs: see the warnings above", flush=True)
    return failed


def sources() -> dict[str, str]:
    """The page of the site for each file of the repository that is one, both as paths."""
    pages = {f"docs/{path.name}": path.name for path in (CHECKOUT / "docs").glob("*.md")}
    for path in (CHECKOUT / "roles").glob("*/README.md"):
        pages[f"roles/{path.parent.name}/README.md"] = f"role_{path.parent.name}.md"
    return {**pages, ENTRY: "index.md", "CHANGELOG.rst": "changelog.rst"}


def write_pages(source: Path) -> None:
    pages = sources()
    for file, page in pages.items():
        text = (CHECKOUT / file).read_text(encoding="utf-8")
        (source / page).write_text(with_local_links(text, pages) if page.endswith(".md") else text, encoding="utf-8")
    with (source / "index.md").open("a", encoding="utf-8") as index:
        index.write("\n".join(menu((source / "index.md").read_text(encoding="utf-8"))))
    shutil.copytree(CHECKOUT / "docs/pictures", source / "pictures")


def with_local_links(text: str, pages: dict[str, str]) -> str:
    """Links to files of the repository that are pages of the site lead there; others stay addresses."""

    def local(match: re.Match[str]) -> str:
        page = pages.get(match[1]) or reference_page(match[1])
        return f"]({page}{match[2] or ''})" if page else match[0]

    return _LINK.sub(local, text)


def reference_page(file: str) -> str:
    """Where the site documents a plugin; empty for other files."""
    found = re.fullmatch(r"plugins/(modules|filter|test|inventory|lookup)/(\w+)\.(py|yml)", file)
    return f"{REFERENCE}/{found[2]}_{found[1].removesuffix('s')}.rst" if found else ""


def menu(index: str) -> Iterator[str]:
    """A table of contents per section of the entry page: the pages that it links to, by the words of the links."""
    _before, *parts = _HEADING.split(index)
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        entries: dict[str, str] = {}
        for words, page in re.findall(r"\[([^\]]+)\]\(([\w./-]+\.(?:md|rst))(?:#[^)]*)?\)", text):
            # The pages of the reference are in the menu of its own first page.
            is_reference = page.startswith(f"{REFERENCE}/")
            entries.setdefault(*((f"{REFERENCE}/index", "Modules and plugins") if is_reference else (page, words)))
        if entries:
            lines = [f"{words} <{page}>" for page, words in entries.items()]
            yield from ("", "```{toctree}", ":hidden:", f":caption: {title}", *lines, "```", "")


def write_reference(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(link_checkout())}
    environment["PATH"] = f"{PROGRAMS}{os.pathsep}{environment.get('PATH', '')}"
    command = [str(PROGRAMS / "antsibull-docs"), "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    options = ["--no-add-antsibull-docs-version", "--dest-dir", str(folder), "liqo.fabric"]
    subprocess.run([*command, *options], env=environment, check=True)


def build(source: Path, html: Path) -> int:
    """The exit status: not zero when there was any warning, each of which was printed."""
    from sphinx.application import Sphinx

    doctrees = html.parent / "doctrees"
    site = Sphinx(source, None, html, doctrees, "html", confoverrides=SETTINGS, status=None, warningiserror=True)
    site.build()
    return int(site.statuscode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
