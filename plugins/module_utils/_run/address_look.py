# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a wait has timed out: why has a Service no address, and where does what a client dials lead?

What cannot be read is left out.
"""

from __future__ import annotations

from .._fabric.dialling import is_among, offer
from .._fabric.errors import FabricError, Forbidden
from .._fabric.facts import advertised
from .._fabric.faults import only
from .._fabric.legal import is_host
from .._fabric.model import ServiceType
from .._fabric.objects import Endpoint, GatewayServer, LocalNetworks, Side
from .._fabric.reaching import Dialled, NoAddress, dialled
from .._fabric.resources import Json
from .._kube.client import Api
from .._liqo.events import last_warning
from .._liqo.health import lacks_address
from .._liqo.names import GATEWAY_PREFIX
from .._liqo.resources import EVENT, SERVICE
from .._liqo.surroundings import service_ports
from .gateway_look import get_or_list, tolerant
from .preflight import look_up


def look_at_address(api: Api, server: GatewayServer) -> NoAddress | None:
    """None where the Service of this gateway server has an address, or cannot be read."""
    service = service_of(api, server)
    if isinstance(service, FabricError) or not lacks_address(service):
        return None
    place = server.meta.namespace
    events = tolerant(lambda: api.list(EVENT, namespace=place, field_selector="type=Warning").items)
    return NoAddress(
        said="" if isinstance(events, FabricError) else last_warning(events, SERVICE.kind, service),
        is_unheard=isinstance(events, Forbidden),
        rivals=_rivals(api, server),
    )


def look_at_dialled(client: Side, server: Side | None, networks: LocalNetworks) -> Dialled | None:
    """What a client dials; a host name is looked up here."""
    gateway = only(client.clients)
    if gateway is None or not isinstance(gateway.spec.endpoint, Endpoint):
        return None
    found = Dialled(endpoint=dialled(gateway.spec.endpoint))
    serving = only(server.servers) if server is not None else None
    seen = advertised(serving) if serving is not None else None
    others = offer(seen, networks).usable if seen is not None else ()
    return Dialled(
        endpoint=found.endpoint,
        looked_up=look_up([found.address])[found.address] if found.is_name and is_host(found.address) else None,
        others=tuple(address for address in others if not is_among(address, (found.address,))),
    )


def service_of(api: Api, server: GatewayServer) -> Json | FabricError:
    """The Service of this gateway server; NotFound only where we could look."""
    return get_or_list(api, SERVICE, server.meta.namespace, f"{GATEWAY_PREFIX}{server.meta.name}")


def _rivals(api: Api, server: GatewayServer) -> tuple[str, ...]:
    """Services of load balancers that have the port of this server."""
    listed = tolerant(lambda: api.list(SERVICE).items)
    if isinstance(listed, FabricError) or server.spec.service_type != ServiceType.LOAD_BALANCER:
        return ()
    return tuple(str(one) for one in service_ports(listed) if one.given and (server.spec.port, "UDP") in one.ports)
