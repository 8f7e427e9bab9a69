# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the real programs from the Go modules under lab/go, once, into the cache.

A set of programs is one Go module. Its folder in the cache is named by everything that decides its content, so a
changed pin makes a new folder; it appears whole or not at all, and two labs that want it at the same time build it
once. Liqo's chart and CRDs are copied out of the Go module beside the programs: the lab runs without Go then.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.layout import KUBERNETES, LIQO_VERSIONS, WIREGUARD_GO

GO_MODULES = Path(__file__).parent / "go"
CHART = "chart"
"""Folder beside Liqo's programs."""
HELMRENDER = "helmrender"
_LIQO = "github.com/liqotech/liqo"
_KUBERNETES_VERSION = "k8s.io/component-base/version"
_REPORT_EVERY_S = 10.0
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"}

Say = Callable[[str], None]


class BuildError(RuntimeError):
    """The programs could not be built; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSet:
    """One Go module under lab/go and what comes out of it."""

    key: str
    """As in `Lab.binaries`."""
    module: str
    """Folder under lab/go."""
    link_flags: str = ""
    extra_packages: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Program's name by the name that Go gives it."""
    chart_from: str = ""
    """Go module whose `deployments/liqo` is copied; empty: none."""


def program_sets() -> dict[str, ProgramSet]:
    """Every set there is, by key."""
    kubernetes = pinned_version("kubernetes", "k8s.io/kubernetes")
    major, minor, _ = kubernetes.split(".")
    stamps = {"gitVersion": f"v{kubernetes}", "gitMajor": major, "gitMinor": minor}
    sets = [
        ProgramSet(
            key=KUBERNETES,
            module="kubernetes",
            link_flags=" ".join(f"-X {_KUBERNETES_VERSION}.{name}={value}" for name, value in stamps.items()),
            renamed={"server": "etcd"},
        ),
        ProgramSet(key=WIREGUARD_GO, module="wireguard-go", renamed={"wireguard": "wireguard-go"}),
    ]
    for liqo in LIQO_VERSIONS:
        sets.append(
            ProgramSet(
                key=liqo,
                module=f"liqo-{liqo}",
                link_flags=f"-X {_LIQO}/pkg/liqoctl/version.LiqoctlVersion=v{liqo}",
                extra_packages=(f"./{HELMRENDER}",) if liqo == LIQO_VERSIONS[0] else (),
                chart_from=_LIQO,
            )
        )
    return {s.key: s for s in sets}


def keys_for(liqo_versions: Sequence[str]) -> tuple[str, ...]:
    """The sets that a lab with these Liqo versions needs.

    The newest Liqo always, as its helmrender draws every chart.
    """
    versions = [v for v in LIQO_VERSIONS if v in liqo_versions or v == LIQO_VERSIONS[0]]
    old = [v for v in versions if v != LIQO_VERSIONS[0]]
    return (KUBERNETES, *versions, *([WIREGUARD_GO] if old else []))


def ensure(keys: Sequence[str], cache: Path, say: Say) -> dict[str, Path]:
    """Folder of programs by key, each complete; builds what is missing. Raises BuildError."""
    sets = program_sets()
    folders = {key: folder(sets[key], cache) for key in keys}
    missing = [key for key in keys if not folders[key].is_dir()]
    if missing:
        titles = ", ".join(map(_title, missing))
        say(f"programs to build: {titles} (once; about 10 minutes on 2 cores for Kubernetes and one Liqo)")
    for number, key in enumerate(missing, 1):
        with _locked(cache, key, say):
            if not folders[key].is_dir():
                _build(sets[key], folders[key], say, f"[{number}/{len(missing)}] {_title(key)}")
    return folders


