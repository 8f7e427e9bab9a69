# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of shortcuts as a task gives them: every single value is checked, then they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import Violation
from .model import ClientEndpoint, ClusterId, Keys, Pair, ServiceType, Settings, Template
from .setting_values import wrong_values

NAMES = (
    "server",
    "service_type",
    "port",
    "node_port",
    "load_balancer_ip",
    "mtu",
    "server_template",
    "server_template_namespace",
    "client_template",
    "client_template_namespace",
    "client_endpoint",
    "service_annotations",
    "service_labels",
    "keys",
    "trusted_cidrs",
)
"""All settings, as the options are called."""

AUTO = "auto"
"""The server that the planner chooses."""

Given = Mapping[str, Any]
"""Settings that somebody has an opinion on, by name; `server` is a cluster id or AUTO."""

_MEANINGLESS = {
    ServiceType.LOAD_BALANCER: (),
    ServiceType.NODE_PORT: ("load_balancer_ip",),
    ServiceType.CLUSTER_IP: ("node_port", "load_balancer_ip"),
}


def parse_settings(
    options: Mapping[str, Any], path: str, id_by_name: Mapping[str, ClusterId], found: list[Violation]
) -> dict[str, Any]:
    """What the options of ``path`` say about settings; violations are appended to ``found``.

    What two places say together is checked where they come together, see ``check_exposure``.
    """
    given = {name: options[name] for name in NAMES if options.get(name) is not None}
    wrong = tuple(wrong_values(given))
    for one in wrong:
        place = f"{path}.{one.setting}{one.part and f'.{one.part}'}"
        what = f"{one.value!r} is {'out of range' if isinstance(one.value, int) else 'not legal'}"
        found.append(Violation(path=place, message=what, hint=f"it must be {one.wanted}"))
    given = {name: value for name, value in given.items() if name not in {one.setting for one in wrong}}
    if "service_type" in given:
        given["service_type"] = ServiceType(given["service_type"])
    if "keys" in given:
        given["keys"] = Keys(given["keys"])
    if "trusted_cidrs" in given:
        given["trusted_cidrs"] = tuple(sorted(set(given["trusted_cidrs"])))
    if "client_endpoint" in given:
        given["client_endpoint"] = ClientEndpoint(**given["client_endpoint"])
    if given.get("server", AUTO) != AUTO:
        if given["server"] in id_by_name:
            given["server"] = id_by_name[given["server"]]
        else:
            found.append(unknown_cluster(f"{path}.server", given.pop("server"), id_by_name))
    return given


def about(pair: Pair, given: Given) -> Given:
    """What of the settings concerns this pair: a server of a group does so only where it is one of the two."""
    if given.get("server", AUTO) == AUTO or given["server"] in pair:
        return given
    return {name: value for name, value in given.items() if name != "server"}


def build_settings(given: Given) -> Settings:
    """The settings of one shortcut; ours where nothing is given."""
    chosen = {name: value for name, value in given.items() if not name.endswith("_template_namespace")}
    for name in ("server_template", "client_template"):
        ours: Template = getattr(Settings(), name)
        chosen[name] = Template(name=given.get(name, ours.name), namespace=given.get(f"{name}_namespace"))
    if chosen.get("server") == AUTO:
        del chosen["server"]
    return Settings(**chosen)


def as_options(given: Given, name_by_id: Mapping[ClusterId, str]) -> dict[str, Any]:
    """The settings as a task would write them."""
    options = {name: given[name] for name in NAMES if name in given}
    for name in {"service_type", "keys"} & options.keys():
        options[name] = options[name].value
    if "trusted_cidrs" in options:
        options["trusted_cidrs"] = list(options["trusted_cidrs"])
    if "client_endpoint" in options:
        endpoint: ClientEndpoint = options["client_endpoint"]
        parts = {"address": endpoint.address, "port": endpoint.port}
        options["client_endpoint"] = {name: value for name, value in parts.items() if value is not None}
    if options.get("server", AUTO) != AUTO:
        options["server"] = name_by_id[options["server"]]
    return options


def check_exposure(given: Given, place_by_setting: Mapping[str, str], found: list[Violation]) -> None:
    """What one service type knows and another does not, wherever each of the two was set."""
    service_type = given.get("service_type", Settings().service_type)
    for name in _MEANINGLESS[service_type]:
        if name in given:
            what = f"has no meaning with service_type {service_type} of {place_by_setting['service_type']}"
            path = f"{place_by_setting[name]}.{name}"
            found.append(Violation(path=path, message=what, hint=f"remove {name} or change service_type"))


def unknown_cluster(path: str, name: str, id_by_name: Mapping[str, ClusterId]) -> Violation:
    """Somebody names a cluster that is not there."""
    known = ", ".join(sorted(id_by_name)) or "none"
    return Violation(path=path, message=f"unknown cluster {name!r}", hint=f"clusters of this task are: {known}")
