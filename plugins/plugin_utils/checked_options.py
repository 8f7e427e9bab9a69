# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that plugins on the controller get from Ansible and give to it.

Of options Ansible checks less than for modules, not what is inside of lists, and what it hands out may be tagged,
encrypted or of types of its own: behind this file there are plain values only. What comes from clusters must not be
taken for a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError, Violation
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import secret_values, secrets_anywhere

_WORDS = re.compile(r"[A-Za-z0-9 ._:;,/@+='-]*")

try:
    from ansible.template import trust_as_template
except ImportError:

    def trust_as_template(value: str) -> str:
        """Before ansible-core 2.19 every text is trusted."""
        return value


def plain(value: Any) -> Any:
    """The same as text, numbers, lists and dictionaries; what is encrypted is opened."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def harmless(value: Any) -> Any:
    """The same for a variable of a host, with every text marked as no template, however templates are delimited.

    Only words that no delimiter can be made of count as written by a person, or ansible-inventory would wrap each of
    them in its output.
    """
    if isinstance(value, str):
        return trust_as_template(value) if _WORDS.fullmatch(value) else wrap_var(value)
    if isinstance(value, Mapping):
        return {harmless(key): harmless(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(item) for item in value]
    return value


def checked_options(given: Mapping[str, Any], spec: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Options without secrets, of the right types, under the names of ``spec``. Raises InputError."""
    result = ArgumentSpecValidator(spec).validate({name: plain(value) for name, value in given.items()})
    if result.error_messages:
        found = [Violation(path="options", message=str(message)) for message in result.error_messages]
        raise InputError(found, where=where)
    checked: dict[str, Any] = plain(result.validated_parameters)
    return checked


def checked_clusters(given: Any, spec: Mapping[str, Any], *, where: str) -> list[dict[str, Any]]:
    """The entries of an option like ``clusters``, of the right types, under the names of ``spec``.

    ``spec`` has that one option. Raises InputError, which quotes no secret.
    """
    (name,) = spec
    entries = plain(given)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        hint = "write each as {name: hub, kubeconfig: ...}"
        raise InputError([Violation(path=name, message="is no list of dictionaries", hint=hint)], where=where)
    result = ArgumentSpecValidator(spec).validate({name: entries})
    if result.error_messages:
        secrets = {value for entry in entries for value in secret_values(entry)} | result._no_log_values
        messages = remove_values(result.error_messages, secrets | secrets_anywhere(entries))
        raise InputError([Violation(path=name, message=str(message)) for message in messages], where=where)
    checked: list[dict[str, Any]] = plain(result.validated_parameters[name])
    return checked
