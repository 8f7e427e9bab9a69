# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options and kubeconfigs for tests that follow what is said of them, in a folder with some files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._kube import credentials, oidc
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._kube.session import Session, open_session
from cryptography.hazmat.primitives import serialization

from tests.unit.certificates import certificates, in_base64

PEM = certificates()
V1 = "client.authentication.k8s.io/v1"
TOKEN = {"token": "t"}
CA, KEY = in_base64(PEM.ca), in_base64(PEM.client.key)
CERTIFICATE = in_base64(PEM.client.certificate)
Options = Mapping[str, Any]


def config(
    user: Mapping[str, Any] | None = None, top: Mapping[str, Any] | None = None, fields: Mapping[str, Any] | None = None
) -> Options:
    """A kubeconfig as a dictionary."""
    return {
        "kubeconfig": {
            "clusters": [{"name": "c", "cluster": {"server": "https://h:6443", **(fields or {})}}],
            "users": [{"name": "u", "user": TOKEN if user is None else user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
            **(top or {}),
        }
    }


def cluster(**fields: Any) -> Options:
    """A kubeconfig with these fields of its cluster."""
    return config(None, None, fields)


def plugin(**changes: Any) -> Options:
    """A user with a plugin in the folder of the test."""
    command = {"apiVersion": V1, "command": "./login", "interactiveMode": "Never", **changes}
    return config({"exec": {name: value for name, value in command.items() if value is not None}})


GOOD = {"kubeconfig": "good"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which relative paths start, with some files; no variable says where a cluster is."""
    for name in os.environ:
        if name.startswith(("K8S_AUTH_", "KUBE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path / "no-pod")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    good = json.dumps(config()["kubeconfig"])
    contents: dict[str, bytes] = {
        "good": good.encode(),
        "utf-8": f'{good[:-1]}, "x": "ü"}}'.encode(),
        "latin": f'{good[:-1]}, "x": "ü"}}'.encode("latin-1"),
        "notes": b"my notes",
        "pod": b"kind: Pod\napiVersion: v1\n",
        "broken": good[:-1].encode(),
        "endless": b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + b"".join(
            f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n".encode()
            for old, new in zip("abcdefg", "bcdefgh", strict=True)
        ),
        "empty": b"",
        "token": b"t\n",
        "ca.pem": PEM.ca,
        "cert.pem": PEM.client.certificate,
        "key.pem": PEM.client.key,
        "locked.pem": _locked(PEM.client.key),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    script(tmp_path, f"print({json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': {'token': 't'}})!r})")
    oidc._renewed.clear()
    yield tmp_path


def script(folder: Path, text: str) -> None:
    """What the plugin does."""
    (folder / "login").write_text(f"#!{sys.executable}\nimport sys\n{text}\n")
    (folder / "login").chmod(0o700)


def opened(options: Options) -> Session:
    return open_session(resolve(dict(options)), cluster="leaf-a", pool_size=1)


def refusal(options: Options) -> str:
    with pytest.raises(FabricError) as refused:
        opened(options)
    return refused.value.next


def _locked(key: bytes) -> bytes:
    """The key with a passphrase."""
    opened_key = serialization.load_pem_private_key(key, password=None)
    passphrase = serialization.BestAvailableEncryption(b"secret")
    return opened_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, passphrase)
