# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs that others wrote."""

from __future__ import annotations

import time

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.foreign_kubeconfig import require_self_contained

from tests.unit import hubs


def test_one_that_holds_all_it_needs_is_fine() -> None:
    require_self_contained(hubs.kubeconfig("https://leaf-a:6443"), where="Secret x")


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "rm", "apiVersion": "client.authentication.k8s.io/v1"}},
        {"auth-provider": {"name": "gcp"}},
        {"tokenFile": "/etc/shadow"},
        {"client-key": "/home/somebody/.ssh/id_rsa"},
    ],
    ids=lambda user: next(iter(user)),
)
def test_one_that_would_reach_into_this_machine_is_not_used(user: dict[str, object]) -> None:
    with pytest.raises(FabricError, match=next(iter(user))) as refusal:
        require_self_contained(hubs.kubeconfig("https://leaf-a:6443", **user), where="Secret x")
    assert hubs.TOKEN not in str(refusal.value)


def test_a_file_of_the_cluster_counts_too() -> None:
    text = hubs.kubeconfig("https://leaf-a:6443").replace("server:", "certificate-authority: /etc/shadow\n    server:")
    with pytest.raises(FabricError, match="certificate-authority"):
        require_self_contained(text, where="Secret x")


@pytest.mark.parametrize("text", ["", "just text", "{", "[]", "clusters: []"])
def test_what_is_no_kubeconfig_is_named_as_such(text: str) -> None:
    with pytest.raises(FabricError, match="holds no kubeconfig"):
        require_self_contained(text, where="Secret x")


def test_a_few_lines_that_would_become_millions_of_values_are_refused_at_once() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    merged = "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 10))
    for text in (f"l0: &l0 [x]\n{levels}clusters: [{{name: *l9}}]\n", f"m0: &m0 {{a: b}}\n{merged}clusters: [*m9]\n"):
        started = time.monotonic()
        with pytest.raises(FabricError, match="holds no kubeconfig"):
            require_self_contained(text, where="Secret x")
        assert time.monotonic() - started < 5
