# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a field may hold: the one place that says whether a text is a name, an address, a network or a port.

A value of a cluster that goes into a declaration, a file or another cluster is asked for here first. Text that is no
legal value of its field is left out and named; it is never repaired.
"""

from __future__ import annotations

import ipaddress
import re

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DNS_LABEL = re.compile(_LABEL)
_DNS_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_DNS_NAME = 253
_ODD_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LENGTH = re.compile(r"/[0-9]{1,3}\Z", re.ASCII)


def is_dns_label(text: object) -> bool:
    """A name of RFC 1123 without dots, at most 63 characters: a namespace, a Service, a cluster id."""
    return isinstance(text, str) and bool(_DNS_LABEL.fullmatch(text))


def is_dns_name(text: object) -> bool:
    """A name of RFC 1123 with or without dots, at most 253 characters: most objects of Kubernetes, a host."""
    return isinstance(text, str) and len(text) <= _LONGEST_DNS_NAME and bool(_DNS_NAME.fullmatch(text))


def is_name(text: object) -> bool:
    """A qualified name of Kubernetes without a domain, at most 63 characters; also the name of a fabric."""
    return isinstance(text, str) and bool(_NAME.fullmatch(text))


def is_label_key(text: object) -> bool:
    """The key of a label: `region`, `topology.kubernetes.io/zone`."""
    if not isinstance(text, str):
        return False
    domain, slash, name = text.rpartition("/")
    return is_name(name) and (is_dns_name(domain) if slash else True)


def is_label_value(text: object) -> bool:
    """The value of a label; it may be empty."""
    return text == "" or is_name(text)


def is_ip(text: object) -> bool:
    """An IPv4 or IPv6 address without zone and without port."""
    try:
        return isinstance(text, str) and "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_host(text: object) -> bool:
    """What can be dialled: an address, or a name of DNS.

    A name that ends in a number is an address in an odd spelling (`127.1`, `0x7f.0.0.1`): resolvers take it for one.
    """
    if not isinstance(text, str) or is_ip(text):
        return is_ip(text)
    name = text.lower()
    return is_dns_name(name) and not _ODD_NUMBER.fullmatch(name.rpartition(".")[2])


def is_cidr(text: object) -> bool:
    """A network with its length, no bit of the host set: `10.40.0.0/16`."""
    try:
        return isinstance(text, str) and bool(_LENGTH.search(text)) and bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def is_inert(text: object) -> bool:
    """A text of one line that is no template of Ansible, nor a part of one, in a file that Ansible reads later."""
    return (
        isinstance(text, str)
        and text.isprintable()
        and not text.startswith("#jinja2:")
        and not any(mark in text for mark in ("{{", "{%", "{#"))
    )


def is_port(number: object) -> bool:
    """A port that can be dialled, 1 to 65535."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < 65536
