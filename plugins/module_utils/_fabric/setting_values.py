# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each setting of a shortcut may hold, whether a person declares it or a cluster tells it.

What a cluster tells becomes a declaration in a file, which Ansible later renders: there it may not be a template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .legal import is_cidr, is_dns_label, is_dns_name, is_host, is_inert, is_ip, is_label_key, is_label_value, is_port
from .model import Keys, ServiceType
from .terminal import one_line

_MTU = range(576, 9001)
"""576 is the least that IPv4 hosts must accept; 9000 the largest common jumbo frame."""

Rule = tuple[Callable[[Any], bool], str]
"""Does it hold for a value, and what a value must be."""

_TEMPLATE: Rule = (is_dns_name, "the name of an object of Kubernetes")
_NAMESPACE: Rule = (is_dns_label, "the name of a namespace")
_RULES: Mapping[str, Rule] = {
    "service_type": (lambda value: value in set(ServiceType), f"one of {', '.join(ServiceType)}"),
    "port": (is_port, "between 1 and 65535"),
    "node_port": (is_port, "between 1 and 65535, most often 30000 to 32767"),
    "load_balancer_ip": (is_ip, "an IP address"),
    "mtu": (lambda value: value in _MTU, f"between {_MTU.start} and {_MTU.stop - 1}"),
    "server_template": _TEMPLATE,
    "server_template_namespace": _NAMESPACE,
    "client_template": _TEMPLATE,
    "client_template_namespace": _NAMESPACE,
    "keys": (lambda value: value in set(Keys), f"one of {', '.join(Keys)}"),
}
_ENDPOINT: Mapping[str, Rule] = {
    "address": (is_host, "an IP address or a host name"),
    "port": (is_port, "between 1 and 65535"),
}
_MAPS: Mapping[str, Rule] = {
    "service_annotations": (lambda value: isinstance(value, str), "a text"),
    "service_labels": (is_label_value, "the value of a label"),
}
_CIDR: Rule = (is_cidr, "a CIDR like 203.0.113.0/24, without bits behind the prefix")
_KEY: Rule = (is_label_key, "under a key of Kubernetes, such as example.com/pool")
_INERT: Rule = (is_inert, "text of one line that is no template")
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One value that a setting may not hold."""

    setting: str
    part: str = ""
    """Of a setting with several values, the name of this one."""
    value: object
    wanted: str

    def __str__(self) -> str:
        part = self.part and f".{_repeated(self.part)}"
        return one_line(f"{self.setting}{part} {_repeated(str(self.value))}", longest=_LONGEST)


def _repeated(text: str) -> str:
    """It may also be a comment of a file that Ansible reads later."""
    return text if is_inert(text) else "(a template or no printable line)"


def wrong_values(given: Mapping[str, Any], *, told: bool = False) -> Iterator[Wrong]:
    """What settings may not hold, by the names of the options; ``told`` by a cluster, no template either.

    The cluster of `server` is not looked at.
    """
    for name, value in given.items():
        if name in _RULES:
            yield from _broken(name, value, _RULES[name])
        elif name == "client_endpoint":
            for part, rule in _ENDPOINT.items():
                if value.get(part) is not None:
                    yield from _broken(name, value[part], rule, part=part)
        elif name == "trusted_cidrs":
            for cidr in value:
                yield from _broken(name, cidr, _CIDR)
        elif name in _MAPS:
            for key, text in value.items():
                yield from _broken(name, key, _KEY, part=key)
                yield from _broken(name, text, _MAPS[name], *([_INERT] if told else []), part=key)


def harmless_values(told: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Wrong, ...]]:
    """Of settings that a cluster tells, those that may become a declaration, and what may not.

    Of annotations and labels only the entries that may not be declared are left out.
    """
    wrong = tuple(wrong_values(told, told=True))
    places = {(one.setting, one.part) for one in wrong}
    whole = {setting for setting, _part in places} - _MAPS.keys()
    kept = {name: value for name, value in told.items() if name not in whole}
    for name in _MAPS.keys() & kept.keys():
        kept[name] = {key: text for key, text in told[name].items() if (name, key) not in places}
    return {name: value for name, value in kept.items() if value != {}}, wrong


def _broken(setting: str, value: object, *rules: Rule, part: str = "") -> Iterator[Wrong]:
    """The first rule that does not hold."""
    for holds, wanted in rules:
        if not holds(value):
            yield Wrong(setting=setting, part=part, value=value, wanted=wanted)
            return
