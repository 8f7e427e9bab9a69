# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster tells of a link becomes a declaration only where it is legal and no template."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.setting_values import harmless_values
from hypothesis import given
from hypothesis import strategies as st

LEGAL: dict[str, Any] = {
    "server": "leaf-a",
    "service_type": "NodePort",
    "port": 51840,
    "node_port": 30000,
    "load_balancer_ip": "203.0.113.7",
    "mtu": 1340,
    "server_template": "a.b",
    "server_template_namespace": "liqo",
    "client_template": "wireguard-client",
    "client_template_namespace": "liqo",
    "client_endpoint": {"address": "vpn.example.org", "port": 51840},
    "service_annotations": {"example.com/pool": "a b, {c}", "empty": ""},
    "service_labels": {"tier": "gold"},
    "keys": "own",
}
TEMPLATES = (
    "{{ lookup('pipe', 'id') }}",
    "{% if x %}",
    "{# x #}",
    "#jinja2:variable_start_string:'[['",
    "a\nb",
    "\x1b[2J",
)
WHOLE = sorted(LEGAL.keys() - {"server", "service_annotations", "service_labels"})


def test_what_is_legal_stays() -> None:
    assert harmless_values(LEGAL) == (LEGAL, ())


@pytest.mark.parametrize("text", TEMPLATES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_template_in_place_of_a_value_is_left_out_and_named(name: str, text: str) -> None:
    value = {"address": text} if name == "client_endpoint" else text
    kept, (wrong,) = harmless_values({**LEGAL, name: value})
    assert kept == {key: value for key, value in LEGAL.items() if key != name}
    assert str(wrong).startswith(f"{name}.address " if name == "client_endpoint" else f"{name} ")
    assert str(wrong).isprintable()
    assert text not in str(wrong)


@pytest.mark.parametrize("text", TEMPLATES)
@pytest.mark.parametrize("name", ["service_annotations", "service_labels"])
def test_of_annotations_and_labels_only_the_bad_ones_are_left_out(name: str, text: str) -> None:
    kept, wrong = harmless_values({name: {"good": "x", "bad": text, text: "x"}})
    assert kept == {name: {"good": "x"}}
    assert [one.part for one in wrong] == ["bad", text]
    assert not any(text in str(one) for one in wrong)
    assert harmless_values({name: {"bad": text}})[0] == {}


@given(st.dictionaries(st.sampled_from(sorted(LEGAL)), st.text(alphabet="{}%#ab-.\n\x1b", min_size=1)))
def test_no_text_opens_a_template(told: dict[str, str]) -> None:
    maps = {name: {text: text} for name, text in told.items() if name in ("service_annotations", "service_labels")}
    told = {name: text for name, text in told.items() if name not in ("server", "client_endpoint")}
    kept, _wrong = harmless_values({**told, **maps})
    assert not any(mark in str(kept) for mark in ("{{", "{%", "{#", "\\n", "\\x1b"))
