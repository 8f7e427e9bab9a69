# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of the event source: what they mean where nothing is said, and one sentence for what cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._run.watch_options import parse_watch_options

LEAF = {"name": "leaf-a", "kubeconfig": "/etc/liqo/leaf-a"}


def test_defaults_hold_where_nothing_is_said() -> None:
    options = parse_watch_options({"clusters": [LEAF]})
    assert (options.debounce_s, options.max_delay_s, options.poll_s, options.connect_timeout_s) == (2, 15, 5, 5)
    assert [cluster.id for cluster in options.clusters] == ["leaf-a"]


def test_numbers_may_be_text_as_templates_make_them_and_what_the_rulebook_adds_is_passed_over() -> None:
    options = parse_watch_options({"clusters": [LEAF], "debounce": "0.5", "eda_feedback_queue": object()})
    assert options.debounce_s == 0.5


def test_paths_and_aliases_mean_what_they_mean_to_a_module() -> None:
    entry = {"name": "leaf-a", "host": "https://x", "ssl_ca_cert": "~/ca", "cluster_id": "other"}
    options = parse_watch_options({"clusters": [entry]})
    assert options.entries["leaf-a"]["ssl_ca_cert"] == str(Path.home() / "ca")
    assert options.clusters[0].id == "other"


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({}, "clusters: no list of clusters is given"),
        ({"clusters": []}, "clusters: no list of clusters is given"),
        ({"clusters": "leaf-a"}, "clusters: no list of clusters is given"),
        ({"clusters": ["leaf-a"]}, "clusters[0]: is a str and no dictionary"),
        ({"clusters": [{"kubeconfig": "/x"}]}, "clusters[0].name: is no text"),
        ({"clusters": [LEAF | {"kubconfig": "/x"}]}, "clusters[0].kubconfig: is no option of a cluster"),
        ({"clusters": [LEAF | {"api_key": 123456}]}, "clusters[0].api_key: is a int and no text"),
        ({"clusters": [LEAF, LEAF]}, "has cluster id leaf-a, like clusters[0]"),
        ({"clusters": [{"name": "Leaf_A"}]}, "'Leaf_A' is not a Liqo cluster id"),
        ({"clusters": [LEAF], "debounce": 0}, "debounce: 0 is no number of seconds above 0"),
        ({"clusters": [LEAF], "debounce": True}, "debounce: True is no number of seconds above 0"),
        ({"clusters": [LEAF], "max_delay": "soon"}, "max_delay: 'soon' is no number of seconds above 0"),
        ({"clusters": [LEAF], "poll_interval": float("nan")}, "poll_interval: nan is no number"),
        ({"clusters": [LEAF], "max_delay": 1}, "max_delay: 1 is less than debounce, 2"),
        ({"clusters": [LEAF], "interval": 1}, "interval: is no argument"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_watch_options(args)
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("arguments of liqo.fabric.links: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "leaf-a", "api_key": "hunter2-secret", "wrong": "hunter2-secret"},
        {"name": "leaf-a", "kubeconfig": {"users": [{"token": "hunter2-secret"}]}, "labels": "hunter2-secret"},
        {"name": "leaf-a", "api_key": ["hunter2-secret"]},
    ],
)
def test_no_value_of_a_cluster_is_quoted(entry: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        parse_watch_options({"clusters": [entry]})
    assert "hunter2" not in str(refused.value)
    good = {name: value for name, value in entry.items() if name not in ("wrong", "labels")}
    if isinstance(good.get("api_key"), str) or "kubeconfig" in good:
        assert "hunter2" not in repr(parse_watch_options({"clusters": [good]}))
