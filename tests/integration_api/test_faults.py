# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that throttles, fails, hangs, breaks off or lies: what is repeated, and how it ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    ApiError,
    Conflict,
    FabricError,
    FailureName,
    Forbidden,
    Gone,
    NotFound,
    Throttled,
    Unauthorized,
    Unreachable,
)
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.clock import Clock
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import Limits
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import RetryPolicy

from tests.integration_api.conftest import CONFIGMAP, configmap
from tests.integration_api.faulty_proxy import (
    Server,
    cut_short,
    lose_answer,
    page,
    reset,
    silence,
    status,
    trickle,
)

POLICY = RetryPolicy(delays_s=(0.2, 0.5, 1.0))


@dataclass
class Sleeper:
    """A clock that does not wait: sleeping moves it on, otherwise it runs as the real one."""

    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: time.monotonic() + sum(self.slept), sleep=self.slept.append)


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


def api_of(server: Server, sleeper: Sleeper, *, options: dict[str, object] | None = None, **limits: Any) -> Api:
    given = {"host": server.url} | (options or {})
    return connect("leaf-a", given, retry=POLICY, clock=sleeper.clock(), limits=Limits(**limits))


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_not_noticed(stub: Server, sleeper: Sleeper, code: int) -> None:
    stub.will(status(code), status(code))
    api = api_of(stub, sleeper)
    assert api.list(CONFIGMAP).items == ()
    assert sleeper.slept == [0.2, 0.5]
    assert (api.counters.requests, api.counters.retries) == (3, 2)


def test_a_lasting_failure_is_reported_after_a_finite_number_of_attempts(stub: Server, sleeper: Sleeper) -> None:
    stub.will(*[status(503, message="no leader")] * 10)
    with pytest.raises(ApiError) as caught:
        api_of(stub, sleeper).list(CONFIGMAP)
    assert len(stub.seen) == 4
    assert caught.value.what == "cannot list configmaps in 4 attempts"
    assert caught.value.why == "the API server answered 503: no leader"


def test_the_pause_that_the_server_asks_for_is_kept(stub: Server, sleeper: Sleeper) -> None:
    stub.will(status(429, message="storage is (re)initializing", retry_after="1"))
    api_of(stub, sleeper).list(CONFIGMAP)
    assert sleeper.slept == [1.0]


def test_a_pause_longer_than_the_time_left_is_not_begun(stub: Server, sleeper: Sleeper) -> None:
    stub.will(status(429, retry_after="3600"))
    with pytest.raises(Throttled):
        api_of(stub, sleeper).list(CONFIGMAP)
    assert sleeper.slept == []


@pytest.mark.parametrize(("code", "kind"), [(400, ApiError), (403, Forbidden), (404, NotFound), (501, ApiError)])
def test_a_final_answer_is_not_asked_for_twice(stub: Server, sleeper: Sleeper, code: int, kind: type[ApiError]) -> None:
    stub.will(status(code))
    with pytest.raises(kind):
        api_of(stub, sleeper).list(CONFIGMAP)
    assert len(stub.seen) == 1


@pytest.mark.parametrize("fault", [reset, cut_short])
def test_a_broken_connection_is_made_again(stub: Server, sleeper: Sleeper, fault: object) -> None:
    stub.will(fault, fault)  # type: ignore[arg-type]
    assert api_of(stub, sleeper).list(CONFIGMAP).items == ()
    assert len(stub.seen) == 3


def test_a_create_that_may_have_arrived_is_not_sent_again(stub: Server, sleeper: Sleeper) -> None:
    stub.will(reset)
    with pytest.raises(Unreachable, match=f"{stub.address}/TCP broke the connection off"):
        api_of(stub, sleeper).create(CONFIGMAP, configmap("n", "one"))
    assert len(stub.seen) == 1


def test_a_create_that_is_only_tried_and_a_question_about_rights_are_sent_again(stub: Server, sleeper: Sleeper) -> None:
    stub.will(reset, page(201, json.dumps(configmap("n", "one"))), reset, status(201))
    api = api_of(stub, sleeper)
    api.create(CONFIGMAP, configmap("n", "one"), dry_run=True)
    api.request(method="POST", path="/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body={})
    assert [seen.method for seen in stub.seen] == ["POST"] * 4


def test_silence_is_bounded_by_the_read_timeout(stub: Server, sleeper: Sleeper) -> None:
    stub.will(silence, silence)
    started = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        api_of(stub, sleeper, read_timeout_s=0.2).list(CONFIGMAP)
    assert time.monotonic() - started < 5
    assert caught.value.why.startswith(f"{stub.address}/TCP took the request, then sent nothing for ")
    assert len(stub.seen) == 2


def test_a_server_that_only_trickles_is_bounded_by_the_deadline(stub: Server, sleeper: Sleeper) -> None:
    stub.will(trickle)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="used up"):
        api_of(stub, sleeper, call_deadline_s=0.5).list(CONFIGMAP)
    assert time.monotonic() - started < 5


def test_a_deadline_of_the_cluster_ends_every_later_request(stub: Server, sleeper: Sleeper) -> None:
    hurried = api_of(stub, sleeper).within(0.3)
    assert hurried.list(CONFIGMAP).items == ()
    stub.will(silence)
    with pytest.raises(Unreachable):
        hurried.list(CONFIGMAP)
    sleeper.slept.append(1)
    with pytest.raises(Unreachable, match="used up"):
        hurried.list(CONFIGMAP)
    assert len(stub.seen) == 2


