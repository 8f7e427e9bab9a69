# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters say is data for an inventory: never a template, never a name that means something else to Ansible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.filter.clusters import clusters
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import Fabric
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.wishes import parse_wishes, resolve
from ansible_collections.liqo.fabric.plugins.module_utils._liqo import resources

from tests.unit import hubs
from tests.unit.bodies import Body, body, config_map, linked_cluster
from tests.unit.build import pair
from tests.unit.canary import Canary
from tests.unit.inventory_project import Project, hosts
from tests.unit.served_api import ServedApi, served

CONSTRUCTED: dict[str, Any] = {
    "compose": {
        "mine": "liqo_labels.region",
        "bare": "liqo_labels.tier",
        "whole": "liqo_labels",
        "keys": "liqo_labels | list",
        "joined": "liqo_labels.tier ~ liqo_labels.region",
        "reasons": "liqo_health_reasons | join(', ')",
        "links": "liqo_links",
    },
    "groups": {"east": "liqo_labels.tier == 'east'", "sick": "liqo_health_reasons | length > 0"},
    "keyed_groups": [
        {"key": "liqo_labels.tier", "prefix": "tier"},
        {"key": "liqo_labels", "prefix": "label"},
        {"key": "liqo_labels | list", "prefix": "has"},
        {"key": "liqo_labels.region", "prefix": "", "separator": "", "parent_group": "{{ liqo_labels.tier }}"},
    ],
}


def manager(labels: str) -> Body:
    """The controller-manager of a leaf that was installed with these labels of the cluster."""
    pods = {"spec": {"containers": [{"args": [f"--cluster-labels={labels}"]}]}}
    found = body(resources.DEPLOYMENT, "liqo-controller-manager", "liqo", spec={"template": pods})
    found["metadata"]["labels"] = {"app.kubernetes.io/name": "controller-manager"}
    return found


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary(tmp_path / "canary")


@pytest.fixture
def project(tmp_path: Path, canary: Canary) -> Iterator[Project]:
    """A hub and a leaf that both say templates wherever they say anything at all."""
    hostile = canary.template
    hub = ServedApi("hub", hubs.hub("leaf-a", "leaf-b"))
    for leaf in ("leaf-a", "leaf-b"):
        hub.held.put(hubs.provider(leaf, conditions={hostile: hostile}))
        hub.held.put(hubs.virtual_node(leaf, {"region": "eu", hostile: hostile, "evil": hostile}))
    itself = ServedApi(
        "leaf-a", [*linked_cluster("leaf-a", "leaf-b"), manager(f"region=eu,evil={hostile},{hostile}=x")]
    )
    with served(hub), served(itself):
        (tmp_path / "kubeconfigs").mkdir()
        (tmp_path / "kubeconfigs/leaf-a").write_text(hubs.kubeconfig(itself.url))
        yield Project(tmp_path, hub, itself)


def told(value: object) -> object:
    """Of a text that ansible-inventory marks as no template, the text."""
    return value["__ansible_unsafe"] if isinstance(value, dict) and "__ansible_unsafe" in value else value


def infected(project: Project, canary: Canary, **options: Any) -> None:
    """The hosts come from a cache in which templates stand in the place of labels, wherever they may have come from."""
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(project.folder / "kept")}
    project.configure(**kept)
    project.list()
    (file,) = (project.folder / "kept").iterdir()
    texts = {f"template-{number}": text for number, text in enumerate(canary.templates)}
    cached = json.loads(file.read_text())
    # Since ansible-core 2.19 it is JSON in JSON.
    inner = json.loads(cached["__payload__"]) if "__payload__" in cached else cached
    for host in inner["hosts"][1:]:
        host["variables"]["liqo_labels"] = {"region": "eu", canary.template: "x", "tier": canary.template, **texts}
    file.write_text(json.dumps({**cached, "__payload__": json.dumps(inner)} if inner is not cached else inner))
    project.configure(**kept, **options)


