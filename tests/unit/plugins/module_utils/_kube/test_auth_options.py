# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options: the names, variables and meaning of kubernetes.core, but safe for many clusters at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import CLUSTER_AUTH_SPEC, Auth, resolve

# What kubernetes.core makes of the environment: its own spelling of an option -> value.
THEIR_READING = """
import json, os, sys
from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client
read = []
for environ in json.load(sys.stdin):
    os.environ.update(environ)
    read.append(client._create_auth_spec() | client._create_headers())
    for name in environ:
        del os.environ[name]
json.dump(read, sys.stdout)
"""

ENVIRONMENTS: list[dict[str, str]] = [
    {"K8S_AUTH_KUBECONFIG": "/k"},
    {"K8S_AUTH_CONTEXT": "c"},
    {"K8S_AUTH_HOST": "https://h:6443"},
    {"K8S_AUTH_API_KEY": "t"},
    {"K8S_AUTH_USERNAME": "u", "K8S_AUTH_PASSWORD": "p"},
    {"K8S_AUTH_VERIFY_SSL": "no"},
    {"K8S_AUTH_VALIDATE_CERTS": "False"},
    {"K8S_AUTH_VALIDATE_CERTS": "0"},
    {"K8S_AUTH_VERIFY_SSL": "yes", "K8S_AUTH_VALIDATE_CERTS": "no"},
    {"K8S_AUTH_SSL_CA_CERT": "/ca"},
    {"K8S_AUTH_CA_CERT": "/ca1", "K8S_AUTH_SSL_CA_CERT": "/ca2"},
    {"K8S_AUTH_CERT_FILE": "/c", "K8S_AUTH_KEY_FILE": "/k"},
    {"K8S_AUTH_CLIENT_CERT": "/c", "K8S_AUTH_CLIENT_KEY": "/k"},
    {"K8S_AUTH_PROXY": "http://p:1", "K8S_AUTH_NO_PROXY": "localhost"},
    {"K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH": "u:p", "K8S_AUTH_PROXY_HEADERS_USER_AGENT": "a"},
    {"K8S_AUTH_PROXY_HEADERS_BASIC_AUTH": "u:p"},
    {"K8S_AUTH_PERSIST_CONFIG": "true"},
    {"K8S_AUTH_IMPERSONATE_USER": "u", "K8S_AUTH_IMPERSONATE_GROUPS": "a,,b"},
]

THEIR_SPELLING = {
    "validate_certs": "verify_ssl",
    "ca_cert": "ssl_ca_cert",
    "client_cert": "cert_file",
    "client_key": "key_file",
    "impersonate_user": "Impersonate-User",
    "impersonate_groups": "Impersonate-Group",
}


def test_names_aliases_types_and_secrecy_are_those_of_kubernetes_core(kubernetes_core: Path) -> None:
    names: dict[str, object] = {}
    exec((kubernetes_core / "plugins/module_utils/args_common.py").read_text(), names)
    theirs = names["AUTH_ARG_SPEC"]
    assert isinstance(theirs, dict)
    assert comparable(CLUSTER_AUTH_SPEC) == comparable(theirs)


def test_every_variable_means_what_it_means_to_kubernetes_core(kubernetes_core: Path) -> None:
    for environ, theirs in zip(ENVIRONMENTS, their_reading(kubernetes_core, ENVIRONMENTS), strict=True):
        ours = resolve({}, environ)
        for name in CLUSTER_AUTH_SPEC:
            value = getattr(ours, name)
            plain = list(value) if isinstance(value, tuple) else value
            assert (plain or None) == (theirs.get(THEIR_SPELLING.get(name, name)) or None), (environ, name)


def test_the_documentation_has_the_same_options() -> None:
    from ansible_collections.liqo.fabric.plugins.doc_fragments.clusters import ModuleDocFragment

    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["clusters"]["suboptions"]
    ours = {name: documented.get(name, {}) for name in CLUSTER_AUTH_SPEC}
    assert comparable(ours, secrecy=False) == comparable(CLUSTER_AUTH_SPEC, secrecy=False)


