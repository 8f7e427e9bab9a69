# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong in their first hour, and the sentence that each of them then reads; here without any cluster.

The tables are the list: what was done wrong, what was written, and what is said. Everything of one table is tried by
one real `ansible-playbook`. What needs a cluster is in tests/lab_tests/test_newcomers.py.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import venv
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.newcomers import Said, ansible_playbook, play

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cret-t0ken"
PAIR = [{"between": ["leaf-a", "leaf-b"]}]
GOOD = {"liqo_fabric_name": "retail", "liqo_fabric_shortcuts": PAIR}
NEEDS = {"fabric_needs": ["liqo_fabric_name", "liqo_fabric_shortcuts"]}


def entry(**options: Any) -> dict[str, Any]:
    return {"liqo_fabric_shortcuts": [options]}


VARIABLES: dict[str, tuple[dict[str, Any], str]] = {
    # what was done wrong: (the variables, what is said)
    "no name for the fabric": (
        {"liqo_fabric_name": None},
        'liqo_fabric_name is not set. Put "liqo_fabric_name: retail"',
    ),
    "a key with nothing below it": (
        {"liqo_fabric_shortcuts": None},
        "liqo_fabric_shortcuts is not set. Put the pairs of leaves that are to talk directly into group_vars/all.yml",
    ),
    "a typo in the name of a variable": (
        {"liqo_fabric_tolerat": "10%"},
        "liqo_fabric_tolerat: there is no such variable (did you mean liqo_fabric_tolerate?)",
    ),
    "a typo in an entry": (
        entry(betwen=["leaf-a", "leaf-b"]),
        "liqo_fabric_shortcuts[0].betwen: there is no such option (did you mean between?)",
    ),
    "a typo in a setting": (
        {"liqo_fabric_defaults": {"service_typ": "NodePort"}},
        "liqo_fabric_defaults.service_typ: there is no such option (did you mean service_type?)",
    ),
    "a typo inside a mesh": (
        entry(mesh={"selecter": "region=eu"}),
        "liqo_fabric_shortcuts[0].mesh.selecter: there is no such option (did you mean selector?)",
    ),
    "an option of something else": (
        {"liqo_fabric_services": [{"service": "demo/web"}]},
        "liqo_fabric_services[0].service: there is no such option (there are: hub, mode, name, namespace, selector)",
    ),
    "a word in the wrong case": (
        {"liqo_fabric_defaults": {"service_type": "nodeport"}},
        (
            "liqo_fabric_defaults.service_type: 'nodeport' is none of the choices"
            " (choose one of LoadBalancer, NodePort, ClusterIP)"
        ),
    ),
    "a pair without its name": (
        {"liqo_fabric_shortcuts": [["leaf-a", "leaf-b"]]},
        (
            "liqo_fabric_shortcuts[0]: is a list and not a dictionary"
            " (write names and values, like { between: [leaf-a, leaf-b] })"
        ),
    ),
    "an entry without its dash": (
        {"liqo_fabric_shortcuts": PAIR[0]},
        "liqo_fabric_shortcuts: is a dictionary and not a list (begin each entry with a dash)",
    ),
    "a list as -e name=value": (
        {"liqo_fabric_only": "leaf-a,leaf-b"},
        """liqo_fabric_only: is a text and not a list (with -e write it as -e '{"liqo_fabric_only": [...]}',""",
    ),
    "a word for a number": (
        {"liqo_fabric_wait_timeout": "two minutes"},
        "liqo_fabric_wait_timeout: is 'two minutes' and not a number",
    ),
    "the hub in a shortcut": (
        entry(between=["hub", "leaf-a"]),
        (
            "liqo_fabric_shortcuts[0].between: hub is a hub, and a shortcut joins two leaves"
            " (what joins a hub and a leaf is a peering, which 'liqoctl peer' makes)"
        ),
    ),
    "a Service without a name": (
        {"liqo_fabric_services": [{"namespace": "demo"}]},
        "liqo_fabric_services[0]: one of name and selector must be given (write namespace and name, or a",
    ),
    "a Service of a leaf": (
        {"liqo_fabric_services": [{"namespace": "demo", "name": "web", "hub": "leaf-a"}]},
        "liqo_fabric_services[0].hub: 'leaf-a' is not one of hubs (hubs of this task are: hub)",
    ),
    "waves that are no numbers": (
        {"liqo_fabric_waves": [1, "a quarter"]},
        "liqo_fabric_waves[1]: 'a quarter' is neither a number of hosts nor a share (write it like 3, or like 25%)",
    ),
    "several at once": (
        {"liqo_fabric_tolerat": 1, **entry(between=["leaf-a", "leaf-b"], mut=1300)},
        (
            "2 wrong values: liqo_fabric_shortcuts[0].mut: there is no such option (did you mean mtu?);"
            " liqo_fabric_tolerat: there is no such variable"
        ),
    ),
}

