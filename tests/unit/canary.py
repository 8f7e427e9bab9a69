# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates that leave a file behind when any program renders them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Canary:
    """``file`` exists once one of ``templates`` was rendered by Ansible."""

    file: Path

    @property
    def expression(self) -> str:
        """Without `=` and `,`, which divide the labels of a cluster, and allowed where lookups are switched off."""
        return f'lookup(*(["pipe"]+["touch {self.file}"]))'

    @property
    def template(self) -> str:
        return "{{" + self.expression + "}}"

    @property
    def templates(self) -> tuple[str, ...]:
        """Every way to write it, with the delimiters of other programs and of the header of a file, too."""
        call = self.expression
        return (
            self.template,
            "{% if " + call + " %}x{% endif %}",
            "{%set x%}{%endset%}{{" + call + "}}",
            "[[" + call + "]]",
            "<%" + call + "%>",
            f"#jinja2:variable_start_string:'[['\n[[{call}}}}}",
            "!unsafe {{" + call + "}}",
        )

    def is_alive(self) -> bool:
        """No program has rendered one."""
        return not self.file.exists()
