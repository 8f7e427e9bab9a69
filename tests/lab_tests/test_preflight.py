# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would fail later is found before the first write: by real authorizers, admission policies and Services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import RIGHTS, Grant, Job

from lab.api import Api, ApiError
from tests.lab_tests.laboratory import Laboratory, Task, eventually, now

pytestmark = pytest.mark.lab

LEAVES = ("leaf-a", "leaf-b")
NAME = "liqo-fabric-preflight-test"
NODE_PORT = 32077
RBAC = "rbac.authorization.k8s.io/v1"
ADMISSION = "admissionregistration.k8s.io/v1"


@pytest.fixture(autouse=True)
def _clean(lab: Laboratory) -> Iterator[None]:
    lab.unlink(LEAVES)
    yield
    for cluster in LEAVES:
        api = lab.api(cluster)
        for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
            api.delete(ADMISSION, kind, NAME)
        for kind in ("ClusterRoleBinding", "ClusterRole"):
            api.delete(RBAC, kind, NAME)
        api.delete("v1", "ServiceAccount", NAME, "default")
        api.delete("v1", "Service", NAME, "default")
    lab.unlink(LEAVES)


def stopped(lab: Laboratory, task: Task, since: str) -> list[dict[str, Any]]:
    """The errors of a run that wrote nothing and named its link as blocked."""
    assert task.failed
    assert task.outcomes == {"leaf-a<->leaf-b": "blocked"}, task.log
    assert task.result["plan"] == []
    assert task.result["changed"] is False
    assert lab.writes(since, LEAVES) == 0
    return [one for one in task.result["preflight"] if one["level"] == "error"]


def both_ways(lab: Laboratory, **options: Any) -> list[dict[str, Any]]:
    """The errors of a run in check mode, which are those of a real one."""
    since = now()
    planned = lab.shortcuts(LEAVES, [LEAVES], "--check", **options)
    done = lab.shortcuts(LEAVES, [LEAVES], **options)
    assert planned.result["preflight"] == done.result["preflight"]
    assert planned.result["failures"] == done.result["failures"]
    return stopped(lab, done, since)


def test_a_missing_verb_is_found_before_anything_is_written_and_the_table_of_verbs_is_enough(
    lab: Laboratory, tmp_path: Path
) -> None:
    clusters = [{"name": cluster, "kubeconfig": str(robot(lab, cluster, tmp_path))} for cluster in LEAVES]
    full = lab.api("leaf-b").get(RBAC, "ClusterRole", NAME)
    assert full is not None
    short = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "create"]}
             if rule["resources"] == ["publickeies"] else rule for rule in full["rules"]]  # fmt: skip
    lab.api("leaf-b").patch(RBAC, "ClusterRole", NAME, {"rules": short})
    eventually(lambda: not may_create_keys(lab, clusters[1]["kubeconfig"]), what="the verb is taken away")
    (error,) = both_ways(lab, clusters=clusters)
    assert (error["cluster"], error["check"], error["between"]) == ("leaf-b", "rights", list(LEAVES))
    assert error["why"] == "missing on leaf-b: create publickeies.networking.liqo.io"
    lab.api("leaf-b").patch(RBAC, "ClusterRole", NAME, {"rules": full["rules"]})
    eventually(lambda: may_create_keys(lab, clusters[1]["kubeconfig"]), what="the verb is given back")
    made = lab.shortcuts(LEAVES, [LEAVES], clusters=clusters)
    assert made.outcomes == {"leaf-a<->leaf-b": "created"}, made.log
    assert {one["level"] for one in made.result["preflight"]} <= {"info"}
    since = now()
    again = lab.shortcuts(LEAVES, [LEAVES], clusters=clusters)
    assert (again.result["plan"], again.result["preflight"]) == ([], [])
    assert lab.requests(since, LEAVES) <= 10 * len(LEAVES)
    before = [lab.everything(cluster) for cluster in LEAVES]
    planned = lab.shortcuts(LEAVES, [LEAVES], "--check", clusters=clusters, state="absent")
    assert planned.outcomes == {"leaf-a<->leaf-b": "removed"}
    # What the API server was asked to try is not in the audit log in full, but a deletion would show here.
    assert [lab.everything(cluster) for cluster in LEAVES] == before
    gone = lab.shortcuts(LEAVES, [LEAVES], clusters=clusters, state="absent")
    assert gone.outcomes == {"leaf-a<->leaf-b": "removed"}, gone.log


