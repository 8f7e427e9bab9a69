# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig that somebody wrote into the wrong place, or that is damaged: whichever plugin sees it first, no word of
it is printed, not even with -vvv."""

from __future__ import annotations

import functools
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.liqo.fabric.plugins.filter.complaint import complaint
from ansible_collections.liqo.fabric.plugins.inventory import foreign_clusters
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.unquoted import is_quotable
from ansible_collections.liqo.fabric.plugins.module_utils._kube import credentials
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._kube.kubeconfig import select
from ansible_collections.liqo.fabric.plugins.module_utils._kube.kubeconfig_fields import KubeconfigError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stray_kubeconfigs import secrets_anywhere
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import parse_watch_options

from tests.pages import ROOT

TOKEN = "t0ken-4711"
DICTIONARY: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "x",
    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {"token": TOKEN}}],
}
TEXT = yaml.safe_dump(DICTIONARY)
# The token comes first, and the end is cut off in messages.
USERS_FIRST = json.dumps({name: DICTIONARY[name] for name in reversed(DICTIONARY)}, separators=(",", ":"))
VARIABLES = {"text": TEXT, "damaged": TEXT + "  - ]", "dictionary": DICTIONARY, "users_first": USERS_FIRST}
FORMS: dict[str, object] = {
    **VARIABLES,
    "backwards": yaml.safe_dump(dict(reversed(DICTIONARY.items())), sort_keys=False),
    "json": json.dumps(DICTIONARY),
    "users": yaml.safe_dump({"users": DICTIONARY["users"]}),
    "users as json": json.dumps({"users": DICTIONARY["users"]}),
    "key and value": TEXT + "    certificate-authority-data: abc==",
}
ROLES = {path.parents[1].name: path for path in ROOT.glob("roles/*/meta/argument_specs.yml")}
SPECS: dict[str, dict[str, Any]] = {
    role: yaml.safe_load(path.read_text())["argument_specs"] for role, path in ROLES.items()
}


def debug(expression: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}


def module(clusters: object, name: str = "peering_info", **options: object) -> dict[str, Any]:
    return {f"liqo.fabric.{name}": {"clusters": clusters, **options}}


def tasks(form: str) -> list[dict[str, Any]]:
    it = f"{{{{ {form} }}}}"
    wrong = dict.fromkeys(("context", "host", "proxy", "cluster_id", "labels", "proxy_headers"), it)
    return [
        # Modules, and with them the action plugin of shortcuts.
        module([{"name": "a", "kubeconfig": it}, {"name": "b", "kubeconfig": [it]}]),
        module([{"name": "a", "kubeconfig": "{{ damaged }}"}, {"name": "b", "context": "{{ damaged }}"}]),
        debug("lookup('liqo.fabric.link', 'a', 'b', clusters=[{'name': 'a', 'kubeconfig': damaged}])"),
        module([[it]]),
        module([{"name": it, "kubeconfig": "/nowhere"}]),
        module([{"name": "a", "kubeconfig": "/nowhere", **wrong}], "shortcuts", shortcuts=it),
        module([{"name": "a", "validate_certs": it, "ca_cert": it}], "propagation", nonsense=it),
        {"liqo.fabric.report": {"result": it, "again": it, "nonsense": it}},
        # Filters and the test.
        debug(f"{form} | liqo.fabric.clusters(hostvars)"),
        debug(f"[{form}] | liqo.fabric.clusters(hostvars)"),
        debug(f"['a'] | liqo.fabric.clusters({form})"),
        *(debug(f"{form} | liqo.fabric.{name}") for name in ("topology_expand", "to_mermaid", "to_dot", "complaint")),
        debug(f"{form} is liqo.fabric.evidence_at_least('fresh')"),
        debug(f"{{}} is liqo.fabric.evidence_at_least({form})"),
        # The lookup.
        debug(f"lookup('liqo.fabric.link', {form}, 'b')"),
        debug(f"lookup('liqo.fabric.link', 'a', 'b', clusters={form})"),
        debug(
            f"lookup('liqo.fabric.link', 'a', 'b', clusters=[{{'name': 'a', 'kubeconfig': {form}, 'labels': {form}}}])"
        ),
        debug(f"lookup('liqo.fabric.link', 'a', 'b', clusters=[{{'name': 'a', 'validate_certs': {form}}}])"),
        debug(
            f"lookup('liqo.fabric.link', 'a', 'b', clusters=[{{'name': 'a', 'kubeconfig': 'good', 'context': {form}}}])"
        ),
        debug(f"lookup('liqo.fabric.link', 'a', 'b', value={form})"),
        debug(f"lookup('liqo.fabric.link', 'a', 'b', connect_timeout={form})"),
        # Roles: Ansible itself looks at their arguments first.
        role("rbac", liqo_fabric_clusters=it, liqo_rbac_identities=[]),
        role("rbac", liqo_fabric_clusters=[it], liqo_rbac_identities=[{"name": "robot"}]),
        role("rbac", liqo_rbac_identities=[{"name": it}]),
        role("rbac", liqo_rbac_identities=it),
        role("fabric", liqo_fabric_shortcuts=[{"between": ["a", "b"], "port": it}], liqo_fabric_max_removals=it),
        role("fabric", "plan", liqo_fabric_state=it, liqo_fabric_shortcuts=[]),
        role("fabric", "status", liqo_fabric_delegate_to=it),
        role("fabric", "teardown", liqo_fabric_labels_from=[it]),
        role("migrate_connector", "import", liqo_fabric_parallel_clusters=it),
    ]


def role(name: str, tasks_from: str = "main", **variables: object) -> dict[str, Any]:
    return {
        "block": [{"ansible.builtin.include_role": {"name": f"liqo.fabric.{name}", "tasks_from": tasks_from}}],
        "rescue": [{"ansible.builtin.debug": {"msg": "rescued"}}],
        "vars": {"liqo_fabric_name": "retail", **variables},
    }


def run(folder: Path, program: str, *arguments: str, **environ: str) -> str:
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    given = {name: value for name, value in os.environ.items() if not name.startswith("K8S_AUTH_")}
    given |= {"ANSIBLE_PIPELINING": "1", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    given |= {"ANSIBLE_LOCAL_TEMP": str(folder / "local"), **environ}
    done = subprocess.run(command, env=given, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("form", ["text", "dictionary", "users_first"])
def test_no_plugin_prints_it(tmp_path: Path, form: str) -> None:
    listed = [{**task, "ignore_errors": True} for task in tasks(form)]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars_files": ["vars.yml"]}
    (tmp_path / "good").write_text(TEXT)
    (tmp_path / "vars.yml").write_text(yaml.safe_dump(VARIABLES))
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{**play, "tasks": listed}]))
    said = run(tmp_path, "ansible-playbook", "-vvv", "-i", "localhost,", "play.yml")
    # All of it was tried.
    assert "failed=0" in said, said[-2000:]
    assert said.count("\nTASK [") >= len(listed)
    assert TOKEN not in said
    assert form == "dictionary" or "current-context" not in said


def places(options: Mapping[str, Mapping[str, Any]], value: object) -> Iterator[dict[str, object]]:
    """The value in the place of each option, as an item of it, and in the place of each option below it."""
    for name, option in options.items():
        yield {name: value}
        yield {name: [value]}
        for inner in places(option.get("options", {}), value):
            yield {name: [inner] if option.get("elements") == "dict" else inner}


@pytest.mark.parametrize(
    ("name", "entry"), [(name, entry) for name, specs in SPECS.items() for entry in specs], ids=str
)
def test_a_role_refuses_it_in_every_variable_that_ansible_would_check(name: str, entry: str) -> None:
    """Before Ansible checks it: the other variables are those that Ansible takes as they are."""
    options = SPECS[name][entry]["options"]
    for form, value in FORMS.items():
        for given in places(options, value):
            (variable,) = given
            said = complaint(given, SPECS[name], only_misplaced=True)
            assert bool(said) == (options[variable]["type"] != "raw"), (form, given)
            assert complaint(given, SPECS[name], hubs=["hub"]) or not said
            assert TOKEN not in said + complaint(given, SPECS[name], hubs=["hub"])
            assert "current-context" not in said
            if not said:
                wrong = ArgumentSpecValidator({variable: options[variable]}).validate(given).error_messages
                assert wrong == []
            else:
                assert f"{variable}" in said


def test_ansible_itself_would_quote_it() -> None:
    """Or there would be no need to look before it does."""
    option = SPECS["fabric"]["main"]["options"]["liqo_fabric_max_removals"]
    validated = ArgumentSpecValidator({"liqo_fabric_max_removals": option}).validate({"liqo_fabric_max_removals": TEXT})
    assert TOKEN in str(validated.error_messages)


def test_every_role_looks_before_ansible_does() -> None:
    """What a role depends on runs before the check of its arguments."""
    for name in ROLES.keys() - {"refuse_kubeconfigs"}:
        meta = yaml.safe_load((ROOT / f"roles/{name}/meta/main.yml").read_text())
        looks = {"role": "liqo.fabric.refuse_kubeconfigs", "vars": {"refuse_kubeconfigs_of": name}}
        assert meta["dependencies"] == [looks]
    assert yaml.safe_load((ROOT / "roles/refuse_kubeconfigs/meta/main.yml").read_text())["allow_duplicates"] is True


@pytest.mark.parametrize(
    "given",
    [
        {"liqo_fabric_saved_plan": "eNqrVkrLz1eyUlBKSixS-eyJhbGciOiJIUzI1NiJ9-LS0tLS1CRUdJTg=="},
        {"liqo_fabric_shortcuts": [{"between": ["a", "b"], "service_annotations": {"a/b": '{"apiVersion": "v1"}'}}]},
        {"liqo_fabric_defaults": {"service_labels": {"clusters": "name"}}, "liqo_fabric_hubs": ["users", "contexts"]},
        {"liqo_fabric_forget": None, "liqo_fabric_clusters": [DICTIONARY], "of_another_role": TEXT},
    ],
)
def test_what_is_none_is_not_refused(given: dict[str, object]) -> None:
    assert complaint(given, SPECS["fabric"], only_misplaced=True) == ""


def test_the_inventory_plugin_refuses_it_in_every_option_that_ansible_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_on: list[Any] = []
    monkeypatch.setattr(BaseInventoryPlugin, "set_options", lambda _self, **given: handed_on.append(given["direct"]))
    fragments = [one.ModuleDocFragment.DOCUMENTATION for one in (constructed, inventory_cache)]
    pages = [yaml.safe_load(page) for page in (foreign_clusters.DOCUMENTATION, *fragments)]
    names = {name for page in pages for name in page["options"]}
    assert {"timeout", "leaf_roles", "strict", "compose", "keyed_groups", "cache_timeout"} <= names
    plugin = foreign_clusters.InventoryModule()
    for form, value in FORMS.items():
        for name in names:
            for wrong in (value, [value]):
                with pytest.raises(AnsibleParserError) as caught:
                    plugin.set_options(direct={"hubs": TEXT, name: wrong})
                assert f"{name}" in str(caught.value), form
                assert TOKEN not in str(caught.value)
    assert handed_on == []
    words = {"groups": {"a": "clusters.name"}, "compose": {"b": "'apiVersion' in c"}, "hubs": [DICTIONARY]}
    plugin.set_options(direct=words)
    assert handed_on == [words]


@pytest.mark.parametrize("option", [{"timeout": TEXT}, {"identity_dir": "{{ lookup('file', 'text') }}"}], ids=list)
def test_nor_does_the_inventory_plugin_print_it_where_it_is_in_another_option(
    tmp_path: Path, option: dict[str, object]
) -> None:
    (tmp_path / "text").write_text(TEXT)
    file = {"plugin": "liqo.fabric.foreign_clusters", "hubs": [{"name": "a", "host": "https://127.0.0.1:1"}], **option}
    (tmp_path / "foreign_clusters.yml").write_text(yaml.safe_dump(file))
    said = run(tmp_path, "ansible-inventory", "-vvv", "-i", "foreign_clusters.yml", "--list")
    assert f"{next(iter(option))}: a kubeconfig or key does not belong here" in " ".join(said.split())
    assert TOKEN not in said


@pytest.mark.parametrize(
    "hubs",
    [
        TEXT,
        [TEXT],
        [{"name": "a", "kubeconfig": [TEXT]}],
        [{"name": TEXT}],
        [DICTIONARY],
        [{"name": "a", "kubeconfig": "good", "context": USERS_FIRST}],
    ],
)
def test_the_inventory_plugin_does_not_print_it(tmp_path: Path, hubs: object) -> None:
    (tmp_path / "good").write_text(TEXT)
    (tmp_path / "foreign_clusters.yml").write_text(
        yaml.safe_dump({"plugin": "liqo.fabric.foreign_clusters", "hubs": hubs})
    )
    said = run(tmp_path, "ansible-inventory", "-vvv", "-i", "foreign_clusters.yml", "--list")
    assert "foreign_clusters" in said
    assert TOKEN not in said


@pytest.mark.parametrize("variable", ["K8S_AUTH_KUBECONFIG", "K8S_AUTH_HOST", "KUBECONFIG"])
def test_nor_is_it_printed_when_a_variable_of_the_environment_holds_it(tmp_path: Path, variable: str) -> None:
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [module([{"name": "a"}])]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    damaged = str(VARIABLES["damaged"])
    said = run(tmp_path, "ansible-playbook", "-vvv", "-i", "localhost,", "play.yml", **{variable: damaged})
    assert "TASK [liqo.fabric.peering_info]" in said
    assert TOKEN not in said


def test_a_variable_of_kubectl_may_hold_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the option may."""
    monkeypatch.setenv("KUBECONFIG", TEXT)
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", Path("/nowhere"))
    assert credentials.read_credentials(resolve({}, {})).server.url == "https://127.0.0.1:1"


