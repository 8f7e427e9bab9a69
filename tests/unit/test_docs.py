# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation tells people to write exists and works."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.action import report
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/liqo-fabric/liqo.fabric/blob/main/"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")])
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("[!_]*.py"))
TESTS = sorted(path.stem for path in (ROOT / "plugins/test").glob("[!_]*.py"))
FILTERS = sorted(path.stem for path in (ROOT / "plugins/filter").glob("[!_]*.py"))
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
SOURCES = sorted(path.stem for path in (ROOT / "extensions/eda/plugins/event_source").glob("[!_]*.py"))
RULEBOOKS = sorted(path.stem for path in (ROOT / "extensions/eda/rulebooks").glob("*.yml"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())

Spec = Mapping[str, Mapping[str, Any]]


def argument_spec(module: str) -> Spec:
    """The options in use; those of `report` are with its action."""
    name = f"ansible_collections.liqo.fabric.plugins.modules.{module}"
    spec: Spec = report.ARGUMENT_SPEC if module == "report" else importlib.import_module(name).ARGUMENT_SPEC
    return spec


def role_variables(*roles: str) -> dict[str, Any]:
    """Of all entry points of these roles."""
    files = [ROOT / f"roles/{role}/meta/argument_specs.yml" for role in roles]
    entries = [entry for file in files for entry in yaml.safe_load(file.read_text())["argument_specs"].values()]
    return {name: option for entry in entries for name, option in entry["options"].items()}


def yaml_blocks() -> Iterator[tuple[str, Any]]:
    """Every block that is marked as YAML in a page, and every EXAMPLES, parsed."""
    for page in PAGES:
        for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)):
            yield f"{page.relative_to(ROOT)}[{number}]", yaml.safe_load(block)
    for module in MODULES:
        examples = importlib.import_module(f"ansible_collections.liqo.fabric.plugins.modules.{module}").EXAMPLES
        yield f"examples of {module}", yaml.safe_load(examples)
    for kind, name in [*(("filter", one) for one in FILTERS), *(("test", one) for one in TESTS)]:
        examples = yaml.safe_load((ROOT / f"plugins/{kind}/{name}.yml").read_text())["EXAMPLES"]
        yield f"examples of {name}", yaml.safe_load(examples)


BLOCKS = dict(yaml_blocks())


