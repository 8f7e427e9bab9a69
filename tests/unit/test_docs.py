# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation tells people to write exists and works."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.action import report
from ansible_collections.liqo.fabric.plugins.filter.to_mermaid import to_mermaid
from ansible_collections.liqo.fabric.plugins.filter.topology_expand import topology_expand
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.faults import FaultName
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC

from lab import cli
from tests.pages import PAGES, ROOT, anchors, blocks, blocks_of, commands

REPOSITORY = "https://github.com/liqo-fabric/liqo.fabric/blob/main/"
LANGUAGES = {"", "json", "mermaid", "sh", "yaml"}
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("[!_]*.py"))
TESTS = sorted(path.stem for path in (ROOT / "plugins/test").glob("[!_]*.py"))
FILTERS = sorted(path.stem for path in (ROOT / "plugins/filter").glob("[!_]*.py"))
INVENTORIES = sorted(path.stem for path in (ROOT / "plugins/inventory").glob("[!_]*.py"))
LOOKUPS = sorted(path.stem for path in (ROOT / "plugins/lookup").glob("[!_]*.py"))
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


def awx_variables() -> set[str]:
    """Of the playbook awx_setup."""
    files = [ROOT / "playbooks/awx_setup.yml", ROOT / "playbooks/tasks/awx_setup.yml"]
    return {name for file in files for name in re.findall(r"\bliqo_awx_\w+", file.read_text())}


def yaml_blocks() -> Iterator[tuple[str, Any]]:
    """Every block that is marked as YAML in a page, and every EXAMPLES, parsed."""
    for page in PAGES:
        for number, block in enumerate(blocks_of(page, "yaml")):
            documents = list(yaml.safe_load_all(block))
            yield f"{page.relative_to(ROOT)}[{number}]", documents[0] if len(documents) == 1 else documents
    for module in MODULES:
        examples = importlib.import_module(f"ansible_collections.liqo.fabric.plugins.modules.{module}").EXAMPLES
        yield f"examples of {module}", yaml.safe_load(examples)
    for kind, name in [*(("inventory", one) for one in INVENTORIES), *(("lookup", one) for one in LOOKUPS)]:
        examples = importlib.import_module(f"ansible_collections.liqo.fabric.plugins.{kind}.{name}").EXAMPLES
        yield f"examples of {name}", yaml.safe_load(examples)
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
        | awx_variables()
        | set(CLUSTERS_SPEC["clusters"]["options"])
        | {"liqo_hubs", "liqo_leaves"}
    )
    named = {key for found in mappings(BLOCKS[block]) for key in found if key.startswith("liqo_")}
    assert named <= known


def test_examples_of_inventories_name_only_options_that_exist() -> None:
    shown = json.loads(run("ansible-doc", "--json", "--type", "inventory", "liqo.fabric.foreign_clusters"))
    options = set(shown["liqo.fabric.foreign_clusters"]["doc"]["options"])
    checked = 0
    for block, content in BLOCKS.items():
        if isinstance(content, Mapping) and content.get("plugin") == "liqo.fabric.foreign_clusters":
            assert set(content) <= options
            assert list(unknown_options(content["hubs"], CLUSTERS_SPEC["clusters"]["options"], block)) == []
            checked += 1
    assert checked >= 3


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
        kinds = {"": MODULES, "filter": FILTERS, "role": ROLES, "inventory": INVENTORIES, "lookup": LOOKUPS}
        assert name in kinds[kind]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_are_full_addresses_and_lead_to_files_that_exist(page: Path) -> None:
    text = page.read_text()
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text):
        assert (page.parent / picture).is_file(), f"{picture} is no picture"
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", text):
        assert target.startswith(("https://", "#")), f"{target} is not a full URL"
        if target.startswith((REPOSITORY, "#")):
            file, _, anchor = target.removeprefix(REPOSITORY).partition("#")
            there = ROOT / file if file else page
            assert there.is_file(), f"{target} leads nowhere"
            assert not anchor or anchor in anchors(there), f"{target} leads to no heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_plugin_of_the_readme_table_exists(page: Path) -> None:
    kinds = {"playbook": PLAYBOOKS, "role": ROLES, "module": MODULES, "filter": FILTERS, "test": TESTS}
    kinds |= {"event source": SOURCES, "rulebook": RULEBOOKS, "inventory": INVENTORIES, "lookup": LOOKUPS}
    for name, kind in re.findall(r"^\| `liqo\.fabric\.(\w+)` \| ([\w ]+) \|", page.read_text(), re.MULTILINE):
        assert name in kinds[kind]


def test_the_readme_names_every_plugin() -> None:
    text = (ROOT / "README.md").read_text()
    everything = {*PLAYBOOKS, *ROLES, *MODULES, *FILTERS, *TESTS, *SOURCES, *RULEBOOKS, *INVENTORIES, *LOOKUPS}
    assert everything - set(re.findall(r"^\| `liqo\.fabric\.(\w+)` \|", text, re.MULTILINE)) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_is_of_a_kind_that_a_test_looks_at(page: Path) -> None:
    assert {block.language for block in blocks(page.read_text())} <= LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_the_lab_are_understood_by_the_lab(page: Path) -> None:
    for given in commands(page, "python -m lab"):
        cli._parser().parse_args(shlex.split(given))