@pytest.mark.parametrize(
    "args",
    [
        {"clusters": TEXT},
        {"clusters": [TEXT]},
        {"clusters": [DICTIONARY]},
        {"clusters": [{"name": TEXT}]},
        {"clusters": [{"name": "a", "kubeconfig": "/x"}], "debounce": TEXT},
        {"clusters": [{"name": "a", "kubeconfig": "/x"}], "max_delay": DICTIONARY},
        {TEXT: 1},
    ],
)
def test_nor_does_the_event_source(args: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        parse_watch_options(args)
    assert TOKEN not in str(caught.value)
    assert "current-context" not in str(caught.value)


def test_kubeconfigs_are_found_at_any_place() -> None:
    for value in ([[TEXT]], {"a": [{"b": TEXT}]}, {"a": DICTIONARY}, {"kubeconfig": [TEXT]}, [VARIABLES["damaged"]]):
        assert any(TOKEN in secret for secret in secrets_anywhere(value)), value
    assert secrets_anywhere({"clusters": [{"name": "a", "kubeconfig": "path"}], "notes": "some\nlines"}) == frozenset()


@pytest.mark.parametrize("order", list(itertools.permutations(["name", "user", "x"])))
@pytest.mark.parametrize("form", [json.dumps, repr, yaml.safe_dump, functools.partial(yaml.safe_dump, sort_keys=False)])
def test_it_is_known_in_whatever_order_it_is_written(order: tuple[str, ...], form: Callable[[Any], str]) -> None:
    entry = {"name": "u", "user": {"token": TOKEN}, "x": 1}
    users = [{key: entry[key] for key in order}]
    for names in itertools.permutations(["users", "current", "kind"]):
        text = form({name: users if name == "users" else "x" for name in names})
        assert not is_quotable(text), text
    assert not is_quotable(form(users[0]))
    assert not is_quotable(form(entry["user"]))
    # The name of an option is none of a field.
    assert is_quotable("clusters[leaf-a].password: it is not there")


@pytest.mark.parametrize(
    ("config", "context"),
    [
        *(({**DICTIONARY, place: [{"name": USERS_FIRST}] * 2}, "x") for place in ("contexts", "clusters", "users")),
        ({**DICTIONARY, "contexts": [{"name": USERS_FIRST}]}, "nowhere"),
        ({**DICTIONARY, "contexts": [{"name": "x", "context": {"cluster": USERS_FIRST}}]}, "x"),
        (DICTIONARY, USERS_FIRST),
    ],
)
def test_a_name_that_is_a_kubeconfig_is_not_quoted(config: dict[str, Any], context: str) -> None:
    with pytest.raises(KubeconfigError) as caught:
        select(config, context=context)
    said = f"{caught.value.why} {caught.value.next_step}"
    assert "not quoted" in said
    assert TOKEN not in said