@pytest.mark.parametrize(
    "server", [{"kubeconfig": "/leaf-b"}, {"host": "https://leaf-b:6443"}, {"kubeconfig": {"a": 1}}]
)
@pytest.mark.parametrize("elsewhere", ["K8S_AUTH_HOST", "K8S_AUTH_KUBECONFIG"])
def test_a_cluster_with_a_server_of_its_own_gets_no_token_of_another_server(
    server: dict[str, object], elsewhere: str
) -> None:
    environ = {elsewhere: "https://other", "K8S_AUTH_API_KEY": "token of other", "K8S_AUTH_VERIFY_SSL": "no"}
    assert resolve(server, environ) == resolve(server, {})


def test_variables_that_name_no_server_complete_a_cluster_that_does() -> None:
    auth = resolve({"host": "https://leaf-b:6443"}, {"K8S_AUTH_API_KEY": "t"})
    assert (auth.host, auth.api_key) == ("https://leaf-b:6443", "t")


def test_a_context_picks_from_the_kubeconfig_of_the_environment() -> None:
    auth = resolve({"context": "leaf-b"}, {"K8S_AUTH_KUBECONFIG": "/all", "K8S_AUTH_CONTEXT": "leaf-a"})
    assert (auth.kubeconfig, auth.context) == ("/all", "leaf-b")


def test_an_option_wins_over_its_variable_even_when_it_is_false() -> None:
    assert resolve({"validate_certs": False}, {"K8S_AUTH_VERIFY_SSL": "yes"}).validate_certs is False


@pytest.mark.parametrize(("alias", "name"), [("verify_ssl", "validate_certs"), ("ssl_ca_cert", "ca_cert")])
def test_aliases_work_without_an_argument_spec_in_between(alias: str, name: str) -> None:
    assert getattr(resolve({alias: "no"}, {}), name) == getattr(resolve({name: "no"}, {}), name)


def test_empty_values_are_as_good_as_none() -> None:
    options = {"context": "", "api_key": None, "proxy_headers": {"basic_auth": None}}
    assert resolve(options, {"K8S_AUTH_HOST": ""}) == Auth()


@pytest.mark.parametrize(
    "options",
    [{"kubeconfig": {}}, {"kubeconfig": ""}, {"kubeconfig": " "}, {"host": ""}, {"kubeconfig": "", "host": "h"}],
)
def test_a_server_that_is_named_with_nothing_is_not_replaced_by_another(options: dict[str, object]) -> None:
    auth = resolve(options, {"K8S_AUTH_HOST": "https://other", "K8S_AUTH_API_KEY": "token of other"})
    assert auth.empty_target in options
    assert auth == resolve(options, {})


def test_credentials_do_not_show_when_options_are_printed() -> None:
    auth = resolve(
        {"api_key": "s3cret", "password": "s3cret", "kubeconfig": {"token": "s3cret"}, "proxy": "http://u:s3cret@p"}, {}
    )
    assert "s3cret" not in repr(auth)


def comparable(options: Mapping[str, object], *, secrecy: bool = True) -> dict[str, object]:
    """What counts in an argument spec or its documentation; no type means str."""
    found = {}
    for name, option in options.items():
        assert isinstance(option, Mapping)
        suboptions = option.get("options") or option.get("suboptions") or {}
        found[name] = {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "aliases": option.get("aliases", []),
            "no_log": option.get("no_log", False) if secrecy else None,
            "options": comparable(suboptions, secrecy=secrecy),
        }
    return dict(found)


def their_reading(kubernetes_core: Path, environments: Sequence[Mapping[str, str]]) -> list[dict[str, object]]:
    run = subprocess.run(
        [sys.executable, "-c", THEIR_READING],
        input=json.dumps(environments),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(kubernetes_core.parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    read = json.loads(run.stdout)
    assert isinstance(read, list)
    return read
