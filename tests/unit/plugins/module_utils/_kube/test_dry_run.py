# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dry run sends: a mistake here would be a write."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.answers import Answer
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.deadline import Allowed
from ansible_collections.liqo.fabric.plugins.module_utils._kube.exchange import Call, Exchange

CONFIGMAP = Resource(group="", version="v1", plural="configmaps", kind="ConfigMap", namespaced=True)
BODY = {"metadata": {"name": "one", "namespace": "here", "resourceVersion": "1"}}


class Sent:
    """An exchange that keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def perform(self, call: Call, *, deadline: Allowed | None) -> Answer:
        self.calls.append(call)
        return Answer(status=200, body=copy.deepcopy(BODY), server_time=datetime(2026, 1, 1, tzinfo=UTC))


def sent(verb: str, **options: Any) -> Call:
    exchange = Sent()
    api = Api(cast(Exchange, exchange))
    if verb == "delete":
        api.delete(CONFIGMAP, name="one", namespace="here", uid="u", **options)
    else:
        getattr(api, verb)(CONFIGMAP, BODY, **options)
    (call,) = exchange.calls
    return call


@pytest.mark.parametrize("verb", ["create", "replace", "delete"])
def test_a_dry_run_says_so_in_the_query_and_is_no_write(verb: str) -> None:
    assert sent(verb, dry_run=True).query == {"dryRun": "All"}
    assert not sent(verb, dry_run=True).is_write
    assert sent(verb).query == {}
    assert sent(verb).is_write


def test_a_dry_run_of_a_deletion_says_so_in_its_body_too_which_makes_the_server_ignore_the_query() -> None:
    dry, real = sent("delete", dry_run=True).body, sent("delete").body
    assert dry is not None and dry["dryRun"] == ["All"]
    assert real is not None and "dryRun" not in real
