# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes between Ansible and plugins on the controller."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import AnsibleUnsafe
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import InputError
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.plugin_utils.checked_options import checked_clusters, harmless, plain

TEMPLATES = ("{{ 6 * 7 }}", "a {% if true %}42{% endif %}", "#jinja2: variable_start_string:'[['\n[[ 6 * 7 }}")
OTHER_DELIMITERS = ("[[ 6 * 7 ]]", "<% if true %>", "$( 6 )", "${ 6 }", "((6))", "`6`", "% if true\n", "a\n# for")


try:
    from ansible.template import is_trusted_as_template
except ImportError:

    def is_trusted_as_template(value: object) -> bool:
        """Before ansible-core 2.19 every text is one, unless it is marked."""
        return not isinstance(value, AnsibleUnsafe)


def check(*entries: Any) -> list[dict[str, Any]]:
    return checked_clusters(list(entries), CLUSTERS_SPEC, where="here")


def test_what_ansible_read_becomes_plain() -> None:
    read = DataLoader().load("{a: text, b: [1, true, 2.5, null], c: {d: {}}}")
    found = plain(read)
    assert found == {"a": "text", "b": [1, True, 2.5, None], "c": {"d": {}}}
    assert [type(value) for value in (found, found["a"], *found["b"], found["c"])] == [
        dict, str, int, bool, float, type(None), dict,
    ]  # fmt: skip


def test_entries_get_types_and_the_names_of_the_specification() -> None:
    (entry,) = check({"name": "hub", "verify_ssl": "no", "ssl_ca_cert": "/ca", "labels": {"a": "b"}})
    assert (entry["validate_certs"], entry["ca_cert"], entry["labels"]) == (False, "/ca", {"a": "b"})
    assert entry["liqo_namespace"] == "liqo"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"kubeconfig": "x"}, "name"),
        ({"name": "hub", "kubeconfig_path": "x"}, "kubeconfig_path"),
        ({"name": "hub", "validate_certs": "perhaps"}, "validate_certs"),
        ("hub", "is no list of dictionaries"),
    ],
)
def test_wrong_entries_are_refused_in_one_sentence(entry: Any, told: str) -> None:
    with pytest.raises(InputError, match=told) as refusal:
        check(entry)
    assert refusal.value.where == "here"


def test_a_refusal_quotes_no_secret() -> None:
    with pytest.raises(InputError) as refusal:
        check({"name": "hub", "proxy_headers": "basic:very-secret-word", "api_key": "very-secret-word"})
    assert "very-secret-word" not in str(refusal.value)


@pytest.mark.parametrize("text", TEMPLATES)
def test_text_of_a_cluster_is_never_a_template(text: str) -> None:
    assert Templar(loader=DataLoader()).template(harmless({"texts": [text]})) == {"texts": [text]}


@pytest.mark.parametrize("text", [*TEMPLATES, *OTHER_DELIMITERS])
def test_text_that_some_delimiter_could_be_made_of_is_marked(text: str) -> None:
    for marked in (harmless(text), harmless([text])[0], *harmless({text: 1})):
        assert marked == text
        assert not is_trusted_as_template(marked)


def test_other_values_stay_as_they_are() -> None:
    values = {"text": "10.0.0.7:51840", "number": 2.5, "nothing": None, "list": [True]}
    assert harmless(values) == values