WISHES: dict[str, tuple[dict[str, Any], str]] = {
    # what was done wrong: (options of the module, what is said)
    "a typo in an option of the module": (
        {"toleate": 1},
        "Unsupported parameters for (liqo.fabric.shortcuts) module: toleate. Supported parameters include: ",
    ),
    "a cluster that is not there": (
        {"shortcuts": [{"between": ["leaf-a", "leaf-x"]}]},
        "shortcuts[0].between: unknown cluster 'leaf-x' (clusters of this task are: leaf-a, leaf-b)",
    ),
    "a pair of a cluster with itself": (
        {"shortcuts": [{"between": ["leaf-a", "leaf-a"]}]},
        "shortcuts[0].between: pairs leaf-a with itself (name two different clusters)",
    ),
    "a pair of three": (
        {"shortcuts": [{"between": ["leaf-a", "leaf-b", "leaf-a"]}]},
        "shortcuts[0].between: names 3 clusters instead of 2 (write it as between: [leaf-a, leaf-b])",
    ),
    "a server that is none of the two": (
        {"shortcuts": [{"between": ["leaf-a", "leaf-b"], "server": "hub"}]},
        "shortcuts[0].server: unknown cluster 'hub' (clusters of this task are: leaf-a, leaf-b)",
    ),
    "a name that no label can have": (
        {"fabric": "my shop"},
        "fabric: 'my shop' cannot be written on objects (use at most 63 letters, digits, ",
    ),
    "a plan that was never made": (
        {"plan_file": "/nowhere/retail.json"},
        (
            "/nowhere/retail.json: there is no plan to carry out: No such file or directory."
            " Next: make it first, with liqo.fabric.plan or the same task in check mode, and the same file."
        ),
    ),
    "a file that is no plan": (
        {"plan_file": "{folder}/not-a-plan.json"},
        "it does not say format 'liqo.fabric plan 2'. Next: make a plan with liqo.fabric.plan",
    ),
}

CONNECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    # what was done wrong: (connection options of the cluster, what is said)
    "a kubeconfig that is not there": (
        {"kubeconfig": "kubeconfigs/leaf-a"},
        (
            ": cannot use the kubeconfig: the file kubeconfigs/leaf-a does not exist."
            " Next: correct the path; that of liqo_kubeconfig starts at the folder of the inventory, any other at "
        ),
    ),
    "a kubeconfig that is no YAML": (
        {"kubeconfig": "{folder}/no-yaml"},
        "no-yaml is not valid YAML at line 4. Next: correct the file; kubectl config view shows it.",
    ),
    "another file than a kubeconfig": (
        {"kubeconfig": "{folder}/no-kubeconfig"},
        "no-kubeconfig is no kubeconfig, its top level is no mapping. Next: give the path of a kubeconfig.",
    ),
    "a folder for a kubeconfig": (
        {"kubeconfig": "{folder}"},
        "cannot be read: Is a directory. Next: ",
    ),
    "a kubeconfig of which only the beginning was copied": (
        {"kubeconfig": "{folder}/half"},
        "half has no current-context and no context is given. Next: set the option context, there are: none.",
    ),
    "half the text of a kubeconfig": (
        {"kubeconfig": f"apiVersion: v1\nusers: [{{ name: me, user: {{ token: {SECRET} }} }}]\n"},
        "the text of the kubeconfig has no current-context and no context is given. Next: set the option context",
    ),
    "a context that is not there": (
        {"kubeconfig": "{folder}/good", "context": "prod"},
        "the context 'prod' is not in {folder}/good. Next: name one that is there: lab.",
    ),
    "an address without https": (
        {"host": "leaf-a.example:6443", "api_key": SECRET},
        "the server address is not a URL like https://host:6443. Next: correct host, or server in the kubeconfig.",
    ),
    "a name that does not resolve": (
        {"host": "https://leaf-a.invalid:6443", "api_key": SECRET},
        "the host name of leaf-a.invalid:6443/TCP does not resolve (",
    ),
    "a port on which nobody listens": (
        {"host": "https://127.0.0.1:{free_port}", "api_key": SECRET},
        (
            "127.0.0.1:{free_port}/TCP refused the connection."
            " Next: start the API server, or correct the address in the connection options of leaf-"
        ),
    ),
}


LEAVES = {"liqo_leaves": {"hosts": {leaf: {"liqo_kubeconfig": f"/nowhere/{leaf}"} for leaf in ("leaf-a", "leaf-b")}}}
GROUPS = {**LEAVES, "liqo_hubs": {"hosts": {"hub": {"liqo_kubeconfig": "/nowhere/hub"}}}}