def test_a_node_port_of_another_service(lab: Laboratory) -> None:
    port = {"port": 80, "nodePort": NODE_PORT}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}}
    lab.api("leaf-a").create({**body, "spec": {"type": "NodePort", "ports": [port]}}, "default")
    wish = [{"between": list(LEAVES), "server": "leaf-a", "node_port": NODE_PORT}]
    (error,) = both_ways(lab, shortcuts=wish)
    assert error["check"] == "node-port"
    assert error["why"] == f"used by Service default/{NAME}"
    free = lab.shortcuts(LEAVES, [], "--check", shortcuts=[{**wish[0], "node_port": NODE_PORT + 1}])
    assert free.outcomes == {"leaf-a<->leaf-b": "created"}
    try:
        others = lab.shortcuts((*LEAVES, "leaf-c"), [], shortcuts=[*wish, {"between": ["leaf-b", "leaf-c"]}])
        assert others.outcomes == {"leaf-a<->leaf-b": "blocked", "leaf-b<->leaf-c": "created"}, others.log
    finally:
        lab.unlink(("leaf-b", "leaf-c"))


def test_a_policy_that_denies_a_later_write_is_found_by_its_dry_run(lab: Laboratory) -> None:
    for cluster, peer in (LEAVES, LEAVES[::-1]):
        labels = {"liqo.io/remote-cluster-id": peer, "liqo.io/tenant-namespace": "true"}
        name = {"name": f"liqo-tenant-{peer}", "labels": labels}
        lab.api(cluster).create({"apiVersion": "v1", "kind": "Namespace", "metadata": name})
    deny_gateway_servers(lab.api("leaf-a"))
    (error,) = both_ways(lab)
    assert (error["cluster"], error["check"]) == ("leaf-a", "dry-run")
    assert "no gateways here" in error["why"]
    skipped = lab.shortcuts(LEAVES, [LEAVES], preflight=False)
    assert skipped.failed
    assert skipped.outcomes == {"leaf-a<->leaf-b": "failed"}
    assert skipped.result["preflight"] == []


def robot(lab: Laboratory, cluster: str, folder: Path) -> Path:
    """A ServiceAccount that may do exactly what the table of verbs says."""
    api = lab.api(cluster)
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}}, "default")
    rules = [_rule(grant) for job in Job for grant in RIGHTS[job]]
    api.create({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": NAME}, "rules": _merged(rules)})
    binding = {
        "apiVersion": RBAC,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": "default"}],
    }
    api.create(binding)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    path = f"/api/v1/namespaces/default/serviceaccounts/{NAME}/token"
    token = api.request("POST", path, request)["status"]["token"]
    config = yaml.safe_load(lab.kubeconfig(cluster).read_text())
    config["users"][0]["user"] = {"token": token}
    file = folder / cluster
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config))
    eventually(lambda: may_create_keys(lab, str(file)), what=f"the rights on {cluster}")
    return file


def _rule(grant: Grant) -> dict[str, Any]:
    verbs = [*grant.verbs, *grant.useful]
    return {"apiGroups": [grant.resource.group], "resources": [grant.resource.plural], "verbs": verbs}


def _merged(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One rule per kind."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        found.setdefault((rule["apiGroups"][0], rule["resources"][0]), set()).update(rule["verbs"])
    return [
        {"apiGroups": [group], "resources": [plural], "verbs": sorted(verbs)}
        for (group, plural), verbs in sorted(found.items())
    ]


def may_create_keys(lab: Laboratory, kubeconfig: str) -> bool:
    api = Api(Path(kubeconfig), token=yaml.safe_load(Path(kubeconfig).read_text())["users"][0]["user"]["token"])
    asked = {"verb": "create", "group": "networking.liqo.io", "resource": "publickeies"}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
              "spec": {"resourceAttributes": asked}}  # fmt: skip
    answer = api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    return answer["status"]["allowed"] is True


def deny_gateway_servers(api: Api) -> None:
    """From when this returns the API server takes no new GatewayServer."""
    rule = {
        "apiGroups": ["networking.liqo.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE"],
        "resources": ["gatewayservers"],
    }
    policy = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "no gateways here"}],
    }
    binding = {"policyName": NAME, "validationActions": ["Deny"]}
    for kind, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        api.create({"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": NAME}, "spec": spec})
    eventually(lambda: _is_denied(api), what="the policy is in force")


def _is_denied(api: Api) -> bool:
    server = {
        "apiVersion": "networking.liqo.io/v1beta1",
        "kind": "GatewayServer",
        "metadata": {"name": NAME},
        "spec": {"endpoint": {"port": 51840}},
    }
    try:
        path = api.path("networking.liqo.io/v1beta1", "GatewayServer", "default")
        api.request("POST", f"{path}?dryRun=All", server)
    except ApiError as refusal:
        return "no gateways here" in str(refusal)
    return False
