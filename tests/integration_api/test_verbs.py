# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs against a real API server: what they send, what they return, and which error stands for what."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorized,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube import client
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.user_agent import user_agent

from tests.integration_api.conftest import CONFIGMAP, NAMESPACE, SECRET, ApiServer, configmap, secret

pytestmark = pytest.mark.lab

CONFIGURATION = Resource(
    group="networking.liqo.io", version="v1beta1", plural="configurations", kind="Configuration", namespaced=True
)


def metadata(body: Json) -> Mapping[str, str]:
    found = body["metadata"]
    assert isinstance(found, Mapping)
    return found


def test_a_created_object_is_read_back_with_its_kind(api: Api, namespace: str) -> None:
    created = api.create(CONFIGMAP, configmap(namespace, "one", key="value"))
    read = api.get(CONFIGMAP, name="one", namespace=namespace)
    assert read == created
    assert (read["kind"], read["apiVersion"], read["data"]) == ("ConfigMap", "v1", {"key": "value"})


def test_bodies_may_hold_any_mapping_and_tuples(api: Api, namespace: str) -> None:
    from types import MappingProxyType

    body = configmap(namespace, "frozen") | {"data": MappingProxyType({"key": "value"})}
    assert api.create(CONFIGMAP, MappingProxyType(body))["data"] == {"key": "value"}


def test_a_list_spans_pages_and_its_items_know_their_kind(
    api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 3)
    for number in range(7):
        api.create(CONFIGMAP, configmap(namespace, f"n{number}"))
    before = api.counters.requests
    listing = api.list(CONFIGMAP, namespace=namespace)
    assert [metadata(item)["name"] for item in listing.items] == [f"n{number}" for number in range(7)]
    assert {(item["apiVersion"], item["kind"]) for item in listing.items} == {("v1", "ConfigMap")}
    assert api.counters.requests - before == 3


def test_a_list_picks_by_label_over_all_namespaces(api: Api, namespace: str) -> None:
    api.create(CONFIGMAP, configmap(namespace, "in", labels={"picked": namespace}))
    api.create(CONFIGMAP, configmap(namespace, "out"))
    listing = api.list(CONFIGMAP, label_selector=f"picked={namespace}")
    assert [metadata(item)["name"] for item in listing.items] == ["in"]


def test_an_empty_list_has_a_version_to_watch_from(api: Api, namespace: str) -> None:
    listing = api.list(CONFIGMAP, namespace=namespace)
    assert listing.items == ()
    assert int(listing.resource_version) > 0


def test_a_list_tells_the_time_of_the_server(api: Api) -> None:
    assert abs(api.list(NAMESPACE).server_time - datetime.now(tz=UTC)) < timedelta(seconds=2)


def test_replacing_with_the_current_version_changes_the_object(api: Api, namespace: str) -> None:
    created = api.create(CONFIGMAP, configmap(namespace, "one", key="old"))
    replaced = api.replace(CONFIGMAP, {**created, "data": {"key": "new"}})
    assert api.get(CONFIGMAP, name="one", namespace=namespace)["data"] == {"key": "new"}
    assert metadata(replaced)["resourceVersion"] != metadata(created)["resourceVersion"]


def test_replacing_with_an_older_version_is_a_conflict(api: Api, namespace: str) -> None:
    created = api.create(CONFIGMAP, configmap(namespace, "one", key="old"))
    api.replace(CONFIGMAP, {**created, "data": {"key": "new"}})
    with pytest.raises(Conflict) as caught:
        api.replace(CONFIGMAP, {**created, "data": {"key": "newer"}})
    assert (caught.value.reason, caught.value.already_exists) == ("Conflict", False)


def test_creating_what_exists_is_a_conflict_of_its_own_kind(api: Api, namespace: str) -> None:
    api.create(CONFIGMAP, configmap(namespace, "one"))
    with pytest.raises(Conflict) as caught:
        api.create(CONFIGMAP, configmap(namespace, "one"))
    assert caught.value.already_exists
    assert f"cannot create configmaps {namespace}/one" in str(caught.value)


def test_a_replacement_without_a_version_never_leaves_this_machine(api: Api, namespace: str) -> None:
    before = api.counters.requests
    with pytest.raises(ValueError, match="resourceVersion"):
        api.replace(CONFIGMAP, configmap(namespace, "one"))
    assert api.counters.requests == before


def test_deleting_is_bound_to_the_object_that_was_seen(api: Api, namespace: str) -> None:
    created = api.create(CONFIGMAP, configmap(namespace, "one"))
    with pytest.raises(Conflict):
        api.delete(CONFIGMAP, name="one", namespace=namespace, uid="00000000-0000-0000-0000-000000000000")
    with pytest.raises(Conflict):
        api.delete(CONFIGMAP, name="one", namespace=namespace, uid=metadata(created)["uid"], resource_version="1")
    api.delete(CONFIGMAP, name="one", namespace=namespace, uid=metadata(created)["uid"])
    with pytest.raises(NotFound):
        api.delete(CONFIGMAP, name="one", namespace=namespace, uid=metadata(created)["uid"])


def test_a_missing_object_and_a_missing_kind_are_both_not_found_with_different_advice(api: Api, namespace: str) -> None:
    with pytest.raises(NotFound) as of_object:
        api.get(CONFIGMAP, name="none", namespace=namespace)
    with pytest.raises(NotFound) as of_kind:
        api.list(CONFIGURATION)
    assert "Liqo is installed" in of_kind.value.next
    assert "Liqo is installed" not in of_object.value.next
    assert of_object.value.where == f"leaf-a at https://{api.address}"