@pytest.mark.templates
@pytest.mark.parametrize("read_leaves", [True, False])
def test_no_text_that_a_cluster_says_is_a_template_in_an_inventory(
    project: Project, canary: Canary, read_leaves: bool
) -> None:
    compose = {"mine": "liqo_labels.region", "whole": "liqo_labels", "reasons": "liqo_health_reasons | join(', ')"}
    project.configure(compose=compose, read_leaves=read_leaves)
    listed = project.list()
    assert canary.is_alive(), "a template of a cluster was rendered"
    assert told(listed["_meta"]["hostvars"]["leaf-a"]["mine"]) == "eu"


@pytest.mark.templates
def test_no_text_of_a_host_is_a_template_whatever_is_made_of_it(project: Project, canary: Canary) -> None:
    infected(project, canary, **CONSTRUCTED)
    listed = project.list()
    assert canary.is_alive(), "a template of a cluster was rendered"
    found = listed["_meta"]["hostvars"]["leaf-a"]
    assert (told(found["mine"]), told(found["bare"])) == ("eu", canary.template)
    assert hosts(listed, "eu") == hosts(listed, "sick") == hosts(listed, "liqo_leaves") == ["leaf-a", "leaf-b"]
    assert [name for name in listed if not re.fullmatch(r"\w+", name)] == []


PLAY = """
- hosts: liqo_leaves
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ hostvars[inventory_hostname] }} {{ groups }} {{ group_names }} {{ whole }} {{ bare }} {{ keys }}"
    - ansible.builtin.debug:
        var: item
      loop: "{{ hostvars[inventory_hostname] | dict2items + group_names }}"
    - ansible.builtin.set_fact:
        kept: "{{ hostvars[inventory_hostname] }}"
        of_keys: "{{ keys }}"
    - ansible.builtin.debug:
        msg: "{{ kept }} {{ of_keys }}"
    - ansible.builtin.template:
        src: "{{ playbook_dir }}/square.j2"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.txt"
        variable_start_string: "[["
        variable_end_string: "]]"
      delegate_to: localhost
"""


@pytest.mark.templates
def test_no_text_of_a_host_is_a_template_in_a_play_over_it(project: Project, canary: Canary) -> None:
    infected(project, canary, **CONSTRUCTED)
    (project.folder / "play.yml").write_text(PLAY)
    (project.folder / "square.j2").write_text("[[ liqo_labels ]] [[ group_names ]] [[ hostvars[inventory_hostname] ]]")
    said = project.play(str(project.folder / "play.yml"))
    assert canary.is_alive(), "a template of a cluster was rendered"
    assert str(canary.file) in said, "it never got so far"
    assert str(canary.file) in (project.folder / "leaf-a.txt").read_text()


def listed_with(project: Project, *names: str, declared: str = "", **options: Any) -> Mapping[str, Any]:
    """Of a hub that knows leaves of these names, beside what a person declares in a file that is read before."""
    for name in names:
        for one in hubs.peered(name, {"region": "eu"}):
            project.hub.held.put(one)
    file = project.folder / "hosts"
    file.write_text(declared)
    project.configure(**options)
    return project.list(before=file)


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("localhost", ""),
        ("all", ""),
        ("ungrouped", ""),
        ("routers", "[routers]\n10.0.0.1\n"),
        ("db1", "db1 ansible_host=192.0.2.1 ansible_connection=ssh\n"),
        ("slow", ""),
    ],
)
def test_a_leaf_whose_id_means_something_else_is_left_out_and_named(project: Project, name: str, declared: str) -> None:
    listed = listed_with(project, name, declared=declared, groups={"slow": "false"})
    assert hosts(listed, "liqo_leaves") == ["leaf-a", "leaf-b"]
    assert f"leaf {name}, of which hub tells, is left out" in " ".join(listed["said"].split())
    assert "liqo_cluster_id" not in listed["_meta"]["hostvars"].get(name, {})


