# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels of an object whose content must not be read: what is asked for, sent, and kept of an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Answer
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.deadline import Allowed
from ansible_collections.liqo.fabric.plugins.module_utils._kube.exchange import Call, Exchange
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT
from ansible_collections.liqo.fabric.plugins.module_utils._liqo.resources import SECRET

PLACE = {"name": "gw-leaf-a", "namespace": "here"}
METADATA = {**PLACE, "uid": "u", "labels": {"a": "b"}}


class Sent:
    """An exchange that keeps what it was given and answers with a list."""

    limits = DEFAULT

    def __init__(self, *items: dict[str, Any]) -> None:
        self.calls: list[Call] = []
        self.items = items

    def perform(self, call: Call, *, deadline: Allowed | None) -> Answer:
        self.calls.append(call)
        body = {"kind": "PartialObjectMetadataList", "metadata": {}, "items": list(self.items)}
        return Answer(status=200, body=body, server_time=datetime(2026, 1, 1, tzinfo=UTC))


def api(sent: Sent) -> Api:
    return Api(cast(Exchange, sent))


def test_nothing_but_the_metadata_of_one_object_is_asked_for() -> None:
    sent = Sent({"metadata": METADATA})
    assert api(sent).metadata(SECRET, **PLACE) == {"apiVersion": "v1", "kind": "Secret", "metadata": METADATA}
    (call,) = sent.calls
    assert (call.method, call.path) == ("GET", "/api/v1/namespaces/here/secrets")
    assert call.query == {"fieldSelector": "metadata.name=gw-leaf-a"}
    assert call.accept == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert call.is_secret


def test_a_server_that_sends_the_content_all_the_same_has_it_dropped() -> None:
    found = api(Sent({"metadata": METADATA, "data": {"privateKey": "x"}, "type": "Opaque"})).metadata(SECRET, **PLACE)
    assert found is not None
    assert found.keys() == {"apiVersion", "kind", "metadata"}


@pytest.mark.parametrize("items", [(), ({"metadata": {**METADATA, "name": "another"}},)])
def test_what_is_not_there_is_none_whatever_else_comes(items: tuple[dict[str, Any], ...]) -> None:
    assert api(Sent(*items)).metadata(SECRET, **PLACE) is None


@pytest.mark.parametrize("dry_run", [True, False])
def test_labels_alone_are_sent_for_the_object_that_was_seen(dry_run: bool) -> None:
    sent = Sent()
    api(sent).set_labels(SECRET, **PLACE, uid="u", labels={"c": "d"}, dry_run=dry_run)
    (call,) = sent.calls
    assert (call.method, call.path) == ("PATCH", "/api/v1/namespaces/here/secrets/gw-leaf-a")
    assert call.body == {"metadata": {"uid": "u", "labels": {"c": "d"}}}
    assert call.accept == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert (call.query, call.is_write) == ({"dryRun": "All"} if dry_run else {}, not dry_run)
    assert call.is_secret
