# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the bytes or the text of a kubeconfig to its values, with the YAML of kubectl: that of Go, not that of Python.

The two differ in which words are numbers or truth values. To Python `12:30` is 750, and `y` a text.
"""

from __future__ import annotations

import base64
import codecs
import functools
import math
import re
from collections.abc import Iterator
from typing import IO, Any

from .kubeconfig_fields import KubeconfigError
from .limits import DEFAULT

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = dict.fromkeys(("y", "yes", "true", "on"), True) | dict.fromkeys(("n", "no", "false", "off"), False)
_NUMBER = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_CORRECT = "correct the file; kubectl config view shows it"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""Windows writes them at the beginning of a file."""


def decoded(content: bytes) -> str:
    """The text of a file. Raises UnicodeDecodeError."""
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding)


def parse(text: str, name: str) -> Any:
    """The first YAML document, None when it is empty. Raises KubeconfigError, which does not quote it."""
    # PyYAML is imported late: the sanity tests import this file without it.
    import yaml

    try:
        document = next(iter(yaml.load_all(text, Loader=_loader())), None)
    except Exception as error:
        # Its own errors quote the lines around the mistake; those of a text that is no YAML at all are of any class.
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        place = f" at line {mark.line + 1}" if mark else ""
        raise KubeconfigError(f"{name} is not valid YAML{place}", _CORRECT) from None
    _check_size(document, name)
    return document


def write(document: Any, file: IO[str]) -> None:
    """Writes the document as YAML that kubectl reads as what it was."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    # What is a number or truth value to one of the two is written in quotes when it is a text.
    theirs, ours = yaml.SafeDumper.yaml_implicit_resolvers, _loader().yaml_implicit_resolvers
    Dumper.yaml_implicit_resolvers = {
        first: theirs.get(first, []) + ours.get(first, []) for first in theirs.keys() | ours.keys()
    }

    yaml.dump(document, file, Dumper=Dumper, default_flow_style=False, sort_keys=False)


def has_aliases(text: str) -> bool:
    """Does the YAML repeat parts of itself by name? A few lines can become millions of values in this way.

    Raises KubeconfigError for what is no YAML.
    """
    import yaml

    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_loader()))
    except Exception:
        raise KubeconfigError("it is not valid YAML", _CORRECT) from None


def _check_size(document: Any, name: str) -> None:
    """Whoever walks the document meets a part as often as it is repeated by name; one that holds itself, for ever."""
    count, todo = 0, [document]
    while todo:
        value = todo.pop()
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        todo.extend(inner)
        count += 1
        if count > DEFAULT.kubeconfig_values:
            why = f"{name} has more than {DEFAULT.kubeconfig_values} values, or repeats parts of itself without end"
            raise KubeconfigError(why, "write it without anchors and aliases")


class _Number:
    """Takes the place of a regular expression."""

    @staticmethod
    def match(text: str) -> bool:
        return _NUMBER.fullmatch(text.replace("_", "")) is not None and _is_in_range(text)


@functools.cache
def _loader() -> Any:
    """A safe one in which words are what they are to kubectl; a date is a text, and unknown tags are ignored."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen when it runs
        def flatten_mapping(self, node: Any) -> None:
            _merge(node)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in (f"{_TAG}null", f"{_TAG}merge")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    words = "|".join(f"{word}|{word.capitalize()}|{word.upper()}" for word in _BOOLEANS)
    Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(rf"({words})\Z"), list("yYnNtTfFoO"))
    Loader.add_implicit_resolver(f"{_TAG}float", _Number, list("-+.0123456789"))
    Loader.add_constructor(f"{_TAG}bool", lambda loader, node: _BOOLEANS[loader.construct_scalar(node).lower()])
    for kind in ("int", "float"):
        Loader.add_constructor(f"{_TAG}{kind}", lambda loader, node: _number(loader.construct_scalar(node)))
    Loader.add_constructor(f"{_TAG}null", _null)
    Loader.add_constructor(f"{_TAG}binary", _binary)
    for kind in ("omap", "pairs", "set"):
        Loader.add_constructor(f"{_TAG}{kind}", lambda loader, node: _untagged(loader, "", node))
    # Its own constructor knows what is no date.
    Loader.add_constructor(
        f"{_TAG}timestamp", lambda loader, node: loader.construct_yaml_timestamp(node) and loader.construct_scalar(node)
    )
    Loader.add_multi_constructor(None, _untagged)
    return Loader


def _merge(node: Any) -> None:
    """Puts what `<<` names in its place, as Go does: what stands further down wins, and in a list of them the first.

    To Python all that stands beside `<<` would win. That would be another user or server than that of kubectl.
    """
    import yaml

    if not any(key.tag == f"{_TAG}merge" for key, _value in node.value):
        return
    found = {}
    for key, value in node.value:
        for inner_key, inner in _merged(value) if key.tag == f"{_TAG}merge" else [(key, value)]:
            if not isinstance(inner_key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(problem_mark=inner_key.start_mark)
            # Each key once: a few lines could become millions.
            found[inner_key.tag, inner_key.value] = (inner_key, inner)
    node.value = list(found.values())


def _merged(value: Any) -> Iterator[tuple[Any, Any]]:
    import yaml

    for part in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
        if not isinstance(part, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(problem_mark=value.start_mark)
        _merge(part)
        yield from part.value


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    try:
        return int(plain, 8 if re.fullmatch(r"[-+]?0[0-7]+", plain) else 0)
    except ValueError:
        return float(plain.lstrip("+-.") if plain.lower().endswith("nan") else plain.lower().replace(".inf", "inf"))


def _is_in_range(text: str) -> bool:
    """Does it fit into 64 bits? A word that does not is a text to Go, such as a commit or a token `3e123456`."""
    try:
        number = _number(text)
        if isinstance(number, int) and re.match(r"[-+]?0[xXoObB]", text):
            return -(1 << 63) <= number < 1 << (63 if text[0] in "+-" else 64)
        return not math.isinf(float(number)) or "inf" in text.lower()
    except OverflowError:
        return False


def _null(loader: Any, node: Any) -> None:
    import yaml

    if not isinstance(node, yaml.ScalarNode) or node.value not in ("", "~", "null", "Null", "NULL"):
        raise yaml.constructor.ConstructorError(problem_mark=node.start_mark)


def _binary(loader: Any, node: Any) -> bytes:
    """Python passes over what is no base64 in it."""
    encoded = loader.construct_scalar(node).encode().translate(None, b"\r\n")
    return base64.b64decode(encoded, validate=True)


def _untagged(loader: Any, _suffix: str, node: Any) -> Any:
    """What stands behind a tag that means nothing here."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    build = loader.construct_mapping if isinstance(node, yaml.MappingNode) else loader.construct_sequence
    return build(node, deep=True)
