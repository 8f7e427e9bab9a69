# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that was disturbed advises, done: the next run completes it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import Conflict, FabricError, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.report import LinkReport
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Json, Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stop import STOP
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run import reconcile as reconcile_module

from tests.unit.next_steps.following import is_said
from tests.unit.pretend_api import PretendApi
from tests.unit.three_leaves import AB, AC, TO_A, World, drifted, of, run

SECRET = ("Secret", TO_A, "gw-leaf-a")
WHOSE = (
    "see whose Secret {}/{} is: if it has the keys of the gateway, write its labels again"
    " (kubectl {} label {} {} {} --overwrite), otherwise correct secretRef of the gateway; then run again"
)
LABEL = "write the label on {} (kubectl {} label {} {} {} --overwrite), or grant the right patch on {}s there"
RESTLESS = "look for another tool that manages the same objects, or a field that this version of Liqo does not keep"
BY_RESOURCE = {
    f"{one.plural}.{one.group}".rstrip("."): one for one in vars(resources).values() if isinstance(one, Resource)
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(reconcile_module, "STALE_PAUSE_S", 0.0)
    return drifted()


def step(link: LinkReport) -> str:
    assert link.failure is not None
    return link.failure.next


class RestlessApi(PretendApi):
    """Another tool takes the label away as soon as it is written."""

    restless = True

    def replace(self, resource: Resource, body: Json, *, dry_run: bool = False) -> Json:
        kept = super().replace(resource, body, dry_run=dry_run)
        if self.restless and not dry_run and resource.kind == "Configuration":
            self.one("Configuration", "leaf-a", TO_A)["metadata"]["labels"] = {}
        return kept


def test_a_link_settles_when_no_other_tool_manages_it(world: World) -> None:
    world["leaf-c"] = restless = RestlessApi("leaf-c", world["leaf-c"].store.values())
    said = step(of(run(world), AC))
    assert (
        said
        == "look for another tool that manages the same objects, or a field that this version of Liqo does not keep"
    )
    restless.restless = False
    assert of(run(world), AC).failure is None


def test_a_write_that_was_forestalled_is_made_by_the_next_run(world: World) -> None:
    def conflict(verb: str, _kind: Resource) -> FabricError | None:
        refused = Conflict(what="cannot change", where="leaf-c", why="409", next="run again", status=409)
        return refused if verb == "update" else None

    world["leaf-c"].refuse = conflict
    # The run itself has begun again as often as it may.
    assert step(of(run(world, wait=False), AC)) == RESTLESS
    world["leaf-c"].refuse = lambda _verb, _kind: None
    assert of(run(world), AC).outcome == "repaired"


def test_a_run_that_was_told_to_stop_is_completed_by_the_next_one() -> None:
    error = STOP.error(what="cannot write", where="leaf-a")
    assert error.next == "run again; what was written stays, and the next run completes it"
    world = drifted()
    half = run(world, pairs=[AC])
    assert of(half, AC).outcome == "repaired"
    assert of(run(world), AC).outcome == "in_sync"


# --- labels ---------------------------------------------------------------------------------------------------------


def kubectl(world: World, cluster: str, line: str) -> None:
    """Does what a line with kubectl label says to a pretended API server."""
    words = shlex.split(line)
    assert words.pop(0) == "kubectl"
    namespace = ""
    if words[0] == "-n":
        _option, namespace, *words = words
    verb, kind, name, *labels = words
    assert verb == "label"
    assert labels.pop() == "--overwrite"
    held = world[cluster].store[BY_RESOURCE[kind].kind, namespace, name]["metadata"]
    held["labels"] = {**held.get("labels", {}), **dict(label.split("=", 1) for label in labels)}


def lines_in(text: str) -> list[str]:
    """The lines with kubectl that a step names."""
    inside = text[text.index("(") + 1 : text.index(")")]
    return [part for part in inside.split("; ") if part.startswith("kubectl ")]


def forbid(world: World, kind: Resource) -> None:
    def refuse(verb: str, resource: Resource) -> FabricError | None:
        if (verb, resource) != ("patch", kind):
            return None
        return Forbidden(what="cannot label", where="leaf-b", why="403", next="grant it", status=403)

    world["leaf-b"].refuse = refuse


def test_the_line_that_is_shown_writes_the_label_that_is_missing(world: World) -> None:
    del world["leaf-b"].store[SECRET]["metadata"]["labels"]["networking.liqo.io/gateway-resource"]
    forbid(world, resources.SECRET)
    link = of(run(world), AB)
    assert is_said(LABEL, step(link)) or "kubectl" in step(link), step(link)
    for line in lines_in(step(link)):
        kubectl(world, "leaf-b", line)
    assert of(run(world), AB).failure is None


def test_with_the_right_the_label_is_written_by_the_run(world: World) -> None:
    del world["leaf-b"].store[SECRET]["metadata"]["labels"]["networking.liqo.io/gateway-resource"]
    assert of(run(world), AB).failure is None
    assert "networking.liqo.io/gateway-resource" in world["leaf-b"].store[SECRET]["metadata"]["labels"]


def test_labels_that_the_collection_does_not_write_are_written_by_the_line(world: World) -> None:
    networks = [one for (kind, _place, _name), one in world["leaf-b"].store.items() if kind == "Network"]
    own = [one for one in networks if one["metadata"].get("namespace") == "liqo"]
    del own[0]["metadata"]["labels"]
    before: Any = of(run(world), AB)
    assert is_said("write the label again ({}), then run again", step(before)), step(before)
    for line in lines_in(step(before)):
        kubectl(world, "leaf-b", line)
    assert of(run(world), AB).failure is None


def test_a_secret_of_which_nothing_shows_whose_it_is_is_labelled_by_the_line(world: World) -> None:
    metadata = world["leaf-b"].store[SECRET]["metadata"]
    del metadata["labels"]["networking.liqo.io/gateway-resource"], metadata["ownerReferences"]
    before: Any = of(run(world), AB)
    assert is_said(WHOSE, step(before)), step(before)
    for line in lines_in(step(before)):
        kubectl(world, "leaf-b", line)
    assert of(run(world), AB).failure is None