def test_a_leaf_that_is_called_like_a_hub_is_left_out_and_ends_nothing(project: Project) -> None:
    project.hub.held.put(config_map("hub-of-frankfurt"))
    listed = listed_with(project, "hub")
    assert hosts(listed, "liqo_leaves") == ["leaf-a", "leaf-b"]
    assert hosts(listed, "liqo_hubs") == ["hub"]
    assert "a hub that is cluster hub-of-frankfurt has this name" in " ".join(listed["said"].split())


def test_a_cluster_changes_nothing_that_is_declared_of_its_host(project: Project) -> None:
    declared = "[liqo_leaves]\nleaf-a liqo_api_server=https://mine:6443 ansible_host=192.0.2.1\n"
    found = listed_with(project, declared=declared)["_meta"]["hostvars"]["leaf-a"]
    assert (found["liqo_api_server"], found["ansible_host"]) == ("https://mine:6443", "192.0.2.1")
    assert found["liqo_cluster_id"] == "leaf-a"


def connection(listed: Mapping[str, Any], name: str = "leaf-a") -> dict[str, Any]:
    """The variables of a host that say how it is reached."""
    found = listed["_meta"]["hostvars"][name]
    names = ("liqo_kubeconfig", "liqo_context", "liqo_host", "liqo_reached_by")
    return {key: plain(found[key]) for key in names if found.get(key)}


IDENTITIES: dict[str, Any] = {"identity_dir": "identities", "kubeconfig_pattern": None}


@pytest.mark.parametrize("way", ["liqo_context=prod-a", "liqo_host=https://192.0.2.1", "liqo_kubeconfig=/k/a"])
@pytest.mark.parametrize("options", [IDENTITIES, {}], ids=["identity", "pattern"])
def test_a_host_that_is_declared_with_its_connection_is_reached_in_no_other_way(
    project: Project, way: str, options: dict[str, Any]
) -> None:
    listed = listed_with(project, "leaf-a", "leaf-b", declared=f"[liqo_leaves]\nleaf-a {way}\n", **options)
    name, value = way.split("=", 1)
    assert connection(listed) == {name: value}
    assert connection(listed, "leaf-b") != {}


def test_a_host_that_is_declared_never_gets_the_identity_that_a_leaf_of_this_id_gave_a_hub(project: Project) -> None:
    """The environment may say how it is reached."""
    declared = "[liqo_leaves]\nleaf-a\nleaf-b\n"
    assert connection(listed_with(project, "leaf-a", declared=declared, **IDENTITIES)) == {}
    listed = listed_with(project, "leaf-a", "leaf-b", declared=declared, identity_dir="identities")
    # There is a file of the pattern for leaf-a, and none for leaf-b.
    assert connection(listed)["liqo_kubeconfig"] == str(project.folder / "kubeconfigs/leaf-a")
    assert connection(listed, "leaf-b") == {}


@pytest.mark.parametrize("file", ["host_vars/leaf-a.yml", "group_vars/liqo_leaves.yml", "group_vars/all.yml"])
def test_what_files_beside_the_inventory_say_of_a_declared_host_counts(project: Project, file: str) -> None:
    (project.folder / file).parent.mkdir()
    (project.folder / file).write_text("liqo_context: '{{ inventory_hostname }}'\n")
    listed = listed_with(project, declared="[liqo_leaves]\nleaf-a\n")
    assert connection(listed).keys() == {"liqo_context"}


def test_a_second_file_of_hubs_may_say_how_a_leaf_is_reached_of_which_the_first_does_not(project: Project) -> None:
    project.hub.held.put(hubs.identity("leaf-a"))
    project.hub.held.put(hubs.identity_secret("leaf-a"))
    project.configure(kubeconfig_pattern=None)
    first = project.folder / "first.foreign_clusters.yml"
    project.file.rename(first)
    project.configure(**IDENTITIES)
    assert connection(project.list(before=first))["liqo_reached_by"] == "identity_dir"


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ("leaf-b liqo_cluster_id=store-7", "the host of this name is declared to be cluster store-7"),
        ("store-7 liqo_cluster_id=leaf-b", "host store-7 is declared to be this cluster"),
    ],
)
def test_a_leaf_that_is_another_declared_cluster_by_name_or_id_is_left_out(
    project: Project, declared: str, why: str
) -> None:
    listed = listed_with(project, declared=f"[liqo_leaves]\n{declared} liqo_context=prod\n")
    name = declared.split(maxsplit=1)[0]
    assert hosts(listed, "liqo_leaves") == sorted(["leaf-a", name])
    assert f"leaf leaf-b, of which hub tells, is left out: {why}" in " ".join(listed["said"].split())
    assert set(listed["_meta"]["hostvars"][name]) == {"liqo_cluster_id", "liqo_context"}


