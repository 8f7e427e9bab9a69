# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs of WireGuard (X25519), made at the moment at which they are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._fabric.errors import FabricError, FailureName
from .._kube.packages import install_step


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """32 raw bytes each. The private half shows in no text of this object."""

    private: bytes = field(repr=False)
    public: bytes


def new_key_pair(*, where: str) -> KeyPair:
    """A pair that nobody else has; a FabricError without the Python package that makes it."""
    try:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    except ImportError as missing:
        raise FabricError(
            what="cannot make a key pair",
            where=where,
            why="the Python package cryptography is not installed where this task runs",
            next=f"{install_step('cryptography')}, or leave keys at liqo",
            fault=FailureName.MISSING_PACKAGE,
        ) from missing
    private = X25519PrivateKey.generate()
    return KeyPair(private=private.private_bytes_raw(), public=private.public_key().public_bytes_raw())
