# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs: halves that belong together, never the same twice, and a private half that no text shows."""

from __future__ import annotations

import base64
import sys

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._run.keypair import new_key_pair
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey


def test_the_public_half_is_that_of_the_private_half() -> None:
    pair = new_key_pair(where="here")
    assert len(pair.private) == 32
    assert X25519PrivateKey.from_private_bytes(pair.private).public_key().public_bytes_raw() == pair.public


def test_no_pair_comes_twice() -> None:
    assert len({new_key_pair(where="here").private for _ in range(20)}) == 20


def test_no_text_of_a_pair_shows_its_private_half() -> None:
    pair = new_key_pair(where="here")
    shown = f"{pair} {pair!r}"
    assert repr(pair.private)[2:-1] not in shown
    assert pair.private.hex() not in shown
    assert base64.b64encode(pair.private).decode() not in shown


def test_a_missing_package_is_one_sentence_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.x25519", None)
    with pytest.raises(FabricError, match="cryptography is not installed") as caught:
        new_key_pair(where="cluster leaf-a")
    assert caught.value.where == "cluster leaf-a"
    assert "keys" in caught.value.next