def test_a_page_of_something_else_is_no_answer_and_is_not_quoted(stub: Server, sleeper: Sleeper) -> None:
    stub.will(page(200, "<html>please log in</html>"), page(403, "<html>please log in</html>"))
    api = api_of(stub, sleeper)
    with pytest.raises(FabricError, match="no Kubernetes API server") as of_success:
        api.list(CONFIGMAP)
    assert of_success.value.fault is FailureName.NOT_UNDERSTOOD
    with pytest.raises(Forbidden) as of_refusal:
        api.list(CONFIGMAP)
    assert "log in" not in f"{of_success.value}{of_refusal.value}"


def test_a_redirection_is_not_followed(stub: Server, sleeper: Sleeper) -> None:
    stub.will(page(302, "", Location=f"{stub.url}/elsewhere"))
    with pytest.raises(ApiError, match="redirects elsewhere"):
        api_of(stub, sleeper).list(CONFIGMAP)
    assert len(stub.seen) == 1


def test_a_list_whose_snapshot_expired_between_pages_is_read_in_one_piece(stub: Server, sleeper: Sleeper) -> None:
    first = {"metadata": {"resourceVersion": "1", "continue": "token"}, "items": [configmap("n", "one")]}
    stub.will(page(200, json.dumps(first)), status(410, reason="Expired"))
    assert api_of(stub, sleeper).list(CONFIGMAP).items == ()
    assert ["limit=" in seen.path for seen in stub.seen] == [True, True, False]


def test_an_expired_version_of_a_watch_is_gone(stub: Server, sleeper: Sleeper) -> None:
    stub.will(status(410, reason="Expired"))
    with pytest.raises(Gone):
        api_of(stub, sleeper).watch(CONFIGMAP, resource_version="1", timeout_s=5)


@pytest.mark.lab
def test_a_replacement_whose_answer_was_lost_ends_in_a_conflict_not_in_a_second_write(
    proxy: Server, api: Api, sleeper: Sleeper, namespace: str
) -> None:
    created = api.create(CONFIGMAP, configmap(namespace, "one", key="old"))
    proxy.will(lose_answer)
    with pytest.raises(Conflict):
        api_of(proxy, sleeper).replace(CONFIGMAP, {**created, "data": {"key": "new"}})
    assert api.get(CONFIGMAP, name="one", namespace=namespace)["data"] == {"key": "new"}


@pytest.mark.lab
def test_a_create_whose_answer_was_lost_is_reported_and_found_by_the_next_look(
    proxy: Server, api: Api, sleeper: Sleeper, namespace: str
) -> None:
    proxy.will(lose_answer)
    with pytest.raises(Unreachable):
        api_of(proxy, sleeper).create(CONFIGMAP, configmap(namespace, "one"))
    assert len(api.list(CONFIGMAP, namespace=namespace).items) == 1


@pytest.mark.lab
def test_a_deletion_whose_answer_was_lost_finds_the_object_gone(
    proxy: Server, api: Api, sleeper: Sleeper, namespace: str
) -> None:
    created = api.create(CONFIGMAP, configmap(namespace, "one"))
    metadata = created["metadata"]
    assert isinstance(metadata, dict)
    proxy.will(lose_answer)
    with pytest.raises(NotFound):
        api_of(proxy, sleeper).delete(CONFIGMAP, name="one", namespace=namespace, uid=metadata["uid"])


class TestFreshCredentials:
    """A token that expires in the middle of a run."""

    @pytest.fixture
    def kubeconfig(self, stub: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        path = tmp_path_factory.mktemp("kube") / "config"
        path.write_text(
            f"""
            current-context: c
            clusters: [{{name: c, cluster: {{server: "{stub.url}"}}}}]
            users: [{{name: u, user: {{token: t}}}}]
            contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
            """
        )
        yield str(path)

    def test_they_are_read_once_after_a_401(self, stub: Server, sleeper: Sleeper, kubeconfig: str) -> None:
        stub.will(status(401))
        api = connect("leaf-a", {"kubeconfig": kubeconfig}, clock=sleeper.clock())
        assert api.list(CONFIGMAP).items == ()
        assert len(stub.seen) == 2
        assert sleeper.slept == []

    def test_a_second_401_is_the_answer(self, stub: Server, sleeper: Sleeper, kubeconfig: str) -> None:
        stub.will(status(401), status(401))
        with pytest.raises(Unauthorized):
            connect("leaf-a", {"kubeconfig": kubeconfig}, clock=sleeper.clock()).list(CONFIGMAP)
        assert len(stub.seen) == 2

    def test_threads_that_meet_it_together_read_them_once(
        self, stub: Server, sleeper: Sleeper, kubeconfig: str
    ) -> None:
        together = threading.Barrier(4)

        def unauthorized(handler: object) -> None:
            together.wait(10)
            status(401)(handler)  # type: ignore[arg-type]

        lines: list[str] = []
        api = connect("leaf-a", {"kubeconfig": kubeconfig}, clock=sleeper.clock(), log=lines.append)
        stub.will(*[unauthorized] * 4)
        threads = [threading.Thread(target=api.list, args=(CONFIGMAP,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(stub.seen) == 8
        assert len([line for line in lines if "read again" in line]) == 1
