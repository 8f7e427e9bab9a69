# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What extensions/awx says reaches AWX by the modules of awx.awx, fits the playbooks, and works as AWX would use it."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.saved_plan import from_word
from ansible_collections.liqo.fabric.plugins.module_utils._kube.kubeconfig import select
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.unit.pretend_awx import CREDENTIAL_TYPE, SURVEY, PretendAwx, complaint, listening
from tests.unit.test_playbooks import LEAVES, MESH, inventory

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/awx.md").read_text()
ENTRY_POINTS = {"plan": "plan", "apply": "main", "rollout": "wave", "status": "status", "teardown": "teardown"}
SECRET = "kubeconfig-with-a-token"
ANSWER_TYPES = {"text": ("str",), "integer": ("int", "float"), "multiplechoice": ("str", "bool")}


class Loader(yaml.SafeLoader):
    """Knows Ansible's tag for text that is no template."""


def _unsafe(loader: Loader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


Loader.add_multi_constructor("!unsafe", _unsafe)


def declared(kind: str) -> Any:
    (found,) = yaml.load((ROOT / f"extensions/awx/{kind}.yml").read_text(), Loader=Loader).values()
    return found


def playbook(
    name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ansible-playbook")), f"liqo.fabric.{name}", *arguments]
    return subprocess.run(
        command,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


class Setup:
    """An AWX that has an organization, a project and an inventory, and the command that puts the rest there."""

    def __init__(self, awx: PretendAwx, address: str, collections: Path, folder: Path) -> None:
        self.awx = awx
        (folder / "kubeconfig").write_text(SECRET)
        self.variables = {
            "liqo_awx_project": "Network",
            "liqo_awx_inventory": "Retail",
            "liqo_awx_credential": "Retail clusters",
            "liqo_awx_kubeconfig": "kubeconfig",
            "liqo_awx_image": "registry.example.org/liqo-fabric:1",
            "liqo_awx_notification": {"type": "webhook", "configuration": {"url": "https://chat.example.org"}},
        }
        self.environment = {
            "CONTROLLER_HOST": address,
            "CONTROLLER_OAUTH_TOKEN": "a-token-of-awx",
            "PWD": str(folder),
            "ANSIBLE_COLLECTIONS_PATH": f"{os.environ['ANSIBLE_COLLECTIONS_PATH']}:{collections}",
        }

    def run(self) -> str:
        done = playbook("awx_setup", "-v", "-e", json.dumps(self.variables), environment=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def setup(awx_awx: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    """After the playbook has run once."""
    awx = PretendAwx()
    awx.add("organizations", name="Default")
    awx.add("projects", name="Network", organization=1)
    awx.add("inventories", name="Retail")
    with listening(awx) as address:
        ready = Setup(awx, address, awx_awx, tmp_path_factory.mktemp("awx"))
        log = ready.run()
        assert SECRET not in log
        assert "a-token-of-awx" not in log
        yield ready


def test_the_playbook_brings_everything_into_awx(setup: Setup) -> None:
    awx = setup.awx
    jobs = [f"Liqo fabric {name}" for name in ("plan", "apply", "rollout", "status", "teardown", "drift")]
    assert awx.names("job_templates") == jobs
    for name in jobs:
        job = awx.one("job_templates", name)
        assert awx.tied_names(job, "credentials") == ["Retail clusters"]
        assert [job[key] for key in ("project", "inventory", "organization")] == [2, 3, 1]
        assert job["execution_environment"] == awx.one("execution_environments", "Liqo fabric")["id"]
    assert awx.one("schedules", "Liqo fabric drift")["unified_job_template"] == awx.one("job_templates", jobs[-1])["id"]
    assert awx.secrets == {"Retail clusters": {"kubeconfig": SECRET}}


def test_what_awx_fills_in_reaches_it_as_it_is(setup: Setup) -> None:
    kubeconfig = setup.awx.one("credential_types", "Liqo fabric kubeconfig")
    assert kubeconfig["injectors"] == declared("credential_types")[0]["injectors"]
    assert setup.awx.one("notification_templates", "Liqo fabric")["messages"]["error"]["message"].startswith(
        "{{ job.name"
    )


def test_surveys_and_variables_reach_awx_as_they_are_declared(setup: Setup) -> None:
    for want in declared("job_templates"):
        job = setup.awx.one("job_templates", want["name"].replace("{{ liqo_awx_prefix }}", "Liqo fabric"))
        assert json.loads(job.get("extra_vars", "{}")) == want.get("extra_vars", {})
        assert setup.awx.surveys.get(job["related"]["survey_spec"]) == want.get("survey_spec")
        assert job["survey_enabled"] == ("survey_spec" in want)
        for ask in ("ask_limit_on_launch", "ask_variables_on_launch"):
            assert job[ask] == want.get(ask, False)


def test_the_workflow_carries_out_only_the_plan_that_was_approved(setup: Setup) -> None:
    awx = setup.awx
    nodes = [awx.one("workflow_job_template_nodes", name) for name in ("plan", "approve", "apply")]
    assert [awx.tied_names(node, "success_nodes", "workflow_job_template_nodes") for node in nodes] == [
        ["approve"],
        ["apply"],
        [],
    ]
    assert nodes[0]["unified_job_template"] == awx.one("job_templates", "Liqo fabric plan")["id"]
    assert nodes[2]["unified_job_template"] == awx.one("job_templates", "Liqo fabric apply")["id"]
    assert (
        awx.one("workflow_approval_templates", "Liqo fabric approval")["url"]
        == nodes[1]["related"]["unified_job_template"]
    )
    assert nodes[2]["extra_data"] == {"liqo_fabric_needs_plan": True}
    # AWX drops variables of a node that its job template does not ask for.
    assert awx.one("job_templates", "Liqo fabric apply")["ask_variables_on_launch"]
    plan, apply = (
        json.loads(awx.one("job_templates", f"Liqo fabric {name}")["extra_vars"]) for name in ("plan", "apply")
    )
    assert plan["liqo_fabric_set_stats"]
    assert "liqo_fabric_saved_plan" not in apply


def test_drift_and_waiting_plans_are_told_to_somebody(setup: Setup) -> None:
    awx = setup.awx
    drift = awx.one("job_templates", "Liqo fabric drift")
    assert awx.tied_names(drift, "notification_templates_error", "notification_templates") == ["Liqo fabric"]
    workflow = awx.one("workflow_job_templates", "Liqo fabric approved apply")
    assert awx.tied_names(workflow, "notification_templates_approvals", "notification_templates") == ["Liqo fabric"]


@pytest.mark.long
def test_a_second_run_leaves_everything_as_it_is(setup: Setup) -> None:
    awx = setup.awx
    before = copy.deepcopy((awx.lists, awx.tied, awx.surveys, awx.secrets))
    del awx.changes[:]
    log = setup.run()
    assert (awx.lists, awx.tied, awx.surveys, awx.secrets) == before
    # awx.awx cannot compare a secret, nor an approval with what it wrote, so that it writes these again.
    assert [re.sub(r"\d+/$", "", change) for change in awx.changes] == [
        "PATCH /api/v2/credentials/",
        "PATCH /api/v2/workflow_approval_templates/",
    ]
    changed = re.findall(r"^changed: \[localhost\](?: => \(item=(.*?)\))?", log, re.MULTILINE)
    assert changed == ["", "Liqo fabric approved apply"]


def test_without_awx_awx_the_playbook_says_what_to_install() -> None:
    done = playbook("awx_setup")
    assert done.returncode == 2
    assert 'Install it with \\"ansible-galaxy collection install awx.awx\\" and run this again.' in done.stdout
    assert "Make the" not in done.stdout


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        (
            {"liqo_awx_inventory": None, "liqo_awx_credential": None},
            "Not set: liqo_awx_inventory and liqo_awx_credential. Say with -e what the inventory and the credential",
        ),
        ({"liqo_awx_kubeconfig": "elsewhere"}, "liqo_awx_kubeconfig: there is no file {folder}/elsewhere."),
    ],
)
def test_what_is_not_said_or_not_there_is_named_before_anything_is_sent(
    setup: Setup, changed: Mapping[str, str | None], complaint: str
) -> None:
    sent = len(setup.awx.changes)
    variables = {name: value for name, value in {**setup.variables, **changed}.items() if value is not None}
    done = playbook("awx_setup", "-e", json.dumps(variables), environment=setup.environment)
    assert done.returncode == 2
    assert complaint.format(folder=setup.environment["PWD"]) in done.stdout
    assert len(setup.awx.changes) == sent


def specs(name: str) -> Mapping[str, Any]:
    """Variables of the entry point that a job template runs."""
    found = yaml.safe_load((ROOT / "roles/fabric/meta/argument_specs.yml").read_text())["argument_specs"]
    options: Mapping[str, Any] = found[ENTRY_POINTS[name]]["options"]
    return options


@pytest.mark.parametrize("job", declared("job_templates"), ids=lambda job: job["name"].rpartition(" ")[2])
def test_every_question_is_about_a_variable_of_the_playbook(job: Mapping[str, Any]) -> None:
    folder, _, name = job["playbook"].removesuffix(".yml").rpartition("/")
    assert folder == "{{ liqo_awx_playbooks }}"
    assert (ROOT / f"playbooks/{name}.yml").is_file()
    options = specs(name)
    assert set(job.get("extra_vars", ())) <= set(options)
    questions = job.get("survey_spec", {"spec": ()})["spec"]
    assert len({question["variable"] for question in questions}) == len(questions)
    for question in questions:
        option = options[question["variable"]]
        assert option["type"] in ANSWER_TYPES[question["type"]]
        if "choices" in question:
            assert question["choices"] == option.get("choices", ["true", "false"])
        # An answer that nobody gave would win over the inventory.
        assert not question["required"]
        assert "default" not in question


def test_surveys_and_the_credential_type_are_what_awx_takes() -> None:
    for job in declared("job_templates"):
        assert complaint(job.get("survey_spec", declared("job_templates")[0]["survey_spec"]), SURVEY) == ""
    assert complaint(declared("credential_types")[0], CREDENTIAL_TYPE) == ""
    assert complaint({**declared("credential_types")[0], "injectors": {"file": {"kubeconfig": "x"}}}, CREDENTIAL_TYPE)
    assert complaint({"name": "n", "description": "d", "spec": [{"question_name": "q"}]}, SURVEY)


def injected(folder: Path, kubeconfig: str) -> dict[str, str]:
    """The environment that AWX gives to a job with such a credential."""
    (kind,) = declared("credential_types")
    templates = ImmutableSandboxedEnvironment()
    given = {field["id"]: kubeconfig for field in kind["inputs"]["fields"]}
    file = folder / "injected"
    file.write_text(templates.from_string(kind["injectors"]["file"]["template"]).render(given))
    given["tower"] = {"filename": str(file)}  # type: ignore[assignment]
    return {name: templates.from_string(text).render(given) for name, text in kind["injectors"]["env"].items()}


def bundle(*clusters: str) -> str:
    """A kubeconfig with a context for each; that no cluster has a server ends each attempt at once, with its name."""
    return yaml.safe_dump(
        {
            "clusters": [{"name": f"cluster of {name}", "cluster": {}} for name in clusters],
            "users": [{"name": "me", "user": {"token": "a-token"}}],
            "contexts": [
                {"name": name, "context": {"cluster": f"cluster of {name}", "user": "me"}} for name in clusters
            ],
            "current-context": clusters[0],
        }
    )


def bare_inventory(folder: Path) -> Path:
    """Says nothing of where the clusters are."""
    groups: Any = {"liqo_hubs": {"hosts": {"hub": {}}}, "liqo_leaves": {"hosts": {leaf: {} for leaf in LEAVES}}}
    variables = {"liqo_fabric_name": "retail", "liqo_fabric_shortcuts": MESH}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": groups, "vars": variables}}))
    return folder / "inventory.yml"


def test_each_host_is_the_context_of_its_name_in_what_the_credential_injects(tmp_path: Path) -> None:
    environment = injected(tmp_path, bundle("hub", *LEAVES))
    shown = playbook("status", "-i", str(bare_inventory(tmp_path)), environment=environment).stdout
    shown = " ".join(shown.split())
    for cluster in ("hub", *LEAVES):
        assert f"the cluster 'cluster of {cluster}' in {tmp_path}/injected has no server" in shown
    assert "a-token" not in shown


def test_a_plan_hands_its_outcome_over_before_it_fails(tmp_path: Path) -> None:
    given = {"liqo_fabric_name": "retail", "liqo_fabric_shortcuts": MESH, "liqo_fabric_set_stats": True}
    arguments = ["-i", str(inventory(tmp_path, *LEAVES)), "-e", json.dumps(given)]
    done = playbook("plan", *arguments, environment={"ANSIBLE_SHOW_CUSTOM_STATS": "1"})
    assert done.returncode == 2
    stats = json.loads(done.stdout.rpartition("RUN: ")[2])
    (counts,) = stats["liqo_fabric_outcomes"]
    assert (counts["links"], counts["blocked"]) == (3, 3)
    assert stats["liqo_fabric_changed"] is False
    assert stats["liqo_fabric_rerun"] == [link["between"] for link in MESH]
    saved = from_word(stats["liqo_fabric_saved_plan"], where="stats")
    assert list(saved["blocked"]) == [" <-> ".join(link["between"]) for link in MESH]


def test_the_recipe_of_the_page_makes_one_kubeconfig_of_many(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    recipe = next(
        block for block in re.findall(r"^```(?:yaml)?\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) if "flatten" in block
    )
    (tmp_path / "kubeconfigs").mkdir()
    for number, name in enumerate(LEAVES):
        one = {
            "clusters": [{"name": f"cluster-{number}", "cluster": {"server": f"https://10.0.0.{number}:6443"}}],
            "users": [{"name": f"user-{number}", "user": {"token": f"token-{number}"}}],
            "contexts": [{"name": "admin", "context": {"cluster": f"cluster-{number}", "user": f"user-{number}"}}],
            "current-context": "admin",
        }
        (tmp_path / "kubeconfigs" / name).write_text(yaml.safe_dump(one))
    subprocess.run(["bash", "-euo", "pipefail", "-c", recipe], cwd=tmp_path, check=True, capture_output=True)
    for number, name in enumerate(LEAVES):
        chosen = select(str(tmp_path / "retail.kubeconfig"), context=name)
        assert chosen.server == f"https://10.0.0.{number}:6443"
