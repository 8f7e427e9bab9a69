# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is secret in `clusters` is masked from the very first line that a module writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._run.targets import CLUSTERS_SPEC
from ansible_collections.liqo.fabric.plugins.module_utils.fabric_module import FabricModule

from tests.unit.module_arguments import WITH_INVOCATION, patch_module_args

TOKEN = "a-very-secret-token"
INLINE = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "me", "user": {"token": TOKEN}}]}


class _Listening(FabricModule):
    """Keeps what would go to the system log."""

    logged: str = ""

    def log(self, msg: str, log_args: dict[str, Any] | None = None) -> None:
        self.logged += f"{msg} {log_args}"


@contextmanager
def module(**options: Any) -> Iterator[_Listening]:
    """A module that was started with an inline kubeconfig."""
    given = {"clusters": [{"name": "leaf-a", "kubeconfig": INLINE}], **options}
    with patch_module_args({**given, **WITH_INVOCATION}):
        yield _Listening(argument_spec={**CLUSTERS_SPEC, "timeout": {"type": "float"}})


def test_the_system_log_does_not_get_a_token_of_an_inline_kubeconfig() -> None:
    with module() as started:
        assert "leaf-a" in started.logged
        assert TOKEN not in started.logged


def test_a_result_does_not_repeat_it(capsys: pytest.CaptureFixture[str]) -> None:
    with module() as started, pytest.raises(SystemExit):
        started.exit_json(seen=f"Bearer {TOKEN}")
    printed = capsys.readouterr().out
    assert json.loads(printed)["seen"] == "Bearer ********"
    assert TOKEN not in printed


def test_a_refusal_of_other_options_does_not_repeat_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), module(timeout="soon"):
        pass
    printed = capsys.readouterr().out
    assert "timeout" in json.loads(printed)["msg"]
    assert TOKEN not in printed


ARGUMENTS = ["eks", "get-token", "--cluster-name", "leaf-a", "--region", "eu-central-1", "-p", "x4711", "Bearer y4711="]
USER = {
    "username": "u-4711-a1b2",
    "as-groups": ["admin", "g4711="],
    "client-key-data": "a2V5LTQ3MTE=",
    "exec": {"command": "aws", "args": ARGUMENTS, "env": [{"name": "AWS_PROFILE", "value": "v4711+"}]},
    "auth-provider": {"name": "oidc", "config": {"id-token": "i4711", "idp-issuer-url": "https://dex.example/dex"}},
}
EVERYTHING = {
    "name": "leaf-a",
    "context": "leaf-a",
    "host": "https://r0bot-4711:pw%404711@h.example:6443",
    "proxy": "http://t0ken-4711@proxy.example:3128",
    "api_key": "k4711",
    "proxy_headers": {"proxy_basic_auth": "me:h4711"},
    "kubeconfig": {"users": [{"name": "leaf-a", "user": USER}], "clusters": [], "contexts": []},
}


@pytest.mark.parametrize("as_text", [False, True])
def test_of_all_options_only_what_is_no_secret_can_be_read_in_a_result(
    capsys: pytest.CaptureFixture[str], as_text: bool
) -> None:
    entry = {**EVERYTHING, "kubeconfig": yaml.safe_dump(EVERYTHING["kubeconfig"])} if as_text else EVERYTHING
    with module(clusters=[entry]) as started, pytest.raises(SystemExit):
        started.exit_json(seen=[json.dumps(EVERYTHING), str(EVERYTHING), *ARGUMENTS, "pw@4711", "key-4711"])
    printed = capsys.readouterr().out + started.logged
    assert "4711" not in printed
    assert "eu-central-1" not in printed
    assert "dex.example" not in printed
    for word in (
        "leaf-a",
        "eks",
        "get-token",
        "admin",
        "aws",
        "AWS_PROFILE",
        "h.example",
    ):
        assert word in printed


@pytest.mark.parametrize("clusters", [None, "leaf-a", [], ["leaf-a"]])
def test_what_is_no_list_of_clusters_is_refused_as_usual(clusters: object, capsys: pytest.CaptureFixture[str]) -> None:
    spec = {"clusters": {"type": "list", "elements": "dict"}}
    with patch_module_args({"clusters": clusters}):
        if clusters in (None, []):
            assert FabricModule(argument_spec=spec).params["clusters"] in (None, [])
        else:
            with pytest.raises(SystemExit):
                FabricModule(argument_spec=spec)
            assert json.loads(capsys.readouterr().out)["failed"]