def variables_in_use() -> set[str]:
    """Every name that a role or a playbook takes or sets."""
    files = [path.read_text() for folder in ("playbooks", "roles") for path in (ROOT / folder).rglob("*.yml")]
    return set(re.findall(r"\bliqo_fabric_\w+", "\n".join(files)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_variables_in_commands_and_text_exist(page: Path) -> None:
    assert set(re.findall(r"\bliqo_fabric_\w+", page.read_text())) <= variables_in_use()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_values_in_commands_are_json(page: Path) -> None:
    for given in commands(page, "ansible-playbook"):
        for word in shlex.split(given):
            if word.startswith("{"):
                assert set(json.loads(word)) <= variables_in_use()
    decoder = json.JSONDecoder()
    for text in blocks_of(page, "json"):
        rest = text.strip()
        while rest:
            _value, end = decoder.raw_decode(rest)
            rest = rest[end:].lstrip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_shell_examples_are_shell(page: Path) -> None:
    for text in blocks_of(page, "sh"):
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + text


def test_the_entry_page_leads_to_every_page() -> None:
    entry = ROOT / "docs/README.md"
    named = set(re.findall(rf"\]\({REPOSITORY}([^)#]+)", entry.read_text()))
    assert {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md", "docs/README.md"} - named == set()
    documented = [f"plugins/modules/{name}.py" for name in MODULES]
    documented += [
        f"plugins/{kind}/{name}.yml" for kind, names in (("filter", FILTERS), ("test", TESTS)) for name in names
    ]
    assert set(documented) - named == set()


def test_every_fault_of_a_link_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/evidence.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(FaultName)


def test_the_wishes_of_the_guide_stand_for_the_pairs_that_it_shows() -> None:
    texts = blocks_of(ROOT / "docs/whole-fabric.md", "yaml")
    inventory, variables, _play, pairs = (yaml.safe_load(text) for text in texts)
    leaves = inventory["all"]["children"]["liqo_leaves"]["hosts"]
    clusters = [{"name": name, "labels": host["liqo_labels"]} for name, host in leaves.items()]
    expanded = topology_expand(variables["liqo_fabric_shortcuts"], clusters, variables["liqo_fabric_defaults"])
    assert expanded == pairs


def test_the_picture_of_a_lab_is_one_of_the_filter() -> None:
    (shown,) = blocks_of(ROOT / "docs/concepts.md", "mermaid")
    latencies = [float(number) for number in re.findall(r"fresh, ([\d.]+) ms", shown)]
    links: list[dict[str, Any]] = [
        {"between": ["hub", leaf], "kind": "peering", "peering": [{"consumer": "hub", "provider": leaf}]}
        for leaf in ("leaf-a", "leaf-b")
    ]
    links.append({"between": ["leaf-a", "leaf-b"], "kind": "shortcut", "peering": []})
    for link, latency_ms in zip(links, latencies, strict=True):
        link.update(evidence={"rung": "fresh"}, latency_ms=latency_ms)
    assert shown == to_mermaid({"clusters": {}, "links": links})


def test_the_page_about_kind_does_what_the_molecule_scenario_does() -> None:
    page = ROOT / "docs/start-kind.md"
    scenario = (ROOT / "molecule/kind/create.yml").read_text()
    cluster = yaml.safe_load(blocks_of(page, "yaml")[0])
    templates = re.findall(r"stdin: \|\n(.*?)\n      loop:", scenario, re.DOTALL)
    assert set(mapping_keys(cluster)) == set(
        mapping_keys(yaml.safe_load(templates[0].replace("{{ item.pod_cidr }}", "x")))
    )
    (hub,) = (play["vars"]["hub"] for play in yaml.safe_load(scenario))
    assert hub["pod_cidr"] in blocks_of(page, "yaml")[0] + page.read_text()
    options = set(re.findall(r"--[a-z-]+", "".join(blocks_of(page, "sh"))))
    assert options <= set(re.findall(r"--[a-z-]+", scenario))


def mapping_keys(thing: Any) -> Iterator[str]:
    for found in mappings(thing):
        yield from found


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
    ("kind", "names"),
    [
        ("module", MODULES),
        ("filter", FILTERS),
        ("test", TESTS),
        ("role", ROLES),
        ("inventory", INVENTORIES),
        ("lookup", LOOKUPS),
    ],
    ids=str,
)
def test_ansible_doc_shows_everything(kind: str, names: list[str]) -> None:
    wanted = [f"liqo.fabric.{name}" for name in names]
    shown = json.loads(run("ansible-doc", "--json", "--type", kind, *wanted))
    assert set(shown) == set(wanted)
    if kind == "module":
        for name, module in shown.items():
            promised = set(module["doc"].get("attributes", {}))
            assert {"check_mode", "diff_mode", "idempotent", "platform"} <= promised, name
            assert module["doc"]["seealso"], name


def test_the_role_takes_every_setting_of_a_shortcut() -> None:
    spec, variables = argument_spec("shortcuts"), role_variables("fabric")
    assert set(variables["liqo_fabric_shortcuts"]["options"]) == set(spec["shortcuts"]["options"])
    assert set(variables["liqo_fabric_defaults"]["options"]) == set(spec["defaults"]["options"])


def test_the_role_takes_every_option_of_the_module() -> None:
    decided_here = {"state", "keep_links"}
    variables = {name.removeprefix("liqo_fabric_") for name in role_variables("fabric")} | {"fabric"}
    assert set(argument_spec("shortcuts")) - decided_here <= variables


def test_every_module_that_talks_to_clusters_is_in_the_action_group() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    assert groups["all"] == [module for module in MODULES if "clusters" in argument_spec(module)]
