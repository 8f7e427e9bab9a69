# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that every executor makes in the same way: they never take what another one has written meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from .._fabric.errors import Conflict, Forbidden, NotFound
from .._fabric.operations import Op
from .._fabric.resources import Json, Resource
from .._kube.client import Api
from .._liqo.body import says, text_at
from .._liqo.resources import RESOURCE_BY_KIND

CONFLICT_TRIES = 5
"""Liqo's controllers touch new objects within milliseconds; more conflicts than this mean a tug of war."""


def create_once(api: Api, resource: Resource, body: Json) -> Json:
    """The object as stored. What is there already with all of this content counts as created.

    When the answer to a create is lost, its repetition meets what the first attempt made. Raises Conflict when the
    object that is there says something else.
    """
    try:
        return api.create(resource, body)
    except Conflict as conflict:
        if not conflict.already_exists:
            raise
        name, namespace = (text_at(body, "metadata", key) for key in ("name", "namespace"))
        try:
            current = api.get(resource, name=name, namespace=namespace or None)
        except (NotFound, Forbidden):
            raise conflict from None
        if not says(current, body):
            raise
        return current


def delete_unchanged(
    api: Api, resource: Resource, *, name: str, namespace: str, current: Json, may_go: Callable[[Json], bool]
) -> bool:
    """Delete the object as long as ``may_go`` says so of its newest version; False when it says no.

    ``current`` is the object as last seen. Raises NotFound when it is gone already.
    """
    for _attempt in range(CONFLICT_TRIES):
        if not may_go(current):
            return False
        uid, version = (text_at(current, "metadata", key) for key in ("uid", "resourceVersion"))
        try:
            api.delete(resource, name=name, namespace=namespace or None, uid=uid, resource_version=version or None)
        except Conflict:
            current = api.get(resource, name=name, namespace=namespace or None)
        else:
            return True
    return False


def put_labels(op: Op, api: Api, *, dry_run: bool = False) -> None:
    """Write the labels that an object has lost."""
    labels = dict(label.split("=", 1) for label in (op.lost.labels if op.lost is not None else ()))
    resource = RESOURCE_BY_KIND[op.kind]
    api.set_labels(resource, name=op.name, namespace=op.namespace, uid=op.uid, labels=labels, dry_run=dry_run)
