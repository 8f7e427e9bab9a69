# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands below a user of a kubeconfig, in whatever wrong place: no message quotes it, and it is masked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.secrets_in_options import secret_values
from ansible_collections.liqo.fabric.plugins.module_utils._kube.session import open_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.recording_server import recording

NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
FIELDS = [
    "token",
    "tokenFile",
    "username",
    "password",
    "as",
    "as-uid",
    "as-groups",
    "as-user-extra",
    "exec",
    "auth-provider",
    "extensions",
    "client-key",
    "client-key-data",
    "client-certificate",
    "client-certificate-data",
    "command",
    "args",
    "env",
    "apiVersion",
    "interactiveMode",
    "name",
    "value",
    "config",
    "id-token",
    "refresh-token",
    "client-id",
    "client-secret",
    "idp-issuer-url",
    "provideClusterInfo",
    "as-group",
    "Token",
    "unknown",
]
# Whatever looks like a name, a credential, a URL with one, or like nothing; each is told by its beginning.
SECRETS = st.from_regex(r"zqx[a-z]{4,9}", fullmatch=True) | st.builds(
    "{}zqx{}{}".format,
    st.sampled_from(["", "--token=", "https://me:", "-p", "LS0tLS1", "eyJ", "TOKEN=", "/", "\n", "a "]),
    st.text("abcdef0123456789-_.+/=", min_size=4, max_size=60),
    st.sampled_from(["", "@h", "\n", " b", "\x1b[0m"]),
)
NAMED = {"command", "apiVersion", "interactiveMode", "name", "installHint"}
PATHS = {"client-certificate", "client-key", "tokenFile"}
"""Fields that a message may name, when their text is a plain name or path."""


def users() -> st.SearchStrategy[object]:
    leaf: st.SearchStrategy[object] = SECRETS | st.none() | st.booleans() | st.integers(0, 99)
    return st.dictionaries(
        st.sampled_from(FIELDS) | SECRETS,
        st.recursive(
            leaf,
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | SECRETS, inner, max_size=4)
            ),
            max_leaves=8,
        ),
        max_size=5,
    )


def texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield ("", str(name))
            yield from texts(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)
    elif isinstance(value, str):
        yield (key, value)


def pieces(text: str) -> set[str]:
    """What would give it away."""
    start = text.find("zqx")
    return set() if start < 0 else {" ".join(text[start : start + 7].split())}


@given(user=users(), form=st.sampled_from(["dictionary", "text", "damaged text", "user is a text"]))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_text_below_a_user_is_in_a_message(user: dict[str, object], form: str) -> None:
    given: object = f"zqx{json.dumps(user)}" if form == "user is a text" else user
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": given}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    text = yaml.safe_dump(config)
    kubeconfig = {"dictionary": config, "text": text, "damaged text": f"{text}\n  ]: [", "user is a text": config}[form]
    try:
        open_session(resolve({"kubeconfig": kubeconfig}, {}), cluster="leaf-a", pool_size=1)
    except FabricError as error:
        said = str(error)
        for key, secret in texts(given):
            if key in NAMED | PATHS:
                continue
            assert not any(piece in said for piece in pieces(secret)), (key, secret, said)


@given(user=users())
def test_every_text_below_a_user_is_masked(user: dict[str, object]) -> None:
    config = {"users": [{"name": "u", "user": user}]}
    found = secret_values({"kubeconfig": config}, {})
    for key, secret in texts(user):
        if key and key not in NAMED | PATHS and "zqx" in secret:
            hidden = secret
            for text in sorted(found, key=len, reverse=True):
                hidden = hidden.replace(text, "***")
            assert "zqx" not in hidden, (key, secret)


ARGUMENTS = ["hunter", "--password=hunter", "-phunter", "hu", "--x=hu", "--x", "hu"]


@pytest.mark.parametrize("said", ["hunter", "-phunter", "the password is hu, or hunter?", "hu", "login as hu failed"])
def test_what_a_plugin_says_of_its_arguments_is_hidden_however_short(tmp_path: Path, said: str) -> None:
    script = tmp_path / "login"
    script.write_text(f"#!{sys.executable}\nimport sys\nsys.exit({said!r})")
    script.chmod(0o700)
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(script),
        "interactiveMode": "Never",
        "args": ARGUMENTS,
    }
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443"}}],
        "users": [{"name": "u", "user": {"exec": plugin}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    with pytest.raises(FabricError) as caught:
        connect("leaf-a", {"kubeconfig": config})
    words = caught.value.why.partition("exit status is 1")[2].replace("?", " ").replace(",", " ").split()
    assert "***" in caught.value.why
    assert not {"hu", "hunter", "-phunter"} & set(words)


@pytest.mark.parametrize(
    "command", ["aws eks get-token --token hunter", "TOKEN=hunter aws", "sh -c 'login hunter'", "/opt/login hunter"]
)
def test_arguments_in_the_place_of_a_command_are_not_quoted(command: str) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "interactiveMode": "Never"}
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443"}}],
        "users": [{"name": "u", "user": {"exec": plugin}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    with pytest.raises(FabricError) as caught:
        connect("leaf-a", {"kubeconfig": config})
    assert "hunter" not in str(caught.value)
    assert caught.value.next == "write the arguments of the command under args"


@pytest.mark.parametrize("field", ["client-certificate", "client-key", "tokenFile"])
@pytest.mark.parametrize(
    "content", ["-----BEGIN EC PRIVATE KEY-----\nzqx\n", "LS0tLS1CRUdJTiBzqx", "eyJzqx.abc.def", "zqx" * 60]
)
def test_content_in_the_place_of_a_path_is_not_quoted(field: str, content: str) -> None:
    user = {"client-certificate": __file__, "client-key": __file__, field: content}
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    with pytest.raises(FabricError) as caught:
        connect("leaf-a", {"kubeconfig": config})
    assert f"{field} of the user 'u' in the kubeconfig dictionary is no path of a file" in caught.value.why
    assert "zqx" not in str(caught.value)


def test_nor_does_what_a_server_answers_bring_it_into_a_message_of_ours() -> None:
    """A server may repeat the token; of what it says only a Status is quoted, which is masked by the module."""
    with recording(lambda request: (403, {"you sent": request.headers["Authorization"]})) as server:
        with pytest.raises(FabricError) as caught:
            connect("leaf-a", {"host": server.url, "api_key": "zqxtoken"}).list(NAMESPACE)
        assert "zqx" not in str(caught.value)
