# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of pods: ServiceAccount tokens, Secrets and scratch space; in memory if possible, and gone with the pod.

Everything here is readable by the owner alone; nothing of it is ever logged.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import net
from lab.agent.pods import Pod, Volume
from lab.api import Api
from lab.layout import Cluster, Lab

_LOG = logging.getLogger(__name__)
_TOKEN_LIFE_S = 3600
_RENEW_AFTER_S = 0.8 * _TOKEN_LIFE_S
ACCOUNT_PATH = "/run/secrets/kubernetes.io/serviceaccount"
"""Where programs in a cluster look for their token."""


class MissingSecretError(Exception):
    """A Secret that a pod mounts does not exist yet."""


def prepare(lab: Lab) -> None:
    """The folder of all pods is there, empty, in memory if possible."""
    release(lab)
    folder(lab).mkdir(parents=True, mode=0o700)
    if not lab.rootless and _mount_memory(folder(lab)):
        return
    _LOG.info("the folders of pods are on disk, not in memory: %s", folder(lab))


def _mount_memory(path: Path) -> bool:
    command = [net.tool("mount"), "-t", "tmpfs", "-o", "mode=0700,size=64m", "lab-pods", str(path)]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


def release(lab: Lab) -> None:
    """The folder of all pods is gone, with what was in it."""
    if folder(lab).is_mount():
        subprocess.run([net.tool("umount"), "--lazy", str(folder(lab))], capture_output=True, check=False, timeout=30)
    shutil.rmtree(folder(lab), ignore_errors=True)


def folder(lab: Lab) -> Path:
    return lab.run / "pods"


@dataclass(slots=True)
class PodFolder:
    """What one pod finds mounted."""

    cluster: Cluster
    pod: Pod
    path: Path
    renew_at: float = 0.0
    """Monotonic time when the token wants renewal."""

    @property
    def account(self) -> Path:
        return self.path / "serviceaccount"

    def source(self, volume: Volume) -> Path:
        """The folder behind a volume."""
        return self.path / "volumes" / volume.name

    def root(self, container: str) -> Path:
        """Where a container's root file system is put together."""
        root = self.path / "roots" / container
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return root

    def fill(self, api: Api, volumes: Iterable[Volume]) -> None:
        """Token and volumes are in place. Raises MissingSecretError, or ApiError when the account is not there yet."""
        for volume in volumes:
            self.source(volume).mkdir(parents=True, exist_ok=True, mode=0o700)
            if volume.secret:
                self._fill_secret(api, volume)
        self.renew_token(api)

    def renew_token(self, api: Api) -> None:
        """A fresh token, bound to the pod; programs read it again by themselves."""
        key = self.pod.key
        path = f"/api/v1/namespaces/{key.namespace}/serviceaccounts/{self.pod.service_account}/token"
        bound = {"apiVersion": "v1", "kind": "Pod", "name": key.name, "uid": key.uid}
        spec = {"audiences": None, "expirationSeconds": _TOKEN_LIFE_S, "boundObjectRef": bound}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        token = api.request("POST", path, body)["status"]["token"]
        self.account.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self.account / "token", token.encode())
        _write(self.account / "namespace", key.namespace.encode())
        _write(self.account / "ca.crt", (self.cluster.pki / "ca.crt").read_bytes())
        self.renew_at = time.monotonic() + _RENEW_AFTER_S

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _fill_secret(self, api: Api, volume: Volume) -> None:
        secret = api.get("v1", "Secret", volume.secret, self.pod.key.namespace)
        if secret is None:
            raise MissingSecretError(f"Secret {volume.secret} is not there yet")
        for name, value in (secret.get("data") or {}).items():
            _write(self.source(volume) / name, base64.b64decode(value))


def _write(path: Path, content: bytes) -> None:
    """Replaces a file in one step, so that a reader never sees half of it."""
    fresh = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.rename(path)
