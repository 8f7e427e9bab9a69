# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked up when an address does not come or does not answer. The API server and the resolver are pretended."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, Forbidden
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Endpoint, Kind, LocalNetworks
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.reaching import Dialled, NoAddress
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.scene import LookUp
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources
from ansible_collections.liqo.fabric.plugins.module_utils._run import preflight
from ansible_collections.liqo.fabric.plugins.module_utils._run.address_look import look_at_address, look_at_dialled

from tests.unit import build
from tests.unit.bodies import Body, body
from tests.unit.build import edit, link, only_side
from tests.unit.gateway_pods import event
from tests.unit.pretend_api import PretendApi

NAME = "gw.leaf-a.example.org"


def service(peer: str = "leaf-b", *ingress: Body, port: int = 51840, protocol: str = "UDP") -> Body:
    return body(
        resources.SERVICE,
        f"gw-{peer}",
        f"liqo-tenant-{peer}",
        spec={"type": "LoadBalancer", "ports": [{"port": port, "protocol": protocol, "nodePort": 30000}]},
        status={"loadBalancer": {"ingress": list(ingress)}},
    )


GIVEN = {"ip": "198.51.100.5"}
FAILED = event("Service", "gw-leaf-b", "AllocationFailed", "no available IPs")


def look(found: Iterable[Body], *forbidden: str) -> NoAddress | None:
    def refuse(verb: str, resource: Resource) -> FabricError | None:
        asked = f"{verb} {resource.kind}"
        denied = Forbidden(what=f"cannot {asked}", where="x", why="no rule", next="grant it", status=403)
        return denied if asked in forbidden else None

    return look_at_address(PretendApi("leaf-a", found, refuse).as_api(), build.server())


def test_the_last_warning_and_who_has_the_port_are_looked_up() -> None:
    others = (
        service("leaf-c", GIVEN),
        service("leaf-d", GIVEN, port=51841),
        service("leaf-e", GIVEN, protocol="TCP"),
        service("leaf-f"),
    )
    assert look([service(), FAILED, *others]) == NoAddress(
        said="AllocationFailed: no available IPs", rivals=("liqo-tenant-leaf-c/gw-leaf-c",)
    )


def test_a_service_with_an_address_or_a_name_is_not_looked_at() -> None:
    for given in (GIVEN, {"hostname": NAME}):
        assert look([service("leaf-b", given), FAILED]) is None
    assert look([FAILED]) is None


def test_missing_rights_leave_the_rest() -> None:
    found = [service(), FAILED, service("leaf-c", GIVEN)]
    assert look(found, "list Event") == NoAddress(is_unheard=True, rivals=("liqo-tenant-leaf-c/gw-leaf-c",))
    assert look(found, "list Service") == NoAddress(said="AllocationFailed: no available IPs")
    assert look(found, "get Service") == look(found)
    assert look(found, "get Service", "list Service") is None


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were asked for; none of them is known."""
    asked: list[str] = []

    def resolve(names: Iterable[str]) -> dict[str, str]:
        asked.extend(names)
        return dict.fromkeys(asked, "unknown")

    monkeypatch.setattr(preflight, "resolve", resolve)
    return asked


def dialled(*held: str, advertised: tuple[str, ...] = ("192.0.2.10",)) -> Dialled | None:
    a, b = link()
    a = edit(a, Kind.SERVER, endpoint=Endpoint(addresses=advertised, port=51840))
    b = edit(b, Kind.CLIENT, endpoint=Endpoint(addresses=held, port=51840) if held else None)
    return look_at_dialled(only_side(b), only_side(a), LocalNetworks(service=("10.96.0.0/12",)))


def test_a_name_is_looked_up_and_an_address_is_not(resolver: list[str]) -> None:
    found = dialled(NAME, advertised=(NAME,))
    assert found == Dialled(endpoint=Endpoint(addresses=(NAME,), port=51840), looked_up=LookUp(problem="unknown"))
    assert resolver == [NAME]
    assert dialled("192.0.2.10") == Dialled(endpoint=Endpoint(addresses=("192.0.2.10",), port=51840))
    assert dialled("no name of DNS") is not None
    assert resolver == [NAME]


def test_what_else_could_be_dialled_is_legal_and_something_else(resolver: list[str]) -> None:
    found = dialled(NAME, advertised=(NAME.upper(), "10.96.0.1", "203.0.113.9", "192.0.2.10"))
    assert found is not None
    assert found.others == ("203.0.113.9", "192.0.2.10")


def test_a_side_without_a_client_dials_nothing(resolver: list[str]) -> None:
    a, _b = link()
    assert look_at_dialled(only_side(a), None, LocalNetworks()) is None
    assert dialled() is None
