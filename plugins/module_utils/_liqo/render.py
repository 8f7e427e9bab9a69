# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specs -> manifests for people and for GitOps; what cannot be known yet is marked where it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._fabric.model import ClusterId
from .._fabric.objects import Endpoint, GatewayClientSpec, Later, PublicKeySpec, SecretSpec, Spec
from .build import build


def manifest(spec: Spec, *, name: str, namespace: str, peer: ClusterId) -> dict[str, Any]:
    """The manifest of one object. A value that Liqo brings about reads ``(known after ...)``."""
    if isinstance(spec, PublicKeySpec) and isinstance(spec.key, Later):
        spec = replace(spec, key=str(spec.key))
    if isinstance(spec, GatewayClientSpec) and isinstance(spec.endpoint, Later):
        later = spec.endpoint
        unknown = replace(spec, endpoint=Endpoint(addresses=(), port=0))
        body = build(unknown, name=name, namespace=namespace, peer=peer)
        override = later.override
        body["spec"]["endpoint"]["addresses"] = [override.address if override and override.address else str(later)]
        body["spec"]["endpoint"]["port"] = override.port if override and override.port else str(later)
        return body
    if isinstance(spec, SecretSpec):
        halves = {"privateKey": spec.public_key, "publicKey": spec.public_key}
        return {**build(spec, name=name, namespace=namespace, peer=peer), "type": "Opaque", "data": halves}
    return build(spec, name=name, namespace=namespace, peer=peer)
