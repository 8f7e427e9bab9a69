# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options and kubeconfigs that were refused open a connection after the step is taken."""

from __future__ import annotations

import base64
import json
import textwrap
from pathlib import Path

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube import credentials
from ansible_collections.liqo.fabric.plugins.module_utils._kube.secrets_in_options import secret_values

from tests.unit.next_steps.connecting import (
    CA,
    CERTIFICATE,
    GOOD,
    KEY,
    PEM,
    TOKEN,
    Options,
    cluster,
    config,
    folder,
    opened,
    plugin,
    refusal,
)
from tests.unit.next_steps.following import is_said

__all__ = ["folder"]

IN_BASE64 = base64.b64encode(json.dumps(config()["kubeconfig"]).encode()).decode()
TWICE = {"users": [{"name": "u", "user": TOKEN}, {"name": "u", "user": TOKEN}]}

PATH = (
    "correct the path; that of liqo_kubeconfig starts at the folder of the inventory, any other at {} on the machine"
    " where the task runs"
)

FILES: list[tuple[str, Options, Options]] = [
    (
        PATH,
        {"kubeconfig": "goood"},
        GOOD,
    ),
    ("give the path of a kubeconfig", {"kubeconfig": "folder"}, GOOD),
    (
        "give it decoded, with the filter b64decode",
        {"kubeconfig": IN_BASE64},
        {"kubeconfig": base64.b64decode(IN_BASE64).decode()},
    ),
    (
        "give it decoded, with the filter b64decode",
        {"kubeconfig": "\n".join(textwrap.wrap(IN_BASE64, 76))},
        {"kubeconfig": base64.b64decode(IN_BASE64).decode()},
    ),
    ("give the path of a kubeconfig", {"kubeconfig": "notes"}, GOOD),
    ("give that of a kubeconfig", {"kubeconfig": "pod"}, GOOD),
    ("write it as UTF-8", {"kubeconfig": "latin"}, {"kubeconfig": "utf-8"}),
    ("correct the file; kubectl config view shows it", {"kubeconfig": "broken"}, GOOD),
    ("give its kubeconfig, or its host with credentials", {}, GOOD),
    ("give a path, several paths joined with {}, a dictionary or a text", {"kubeconfig": ["good"]}, GOOD),
    ("give its kubeconfig, or its host with credentials", {}, {"host": "https://h:6443", "api_key": "t"}),
    (
        "set the option context, there are: {}",
        config(top={"current-context": ""}),
        {**config(top={"current-context": ""}), "context": "x"},
    ),
    ("name one that is there: {}", {**config(), "context": "y"}, {**config(), "context": "x"}),
    ("fill it in, or leave {} out where another connection is meant", {"kubeconfig": ""}, GOOD),
    ("write it without anchors and aliases", {"kubeconfig": "endless"}, GOOD),
    ("take one of them out; kubectl refuses both", config(top=TWICE), config()),
]

