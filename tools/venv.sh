#!/usr/bin/env bash
# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes .venv from requirements-dev.txt, unless it is already what that file and constraints-dev.txt say, and links the
# checkout into its import root. Needs a Python >= 3.12 with the venv module (ansible-core 2.21 asks for 3.12):
# PYTHON=/path/to/python overrides the search; `venv.sh --find` only prints what the search finds.
set -euo pipefail
cd "$(dirname "$0")/.."

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python3 \
        python3.13 python3.14 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[34].*/bin/python3; do
        if [[ -n "$candidate" ]] && command -v "$candidate" >/dev/null && fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    echo "No Python >= 3.12 with the venv module was found. On Debian 13 or Ubuntu 24.04: apt-get install python3-venv;" \
        "with another Python: make venv PYTHON=/path/to/python3.12" >&2
    return 1
}

if [[ "${1:-}" == --find ]]; then
    find_python
    exit
fi

stamp=.venv/requirements.sha256
want=$(cat requirements-dev.txt constraints-dev.txt | sha256sum | cut -d' ' -f1)
if [[ ! -f "$stamp" || "$(cat "$stamp")" != "$want" ]] || ! .venv/bin/python -c ''; then
    python=$(find_python)
    echo "venv: .venv with $("$python" --version), packages of requirements-dev.txt (1 to 2 minutes)"
    "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
    echo "$want" >"$stamp"
fi
.venv/bin/python -m tools.import_root
