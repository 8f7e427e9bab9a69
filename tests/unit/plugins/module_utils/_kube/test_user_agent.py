# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the audit log of an API server tells us from others."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._kube.user_agent import COLLECTION_VERSION, user_agent


def test_the_version_is_that_of_the_collection() -> None:
    galaxy = yaml.safe_load((Path(__file__).parents[5] / "galaxy.yml").read_text())
    assert galaxy["version"] == COLLECTION_VERSION


def test_product_and_face_are_in_the_user_agent() -> None:
    assert user_agent() == f"liqo.fabric/{COLLECTION_VERSION}"
    assert user_agent("shortcuts") == f"liqo.fabric/{COLLECTION_VERSION} (shortcuts)"