CLUSTER: list[tuple[str, Options, Options]] = [
    ("add its URL", cluster(server=""), config()),
    ("correct host, or server in the kubeconfig", cluster(server="ftp://h:6443"), cluster(server="https://h:6443")),
    (
        "correct host, or server in the kubeconfig",
        {"host": "h:x", "api_key": "t"},
        {"host": "https://h:6443", "api_key": "t"},
    ),
    (
        "take one of them out; kubectl refuses both together",
        cluster(**{"certificate-authority": "ca.pem", "certificate-authority-data": CA}),
        cluster(**{"certificate-authority": "ca.pem"}),
    ),
    (
        "take one of them out; kubectl refuses both together",
        cluster(**{"insecure-skip-tls-verify": True, "certificate-authority-data": CA}),
        cluster(**{"certificate-authority-data": CA}),
    ),
    (
        "write the kubeconfig anew, it seems to be damaged",
        cluster(**{"certificate-authority-data": "not base64!"}),
        cluster(**{"certificate-authority-data": CA}),
    ),
    (
        "correct that path",
        cluster(**{"certificate-authority": "caa.pem"}),
        cluster(**{"certificate-authority": "ca.pem"}),
    ),
    (
        "correct that path",
        cluster(**{"certificate-authority": "folder"}),
        cluster(**{"certificate-authority": "ca.pem"}),
    ),
    (
        "write it without ~ or variables, which mean nothing in a kubeconfig, to kubectl neither",
        cluster(**{"certificate-authority": "~/ca.pem"}),
        cluster(**{"certificate-authority": "ca.pem"}),
    ),
    (
        "correct ca_cert, or certificate-authority in the kubeconfig",
        cluster(**{"certificate-authority": "notes"}),
        cluster(**{"certificate-authority": "ca.pem"}),
    ),
    (
        "write {}{}; kubectl refuses the file as well",
        cluster(**{"insecure-skip-tls-verify": "true"}),
        cluster(**{"insecure-skip-tls-verify": True}),
    ),
    ("write {}{}; kubectl refuses the file as well", config({"token": 7}), config({"token": "7"})),
    (
        "write {}, or take it out; kubectl passes over it without a word",
        cluster(**{"insecure-skip-tls-verfy": True}),
        cluster(**{"insecure-skip-tls-verify": True}),
    ),
    ("write {}, or take it out; kubectl passes over it without a word", config({**TOKEN, "as-group": ["x"]}), config()),
    (
        "correct proxy, or proxy-url in the kubeconfig",
        cluster(**{"proxy-url": "proxy:3128"}),
        cluster(**{"proxy-url": "http://proxy:3128"}),
    ),
    ("correct {}", {**GOOD, "ca_cert": "caa.pem"}, {**GOOD, "ca_cert": "ca.pem"}),
    ("correct {}", {**GOOD, "ca_cert": "folder"}, {**GOOD, "ca_cert": "ca.pem"}),
]

USER: list[tuple[str, Options, Options]] = [
    (
        "write as, as-uid, as-groups or as-user-extra, or take it out; kubectl passes over it without a word",
        config({**TOKEN, "as-somebody": "me"}),
        config({**TOKEN, "as": "me"}),
    ),
    (
        "write a certificate to it",
        config({"client-certificate": "empty", "client-key": "key.pem"}),
        config({"client-certificate": "cert.pem", "client-key": "key.pem"}),
    ),
    (
        "store it without a passphrase, which no one could give",
        config({"client-certificate": "cert.pem", "client-key": "locked.pem"}),
        config({"client-certificate": "cert.pem", "client-key": "key.pem"}),
    ),
    (
        "write a path, or the content as {}",
        cluster(**{"certificate-authority": PEM.ca.decode()}),
        cluster(**{"certificate-authority-data": CA}),
    ),
    (
        "take one of them out; kubectl refuses both together",
        config({**TOKEN, "username": "me", "password": "p"}),
        config(),
    ),
    (
        "add the key",
        config({"client-certificate-data": CERTIFICATE}),
        config({"client-certificate-data": CERTIFICATE, "client-key-data": KEY}),
    ),
    ("add it; kubectl asks for it", config({"password": "p"}), config({"username": "me", "password": "p"})),
    ("write a token to it", config({"tokenFile": "empty"}), config({"tokenFile": "token"})),
    (
        "correct client_cert and client_key, or those of the kubeconfig",
        config({"client-certificate-data": CERTIFICATE, "client-key-data": CA}),
        config({"client-certificate-data": CERTIFICATE, "client-key-data": KEY}),
    ),
    ("give both of them or none", {**GOOD, "username": "me"}, {**GOOD, "username": "me", "password": "p"}),
    ("give both of them or none", {**GOOD, "username": "me"}, GOOD),
    (
        "give both of them or none",
        {**GOOD, "client_key": "key.pem"},
        {**GOOD, "client_key": "key.pem", "client_cert": "cert.pem"},
    ),
    (
        "add impersonate_user, or as in the kubeconfig",
        config({**TOKEN, "as-groups": ["x"]}),
        config({**TOKEN, "as": "me", "as-groups": ["x"]}),
    ),
    (
        "add impersonate_user, or as in the kubeconfig",
        {**GOOD, "impersonate_groups": ["x"]},
        {**GOOD, "impersonate_groups": ["x"], "impersonate_user": "me"},
    ),
    ("correct the token, user, groups or proxy headers", {**GOOD, "api_key": "a\nb"}, {**GOOD, "api_key": "ab"}),
    (
        "correct username and password, or the URL that holds them",
        {**GOOD, "username": "me", "password": "\ud800"},
        {**GOOD, "username": "me", "password": "p"},
    ),
]

