# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strings of connection options that must be masked wherever they show up."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._kube.secrets_in_options import (
    secret_values,
    surrounding_secrets,
    without_userinfo,
)
from hypothesis import given
from hypothesis import strategies as st

PRIVATE_KEY = "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n"


def kubeconfig(**user: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443", "proxy-url": "http://u:p%40ss@proxy:1"}}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "admin"}}],
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"api_key": "tok"}, {"tok"}),
        ({"username": "u", "password": "passw"}, {"passw"}),
        ({"proxy": "http://u:passw@proxy:3128"}, {"passw", "//u:"}),
        ({"proxy": "http://t0ken-as-user@proxy:3128"}, {"t0ken-as-user"}),
        ({"proxy": "u1x2:p%40w@proxy:3128"}, {"u1x2", "p%40w", "p@w", "//u1x2:"}),
        ({"host": "https://r0b0t:p%3Aw@h:6443"}, {"r0b0t", "p%3Aw", "p:w", "//r0b0t:"}),
        ({"host": "https://h:6443", "proxy": "socks5://proxy:1080"}, set()),
        ({"proxy_headers": {"proxy_basic_auth": "u:passw", "user_agent": "a"}}, {"u:passw", "passw"}),
        ({"kubeconfig": "/path", "host": "https://h", "context": "c"}, set()),
        ({"kubeconfig": "apiVersion: v1\nusers: []\n"}, {"apiVersion: v1\nusers: []\n"}),
        ({"kubeconfig": "apiVersion: v1\nusers: [{"}, {"apiVersion: v1\nusers: [{"}),
    ],
)
def test_plain_options_that_are_secret_are_named(options: dict[str, object], expected: set[str]) -> None:
    assert secret_values(options, {}) == expected


def test_a_kubeconfig_given_as_a_dictionary_gives_up_all_its_secrets() -> None:
    encoded = base64.b64encode(PRIVATE_KEY.encode()).decode()
    user = {"token": "tok", "client-key-data": encoded, "password": "passw", "username": "robot"}
    found = secret_values({"kubeconfig": kubeconfig(**user)}, {})
    assert found == {"tok", encoded, PRIVATE_KEY, "passw", "robot", "p%40ss", "p@ss", "//u:"}


def test_the_text_of_a_kubeconfig_gives_up_the_same_as_the_dictionary() -> None:
    text = yaml.safe_dump(kubeconfig(token="tok", username="u1x2"))
    assert secret_values({"kubeconfig": text}, {}) == {text, "tok", "u1x2", "p%40ss", "p@ss", "//u:"}


def test_of_a_damaged_text_each_line_is_masked() -> None:
    """Messages have one line."""
    found = secret_values({"kubeconfig": "apiVersion: v1\nusers:\n- name: u\n  user: {token: t0ken\n"}, {})
    assert "user: {token: t0ken" in found
    assert not found & {"apiVersion: v1", "users:"}


def test_credentials_of_an_auth_provider_are_found() -> None:
    provider = {
        "name": "oidc",
        "config": {"id-token": "one", "refresh-token": "two", "client-secret": "three", "client-id": "four"},
    }
    found = secret_values({"kubeconfig": kubeconfig(**{"auth-provider": provider})}, {})
    assert {"one", "two", "three", "four"} <= found
    assert "oidc" not in found


# What people really write, and what of it is masked when nothing of the declaration names it.
WRITTEN: dict[str, tuple[list[str], set[str]]] = {
    "aws": (
        ["--region", "eu-central-1", "eks", "get-token", "--cluster-name", "leaf1x9", "--output", "json"],
        {"eu-central-1", "leaf1x9"},
    ),
    "aws-iam-authenticator": (["token", "-i", "Leaf1x9"], {"Leaf1x9"}),
    "kubelogin": (["get-token", "--login", "azurecli", "--environment", "AzurePublicCloud"], set()),
    "doctl": (
        ["kubernetes", "cluster", "kubeconfig", "exec-credential", "--version=v1beta1", "--context=default"],
        set(),
    ),
    "tsh": (["kube", "credentials", "--kube-cluster=Leaf-7x7", "--teleport-cluster=rooted"], {"Leaf-7x7", "rooted"}),
    "kubectl": (
        ["oidc-login", "get-token", "--oidc-issuer-url=https://dex.example/dex", "-v1"],
        {"https://dex.example/dex", "//dex.example/dex"},
    ),
    "sh": (["-c", "/usr/local/bin/login", "./login.sh", "~/.config/login"], set()),
    "go": (["-cluster", "leaf1x9", "-v=5"], {"leaf1x9"}),
}


