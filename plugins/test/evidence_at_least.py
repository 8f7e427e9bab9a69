# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a link reached a rung of the ladder of evidence? Documented in evidence_at_least.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.module_utils import oldest_python

oldest_python.require()

from ansible_collections.liqo.fabric.plugins.module_utils._fabric.evidence import Rung
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.unquoted import quoted

_RUNG_BY_WORD = {str(rung): rung for rung in Rung}


def evidence_at_least(link: Any, rung: Any) -> bool:
    """False where nothing is known. Raises AnsibleFilterError for a rung or a link that is none."""
    if rung not in _RUNG_BY_WORD:
        known = ", ".join(_RUNG_BY_WORD)
        what = f"liqo.fabric.evidence_at_least: {quoted(rung)} is no rung of evidence"
        raise AnsibleFilterError(f"{what}; use one of {known}")
    if not isinstance(link, Mapping) or not isinstance(link.get("evidence"), Mapping):
        raise AnsibleFilterError("liqo.fabric.evidence_at_least: this is no link; give it one of the links of a result")
    reached = _RUNG_BY_WORD.get(str(link["evidence"].get("rung")))
    return reached is not None and reached >= _RUNG_BY_WORD[rung]


class TestModule:
    """For Ansible."""

    __test__ = False

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"evidence_at_least": evidence_at_least}
