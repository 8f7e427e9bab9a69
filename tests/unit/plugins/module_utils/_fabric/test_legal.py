# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a field may hold."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric import legal

INJECTED: tuple[object, ...] = (
    "",
    "{{ lookup('pipe', 'id') }}",
    "{% raw %}",
    "a b",
    "a\nb",
    "a\x1b[2J",
    "$(id)",
    "'; id; '",
    "../x",
    "\u202e",
    "\ud800",
    "\u0661\u0660.0.0.1",
    None,
    7,
    True,
    [],
    {},
)


@pytest.mark.parametrize("value", INJECTED, ids=repr)
@pytest.mark.parametrize(
    "rule",
    [legal.is_dns_label, legal.is_dns_name, legal.is_ip, legal.is_host, legal.is_cidr],
)
def test_nothing_but_text_of_the_field_is_legal(rule, value) -> None:  # type: ignore[no-untyped-def]
    assert not rule(value)


def test_names() -> None:
    assert legal.is_dns_label("leaf-a")
    assert not legal.is_dns_label("a.b")
    assert not legal.is_dns_label("a" * 64)
    assert legal.is_dns_name("a.b-c.example")
    assert not legal.is_dns_name("a..b")
    assert not legal.is_dns_name(".".join(["a" * 60] * 5))
    assert not legal.is_dns_name("Leaf")
    assert not legal.is_dns_label("leaf-a\n")


def test_addresses_and_networks() -> None:
    assert legal.is_ip("203.0.113.7")
    assert legal.is_ip("2001:db8::1")
    assert not legal.is_ip("fe80::1%eth0")
    assert not legal.is_ip("203.0.113.7:51840")
    assert legal.is_host("LB.example.com")
    assert legal.is_cidr("10.40.0.0/16")
    assert legal.is_cidr("fd00::/48")
    assert not legal.is_cidr("10.40.0.1/16")
    assert not legal.is_cidr("10.40.0.0")
    assert not legal.is_cidr("10.40.0.0/255.255.0.0")


@pytest.mark.parametrize("number", [0, -1, 65536, True, "51840", 51840.0, None])
def test_what_is_no_port(number: object) -> None:
    assert not legal.is_port(number)
    assert legal.is_port(51840)


@pytest.mark.parametrize("text", ["", "a b", "{a}", "100 % {", "Zürich", "a: {b: [c]}", "# jinja"])
def test_text_that_ansible_takes_as_it_is(text: str) -> None:
    assert legal.is_inert(text)


@pytest.mark.parametrize("text", ["{{a", "a {%", "{#", "#jinja2:x", "a\n", "\x1b", "\u202e", "\ud800", None, 7, ["a"]])
def test_text_that_could_be_more_than_text(text: object) -> None:
    assert not legal.is_inert(text)