@pytest.mark.parametrize("command", WRITTEN)
def test_of_an_exec_plugin_names_of_flags_and_common_words_stay_readable(command: str) -> None:
    arguments, masked = WRITTEN[command]
    plugin = {"command": command, "args": arguments, "env": [{"name": "AWS_PROFILE", "value": "prod"}]}
    assert secret_values({"kubeconfig": kubeconfig(exec=plugin)}, {}) == masked | {"p%40ss", "p@ss", "//u:"}


def test_what_the_declaration_says_in_public_stays_readable() -> None:
    public = [
        "hub7x7",
        "leaf-a9x9",
        "c0ntext",
        "eu-central-7",
        "region7",
        "h0st",
        "shop-ns",
        "c0ntext-of-file",
        "rooms",
    ]
    config = kubeconfig(exec={"command": "x", "args": public, "env": [{"name": "A", "value": "leaf-a9x9"}]})
    config["clusters"] = [{"name": "classrooms", "cluster": {"server": "https://h0st.example"}}]
    config["contexts"] = [{"name": "c0ntext-of-file", "context": {"cluster": "c", "user": "u", "namespace": "shop-ns"}}]
    options = {"name": "hub7x7", "cluster_id": "leaf-a9x9", "context": "c0ntext", "labels": {"region7": "eu-central-7"}}
    assert secret_values({**options, "kubeconfig": config}, {}) == set()


@pytest.mark.parametrize(
    "user",
    [
        {"token": "hunter"},
        {"password": "hunter"},
        {"username": "hunter"},
        {"as": "hunter"},
        {"as-groups": ["hunter"]},
        {"as-user-extra": {"scopes": ["hunter"]}},
        {"auth-provider": {"name": "oidc", "config": {"client-id": "hunter"}}},
        {"exec": {"args": ["hunter"]}},
        {"exec": {"args": ["--password", "hunter"]}},
        {"exec": {"args": ["--anything", "hunter"]}},
        {"exec": {"args": ["--anything=hunter"]}},
        {"exec": {"args": ["-phunter"]}},
        {"exec": {"args": ["-p", "hunter"]}},
        {"exec": {"env": [{"name": "ANYTHING", "value": "hunter"}]}},
        {"extensions": [{"name": "x", "extension": {"deep": ["hunter"]}}]},
        {"unknown": "hunter"},
    ],
)
def test_a_plain_word_is_masked_wherever_it_stands_below_a_user(user: dict[str, object]) -> None:
    assert "hunter" in secret_values({"kubeconfig": kubeconfig(**user)}, {})


@pytest.mark.parametrize(
    "user",
    [
        {"password": "leaf"},
        {"exec": {"args": ["--token=leaf"]}},
        {"exec": {"env": [{"name": "DB_PASSWORD", "value": "leaf"}]}},
    ],
)
def test_a_credential_is_masked_even_where_it_is_a_common_word_or_a_public_name(user: dict[str, object]) -> None:
    assert "leaf" in secret_values({"name": "leaf", "kubeconfig": kubeconfig(**user)}, {})


@pytest.mark.parametrize(("field", "is_masked"), [("hu", False), ("443", False), ("hun", True), ("471147", True)])
def test_what_would_be_found_in_every_text_is_not_masked(field: str, is_masked: bool) -> None:
    found = secret_values({"kubeconfig": kubeconfig(exec={"args": ["--x", field]})}, {})
    assert (field in found) is is_masked


@pytest.mark.parametrize("field", ["client-key", "client-certificate", "tokenFile"])
def test_content_in_the_place_of_a_path_is_masked(field: str) -> None:
    assert secret_values({"kubeconfig": kubeconfig(**{field: "certs/client.key"})}, {}) == {"p%40ss", "p@ss", "//u:"}
    for content in (PRIVATE_KEY, base64.b64encode(PRIVATE_KEY.encode()).decode(), "eyJhbGciOi.x.y"):
        assert content in secret_values({"kubeconfig": kubeconfig(**{field: content})}, {})


SECRETS: dict[str, dict[str, object]] = {
    "after a flag": {"args": ["login", "-p", "plainword"]},
    "after a long flag": {"args": ["--client-secret", "plainword"]},
    "joined with a flag": {"args": ["--api-token=plainword"]},
    "in no way a word": {"args": ["login", "plainword+1"]},
    "behind another flag": {"args": ["--blob", "plainword/"]},
    "joined with another flag": {"args": ["--blob=plainword/"]},
    "in a header": {"args": ["-H", "Authorization: Bearer plainword/"]},
    "in a URL": {"args": ["https://me:plainword@vault.example"]},
    "in the query of a URL": {"args": ["https://vault.example/?code=plainword"]},
    "in a variable of that name": {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "plainword"}]},
    "in a variable like GITHUB_PAT": {"env": [{"name": "GITHUB_PAT", "value": "plainword"}]},
    "after a short word for it": {"args": ["--pass", "plainword"]},
    "joined with one": {"args": ["--pwd=plainword"]},
    "in a variable like DB_PASS": {"env": [{"name": "DB_PASS", "value": "plainword"}]},
    "in a variable like VAULT_SECRET_ID": {"env": [{"name": "VAULT_SECRET_ID", "value": "plainword"}]},
    "in any variable": {"env": [{"name": "SETTINGS", "value": "plainword="}]},
}


