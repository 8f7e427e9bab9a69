# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there -> the wish that would make it, in the form of the option ``shortcuts``.

People write it into files that Ansible renders, so nothing of it may be a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .dialling import override_of
from .faults import View, has_heard
from .legal import is_host
from .model import FabricName, Keys, Pair, Settings
from .objects import ClusterState, Endpoint, GatewayClient, GatewayServer, TemplateRef
from .reported import address_problem
from .rotation import has_own_keys
from .setting_values import Wrong, harmless_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A declaration made of what two clusters tell."""

    shortcut: dict[str, Any]
    """An entry of the option ``shortcuts``. It holds legal values alone, and no template."""
    refused: tuple[Wrong, ...] = ()
    """What else the link has, and may not be declared."""


def gather(pair: Pair, one: ClusterState, other: ClusterState) -> Gathered:
    """The wish for a pair; where the link is half made, it says what can be seen."""
    told: dict[str, Any] = {}
    alive = has_heard(View(one, other.id, other)) and has_heard(View(other, one.id, one))
    for here, there in ((one, other), (other, one)):
        for server in here.side(there.id).servers[:1]:
            told |= {"server": here.id, **_of_server(server, here)}
            for client in there.side(here.id).clients[:1]:
                told |= _of_client(client, server, there, alive=alive)
    if has_own_keys(one.side(other.id)) and has_own_keys(other.side(one.id)):
        told["keys"] = Keys.OWN.value
    odd = _odd_address(told.get("client_endpoint", {}), other if told.get("server") == one.id else one)
    if odd:
        del told["client_endpoint"]
    legal, refused = harmless_values(told)
    return Gathered(shortcut={"between": [pair.a, pair.b], **legal}, refused=(*odd, *refused))


def others_own(fabric: FabricName, one: ClusterState, other: ClusterState) -> tuple[FabricName, ...]:
    """The fabrics that own a side of the link which this one does not own; empty for links of ours and without a mark.

    Each side is judged by its own marks: ours on one side do not make the other side ours.
    """
    owners = (one.side(other.id).owners(), other.side(one.id).owners())
    return tuple(sorted({name for found in owners if fabric not in found for name in found}))


def _of_server(server: GatewayServer, here: ClusterState) -> dict[str, Any]:
    spec = server.spec
    optional = {
        "node_port": spec.node_port,
        "load_balancer_ip": spec.load_balancer_ip,
        "service_annotations": dict(spec.service_annotations) if spec.service_annotations else None,
        "service_labels": dict(spec.service_labels) if spec.service_labels else None,
    }
    return {
        "service_type": str(getattr(spec.service_type, "value", spec.service_type)),
        "port": spec.port,
        "mtu": spec.mtu,
        **{name: value for name, value in optional.items() if value is not None},
        **_template("server_template", spec.template, here),
    }


def _of_client(client: GatewayClient, server: GatewayServer, there: ClusterState, *, alive: bool) -> dict[str, Any]:
    """Where the server advertises nothing, what the client dials is meant only if the tunnel is ``alive``."""
    found = _template("client_template", client.spec.template, there)
    dials = client.spec.endpoint
    if not isinstance(dials, Endpoint) or not (alive or server.endpoint is not None):
        return found
    override = override_of(dials, server)
    if override is None:
        return found
    parts = (("address", override.address), ("port", override.port))
    return {**found, "client_endpoint": {name: value for name, value in parts if value}}


def _odd_address(endpoint: dict[str, Any], client: ClusterState) -> tuple[Wrong, ...]:
    """An address that is refused where a server advertises it would be trusted as soon as it is declared."""
    address = endpoint.get("address", "")
    if not is_host(address) or not address_problem(address, client.networks):
        return ()
    wanted = "an address outside of the client's own cluster"
    return (Wrong(setting="client_endpoint", part="address", value=address, wanted=wanted),)


def _template(option: str, ref: TemplateRef, here: ClusterState) -> dict[str, str]:
    """Only what is not the default."""
    found = {}
    if ref.name != getattr(Settings(), option).name:
        found[option] = ref.name
    if ref.namespace != here.liqo_namespace:
        found[f"{option}_namespace"] = ref.namespace
    return found
