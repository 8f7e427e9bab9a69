# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds as values: the paths they build and the nonsense they refuse."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource

CONFIGMAP = Resource(group="", version="v1", plural="configmaps", kind="ConfigMap", namespaced=True)
PUBLICKEY = Resource(
    group="networking.liqo.io", version="v1beta1", plural="publickeies", kind="PublicKey", namespaced=True
)
FOREIGNCLUSTER = Resource(
    group="core.liqo.io", version="v1beta1", plural="foreignclusters", kind="ForeignCluster", namespaced=False
)


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (CONFIGMAP, None, None, "/api/v1/configmaps"),
        (CONFIGMAP, "liqo", None, "/api/v1/namespaces/liqo/configmaps"),
        (CONFIGMAP, "liqo", "ids", "/api/v1/namespaces/liqo/configmaps/ids"),
        (PUBLICKEY, "t", "leaf-b", "/apis/networking.liqo.io/v1beta1/namespaces/t/publickeies/leaf-b"),
        (FOREIGNCLUSTER, None, None, "/apis/core.liqo.io/v1beta1/foreignclusters"),
        (FOREIGNCLUSTER, None, "leaf-b", "/apis/core.liqo.io/v1beta1/foreignclusters/leaf-b"),
    ],
)
def test_a_path_follows_from_group_namespace_and_name(
    resource: Resource, namespace: str | None, name: str | None, path: str
) -> None:
    assert resource.path(namespace=namespace, name=name) == path


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "complaint"),
    [
        (FOREIGNCLUSTER, "liqo", None, "cluster-scoped"),
        (CONFIGMAP, None, "ids", "needs a namespace"),
        (CONFIGMAP, "", None, "namespace ''"),
        (CONFIGMAP, "liqo", "../secrets/x", "cannot be part"),
        (CONFIGMAP, "liqo", "..", "cannot be part"),
        (CONFIGMAP, "a/b", None, "cannot be part"),
        (CONFIGMAP, "liqo", "x?watch=1", "cannot be part"),
    ],
)
def test_nonsense_is_refused_before_it_becomes_a_url(
    resource: Resource, namespace: str | None, name: str | None, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        resource.path(namespace=namespace, name=name)


def test_a_kind_that_no_url_can_hold_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="plural"):
        Resource(group="x.io", version="v1", plural="a/b", kind="A", namespaced=True)


def test_a_kind_calls_itself_by_plural_and_group() -> None:
    assert (str(PUBLICKEY), str(CONFIGMAP)) == ("publickeies.networking.liqo.io", "configmaps")
    assert (PUBLICKEY.api_version, CONFIGMAP.api_version) == ("networking.liqo.io/v1beta1", "v1")
