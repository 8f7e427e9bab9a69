# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities of the module ``rbac`` on a lab: their tokens, one verb less, and what the modules then say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import report_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.rights import Job, Right, Side, grants
from ansible_collections.liqo.fabric.plugins.module_utils._run import reconcile as link_run
from ansible_collections.liqo.fabric.plugins.module_utils._run.info import peering_info
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import open_apis
from ansible_collections.liqo.fabric.plugins.modules import shortcuts

from lab.api import Api
from tests.lab_tests.laboratory import Laboratory, eventually

RBAC = "rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LEAVES = ("leaf-a", "leaf-b")


@dataclass(frozen=True, kw_only=True)
class Robot:
    """A ServiceAccount that the module ``rbac`` made, the same on each cluster."""

    lab: Laboratory
    name: str
    kubeconfigs: Mapping[str, Path]

    @property
    def clusters(self) -> list[dict[str, Any]]:
        return [{"name": name, "kubeconfig": str(path)} for name, path in self.kubeconfigs.items()]

    def may(self, cluster: str, right: Right) -> bool:
        path = self.kubeconfigs[cluster]
        api = Api(path, token=yaml.safe_load(path.read_text())["users"][0]["user"]["token"])
        return api.request("POST", REVIEWS, right.review())["status"]["allowed"] is True

    @contextmanager
    def without(self, cluster: str, verb: str, resource: Resource) -> Iterator[None]:
        """For a while its roles on one cluster lack this verb on this kind."""
        api, before = self.lab.api(cluster), []
        for kind, namespace in (("ClusterRole", ""), ("Role", "liqo")):
            role = api.get(RBAC, kind, self.name, namespace)
            if role is not None:
                before.append((kind, namespace, role["rules"]))
        for kind, namespace, rules in before:
            less = [one for rule in rules for one in _less(rule, verb, resource)]
            api.patch(RBAC, kind, self.name, {"rules": less}, namespace=namespace)
        right = Right(verb=verb, resource=resource, namespace="liqo" if resource.namespaced else "")
        eventually(lambda: not self.may(cluster, right), what=f"no {right} on {cluster}", every_s=0.02)
        try:
            yield
        finally:
            for kind, namespace, rules in before:
                api.patch(RBAC, kind, self.name, {"rules": rules}, namespace=namespace)
            eventually(lambda: self.may(cluster, right), what=f"{right} on {cluster} again", every_s=0.02)


def _less(rule: Mapping[str, Any], verb: str, resource: Resource) -> list[dict[str, Any]]:
    """The rule without the verb on the kind: on the other kinds of the rule it stays."""
    if rule["apiGroups"] != [resource.group] or resource.plural not in rule["resources"] or verb not in rule["verbs"]:
        return [dict(rule)]
    others = [plural for plural in rule["resources"] if plural != resource.plural]
    verbs = [one for one in rule["verbs"] if one != verb]
    halves = [{**rule, "resources": others}, {**rule, "resources": [resource.plural], "verbs": verbs}]
    return [half for half in halves if half["resources"] and half["verbs"]]


def robot(lab: Laboratory, names: Iterable[str], folder: Path, *, name: str) -> Robot:
    """Its kubeconfigs, after somebody has made it in Liqo's namespace."""
    folder.mkdir(exist_ok=True)
    found = {}
    for cluster in names:
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        path = f"/api/v1/namespaces/liqo/serviceaccounts/{name}/token"
        token = lab.api(cluster).request("POST", path, request)["status"]["token"]
        config = yaml.safe_load(lab.kubeconfig(cluster).read_text())
        config["users"][0]["user"] = {"token": token}
        file = folder / cluster
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(config))
        found[cluster] = file
    return Robot(lab=lab, name=name, kubeconfigs=found)


def needed(jobs: Sequence[Job], side: Side) -> list[tuple[str, Resource]]:
    """Every verb on every kind without which these jobs cannot be done."""
    pairs = {(verb, grant.resource): None for grant in grants(jobs, side) for verb in grant.verbs}
    return list(pairs)


def _with_defaults(spec: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params.get(name, option.get("default")) for name, option in spec.items()}


def look(clusters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The result of ``peering_info`` in this process: a hundred of them in the time of five plays."""
    params = {"clusters": clusters, "query": None, "timeout": 30, "connect_timeout": 5, "parallel_clusters": 8}
    return peering_info(params)


def plan_links(clusters: Sequence[Mapping[str, Any]], **options: Any) -> dict[str, Any]:
    """The result of ``shortcuts`` in check mode."""
    wish = {"between": list(LEAVES)}
    params = _with_defaults(
        shortcuts.ARGUMENT_SPEC,
        {
            "fabric": "test",
            "clusters": clusters,
            "shortcuts": [wish],
            "defaults": {"service_type": "NodePort"},
            **options,
        },
    )
    fabric = resolve(parse_wishes(params))
    apis = open_apis(params, agent="shortcuts")
    return report_result(link_run.reconcile(fabric, apis, limits=link_run.Limits(), check_mode=True))
