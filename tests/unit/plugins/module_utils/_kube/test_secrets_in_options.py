# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strings of connection options that must be masked wherever they show up."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.secrets_in_options import secret_values

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
        ({"username": "u", "password": "pw"}, {"pw"}),
        ({"proxy": "http://u:pw@proxy:3128"}, {"pw"}),
        ({"proxy_headers": {"proxy_basic_auth": "u:pw", "user_agent": "a"}}, {"u:pw", "pw"}),
        ({"kubeconfig": "/path", "host": "https://h", "context": "c"}, set()),
        ({"kubeconfig": "apiVersion: v1\nusers: []\n"}, {"apiVersion: v1\nusers: []\n"}),
    ],
)
def test_plain_options_that_are_secret_are_named(options: dict[str, object], expected: set[str]) -> None:
    assert secret_values(options, {}) == expected


def test_a_kubeconfig_given_as_a_dictionary_gives_up_all_its_secrets() -> None:
    encoded = base64.b64encode(PRIVATE_KEY.encode()).decode()
    user = {"token": "tok", "client-key-data": encoded, "password": "pw", "username": "visible"}
    found = secret_values({"kubeconfig": kubeconfig(**user)}, {})
    assert found == {"tok", encoded, PRIVATE_KEY, "pw", "p%40ss", "p@ss"}


def test_credentials_of_an_auth_provider_are_found() -> None:
    provider = {
        "name": "oidc",
        "config": {"id-token": "i", "refresh-token": "r", "client-secret": "s", "client-id": "x"},
    }
    found = secret_values({"kubeconfig": kubeconfig(**{"auth-provider": provider})}, {})
    assert {"i", "r", "s"} <= found
    assert "x" not in found


def test_of_an_exec_plugin_only_what_is_a_credential_is_masked() -> None:
    plugin = {
        "command": "login",
        "args": ["get-token", "--client-secret", "one", "--api-token=two", "--region", "eu"],
        "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "three"}, {"name": "AWS_PROFILE", "value": "prod"}],
    }
    found = secret_values({"kubeconfig": kubeconfig(exec=plugin)}, {})
    assert {"one", "two", "three"} <= found
    assert not found & {"get-token", "eu", "prod", "login", "--region"}


def test_variables_count_as_well() -> None:
    assert secret_values({"context": "c"}, {"K8S_AUTH_API_KEY": "tok"}) == {"tok"}


def test_damaged_values_are_no_obstacle() -> None:
    options = {"kubeconfig": kubeconfig(**{"client-key-data": "%%%"}), "proxy": "http://[broken"}
    assert "%%%" in secret_values(options, {})
