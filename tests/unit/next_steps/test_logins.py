# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials that a plugin, a provider or another cluster gives are got after the step is taken."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.foreign_kubeconfig import require_self_contained

from tests.unit.next_steps.connecting import CA, PEM, Options, config, folder, opened, plugin, refusal, script
from tests.unit.next_steps.following import is_said
from tests.unit.plugins.module_utils._kube.test_oidc import Issuer, jwt
from tests.unit.recording_server import Request, recording

__all__ = ["folder"]

# --- plugins --------------------------------------------------------------------------------------------------------


def test_a_plugin_that_fails_says_the_same_when_it_is_run_by_hand_and_works_once_it_works_there(folder: Path) -> None:
    (folder / "config").write_text(json.dumps(plugin()["kubeconfig"]))
    works = (folder / "login").read_text()
    script(folder, "print('no login yet', file=sys.stderr); sys.exit(3)")
    with pytest.raises(FabricError) as refused:
        opened({"kubeconfig": "config"})
    step = "run the credentials plugin of the context {} by hand, as the user of the task"
    assert is_said(step, refused.value.next)
    assert "'x'" in refused.value.next
    by_hand = subprocess.run(["./login"], capture_output=True, text=True, check=False)
    assert by_hand.stderr.strip() in refused.value.why
    (folder / "login").write_text(works)
    opened({"kubeconfig": "config"})


@pytest.mark.parametrize(
    ("text", "hint"), [("install it there", None), ("install it, says the kubeconfig: {}", "apt install login-x")]
)
def test_a_plugin_that_is_missing_is_installed(
    text: str, hint: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = plugin(command="login-x", installHint=hint)
    assert is_said(text, refusal(options)), refusal(options)
    (folder / "login").rename(folder / "login-x")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    opened(options)


def test_a_plugin_that_is_no_program_is_made_executable(folder: Path) -> None:
    options = plugin(installHint="apt install login")
    (folder / "login").chmod(0o600)
    assert refusal(options) == "make it executable for the user of the task"
    (folder / "login").chmod(0o700)
    opened(options)


# --- OpenID Connect -------------------------------------------------------------------------------------------------


@pytest.fixture
def issuer(folder: Path) -> Iterator[Issuer]:
    found: list[Issuer] = []
    context = PEM.server_context(folder)
    context.verify_mode = ssl.CERT_NONE

    def answer(request: Request) -> tuple[int, object]:
        return found[0].answer(request)

    with recording(answer, tls=context) as server:
        found.append(Issuer(server))
        yield found[0]


def provider(issuer: str, **changes: str) -> Options:
    given = {
        "idp-issuer-url": issuer,
        "client-id": "me",
        "client-secret": "c:s",
        "idp-certificate-authority-data": CA,
        "id-token": jwt(-60),
        "refresh-token": "first",
        **changes,
    }
    return config({"auth-provider": {"name": "oidc", "config": {key: value for key, value in given.items() if value}}})


@pytest.mark.parametrize(
    ("text", "changes", "right"),
    [
        ("add them", {"client-id": ""}, {}),
        ("log in again", {"refresh-token": ""}, {}),
        ("log in again", {"refresh-token": "used up"}, {}),
        ("log in again", {"refresh-token": "used up"}, {"refresh-token": "used up", "id-token": jwt(600)}),
        ("correct idp-issuer-url", {"idp-issuer-url": "http://h"}, {}),
        (
            "check that it can be reached from the machine where the task runs",
            {"idp-issuer-url": "https://127.0.0.1:1"},
            {},
        ),
    ],
)
def test_a_login_that_was_refused_works_after_the_step(
    text: str, changes: dict[str, str], right: dict[str, str], issuer: Issuer
) -> None:
    assert refusal(provider(issuer.server.url, **changes)) == text
    opened(provider(issuer.server.url, **right))


def test_new_tokens_are_kept_where_that_is_possible_or_not_at_all(
    issuer: Issuer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config").write_text(json.dumps(provider(issuer.server.url)["kubeconfig"]))
    options = {"kubeconfig": "config", "persist_config": True}

    def denied(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as closed:
        closed.setattr("tempfile.NamedTemporaryFile", denied)
        assert refusal(options) == "make the file and its folder writable, or set persist_config to false"
    opened({**options, "persist_config": False})
    opened(options)


# --- of somebody else -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("look at the Secret, Liqo has not filled it or it is damaged", "no kubeconfig"),
        (
            "give the leaf a kubeconfig of your own with kubeconfig_pattern",
            json.dumps(plugin()["kubeconfig"]),
        ),
    ],
)
def test_a_kubeconfig_of_somebody_else_is_used_when_it_stands_for_itself(text: str, content: str) -> None:
    with pytest.raises(FabricError) as refused:
        require_self_contained(content, where="Secret x of hub")
    assert refused.value.next == text
    require_self_contained(json.dumps(config()["kubeconfig"]), where="Secret x of hub")
    # What is refused there is taken as one of your own.
    opened(plugin())
