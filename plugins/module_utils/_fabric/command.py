# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that a message suggests: the one place where they are put together."""

from __future__ import annotations

import shlex

from .legal import is_dns_name, is_label_key, is_label_value

UNKNOWN = "NAME"
"""Stands where a word would not be taken for what it is. No object has this name."""
_PROGRAMS_WITH_NAMES = ("kubectl", "oc")


class Option(str):
    """An option that this collection itself writes into a command. Any other word is an argument."""

    __slots__ = ()


def command(*words: str) -> str:
    """The command with each word quoted where a shell would take it for more than a word.

    An argument is no option of the program, whatever a cluster calls its objects; what kubectl gets is a name, a list
    of names, a name behind its kind, or a label.
    """
    is_legal = _is_argument if words[0] in _PROGRAMS_WITH_NAMES else _is_no_option
    return shlex.join(word if isinstance(word, Option) or is_legal(word) else UNKNOWN for word in words)


def _is_no_option(word: str) -> bool:
    return not word.startswith("-")


def _is_argument(word: str) -> bool:
    key, is_label, value = word.partition("=")
    if is_label:
        return is_label_key(key) and is_label_value(value)
    kind, is_object, name = word.partition("/")
    return all(map(is_dns_name, (kind, name) if is_object else word.split(","))) or word == UNKNOWN
