# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in kubeconfigs, each told in one sentence that quotes no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.kubeconfig import select

TOKEN = "s3cret-token"


def kubeconfig(
    *,
    contexts: tuple[str, ...] = ("prod",),
    current: str | None = "prod",
    cluster: dict[str, object] | None = None,
    user: dict[str, object] | None = None,
    cluster_name: str = "c",
    user_name: str = "u",
) -> dict[str, object]:
    """A good one, unless an argument says otherwise."""
    document: dict[str, object] = {
        "apiVersion": "v1",
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443"} if cluster is None else cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": cluster_name, "user": user_name}} for name in contexts],
    }
    return document if current is None else document | {"current-context": current}


def complaint(value: str | dict[str, object], *, context: str | None = None) -> FabricError:
    with pytest.raises(FabricError) as caught:
        select(value, context=context, cluster="leaf-a")
    assert caught.value.where == "leaf-a"
    assert TOKEN not in str(caught.value)
    return caught.value


def written(folder: Path, content: str) -> str:
    path = folder / "config"
    path.write_text(content)
    return str(path)


def test_a_good_kubeconfig_leads_to_a_server(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(kubeconfig()))
    selection = select(path, context=None, cluster="leaf-a")
    assert (selection.context, selection.server, selection.plugin) == ("prod", "https://h:6443", None)


def test_a_missing_file_is_named_with_the_folder_that_relative_paths_start_from(tmp_path: Path) -> None:
    error = complaint(str(tmp_path / "nowhere"))
    assert error.why == f"the file {tmp_path}/nowhere does not exist"
    assert str(Path.cwd()) in error.next


def test_one_existing_file_of_several_is_enough(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(kubeconfig()))
    assert select(f"{tmp_path}/nowhere:{path}", context=None, cluster="leaf-a").context == "prod"


def test_broken_yaml_is_located_but_not_quoted(tmp_path: Path) -> None:
    path = written(tmp_path, f"users:\n- name: u\n  user: {{token: {TOKEN}\n")
    assert complaint(path).why == f"{path} is not valid YAML at line 4"


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in complaint(str(tmp_path)).why


@pytest.mark.parametrize("content", ["", "just text", "- a list"])
def test_a_file_that_is_no_mapping_is_no_kubeconfig(tmp_path: Path, content: str) -> None:
    assert "is no kubeconfig" in complaint(written(tmp_path, content)).why


def test_the_text_of_a_kubeconfig_is_refused_without_quoting_it() -> None:
    error = complaint(f"apiVersion: v1\nusers:\n- name: u\n  user:\n    token: {TOKEN}\n")
    assert "from_yaml" in error.next


def test_a_wrong_context_is_answered_with_those_there_are() -> None:
    error = complaint(kubeconfig(contexts=("prod", "dev")), context="qa")
    assert "the context 'qa' is not in the kubeconfig dictionary" in error.why
    assert error.next == "name one that is there: dev, prod"


def test_a_long_list_of_contexts_is_cut() -> None:
    error = complaint(kubeconfig(contexts=tuple(f"c{number:02}" for number in range(25))), context="qa")
    assert error.next.endswith("c08, c09 and 15 more")


def test_no_current_context_asks_for_one() -> None:
    error = complaint(kubeconfig(current=None))
    assert error.next == "set the option context, there are: prod"


def test_a_context_that_points_nowhere_is_told() -> None:
    assert "the cluster 'x' is not in" in complaint(kubeconfig(cluster_name="x")).why
    assert "the user 'y' is not in" in complaint(kubeconfig(user_name="y")).why


def test_a_cluster_without_a_server_is_told() -> None:
    assert "has no server" in complaint(kubeconfig(cluster={"server": ""})).why


@pytest.mark.parametrize("key", ["client-certificate", "client-key", "tokenFile"])
def test_a_file_named_inside_is_looked_for_beside_the_kubeconfig(tmp_path: Path, key: str) -> None:
    path = written(tmp_path, json.dumps(kubeconfig(user={key: "other.pem"})))
    assert complaint(path).why == f"{tmp_path}/other.pem does not exist ({key} in {path})"
    (tmp_path / "other.pem").touch()
    assert select(path, context=None, cluster="leaf-a").context == "prod"


def test_damaged_base64_is_told_but_not_quoted() -> None:
    error = complaint(kubeconfig(user={"client-key-data": f"%{TOKEN}"}))
    assert error.why == "client-key-data in the kubeconfig dictionary is not base64"


def test_a_plugin_is_known_by_its_command() -> None:
    document = kubeconfig(user={"exec": {"command": "aws", "args": ["eks", "get-token"]}})
    assert select(document, context=None, cluster="leaf-a").plugin == "aws"
