# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value of a link by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.lookup import link as face
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.link_value import VALUES
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.links import Link, describe, link_result
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.objects import Endpoint

from tests.unit import build

LINK = describe(build.pair(), *build.link())
ABSENT = describe(build.pair(), build.cluster("leaf-a"), build.cluster("leaf-b"))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("evidence", "fresh"),
        ("why_not_next", "no probe was sent through the tunnel"),
        ("faults", []),
        ("kind", "shortcut"),
        ("latency_ms", 2.0),
        ("server", "leaf-a"),
        ("service_type", "LoadBalancer"),
        ("endpoint", f"{build.ENDPOINT.addresses[0]}:{build.ENDPOINT.port}"),
        ("endpoint_used", f"{build.ENDPOINT.addresses[0]}:{build.ENDPOINT.port}"),
        ("owners", ["retail"]),
        ("all", link_result(LINK)),
    ],
)
def test_a_healthy_link_has_every_value(value: str, wanted: object) -> None:
    assert VALUES[value](LINK) == wanted


def test_where_nothing_is_values_are_null_or_empty() -> None:
    found = {name: read(ABSENT) for name, read in VALUES.items() if name != "all"}
    assert found == {
        "evidence": "absent",
        "why_not_next": "neither side holds anything of a link",
        "faults": [],
        "notes": [],
        "kind": "absent",
        "latency_ms": None,
        "server": None,
        "service_type": None,
        "endpoint": None,
        "endpoint_used": None,
        "owners": [],
    }


def test_an_ipv6_address_is_in_brackets() -> None:
    six: Link = replace(LINK, advertised=Endpoint(addresses=("2001:db8::7",), port=51840))
    assert VALUES["endpoint"](six) == "[2001:db8::7]:51840"


def test_the_documentation_names_every_value() -> None:
    options = yaml.safe_load(face.DOCUMENTATION)["options"]
    assert options["value"]["choices"] == list(VALUES)
