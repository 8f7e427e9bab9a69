# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as ansible-inventory runs it, over API servers that count what they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.inventory.foreign_clusters import InventoryModule

from tests.unit import hubs
from tests.unit.bodies import linked_cluster
from tests.unit.inventory_project import SECRET, Project, hosts
from tests.unit.served_api import ServedApi, served


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    hub = ServedApi("hub", hubs.hub("leaf-a", "leaf-b"))
    leaf = ServedApi("leaf-a", [*linked_cluster("leaf-a", "leaf-b")])
    with served(hub), served(leaf):
        (tmp_path / "kubeconfigs").mkdir()
        (tmp_path / "kubeconfigs/leaf-a").write_text(hubs.kubeconfig(leaf.url))
        yield Project(tmp_path, hub, leaf)


def test_hubs_and_leaves_are_hosts_of_the_groups_that_the_playbooks_want(project: Project) -> None:
    project.configure()
    listed = project.list()
    assert hosts(listed, "liqo_hubs") == ["hub"]
    assert hosts(listed, "liqo_leaves") == ["leaf-a", "leaf-b"]
    assert hosts(listed, "liqo_region_eu") == ["leaf-a", "leaf-b"]
    leaf = listed["_meta"]["hostvars"]["leaf-a"]
    assert leaf["liqo_kubeconfig"] == str(project.folder / "kubeconfigs/leaf-a")
    assert leaf["liqo_identity"] == {
        "hub": "hub",
        "namespace": "liqo-tenant-leaf-a",
        "secret": "kubeconfig-controlplane-leaf-a",
    }
    assert project.hub.tokens == {f"Bearer {SECRET}"}
    assert listed["_meta"]["hostvars"]["hub"]["liqo_host"] == project.hub.url
    assert "liqo_api_key" not in listed["_meta"]["hostvars"]["hub"]


CONSTRUCTED = {
    "compose": {"length_of_region": "liqo_labels.region | length"},
    "groups": {"served_by_hub": "'hub' in liqo_peered_hubs"},
    "keyed_groups": [{"key": "liqo_reached_by", "prefix": "by"}],
}


def test_constructed_variables_and_groups_see_the_facts_and_rendered_options(project: Project) -> None:
    del project.hub.held.store["VirtualNode", "liqo-tenant-leaf-b", "leaf-b"]
    token = "{{ lookup('ansible.builtin.env', 'HUB_TOKEN') }}"
    project.configure(**CONSTRUCTED, hubs=[{"name": "hub", "host": project.hub.url, "api_key": token}])
    listed = project.list(HUB_TOKEN="from-the-environment")
    found = listed["_meta"]["hostvars"]
    # Before ansible-core 2.19 every composed value is text.
    assert (int(found["leaf-a"]["length_of_region"]), "length_of_region" in found["leaf-b"]) == (2, False)
    assert hosts(listed, "served_by_hub") == hosts(listed, "by_kubeconfig_pattern") == ["leaf-a", "leaf-b"]
    assert project.hub.tokens == {"Bearer from-the-environment"}


def test_with_strict_a_variable_that_cannot_be_composed_is_an_error(project: Project) -> None:
    del project.hub.held.store["VirtualNode", "liqo-tenant-leaf-b", "leaf-b"]
    project.configure(**CONSTRUCTED, strict=True)
    done = project.run("--list")
    assert done.returncode != 0
    assert "Could not set length_of_region for host" in done.stderr


def test_what_is_cached_is_not_asked_again_until_the_cache_is_flushed(project: Project, tmp_path: Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    project.configure(**cache)
    first = project.list()
    assert project.asked() > 0
    assert project.list() == first
    assert project.asked() == 0
    (kept,) = (tmp_path / "cache").iterdir()
    assert "leaf-a" in kept.read_text()
    assert SECRET not in kept.read_text()
    if "--flush-cache" in project.run("--help").stdout:  # not before ansible-core 2.19
        project.list("--flush-cache")
        assert project.asked() > 0
    project.configure(**cache, leaf_roles=["Consumer"])
    assert hosts(project.list(), "liqo_leaves") == []
    assert project.asked() > 0


def test_identities_become_private_files_and_are_written_again_when_they_are_gone(project: Project) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(project.folder / "c")}
    project.configure(kubeconfig_pattern=None, identity_dir="identities", **cache)
    listed = project.list()
    file = Path(listed["_meta"]["hostvars"]["leaf-a"]["liqo_kubeconfig"])
    assert file == project.folder / "identities/leaf-a.kubeconfig"
    assert hubs.TOKEN in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    project.asked()
    file.unlink()
    project.list()
    assert project.asked() > 0
    assert file.is_file()


def test_a_leaf_that_is_read_tells_more_and_one_that_is_not_is_listed_all_the_same(project: Project) -> None:
    project.configure(read_leaves=True)
    listed = project.list()
    found = listed["_meta"]["hostvars"]
    assert (found["leaf-a"]["liqo_reachable"], found["leaf-a"]["liqo_version"]) == (True, "1.2.0")
    assert (found["leaf-b"]["liqo_reachable"], found["leaf-b"]["liqo_version"]) == (False, None)
    assert "kubeconfigs/leaf-b does not exist" in " ".join(listed["said"].split())
    assert "leaf-a" in hosts(listed, "liqo_version_1_2_0")


def test_what_is_wrong_is_said_in_one_sentence_and_no_secret_is_quoted(project: Project) -> None:
    project.configure(hubs=[{"name": "hub", "kubeconfig_path": "x", "api_key": SECRET}])
    done = project.run("--list")
    assert done.returncode != 0
    assert "kubeconfig_path" in done.stderr
    assert project.asked() == 0


@pytest.mark.parametrize("name", ["foreign_clusters.yml", "retail.foreign_clusters.yaml", "liqo.yml", "eu.liqo.yaml"])
def test_files_of_these_names_are_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("plugin: liqo.fabric.foreign_clusters")
    assert InventoryModule().verify_file(str(tmp_path / name))


@pytest.mark.parametrize("name", ["hosts.yml", "foreign_clusters.ini", "liqo.yml.bak"])
def test_files_of_other_names_are_not(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("plugin: liqo.fabric.foreign_clusters")
    assert not InventoryModule().verify_file(str(tmp_path / name))


def test_a_file_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    assert not InventoryModule().verify_file(str(tmp_path / "liqo.yml"))