PLUGINS: list[tuple[str, Options, Options]] = [
    ("write the arguments of the command under args", plugin(command="./login --x"), plugin(args=["--x"])),
    (
        "write it without ~ or variables, which mean nothing in a kubeconfig, to kubectl neither",
        plugin(command="~/login"),
        plugin(),
    ),
    (
        "write it without ~ or variables, which mean nothing in a kubeconfig, to kubectl neither",
        plugin(command="$HOME/login"),
        plugin(),
    ),
    ("correct that path", plugin(command="./folder"), plugin()),
    ("add the name of the credentials plugin", plugin(command=None), plugin()),
    ("write the one that the plugin understands; kubectl refuses any other as well", plugin(apiVersion="v1"), plugin()),
    (
        "write Never or IfAvailable; kubectl refuses the file as well",
        plugin(interactiveMode=None),
        plugin(interactiveMode="IfAvailable"),
    ),
    ("correct it; kubectl refuses it as well", plugin(env=[{"value": "x"}]), plugin(env=[{"name": "A", "value": "x"}])),
    (
        "use credentials that need no person, such as those of a service account",
        plugin(interactiveMode="Always"),
        config(),
    ),
    ("use an exec plugin in its place", config({"auth-provider": {"name": "openstack"}}), plugin()),
    ("use the exec plugin gke-gcloud-auth-plugin in its place", config({"auth-provider": {"name": "gcp"}}), plugin()),
    (
        "use the exec plugin kubelogin of https://github.com/Azure/kubelogin in its place",
        config({"auth-provider": {"name": "azure"}}),
        plugin(),
    ),
]


def test_what_is_in_base64_is_no_path_and_a_secret() -> None:
    assert IN_BASE64 in secret_values({"kubeconfig": IN_BASE64}, {})


@pytest.mark.parametrize(("text", "wrong", "right"), [*FILES, *CLUSTER, *USER, *PLUGINS])
def test_who_follows_the_step_can_connect(text: str, wrong: Options, right: Options) -> None:
    said = refusal(wrong)
    assert is_said(text, said), said
    opened(right)


# --- what is not readable -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "name"),
    [
        ("make it readable for the user of the task", GOOD, "good"),
        ("make it readable for the user of the task", cluster(**{"certificate-authority": "ca.pem"}), "ca.pem"),
    ],
)
def test_what_cannot_be_read_is_made_readable(
    text: str, options: Options, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return read(path)

    with monkeypatch.context() as closed:
        # The user of a test may be root, who reads everything.
        closed.setattr(Path, "read_bytes", denied)
        assert refusal(options) == text
    opened(options)


def test_the_service_account_of_a_pod_is_made_readable_or_a_kubeconfig_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", folder)
    (folder / "ca.crt").write_bytes(PEM.ca)
    (folder / "token").write_bytes(b"\xff")
    assert refusal({}) == "make its files readable for the user of the task, or give a kubeconfig"
    opened(GOOD)
    (folder / "token").write_bytes(b"t")
    opened({})
