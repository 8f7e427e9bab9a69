# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ForeignClusterConnections become as shortcuts, and what of them is named because it cannot be carried over."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.carry import carry_over, shortcuts_of
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.connector.model import Asked, Carried
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import ClusterState, Kind, TemplateRef
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve

from tests.unit.build import cluster, edit, foreign_cluster, having, link
from tests.unit.connector import LEAVES, clusters, connection, meta

AS_THERE = {"between": ["leaf-a", "leaf-b"], "server": "leaf-a", "service_type": "LoadBalancer", "port": 51840}


def carry(*connections: Any, states: tuple[ClusterState | FabricError, ...] = link()) -> tuple[Carried, ...]:
    return carry_over(connections, clusters(), dict(zip(LEAVES, states, strict=True)))


def test_a_link_is_carried_over_as_it_is() -> None:
    (one,) = carry(connection())
    assert one.shortcut == {**AS_THERE, "mtu": 1340}
    assert (one.link, one.notes) == ("shortcut", ())


def test_where_the_object_says_something_else_the_link_decides_and_the_difference_is_named() -> None:
    a, b = link()
    a, b = edit(a, Kind.SERVER, mtu=1450, port=51999), edit(b, Kind.CLIENT, mtu=1450)
    (one,) = carry(connection("leaf-a", "leaf-b", mtu=1300), states=(a, b))
    assert one.shortcut == {**AS_THERE, "port": 51999, "mtu": 1450}
    assert one.notes == (
        "mtu is 1450, as the link has it; default/leaf-a-leaf-b says 1300",
        "port is 51999, as the link has it; default/leaf-a-leaf-b says 51840",
        "server is leaf-a, as the link has it; default/leaf-a-leaf-b says leaf-b",
        "mtu 1450 is more than the 1340 that fit most networks; kept as it is",
    )


def test_templates_of_the_link_win_also_where_they_are_the_default() -> None:
    asked = Asked(template="other", template_namespace="elsewhere")
    (one,) = carry(connection(of_server=asked))
    assert one.shortcut is not None
    assert "server_template" not in one.shortcut
    a, b = link()
    a = edit(a, Kind.SERVER, template=TemplateRef(name="other", namespace="elsewhere"))
    (one,) = carry(connection(), states=(a, b))
    assert one.shortcut == {
        **AS_THERE,
        "mtu": 1340,
        "server_template": "other",
        "server_template_namespace": "elsewhere",
    }


def test_an_mtu_of_zero_as_the_controller_wrote_it_is_named_and_left_out() -> None:
    a, b = link()
    (one,) = carry(connection(mtu=0), states=(edit(a, Kind.SERVER, mtu=0), edit(b, Kind.CLIENT, mtu=0)))
    assert one.shortcut == AS_THERE
    (note,) = one.notes
    assert note.startswith("mtu 0 of the link cannot be declared: it must be between 576 and 9000")


def test_without_a_link_the_object_says_what_is_declared() -> None:
    asked = connection(
        mtu=1300,
        port=0,
        service_type="ExternalName",
        of_client=Asked(template="mine", template_namespace="liqo"),
        timeout_s=120,
        wait=False,
    )
    (one,) = carry(asked, states=(cluster("leaf-a"), cluster("leaf-b")))
    assert one.shortcut == {
        "between": ["leaf-a", "leaf-b"],
        "server": "leaf-a",
        "mtu": 1300,
        "client_template": "mine",
    }
    assert one.link == "absent"
    assert one.notes == (
        "serverServiceType 'ExternalName' is not carried over: no shortcut has it",
        "timeoutSeconds 120 belongs to a run, as liqo_fabric_wait_timeout",
        "wait false belongs to a run, as liqo_fabric_wait",
        "there is no link; the next apply makes it",
    )


def test_a_value_that_no_shortcut_can_have_is_named() -> None:
    (one,) = carry(connection(port=70000), states=(cluster("leaf-a"), cluster("leaf-b")))
    assert one.shortcut is not None
    assert "port" not in one.shortcut
    assert "port 70000 is not carried over: it must be between 1 and 65535" in one.notes


def test_a_leaf_that_cannot_be_read_leaves_what_the_object_says() -> None:
    unread = FabricError(what="cannot be read", where="leaf-b", why="down", next="start it")
    (one,) = carry(connection(mtu=1450), states=(cluster("leaf-a"), unread))
    assert one.shortcut == {**AS_THERE, "mtu": 1450}
    assert "as the object says, since leaf-b could not be read" in one.notes


def test_gateways_of_another_make_are_named() -> None:
    (one,) = carry(connection(of_server=Asked(gateway_type="example.com/v1/tunnels")))
    assert one.notes == (
        "serverGatewayType example.com/v1/tunnels is not carried over: shortcuts are of Liqo's WireGuard",
    )


@pytest.mark.parametrize(
    ("client", "server", "why"),
    [
        ("leaf-a", "leaf-a", "not carried over: it joins leaf-a with leaf-a"),
        ("", "leaf-a", "not carried over: it joins no cluster with leaf-a"),
        ("leaf-a", "leaf-x", "not carried over: leaf-x is not among the clusters of the task"),
    ],
)
def test_an_object_about_no_pair_of_the_task_is_not_carried_over(client: str, server: str, why: str) -> None:
    (one,) = carry(connection(client, server, name="odd"))
    assert (one.shortcut, one.notes) == (None, (why,))


def test_of_two_objects_for_one_pair_the_first_is_carried_over() -> None:
    first, second = carry(connection(name="one"), connection("leaf-a", "leaf-b", name="two", mtu=1400))
    assert first.shortcut is not None
    assert second.shortcut is None
    assert "ForeignClusterConnection default/one of hub is about the same two clusters" in second.notes[0]
    assert len(shortcuts_of([first, second])) == 1


def test_a_peered_pair_is_not_carried_over() -> None:
    a, b = link()
    a = having(a, foreign_cluster=foreign_cluster(role="Consumer"), peering=("Tenant leaf-b",))
    (one,) = carry(connection(), states=(a, b))
    assert (one.link, one.shortcut) == ("peering", None)


def test_an_object_that_is_being_deleted_says_so() -> None:
    (one,) = carry(connection(meta=meta("x", "default", terminating=True)))
    assert one.notes == ("default/x is being deleted",)


def test_what_is_carried_over_is_a_declaration_that_fits_the_link() -> None:
    a, b = link()
    a, b = edit(a, Kind.SERVER, mtu=1450), edit(b, Kind.CLIENT, mtu=1450)
    entries = shortcuts_of(carry(connection(mtu=1450), states=(a, b)))
    names = [{"name": name} for name in LEAVES]
    (shortcut,) = resolve(parse_wishes({"fabric": "x", "clusters": names, "shortcuts": entries})).shortcuts
    assert (shortcut.settings.mtu, shortcut.settings.server) == (1450, "leaf-a")