@pytest.fixture(scope="module")
def of_variables(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """The role as the playbooks begin it, with each set of variables."""
    role = {"name": "liqo.fabric.fabric", "tasks_from": "inventory"}
    blocks = {
        mistake: [{"name": "Check", "ansible.builtin.import_role": role, "vars": {**GOOD, **NEEDS, **variables}}]
        for mistake, (variables, _said) in VARIABLES.items()
    }
    return play(tmp_path_factory.mktemp("variables"), blocks, GROUPS)


@pytest.mark.parametrize("mistake", VARIABLES)
def test_variables_of_the_role(of_variables: Said, mistake: str) -> None:
    of_variables.check(mistake, VARIABLES[mistake][1])


def test_a_mistake_does_not_show_the_whole_specification(of_variables: Said) -> None:
    assert "argument_spec_data" not in of_variables.log
    assert "Traceback" not in of_variables.log


@pytest.fixture(scope="module")
def of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """The module with each set of options, and on Pythons that cannot run it."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "not-a-plan.json").write_text("{}")
    (folder / "no-yaml").write_text(f"apiVersion: v1\ntoken: {SECRET}\nusers: [\n")
    (folder / "no-kubeconfig").write_text(f"{SECRET}\n")
    (folder / "half").write_text("apiVersion: v1\nkind: Config\n")
    (folder / "good").write_text(yaml.safe_dump(kubeconfig()))
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options: dict[str, dict[str, Any]] = {mistake: given for mistake, (given, _said) in WISHES.items()}
    blocks = {mistake: [task(given)] for mistake, given in options.items()}
    blocks["connections"] = looks()
    for mistake, interpreter in interpreters(folder).items():
        blocks[mistake] = [{**task({}), "vars": {"ansible_python_interpreter": str(interpreter)}}]
    places = {"folder": str(folder), "free_port": str(port)}
    text = json.dumps(blocks)
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", place)
    said = play(folder, json.loads(text))
    failures = {
        one["where"].split()[0]: "{where}: {what}: {why}. Next: {next}.".format(**one)
        for one in json.loads(said.messages["connections"])
    }
    connections = {mistake: failures[name] for name, mistake in NAMES.items()}
    return replace(said, messages={**said.messages, **connections}, places=places)


NAMES = {f"leaf-{number}": mistake for number, mistake in enumerate(CONNECTIONS)}


def looks() -> list[dict[str, Any]]:
    """One look at as many clusters as there are wrong connections; that it does not fail is turned into a failure."""
    clusters = [{"name": name, **CONNECTIONS[mistake][0]} for name, mistake in NAMES.items()]
    look = {"name": "Look", "liqo.fabric.peering_info": {"clusters": clusters}, "register": "looked"}
    return [look, {"name": "Say", "ansible.builtin.fail": {"msg": "{{ looked.failures | to_json }}"}}]


NOWHERE = [{"name": leaf, "kubeconfig": f"/nowhere/{leaf}"} for leaf in ("leaf-a", "leaf-b")]
"""What ends at once, and is not come to where something else is wrong."""


def kubeconfig() -> dict[str, Any]:
    """In itself it is right, but nobody listens there."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
        "clusters": [{"name": "lab", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": SECRET}}],
    }


def task(options: Mapping[str, Any]) -> dict[str, Any]:
    given = {"fabric": "retail", "clusters": NOWHERE, "shortcuts": PAIR, **options}
    return {"name": "Act", "liqo.fabric.shortcuts": given}


def interpreters(folder: Path) -> dict[str, Path]:
    """Pythons that lack something: what a newcomer has who points Ansible at the wrong one."""
    found = {}
    for name in ("bare", "dated"):
        venv.create(folder / name, with_pip=False)
        found[name] = folder / name / "bin/python"
    (packages,) = (folder / "dated/lib").glob("python*/site-packages")
    # A stand-in: of the package, only its name and version are looked at before it is refused.
    (packages / "urllib3.py").touch()
    (packages / "urllib3-1.26.20.dist-info").mkdir()
    (packages / "urllib3-1.26.20.dist-info/METADATA").write_text("Metadata-Version: 2.1\nVersion: 1.26.20\n")
    old = old_python()
    return {**found, "old": old} if old else found


def old_python() -> Path | None:
    """Any that Ansible itself still takes for a host that runs modules."""
    for version in ("3.10", "3.9"):
        for found in (shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")):
            if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
                return Path(found)
    return None


@pytest.mark.parametrize("mistake", WISHES)
def test_options_of_the_module(of_the_module: Said, mistake: str) -> None:
    of_the_module.check(mistake, WISHES[mistake][1])


@pytest.mark.parametrize("mistake", CONNECTIONS)
def test_connections(of_the_module: Said, mistake: str) -> None:
    of_the_module.check(mistake, CONNECTIONS[mistake][1])


def test_a_machine_without_a_package(of_the_module: Said) -> None:
    python = "{folder}/bare/bin/python"
    of_the_module.check(
        "bare",
        "the machine where the task runs: cannot talk to API servers: the Python package urllib3 cannot be imported"
        f" by {python} (No module named 'urllib3'). Next: install it where the task runs with"
        f""" "{python} -m pip install 'urllib3>=2.3'", or point ansible_python_interpreter at an interpreter that""",
    )


def test_a_machine_with_an_old_package(of_the_module: Said) -> None:
    python = "{folder}/dated/bin/python"
    of_the_module.check(
        "dated",
        f"the Python package urllib3 of {python} is 1.26.20, and 2.3 or newer is needed."
        f""" Next: install it where the task runs with "{python} -m pip install 'urllib3>=2.3'", or""",
    )


def test_a_machine_with_an_old_python(of_the_module: Said) -> None:
    if "old" not in of_the_module.messages:
        pytest.skip("no Python 3.9 or 3.10 is on this machine")
    of_the_module.check("old", "liqo.fabric needs Python 3.11 or newer, and ")


def test_no_token_and_no_traceback_is_shown(of_the_module: Said) -> None:
    assert SECRET not in of_the_module.log
    assert SECRET not in json.dumps(of_the_module.messages)
    assert "Traceback" not in of_the_module.log


RUNS: dict[str, tuple[list[str], dict[str, Any], str]] = {
    # what was done wrong: (arguments of ansible-playbook, groups of the inventory, what is said)
    "no inventory": (
        ["liqo.fabric.plan"],
        {},
        (
            "The inventory has no host in the group liqo_leaves. Put one host per leaf there, each with liqo_kubeconfig"
            ", and choose the inventory with -i."
        ),
    ),
    "leaves in a group of another name": (
        ["liqo.fabric.status"],
        {"leaves": LEAVES["liqo_leaves"]},
        "The inventory has no host in the group liqo_leaves. Put one host per leaf there",
    ),
    "leaves without a kubeconfig": (
        ["liqo.fabric.plan"],
        {"liqo_leaves": {"hosts": {"leaf-a": {"kubeconfig": "/k/a"}, "leaf-b": None}}},
        (
            "nothing says where the cluster of leaf-a, leaf-b is: set liqo_kubeconfig (or liqo_context, or liqo_host)"
            " for each of these hosts in the inventory"
        ),
    ),
    "a limit that leaves no leaf": (
        ["liqo.fabric.apply", "--limit", "hub"],
        GROUPS,
        "--limit hub leaves no host of the group liqo_leaves, so there is nothing to do. Name leaves, both ends",
    ),
    "a machine that cannot run the modules": (
        ["liqo.fabric.apply", "-e", "ansible_python_interpreter=/nowhere/python"],
        GROUPS,
        "/nowhere/python: not found",
    ),
}


@pytest.mark.parametrize("mistake", RUNS)
def test_runs_of_the_playbooks(tmp_path: Path, mistake: str) -> None:
    arguments, groups, wanted = RUNS[mistake]
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": groups}}))
    inventory = ["-i", str(tmp_path / "inventory.yml")] if groups else []
    done = ansible_playbook(*arguments, *inventory, "-e", json.dumps(GOOD))
    assert done.returncode not in (0, 250)
    assert wanted in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_limit_of_one_leaf_is_told_that_a_link_has_two_ends(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": GROUPS}}))
    limited = ["-i", str(tmp_path / "inventory.yml"), "--limit", "leaf-a", "-e", json.dumps(GOOD)]
    done = ansible_playbook("liqo.fabric.apply", *limited)
    assert done.returncode == 0
    assert "--limit leaf-a leaves only leaf-a, and no link has both ends there. Name both ends" in done.stdout


def test_what_an_earlier_job_of_a_workflow_hands_on_is_no_mistake(tmp_path: Path) -> None:
    variables = yaml.safe_load((ROOT / "roles/fabric/vars/main.yml").read_text())
    assert variables["_fabric_handed_on"] == list(variables["_fabric_outcome_stats"])
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": GROUPS}}))
    given = {**GOOD, **{name: [] for name in variables["_fabric_handed_on"]}}
    done = ansible_playbook("liqo.fabric.plan", "-i", str(tmp_path / "inventory.yml"), "-e", json.dumps(given))
    assert "there is no such variable" not in done.stdout
    assert "fabric retail: 1 blocked" in done.stdout