@pytest.mark.parametrize("place", SECRETS)
def test_of_an_exec_plugin_whatever_could_be_a_credential_is_masked(place: str) -> None:
    found = secret_values({"kubeconfig": kubeconfig(exec={"command": "login", **SECRETS[place]})}, {})
    assert any("plainword" in secret for secret in found)
    assert not found & {"login", "-p", "Bearer", "Authorization", "SETTINGS"}


@pytest.mark.parametrize(
    "user",
    [
        {"username": "a1b2-c3d4e5"},
        {"as": "a1b2-c3d4e5"},
        {"as-groups": ["admin", "a1b2-c3d4e5"]},
        {"as-user-extra": {"scopes": ["a1b2-c3d4e5"]}},
        {"auth-provider": {"name": "other", "config": {"anything": "a1b2-c3d4e5"}}},
        {"extensions": [{"name": "x", "extension": {"deep": ["a1b2-c3d4e5"]}}]},
        {"unknown": {"field": "a1b2-c3d4e5"}},
        {"token": b"a1b2-c3d4e5"},
        {"auth-provider": {"name": "other", "config": {"id_token": "plainword"}}},
        {"auth-provider": {"name": "other", "config": {"clientSecret": "plainword"}}},
    ],
)
def test_every_other_text_below_a_user_is_masked(user: dict[str, object]) -> None:
    assert {"a1b2-c3d4e5", "plainword"} & secret_values({"kubeconfig": kubeconfig(**user)}, {})


@given(secret=st.binary(min_size=15, max_size=60), place=st.sampled_from(["args", "value", "username", "flag", "url"]))
def test_a_random_credential_is_masked_wherever_it_stands(secret: bytes, place: str) -> None:
    text = base64.b64encode(secret).decode()
    places: dict[str, dict[str, object]] = {
        "args": {"exec": {"args": ["login", text]}},
        "value": {"exec": {"env": [{"name": "X", "value": text}]}},
        "flag": {"exec": {"args": [f"--x={text}"]}},
        "url": {"exec": {"args": [f"https://{quote(text, safe='')}@h"]}},
        "username": {"username": text},
    }
    found = secret_values({"kubeconfig": kubeconfig(**places[place])}, {})
    assert text in found or any(text.strip("=") in secret for secret in found), text


NAMES = st.from_regex(r"zq[a-z]{3,9}[0-9]{0,2}(-[a-z]{2,9})?", fullmatch=True)


@given(name=NAMES, public=st.booleans())
def test_a_name_is_masked_unless_the_declaration_says_it_in_public(name: str, public: bool) -> None:
    for user in ({"username": name}, {"as": name}, {"exec": {"args": [name]}}, {"exec": {"args": [f"--x={name}"]}}):
        options = {"name": f"cluster-{name}" if public else "leaf-a", "kubeconfig": kubeconfig(**user)}
        assert (name in secret_values(options, {})) is not public


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@h:6443/p", "https://h:6443/p"),
        ("https://h:6443", "https://h:6443"),
        ("http://a@b@c", "http://c"),
        ("u:p@proxy:3128", "proxy:3128"),
        ("http://[broken:u@", "http://"),
        ("https://h/a@b", "https://h/a@b"),
    ],
)
def test_urls_can_be_shown_without_what_is_secret_in_them(url: str, shown: str) -> None:
    assert without_userinfo(url) == shown


def test_variables_count_as_well() -> None:
    assert secret_values({}, {"K8S_AUTH_API_KEY": "tok"}) == {"tok"}


def test_of_the_surrounding_variables_those_count_whose_names_say_so() -> None:
    environ = {"PWD": "/home/me", "OLDPWD": "/home", "PATH": "/bin", "DB_PWD": "a", "GITHUB_PAT": "b", "PASS": "c"}
    assert surrounding_secrets(environ) == {"a", "b", "c"}


def test_damaged_values_are_no_obstacle() -> None:
    options = {"kubeconfig": kubeconfig(**{"client-key-data": "%%%"}), "proxy": "http://[broken"}
    assert "%%%" in secret_values(options, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["user", "users", "exec", "args", "env", "token", "name", "server"]), inner)
    ),
    max_leaves=20,
)


@given(kubeconfig=JSON, host=JSON, headers=JSON)
def test_whatever_is_given_there_is_an_answer(kubeconfig: object, host: object, headers: object) -> None:
    options = {"name": "leaf-a", "kubeconfig": kubeconfig, "host": host, "proxy": host, "proxy_headers": headers}
    assert all(isinstance(value, str) and value for value in secret_values(options, {}))