def test_what_the_schema_forbids_is_invalid_with_the_words_of_the_server(api: Api, namespace: str) -> None:
    with pytest.raises(Invalid, match=r"metadata\.name"):
        api.create(CONFIGMAP, configmap(namespace, "No_Such_Name"))


def test_an_invalid_secret_is_not_quoted(api: Api, namespace: str) -> None:
    with pytest.raises(Invalid) as caught:
        api.create(SECRET, secret(namespace, "keys", **{"no such key": "private-key-bytes"}))
    assert "no such key" not in str(caught.value)
    assert "left out" in caught.value.why


def test_without_rights_the_error_names_user_and_verb(apiserver: ApiServer, api: Api, namespace: str) -> None:
    token = apiserver.token(api, namespace=namespace, account="nobody")
    humble = connect("leaf-a", {"host": apiserver.url, "api_key": token, "ca_cert": str(apiserver.ca)})
    with pytest.raises(Forbidden) as caught:
        humble.list(SECRET, namespace=namespace)
    assert f"system:serviceaccount:{namespace}:nobody" in caught.value.why
    assert "list" in caught.value.why


def test_a_wrong_token_is_unauthorized_and_not_shown(apiserver: ApiServer) -> None:
    stranger = connect("leaf-a", {"host": apiserver.url, "api_key": "wrong-token", "ca_cert": str(apiserver.ca)})
    with pytest.raises(Unauthorized) as caught:
        stranger.list(NAMESPACE)
    assert "wrong-token" not in str(caught.value)


def test_impersonation_reaches_the_server_with_user_and_groups(apiserver: ApiServer) -> None:
    options = {
        "kubeconfig": str(apiserver.kubeconfig),
        "impersonate_user": "anna",
        "impersonate_groups": ["ops", "system:masters"],
    }
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = connect("leaf-a", options).request(method="POST", path=path, body=body)
    status = answer.body["status"]
    assert isinstance(status, dict)
    assert status["userInfo"]["username"] == "anna"
    assert {"ops", "system:masters"} <= set(status["userInfo"]["groups"])


def test_counters_agree_with_the_audit_log_of_the_server(apiserver: ApiServer, namespace: str) -> None:
    ours = connect("leaf-a", {"kubeconfig": str(apiserver.kubeconfig)}, agent=namespace)
    created = ours.create(CONFIGMAP, configmap(namespace, "one"))
    ours.replace(CONFIGMAP, {**created, "data": {"key": "new"}})
    ours.list(CONFIGMAP, namespace=namespace)
    with pytest.raises(Conflict):
        ours.create(CONFIGMAP, configmap(namespace, "one"))
    ours.delete(CONFIGMAP, name="one", namespace=namespace, uid=metadata(created)["uid"])
    logged = apiserver.audit(user_agent(namespace))
    assert [entry["verb"] for entry in logged] == ["create", "update", "list", "create", "delete"]
    assert (ours.counters.requests, ours.counters.writes, ours.counters.retries) == (5, 3, 0)


def test_a_dry_run_is_checked_by_the_server_and_changes_nothing(apiserver: ApiServer, namespace: str) -> None:
    ours = connect("leaf-a", {"kubeconfig": str(apiserver.kubeconfig)}, agent=namespace)
    ours.create(CONFIGMAP, configmap(namespace, "one"), dry_run=True)
    with pytest.raises(NotFound):
        ours.get(CONFIGMAP, name="one", namespace=namespace)
    created = ours.create(CONFIGMAP, configmap(namespace, "one", key="old"))
    with pytest.raises(Conflict):
        ours.create(CONFIGMAP, configmap(namespace, "one"), dry_run=True)
    would_be = ours.replace(CONFIGMAP, {**created, "data": {"key": "new"}}, dry_run=True)
    assert would_be["data"] == {"key": "new"}
    with pytest.raises(Conflict):
        ours.delete(CONFIGMAP, name="one", namespace=namespace, uid="another", dry_run=True)
    ours.delete(CONFIGMAP, name="one", namespace=namespace, uid=metadata(created)["uid"], dry_run=True)
    assert ours.get(CONFIGMAP, name="one", namespace=namespace) == created
    assert ours.counters.writes == 1


def test_many_threads_share_one_api(api: Api, namespace: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        names = [f"t{number:02}" for number in range(48)]
        list(threads.map(lambda name: api.create(CONFIGMAP, configmap(namespace, name)), names))
        listings = list(threads.map(lambda _: api.list(CONFIGMAP, namespace=namespace), range(16)))
    assert all([metadata(item)["name"] for item in listing.items] == names for listing in listings)
    assert api.counters.writes == 48 + 1


def test_the_log_has_a_line_per_attempt_and_no_body(apiserver: ApiServer, namespace: str) -> None:
    lines: list[str] = []
    ours = connect("leaf-a", {"kubeconfig": str(apiserver.kubeconfig)}, log=lines.append)
    ours.create(SECRET, secret(namespace, "keys", privateKey="private-key-bytes"))
    assert len(lines) == 1
    assert lines[0].startswith(f"leaf-a: POST /api/v1/namespaces/{namespace}/secrets: 201 in ")