def test_labels_that_a_leaf_tells_end_no_run_and_declared_ones_are_taken_for_declared(project: Project) -> None:
    """Leaf-b and leaf-c join two meshes that want something else."""
    for leaf, keys in (("leaf-a", "gold"), ("leaf-b", "gold silver"), ("leaf-c", "gold silver")):
        for one in hubs.peered(leaf, dict.fromkeys(keys.split(), "")):
            project.hub.held.put(one)
    meshes = [{"mesh": {"selector": "gold"}, "mtu": 1400}, {"mesh": {"selector": "silver"}, "mtu": 1300}]

    def fabric(declared: str) -> Fabric:
        listed = listed_with(project, declared=declared)["_meta"]["hostvars"]
        leaves = clusters(["leaf-a", "leaf-b", "leaf-c"], plain(listed))
        return resolve(parse_wishes({"fabric": "retail", "clusters": leaves, "shortcuts": meshes}))

    found = fabric("")
    assert found.refused.keys() == {pair("leaf-b", "leaf-c")}
    assert found.pairs == (pair("leaf-a", "leaf-b"), pair("leaf-a", "leaf-c"))
    both = "liqo_labels=\"{'gold': '', 'silver': ''}\""
    with pytest.raises(InputError):
        fabric(f"[liqo_leaves]\nleaf-b {both}\nleaf-c {both}\n")


def plain(value: Any) -> Any:
    """What ansible-inventory lists, without its marks of texts that are no templates."""
    if isinstance(value, dict) and "__ansible_unsafe" in value:
        return value["__ansible_unsafe"]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", ["all", "liqo_hubs", "liqo_health_healthy", "secured", "slow", "hub"])
def test_a_label_puts_no_host_into_a_group_that_means_something_else(project: Project, name: str) -> None:
    project.hub.held.put(hubs.virtual_node("leaf-b", {"tier": name}))
    keyed = [{"key": "liqo_labels.tier", "prefix": "", "separator": ""}]
    listed = listed_with(
        project, declared="[secured]\nvault\n", keyed_groups=keyed, groups={"slow": "false"}, read_leaves=False
    )
    assert "leaf-b" not in hosts(listed, name if name != "liqo_health_healthy" else "")
    assert f"host leaf-b is not put into {name}" in " ".join(listed["said"].split())


def test_a_prefix_of_a_person_lets_labels_join_groups_that_are_declared(project: Project) -> None:
    project.hub.held.put(hubs.virtual_node("leaf-b", {"tier": "gold"}))
    keyed = [{"key": "liqo_labels.tier", "prefix": "tier"}]
    listed = listed_with(project, declared="[tier_gold:vars]\nrank=1\n[tier_gold]\n", keyed_groups=keyed)
    assert hosts(listed, "tier_gold") == ["leaf-b"]


def test_two_hubs_that_say_to_be_one_cluster_cost_only_the_one_that_declares_less(project: Project) -> None:
    given = [
        {"name": "copy", "host": project.hub.url},
        {"name": "hub", "host": project.hub.url, "cluster_id": "hub"},
    ]
    listed = listed_with(project, hubs=given)
    assert hosts(listed, "liqo_leaves") == ["leaf-a", "leaf-b"]
    assert listed["_meta"]["hostvars"]["leaf-a"]["liqo_peered_hubs"] == ["hub"]
    assert "it says that it is cluster hub, like hub" in " ".join(listed["said"].split())
