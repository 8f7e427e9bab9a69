# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From hosts of an inventory to the option `clusters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.liqo.fabric.plugins.filter.clusters import clusters
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC

SURROUNDINGS = ("K8S_AUTH_KUBECONFIG", "K8S_AUTH_CONTEXT", "K8S_AUTH_HOST")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SURROUNDINGS:
        monkeypatch.delenv(name, raising=False)


def test_a_host_is_a_cluster_with_the_name_of_the_host() -> None:
    hostvars = {"leaf-a": {"liqo_kubeconfig": "/k/a"}, "leaf-b": {"liqo_kubeconfig": "/k/b"}}
    assert clusters(["leaf-b", "leaf-a"], hostvars) == [
        {"name": "leaf-b", "kubeconfig": "/k/b"},
        {"name": "leaf-a", "kubeconfig": "/k/a"},
    ]


def test_every_option_of_a_cluster_has_its_variable() -> None:
    options = [name for name in CLUSTERS_SPEC["clusters"]["options"] if name != "name"]
    values = {f"liqo_{name.removeprefix('liqo_')}": f"value of {name}" for name in options}
    (entry,) = clusters(["leaf-a"], {"leaf-a": values})
    assert entry == {"name": "leaf-a", **{name: f"value of {name}" for name in options}}


def test_what_is_false_or_empty_is_passed_on_only_where_it_says_something() -> None:
    variables = {"liqo_host": "https://a:6443", "liqo_validate_certs": False, "liqo_context": "", "liqo_proxy": None}
    assert clusters(["leaf-a"], {"leaf-a": variables}) == [
        {"name": "leaf-a", "host": "https://a:6443", "validate_certs": False}
    ]


def test_a_relative_path_is_found_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "kubeconfigs").mkdir()
    (tmp_path / "kubeconfigs/a").touch()
    (tmp_path / "ca.crt").touch()
    variables = {"liqo_kubeconfig": "kubeconfigs/a", "liqo_ca_cert": "ca.crt", "inventory_dir": str(tmp_path)}
    (entry,) = clusters(["leaf-a"], {"leaf-a": variables})
    assert entry == {"name": "leaf-a", "kubeconfig": f"{tmp_path}/kubeconfigs/a", "ca_cert": f"{tmp_path}/ca.crt"}


@pytest.mark.parametrize("path", ["elsewhere/a", "/k/a", "~/.kube/a", "/k/a:/k/b"])
def test_a_path_that_is_not_beside_the_inventory_stays_as_it_is(tmp_path: Path, path: str) -> None:
    variables = {"liqo_kubeconfig": path, "inventory_dir": str(tmp_path)}
    assert clusters(["leaf-a"], {"leaf-a": variables})[0]["kubeconfig"] == path


def test_a_kubeconfig_as_content_is_passed_on() -> None:
    content = {"apiVersion": "v1", "kind": "Config"}
    variables: dict[str, Any] = {"liqo_kubeconfig": content, "inventory_dir": "/somewhere"}
    assert clusters(["leaf-a"], {"leaf-a": variables})[0]["kubeconfig"] == content


def test_all_hosts_that_say_nothing_of_their_cluster_are_named_with_the_variable() -> None:
    hostvars: dict[str, Any] = {
        "leaf-a": {"liqo_labels": {"region": "eu"}},
        "leaf-b": {"liqo_kubeconfig": "b"},
        "leaf-c": {},
    }
    with pytest.raises(AnsibleFilterError, match=r"leaf-a, leaf-c is: set liqo_kubeconfig"):
        clusters(["leaf-a", "leaf-b", "leaf-c"], hostvars)


@pytest.mark.parametrize("variable", ["K8S_AUTH_CONTEXT", "K8S_AUTH_HOST"])
def test_the_environment_can_say_where_the_cluster_is(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "something")
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", "/k/all")
    assert clusters(["leaf-a"], {"leaf-a": {}}) == [{"name": "leaf-a"}]


def test_one_kubeconfig_for_all_has_a_context_with_the_name_of_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", "/k/all")
    hostvars = {"leaf-a": {}, "leaf-b": {"liqo_context": "b"}, "leaf-c": {"liqo_kubeconfig": "/k/c"}}
    assert clusters(list(hostvars), hostvars) == [
        {"name": "leaf-a", "context": "leaf-a"},
        {"name": "leaf-b", "context": "b"},
        {"name": "leaf-c", "kubeconfig": "/k/c"},
    ]


@pytest.mark.parametrize("variable", ["liqo_kubeconfig", "liqo_host"])
@pytest.mark.parametrize("surrounding", SURROUNDINGS)
def test_a_server_that_is_named_with_nothing_is_not_replaced_by_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, surrounding: str
) -> None:
    monkeypatch.setenv(surrounding, "something")
    with pytest.raises(AnsibleFilterError, match="leaf-a is: set liqo_kubeconfig"):
        clusters(["leaf-a"], {"leaf-a": {variable: ""}})


TEXTS = {
    "long lines": "apiVersion: v1\nusers: [{name: u, user: {token: " + "s3cret" * 100 + "}}]\n",
    "one line": '{"apiVersion": "v1", "users": [{"name": "u", "user": {"token": "' + "s3cret" * 100 + '"}}]}',
    "short lines": "apiVersion: v1\nclusters: []\n",
    "colons": "apiVersion: v1\na:b:c:kubeconfigs/a:\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_text_of_a_kubeconfig_is_looked_for_in_no_folder(tmp_path: Path, text: str) -> None:
    (tmp_path / "kubeconfigs").mkdir()
    (tmp_path / "kubeconfigs/a").touch()
    variables = {"liqo_kubeconfig": text, "inventory_dir": str(tmp_path)}
    assert clusters(["leaf-a"], {"leaf-a": variables}) == [{"name": "leaf-a", "kubeconfig": text}]


@pytest.mark.parametrize("path", ["s3cret" * 100, "a\0b", "s3cret/" * 1000])
def test_what_cannot_be_a_path_is_passed_on_without_an_error_that_quotes_it(tmp_path: Path, path: str) -> None:
    variables = {"liqo_kubeconfig": path, "liqo_client_key": path, "inventory_dir": str(tmp_path)}
    (entry,) = clusters(["leaf-a"], {"leaf-a": variables})
    assert (entry["kubeconfig"], entry["client_key"]) == (path, path)


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="leaf-x is not a host of the inventory"):
        clusters(["leaf-x"], {"leaf-a": {"liqo_kubeconfig": "a"}})


def test_a_single_name_instead_of_a_list_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="a list of hosts"):
        clusters("leaf-a", {"leaf-a": {"liqo_kubeconfig": "a"}})


class CountedHostvars(Mapping[str, Any]):
    """Counts how often the variables of a host are computed, which is what makes large inventories slow."""

    def __init__(self, hosts: int) -> None:
        self.hosts = {f"leaf-{number}": {"liqo_kubeconfig": "k"} for number in range(hosts)}
        self.computed = 0

    def __getitem__(self, host: str) -> Any:
        self.computed += 1
        return self.hosts[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self.hosts)

    def __len__(self) -> int:
        return len(self.hosts)

    def __contains__(self, host: object) -> bool:
        return host in self.hosts


def test_variables_of_a_host_are_computed_once() -> None:
    hostvars = CountedHostvars(100)
    assert len(clusters(list(hostvars), hostvars)) == 100
    assert hostvars.computed == 100
