# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in the variables of the role, as far as it shows without a look at any cluster.

Ansible checks them too, but shows the whole specification with each mistake, and passes over a variable that it does
not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from .errors import Violation
from .propagation.wishes import check_services
from .unquoted import INSTEAD, misplaced

Options = Mapping[str, Mapping[str, Any]]
"""By name, as under ``options`` of an argument specification."""

_BOOLEANS = frozenset({"yes", "on", "1", "true", "t", "y", "1.0", "no", "off", "0", "false", "f", "n", "0.0"})
_PACKED = re.compile(r"[\w=-]+")
"""A saved plan, whose letters may look like a key by chance."""
_WAVE = re.compile(r"[1-9]\d*|(100|\d{1,2})%")


def check_variables(
    given: Mapping[str, Any], options: Options, *, hubs: Collection[str], leaves: Collection[str]
) -> tuple[Violation, ...]:
    """Everything that is wrong in ``given``, the role's variables by name.

    ``hubs`` and ``leaves`` are names and cluster ids. Values of variables that may hold credentials are ``raw`` in
    ``options``, and are neither looked at nor quoted.
    """
    found: list[Violation] = []
    for name, value in given.items():
        if name not in options:
            _unknown(name, "variable", options, found)
        elif value is not None:
            _check(value, options[name], name, found)
    if not found:
        _check_meaning(given, hubs, leaves, found)
    return tuple(found)


def check_misplaced(given: Mapping[str, Any], options: Options) -> tuple[Violation, ...]:
    """Every place in ``given`` that holds a kubeconfig or key though its variable is for something else.

    What is ``raw`` in ``options`` may hold credentials. What is not in ``options`` is passed over.
    """
    typed = {
        name: value
        for name, value in given.items()
        if options.get(name, {}).get("type", "raw") != "raw"
        and not (name == "liqo_fabric_saved_plan" and _PACKED.fullmatch(str(value)))
    }
    return tuple(Violation(path=path, message=INSTEAD) for name in typed for path in misplaced(typed[name], name))


def _check(value: Any, option: Mapping[str, Any], path: str, found: list[Violation]) -> None:
    """One value against its specification, as lenient as Ansible; None is what nobody set."""
    kind, options = option.get("type", "str"), option.get("options")
    if value is None or kind == "raw":
        return
    fits, wanted = _TYPES[kind]
    if not fits(value):
        _add(found, path, f"is {_called(value)} and not {wanted}", _HINTS.get(kind, ""))
    elif kind == "list" and isinstance(value, str) and option.get("elements") in ("dict", "list"):
        hint = f"with -e write it as -e '{{\"{path}\": [...]}}', and in a file begin each entry with a dash"
        _add(found, path, "is a text and not a list", hint)
    elif kind == "list":
        inner = {"type": option.get("elements", "raw"), "options": options, "choices": option.get("choices")}
        for index, item in enumerate(_items(value)):
            _check(item, inner, f"{path}[{index}]", found)
    elif option.get("choices") and str(value) not in option["choices"]:
        _add(found, path, f"{value!r} is none of the choices", f"choose one of {', '.join(option['choices'])}")
    elif options and isinstance(value, Mapping):
        for name in value:
            if name in options:
                _check(value[name], options[name], f"{path}.{name}", found)
            else:
                _unknown(f"{path}.{name}", "option", options, found)


def _check_meaning(
    given: Mapping[str, Any], hubs: Collection[str], leaves: Collection[str], found: list[Violation]
) -> None:
    for index, wave in enumerate(_items(given.get("liqo_fabric_waves"))):
        if not _WAVE.fullmatch(str(wave)):
            hint = "write it like 3, or like 25%"
            _add(found, f"liqo_fabric_waves[{index}]", f"{wave!r} is neither a number of hosts nor a share", hint)
    services = given.get("liqo_fabric_services")
    if services is not None:
        check_services(services, "liqo_fabric_services", hubs, found)
    if given.get("liqo_fabric_clusters") is None and "hub" not in _items(given.get("liqo_fabric_labels_from")):
        for index, entry in enumerate(given.get("liqo_fabric_shortcuts") or ()):
            for name in sorted({str(name) for name in _items(entry.get("between"))} & (set(hubs) - set(leaves))):
                what = f"{name} is a hub, and a shortcut joins two leaves"
                hint = "what joins a hub and a leaf is a peering, which 'liqoctl peer' makes"
                _add(found, f"liqo_fabric_shortcuts[{index}].between", what, hint)


def _unknown(path: str, what: str, known: Iterable[str], found: list[Violation]) -> None:
    name = path.rpartition(".")[2]
    _add(found, path, f"there is no such {what}", _hint(name, known))


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known))}"


def _items(value: Any) -> Sequence[Any]:
    """A list as Ansible makes one of what is written: of a text with commas, and of a single number."""
    if value is None:
        return ()
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_number(make: Callable[[str], object]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            make(str(value))
        except ValueError:
            return False
        return not isinstance(value, bool)

    return fits


def _is_dictionary(value: Any) -> bool:
    """Also a text of which Ansible makes one."""
    return isinstance(value, Mapping) or (isinstance(value, str) and ("=" in value or value.startswith("{")))


def _is_text(value: Any) -> bool:
    return not isinstance(value, (Mapping, list, tuple))


_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "list": (lambda value: not isinstance(value, Mapping), "a list"),
    "dict": (_is_dictionary, "a dictionary"),
    "str": (_is_text, "a text"),
    "path": (_is_text, "a path"),
    "int": (_is_number(int), "a whole number"),
    "float": (_is_number(float), "a number"),
    "bool": (lambda value: str(value).lower() in _BOOLEANS, "true or false"),
}
"""By type of a specification: does a value fit, and what to call the values that do."""

_HINTS = {
    "list": "begin each entry with a dash",
    "dict": "write names and values, like { between: [leaf-a, leaf-b] }",
}


def _called(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a dictionary"
    return "a list" if isinstance(value, (list, tuple)) else repr(value)


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