def mappings(thing: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping, however deep."""
    if isinstance(thing, Mapping):
        yield thing
        for value in thing.values():
            yield from mappings(value)
    elif isinstance(thing, list):
        for item in thing:
            yield from mappings(item)


def unknown_options(given: Any, spec: Spec, path: str) -> Iterator[str]:
    """Options that no spec knows, and required ones that are left out."""
    if isinstance(given, list):
        for number, item in enumerate(given):
            yield from unknown_options(item, spec, f"{path}[{number}]")
    if not isinstance(given, Mapping):
        return
    spellings = {spelling: name for name, option in spec.items() for spelling in (name, *option.get("aliases", ()))}
    for name, value in given.items():
        if name not in spellings:
            yield f"{path}.{name} is no option"
        elif options := spec[spellings[name]].get("options"):
            yield from unknown_options(value, options, f"{path}.{name}")
    for name, option in spec.items():
        if option.get("required") and name not in given:
            yield f"{path}.{name} is required"


@pytest.mark.parametrize("block", BLOCKS)
def test_examples_name_only_options_that_exist(block: str) -> None:
    problems: list[str] = []
    for found in mappings(BLOCKS[block]):
        for key, options in found.items():
            if key.startswith("liqo.fabric.") and key.removeprefix("liqo.fabric.") in MODULES:
                problems += unknown_options(options, argument_spec(key.removeprefix("liqo.fabric.")), key)
    assert problems == []


@pytest.mark.parametrize("block", BLOCKS)
def test_examples_name_only_variables_that_exist(block: str) -> None:
    of_hosts = {f"liqo_{name.removeprefix('liqo_')}" for name in CLUSTERS_SPEC["clusters"]["options"]}
    known = (
        of_hosts
        | set(role_variables(*ROLES))
        | set(CLUSTERS_SPEC["clusters"]["options"])
        | {"liqo_hubs", "liqo_leaves"}
    )
    named = {key for found in mappings(BLOCKS[block]) for key in found if key.startswith("liqo_")}
    assert named <= known


def test_examples_of_group_variables_fit_the_role() -> None:
    checked = set()
    for block, content in BLOCKS.items():
        if not isinstance(content, Mapping):
            continue
        for role, variable in (("fabric", "liqo_fabric_shortcuts"), ("rbac", "liqo_rbac_identities")):
            if "liqo_fabric_name" in content and variable in content:
                spec = {name: option for name, option in role_variables(role).items() if name != "liqo_rbac_folder"}
                assert list(unknown_options(content, spec, block)) == []
                checked.add(role)
    assert checked == {"fabric", "rbac"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_name_only_what_exists(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"ansible-playbook liqo\.fabric\.(\w+)", text)) <= set(PLAYBOOKS)
    assert set(re.findall(r"ansible-rulebook --rulebook liqo\.fabric\.(\w+)", text)) <= set(RULEBOOKS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", text, re.MULTILINE)) <= targets
    for kind, name in re.findall(r"ansible-doc (?:-t (\w+) )?liqo\.fabric\.(\w+)", text):
        assert name in {"": MODULES, "filter": FILTERS, "role": ROLES}[kind]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_are_full_addresses_and_lead_to_files_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        assert target.startswith(("https://", "#")), f"{target} is not a full URL"
        if target.startswith(REPOSITORY):
            file = target.removeprefix(REPOSITORY).partition("#")[0]
            assert (ROOT / file).is_file(), f"{target} leads nowhere"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_plugin_of_the_readme_table_exists(page: Path) -> None:
    kinds = {"playbook": PLAYBOOKS, "role": ROLES, "module": MODULES, "filter": FILTERS, "test": TESTS}
    kinds |= {"event source": SOURCES, "rulebook": RULEBOOKS}
    for name, kind in re.findall(r"^\| `liqo\.fabric\.(\w+)` \| ([\w ]+) \|", page.read_text(), re.MULTILINE):
        assert name in kinds[kind]


def test_the_readme_names_every_plugin() -> None:
    text = (ROOT / "README.md").read_text()
    everything = {*PLAYBOOKS, *ROLES, *MODULES, *FILTERS, *TESTS, *SOURCES, *RULEBOOKS}
    assert everything - set(re.findall(r"^\| `liqo\.fabric\.(\w+)` \|", text, re.MULTILINE)) == set()


def run(program: str, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_plays_of_the_pages_and_the_collection_pass_the_syntax_check(tmp_path: Path) -> None:
    files = [str(ROOT / f"playbooks/{name}.yml") for name in PLAYBOOKS]
    for number, content in enumerate(BLOCKS.values()):
        if isinstance(content, list) and "hosts" in content[0]:
            file = tmp_path / f"play-{number}.yml"
            file.write_text(yaml.safe_dump(content))
            files.append(str(file))
    assert len(files) >= len(PLAYBOOKS) + 2
    run("ansible-playbook", "--syntax-check", "-i", "localhost,", *files)


@pytest.mark.parametrize(
    ("kind", "names"), [("module", MODULES), ("filter", FILTERS), ("test", TESTS), ("role", ROLES)], ids=str
)
def test_ansible_doc_shows_everything(kind: str, names: list[str]) -> None:
    wanted = [f"liqo.fabric.{name}" for name in names]
    shown = json.loads(run("ansible-doc", "--json", "--type", kind, *wanted))
    assert set(shown) == set(wanted)


def test_the_role_takes_every_setting_of_a_shortcut() -> None:
    spec, variables = argument_spec("shortcuts"), role_variables("fabric")
    assert set(variables["liqo_fabric_shortcuts"]["options"]) == set(spec["shortcuts"]["options"])
    assert set(variables["liqo_fabric_defaults"]["options"]) == set(spec["defaults"]["options"])


def test_the_role_takes_every_option_of_the_module() -> None:
    decided_here = {"state"}
    variables = {name.removeprefix("liqo_fabric_") for name in role_variables("fabric")} | {"fabric"}
    assert set(argument_spec("shortcuts")) - decided_here <= variables


def test_every_module_that_talks_to_clusters_is_in_the_action_group() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    assert groups["all"] == [module for module in MODULES if "clusters" in argument_spec(module)]