def folder(programs: ProgramSet, cache: Path) -> Path:
    """Where the set is or will be: named by module and by a hash of pins, own sources and flags."""
    digest = hashlib.sha256(f"{programs}{_ENVIRONMENT}".encode())
    for path in sorted((GO_MODULES / programs.module).rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return cache / "programs" / f"{programs.module}-{digest.hexdigest()[:12]}"


def pinned_version(module: str, package: str) -> str:
    """Version without v of a required Go module in a go.mod under lab/go."""
    text = (GO_MODULES / module / "go.mod").read_text()
    found = re.search(rf"^\s*{re.escape(package)} v(\S+)", text, re.MULTILINE)
    if not found:
        raise BuildError(f"lab/go/{module}/go.mod does not require {package}")
    return found.group(1)


def tools(module: str) -> tuple[str, ...]:
    """Packages that a go.mod under lab/go declares as tools."""
    text = (GO_MODULES / module / "go.mod").read_text()
    block = re.search(r"^tool \((.*?)^\)", text, re.MULTILINE | re.DOTALL)
    if block:
        return tuple(block.group(1).split())
    return tuple(re.findall(r"^tool (\S+)", text, re.MULTILINE))


def _title(key: str) -> str:
    if key == KUBERNETES:
        return f"Kubernetes {pinned_version(KUBERNETES, 'k8s.io/kubernetes')}"
    return key if key == WIREGUARD_GO else f"Liqo {key}"


def _build(programs: ProgramSet, target: Path, say: Say, title: str) -> None:
    """The target folder appears, whole."""
    started = time.monotonic()
    directory = GO_MODULES / programs.module
    packages = [*tools(programs.module), *programs.extra_packages]
    _check_go(directory)
    say(f"{title}: fetching Go modules")
    _go(directory, ["mod", "download"])
    total = len(_go(directory, ["list", "-deps", *packages]).split())
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as temporary:
        out = Path(temporary) / "out"
        command = ["go", "build", "-v", "-p", str(os.cpu_count() or 1), "-trimpath"]
        command += ["-ldflags", f"-s -w {programs.link_flags}".strip(), "-o", f"{out}/", *packages]
        _watch_build(command, directory, total, say, title)
        for old, new in programs.renamed.items():
            (out / old).rename(out / new)
        if programs.chart_from:
            source = Path(_go(directory, ["list", "-m", "-f", "{{.Dir}}", programs.chart_from]).strip())
            # Files of the Go module cache are read-only; ours must be removable.
            shutil.copytree(source / "deployments" / "liqo", out / CHART, copy_function=shutil.copyfile)
            for path in [out / CHART, *(out / CHART).rglob("*")]:
                path.chmod(0o755 if path.is_dir() else 0o644)
        out.rename(target)
    size = sum(path.stat().st_size for path in target.iterdir() if path.is_file())
    say(f"{title}: built {len(packages)} programs, {size / 1e6:.0f} MB, in {time.monotonic() - started:.0f} s")


def _watch_build(command: list[str], directory: Path, total: int, say: Say, title: str) -> None:
    """Runs `go build -v`, which names each package as it compiles it, and says now and then how far it is."""
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=directory, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as build:
        finished = threading.Event()

        def report() -> None:
            while not finished.wait(_REPORT_EVERY_S):
                say(f"{title}: {len(lines)} packages compiled of at most {total}, {time.monotonic() - started:.0f} s")

        reporter = threading.Thread(target=report, daemon=True)
        reporter.start()
        try:
            lines.extend(build.stderr or ())
        except BaseException:
            build.terminate()
            raise
        finally:
            finished.set()
            reporter.join()
    if build.returncode:
        raise BuildError(f"{title}: go build failed: {' '.join(line.strip() for line in lines[-5:])[-800:]}")


def _check_go(directory: Path) -> None:
    """Raises BuildError when no Go that can build the module is installed."""
    if shutil.which("go") is None:
        raise BuildError(
            "the lab's programs are built with Go, and there is no `go` on the PATH: install Go 1.26 or newer"
        )
    _go(directory, ["list", "-m"])


def _go(directory: Path, arguments: list[str]) -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=directory, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(
            f"`go {' '.join(arguments[:3])}` failed in lab/go/{directory.name}: {done.stderr.strip()[-600:]}"
        )
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, **_ENVIRONMENT}


@contextlib.contextmanager
def _locked(cache: Path, key: str, say: Say) -> Iterator[None]:
    """Nobody else builds this set meanwhile."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (cache / f".{key}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{_title(key)}: being built by another lab, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
