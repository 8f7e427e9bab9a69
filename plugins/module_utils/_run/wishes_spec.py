# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say which shortcuts are wanted and how they are made, for the module and the filter."""

from __future__ import annotations

from typing import Any

SETTINGS_SPEC: dict[str, dict[str, Any]] = {
    "server": {"type": "str"},
    "service_type": {"type": "str", "choices": ["LoadBalancer", "NodePort", "ClusterIP"]},
    "port": {"type": "int"},
    "node_port": {"type": "int"},
    "load_balancer_ip": {"type": "str"},
    "mtu": {"type": "int"},
    "server_template": {"type": "str"},
    "server_template_namespace": {"type": "str"},
    "client_template": {"type": "str"},
    "client_template_namespace": {"type": "str"},
    "client_endpoint": {"type": "dict", "options": {"address": {"type": "str"}, "port": {"type": "int"}}},
    "service_annotations": {"type": "dict"},
    "service_labels": {"type": "dict"},
    "keys": {"type": "str", "choices": ["liqo", "own"], "no_log": False},
    "trusted_cidrs": {"type": "list", "elements": "str"},
}

_MEMBERS: dict[str, dict[str, Any]] = {"names": {"type": "list", "elements": "str"}, "selector": {"type": "str"}}

SHORTCUTS_SPEC: dict[str, dict[str, Any]] = {
    "shortcuts": {
        "type": "list",
        "elements": "dict",
        "options": {
            "between": {"type": "list", "elements": "str"},
            "mesh": {"type": "dict", "options": _MEMBERS},
            "ring": {"type": "dict", "options": _MEMBERS},
            "star": {"type": "dict", "options": {"center": {"type": "str", "required": True}, **_MEMBERS}},
            "except": {"type": "list", "elements": "raw"},
            **SETTINGS_SPEC,
        },
    },
    "defaults": {"type": "dict", "options": SETTINGS_SPEC},
}
"""Which of them fit together is checked in wishes.py, in sentences."""

LABELS_FROM_SPEC: dict[str, dict[str, Any]] = {
    "labels_from": {
        "type": "list",
        "elements": "str",
        "choices": ["inventory", "cluster", "hub"],
        "default": ["inventory"],
    },
}
