# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finished lab's stored state, from which the next lab of the same kind starts: etcd's data and the PKI.

etcd is frozen while its files are copied: the copy is what a killed etcd leaves behind, from which it recovers by
design, and nothing has to be stopped. The key covers everything that the stored objects depend on, so a snapshot never
fits a lab of another kind.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lab import process
from lab.controlplane import ETCD
from lab.layout import Lab

_KEPT = ("etcd", "pki")
_MAX_AGE_S = 180 * 86400
"""Certificates are good for a year."""
_MAX_COUNT = 6


def key(lab: Lab) -> str:
    """Equal for labs whose stored objects would be alike: same clusters, options, programs and lab code."""
    anonymous = replace(
        lab,
        name="",
        slot=lab.slot if lab.rootless else 0,
        state=Path(),
        cache=Path(),
        delay_loadbalancer_s=0.0,
        clusters=tuple(replace(c, state=Path(), slot=c.slot if lab.rootless else 0) for c in lab.clusters),
    )
    digest = hashlib.sha256(anonymous.to_json().encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def find(lab: Lab) -> Path | None:
    """Folder of the snapshot for this lab, if there is a usable one."""
    folder = _root(lab) / key(lab)
    if not folder.is_dir() or time.time() - folder.stat().st_ctime > _MAX_AGE_S:
        return None
    return folder


def restore(lab: Lab, folder: Path) -> None:
    """The lab's state folder holds what the snapshot holds; nothing of the lab may run yet."""
    os.utime(folder)
    for name in _KEPT:
        shutil.rmtree(lab.state / name, ignore_errors=True)
        _copy(folder / name, lab.state / name)


def save(lab: Lab) -> Path:
    """A snapshot of the running lab is in the cache, whole; the oldest of many are removed."""
    root = _root(lab)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = root / key(lab)
    with tempfile.TemporaryDirectory(dir=root, prefix=".saving-") as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir(mode=0o700)
        with _frozen(lab, ETCD):
            _copy(lab.etcd, whole / "etcd")
        _copy(lab.state / "pki", whole / "pki")
        shutil.rmtree(target, ignore_errors=True)
        whole.rename(target)
    for old in sorted((d for d in root.iterdir() if d.is_dir()), key=lambda d: d.stat().st_mtime)[:-_MAX_COUNT]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def _root(lab: Lab) -> Path:
    return lab.cache / "snapshots"


@contextlib.contextmanager
def _frozen(lab: Lab, name: str) -> Iterator[None]:
    record = process.read(lab, name)
    if record is None or not process.is_running(record):
        raise process.ProcessError(f"{name} does not run, so there is nothing to keep")
    os.kill(record.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(record.pid, signal.SIGCONT)


def _copy(source: Path, target: Path) -> None:
    """A copy with the same modes; holes of etcd's preallocated files stay holes."""
    command = ["cp", "--archive", "--sparse=always", "--reflink=auto", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise OSError(f"cannot copy {source} to {target}: {done.stderr.strip()[-300:]}")
