# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading hubs and leaves for an inventory, over APIs that are dictionaries."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    FabricError,
    FailureName,
    Forbidden,
    InputError,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_cache import to_cache
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.inventory_hosts import Host
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._run import hub_inventory
from ansible_collections.liqo.fabric.plugins.module_utils._run.hub_inventory import Inventory, read_inventory

from tests.unit import hubs
from tests.unit.bodies import config_map, linked_cluster
from tests.unit.pretend_api import PretendApi

DOWN = FabricError(
    what="cannot list configmaps",
    where="hub-b at https://203.0.113.9:6443",
    why="203.0.113.9:6443/TCP did not answer within 5 s",
    next="start it",
    fault=FailureName.UNREACHABLE,
)


class Reader:
    """Runs the whole with these clusters in the place of real ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder = folder
        self.clusters: dict[str, PretendApi | FabricError] = {}
        self.warnings: list[str] = []
        self.kubeconfigs: dict[str, str] = {}
        monkeypatch.setattr(hub_inventory, "open_apis", self.open_apis)

    def open_apis(self, params: Mapping[str, Any], *, agent: str) -> dict[str, PretendApi | FabricError]:
        assert agent == "foreign_clusters"
        self.kubeconfigs |= {entry["name"]: entry.get("kubeconfig") for entry in params["clusters"]}
        return {entry.get("cluster_id") or entry["name"]: self.clusters[entry["name"]] for entry in params["clusters"]}

    def read(self, *names: str, **options: Any) -> Inventory:
        params = {
            "hubs": [{"name": name, "kubeconfig": f"k/{name}"} for name in names],
            "kubeconfig_pattern": None,
            "identity_dir": None,
            "read_leaves": False,
            "leaf_roles": ["Provider", "ConsumerAndProvider", "Unknown"],
            "region_labels": ["region"],
            "timeout": 30.0,
            "connect_timeout": 5.0,
            "parallel_clusters": 4,
            **options,
        }
        return read_inventory(params, folder=str(self.folder), where="retail.yml", warn=self.warnings.append)

    def hosts(self, *names: str, **options: Any) -> dict[str, Host]:
        return {host.name: host for host in self.read(*names, **options).hosts}


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Reader:
    found = Reader(monkeypatch, tmp_path)
    found.clusters["hub"] = PretendApi("hub", hubs.hub("leaf-a", "leaf-b"))
    return found


def refuse(kind: str) -> Any:
    def refused(verb: str, resource: Resource) -> FabricError | None:
        if resource.kind != kind:
            return None
        return Forbidden(what=f"cannot list {resource}", where="hub", why="403", next="grant it", status=403)

    return refused


def test_two_hubs_share_a_leaf_and_each_adds_its_own(reader: Reader) -> None:
    reader.clusters["hub-b"] = PretendApi("hub-b", hubs.hub("leaf-b", "leaf-c", name="hub-b"))
    found = reader.read("hub", "hub-b")
    assert [host.name for host in found.hosts] == ["hub", "hub-b", "leaf-a", "leaf-b", "leaf-c"]
    assert found.complete
    by_name = {host.name: host for host in found.hosts}
    assert by_name["leaf-b"].variables["liqo_peered_hubs"] == ["hub", "hub-b"]
    assert {"connected_to_hub", "connected_to_hub_b"} <= set(by_name["leaf-b"].groups)
    assert reader.warnings == []


def test_a_dead_hub_is_named_and_hides_nobody(reader: Reader) -> None:
    reader.clusters["hub-b"] = DOWN
    found = reader.read("hub-b", "hub")
    assert [host.name for host in found.hosts] == ["hub-b", "hub", "leaf-a", "leaf-b"]
    assert not found.complete
    (warning,) = reader.warnings
    assert "203.0.113.9:6443" in warning


def test_a_hub_that_says_to_be_another_hub_is_not_believed_and_ends_nothing(reader: Reader) -> None:
    reader.clusters["hub-b"] = PretendApi("hub", hubs.hub("leaf-c"))
    found = reader.read("hub", "hub-b")
    assert [host.name for host in found.hosts] == ["hub", "hub-b", "leaf-a", "leaf-b"]
    assert not found.complete
    (warning,) = reader.warnings
    assert "hub-b: this cluster is no hub of its own: it says that it is cluster hub, like hub" in warning


def test_a_hub_that_is_down_is_no_leaf_of_another_one(reader: Reader) -> None:
    reader.clusters["hub"] = PretendApi("hub", hubs.hub("hub-b"))
    reader.clusters["hub-b"] = DOWN
    assert [host.name for host in reader.read("hub", "hub-b").hosts] == ["hub", "hub-b"]


def test_without_any_hub_there_is_nothing_to_list(reader: Reader) -> None:
    reader.clusters["hub-b"] = DOWN
    with pytest.raises(FabricError, match="no hub could be read") as refusal:
        reader.read("hub-b")
    assert "203.0.113.9:6443" in str(refusal.value)


def test_a_hub_that_hides_its_foreign_clusters_is_no_hub_without_leaves(reader: Reader) -> None:
    reader.clusters["hub"] = PretendApi("hub", hubs.hub("leaf-a"), refuse("ForeignCluster"))
    with pytest.raises(FabricError, match="cannot list foreignclusters"):
        reader.read("hub")


def test_a_hub_that_is_another_cluster_than_declared_is_not_believed(reader: Reader) -> None:
    entry = {"name": "hub", "cluster_id": "hub-of-frankfurt"}
    with pytest.raises(FabricError, match="it says that it is cluster 'hub'"):
        reader.read(hubs=[entry])
    reader.clusters["hub"] = PretendApi("hub", [*hubs.hub("leaf-a")[1:], config_map("hub-of-frankfurt")])
    assert reader.hosts(hubs=[entry])["hub"].variables["liqo_cluster_id"] == "hub-of-frankfurt"
    assert reader.hosts("hub")["hub"].variables["liqo_cluster_id"] == "hub-of-frankfurt"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"hubs": []}, "no hub is given"),
        ({"hubs": [{"name": "hub"}, {"name": "hub"}]}, "hub is there twice"),
        ({"hubs": [{"name": "one", "cluster_id": "hub"}, {"name": "two", "cluster_id": "hub"}]}, "two is cluster hub"),
        ({"hubs": [{"name": "all"}]}, "all means something else to Ansible"),
        ({"kubeconfig_pattern": "k/leaf"}, "{cluster_id}"),
        ({"timeout": -1.0}, "timeout"),
        ({"parallel_clusters": 0}, "parallel_clusters"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_before_a_connection_is_opened(
    reader: Reader, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told) as refusal:
        reader.read("hub", **options)
    assert refusal.value.where == "retail.yml"
    assert reader.kubeconfigs == {}


def test_secret_options_of_a_hub_are_not_variables_of_its_host(reader: Reader) -> None:
    entry = {
        "name": "hub",
        "kubeconfig": {"users": [{"user": {"token": "secret"}}]},
        "api_key": "secret",
        "username": "me",
        "password": "secret",
        "proxy": "http://me:secret@proxy:3128",
        "host": "https://me:secret@hub:6443",
        "proxy_headers": {"basic_auth": "me:secret"},
        "context": "here",
        "validate_certs": False,
        "liqo_namespace": "liqo",
        "labels": {"tier": "core"},
    }
    variables = reader.hosts(hubs=[entry])["hub"].variables
    assert "secret" not in str(variables)
    given = {name: variables[name] for name in ("liqo_username", "liqo_context", "liqo_validate_certs", "liqo_labels")}
    assert given == {
        "liqo_username": "me",
        "liqo_context": "here",
        "liqo_validate_certs": False,
        "liqo_labels": {"tier": "core"},
    }


def test_addresses_of_a_hub_are_shown_without_the_credentials_in_them(reader: Reader) -> None:
    entry = {"name": "hub", "host": "https://me:pw-4711@h:6443/p", "proxy": "http://t0ken-4711@proxy:3128"}
    found = reader.read(hubs=[entry])
    variables = found.hosts[0].variables
    assert (variables["liqo_host"], variables["liqo_proxy"]) == ("https://h:6443/p", "http://proxy:3128")
    kept = json.dumps(to_cache(found.hosts, {"hubs": [entry]}))
    assert "4711" not in kept
    other = {**entry, "host": "https://me:other@h:6443/p", "kubeconfig": "a\nb"}
    assert json.loads(kept)["asked"] == to_cache(found.hosts, {"hubs": [other]})["asked"], "nothing to guess at"


def test_paths_start_at_the_folder_of_the_inventory(reader: Reader) -> None:
    for name in ("hub", "leaf-a"):
        (reader.folder / "k").mkdir(exist_ok=True)
        (reader.folder / "k" / name).write_text("")
    found = reader.hosts("hub", kubeconfig_pattern="k/{cluster_id}")
    assert found["hub"].variables["liqo_kubeconfig"] == str(reader.folder / "k/hub")
    assert found["leaf-a"].variables["liqo_kubeconfig"] == str(reader.folder / "k/leaf-a")
    assert found["leaf-b"].variables["liqo_kubeconfig"] == str(reader.folder / "k/leaf-b"), "named, though not there"


def test_without_a_pattern_and_a_folder_no_secret_is_read_and_leaves_have_no_connection(reader: Reader) -> None:
    reader.clusters["hub"] = PretendApi("hub", hubs.hub("leaf-a"), refuse("Secret"))
    variables = reader.hosts("hub")["leaf-a"].variables
    assert "liqo_kubeconfig" not in variables
    assert variables["liqo_reached_by"] is None
    assert variables["liqo_identity"]["secret"] == "kubeconfig-controlplane-leaf-a"
    assert reader.warnings == []


def test_an_identity_becomes_a_private_file_that_only_the_path_of_is_shown(reader: Reader) -> None:
    variables = reader.hosts("hub", identity_dir="secrets/ids")["leaf-a"].variables
    file = reader.folder / "secrets/ids/leaf-a.kubeconfig"
    assert (variables["liqo_kubeconfig"], variables["liqo_reached_by"]) == (str(file), "identity_dir")
    assert hubs.TOKEN in file.read_text()
    assert hubs.TOKEN not in str(variables)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_file_that_a_person_put_there_is_preferred_to_an_identity(reader: Reader) -> None:
    (reader.folder / "leaf-a").write_text("")
    found = reader.hosts("hub", identity_dir="ids", kubeconfig_pattern="{cluster_id}")
    assert found["leaf-a"].variables["liqo_kubeconfig"] == str(reader.folder / "leaf-a")
    assert found["leaf-b"].variables["liqo_kubeconfig"] == str(reader.folder / "ids/leaf-b.kubeconfig")
    assert [file.name for file in (reader.folder / "ids").iterdir()] == ["leaf-b.kubeconfig"]


def test_an_identity_that_would_run_a_program_is_not_used(reader: Reader) -> None:
    api = reader.clusters["hub"]
    assert isinstance(api, PretendApi)
    api.put(hubs.identity_secret("leaf-a", hubs.kubeconfig("https://leaf-a", exec={"command": "evil"})))
    found = reader.hosts("hub", identity_dir="ids")
    assert "liqo_kubeconfig" not in found["leaf-a"].variables
    assert found["leaf-b"].variables["liqo_reached_by"] == "identity_dir"
    (warning,) = reader.warnings
    assert "liqo-tenant-leaf-a/kubeconfig-controlplane-leaf-a" in warning
    assert hubs.TOKEN not in warning


def test_secrets_that_cannot_be_listed_are_one_warning_for_all_leaves(reader: Reader) -> None:
    reader.clusters["hub"] = PretendApi("hub", hubs.hub("leaf-a", "leaf-b"), refuse("Secret"))
    found = reader.hosts("hub", identity_dir="ids")
    assert found["leaf-a"].variables["liqo_reached_by"] is None
    (warning,) = reader.warnings
    assert warning.startswith("leaf-a, leaf-b have no usable identity")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o1777])
def test_a_folder_in_which_others_may_write_is_refused(reader: Reader, mode: int) -> None:
    folder = reader.folder / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(FabricError, match="others may write there"):
        reader.read("hub", identity_dir="open")
    assert list(folder.iterdir()) == []


def test_a_folder_of_somebody_else_is_refused(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    (reader.folder / "ids").mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(FabricError, match="others may write there"):
        reader.read("hub", identity_dir="ids")


def test_a_folder_that_others_could_exchange_is_refused(reader: Reader) -> None:
    (reader.folder / "open/ids").mkdir(mode=0o700, parents=True)
    (reader.folder / "open").chmod(0o777)
    with pytest.raises(FabricError, match="others may write to a folder above it"):
        reader.read("hub", identity_dir="open/ids")
    (reader.folder / "open").chmod(0o1777)
    assert "leaf-a" in reader.hosts("hub", identity_dir="open/ids")


@pytest.mark.parametrize("leads_to", ["a folder", "nothing", "a file"])
def test_a_link_in_the_place_of_the_folder_is_refused(reader: Reader, leads_to: str) -> None:
    elsewhere = reader.folder / "elsewhere"
    if leads_to == "a folder":
        elsewhere.mkdir(mode=0o700)
    elif leads_to == "a file":
        elsewhere.touch()
    (reader.folder / "ids").symlink_to(elsewhere)
    with pytest.raises(FabricError, match=r"identity_dir .*/ids: .*it is a (file, or a )?link"):
        reader.read("hub", identity_dir="ids")
    assert not elsewhere.is_dir() or list(elsewhere.iterdir()) == []


def test_a_file_that_others_could_read_is_replaced(reader: Reader) -> None:
    reader.read("hub", identity_dir="ids")
    file = reader.folder / "ids/leaf-a.kubeconfig"
    before = file.stat().st_ino
    reader.read("hub", identity_dir="ids")
    assert file.stat().st_ino == before, "written only when it changes"
    file.chmod(0o644)
    reader.read("hub", identity_dir="ids")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_a_file_is_not_followed(reader: Reader) -> None:
    elsewhere = reader.folder / "elsewhere"
    elsewhere.write_text("untouched")
    (reader.folder / "ids").mkdir(mode=0o700)
    (reader.folder / "ids/leaf-a.kubeconfig").symlink_to(elsewhere)
    reader.read("hub", identity_dir="ids")
    assert elsewhere.read_text() == "untouched"


def test_leaves_are_read_where_it_is_known_how(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.clusters["leaf-a"] = PretendApi("leaf-a", linked_cluster("leaf-a", "leaf-b"))
    reader.clusters["leaf-b"] = DOWN
    found = reader.hosts("hub", kubeconfig_pattern="k/{cluster_id}", read_leaves=True)
    assert found["leaf-a"].variables["liqo_version"] == "1.2.0"
    assert found["leaf-a"].variables["liqo_links"]["leaf-b"]["kind"] == "unknown", "leaf-b did not answer"
    assert "liqo_health_unreachable" in found["leaf-b"].groups
    (warning,) = reader.warnings
    assert warning.startswith("leaf-b could not be read")
