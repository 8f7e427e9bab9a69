# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failures about files and Python packages of the control node advise, done."""

from __future__ import annotations

import importlib
import importlib.metadata
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.model import ClusterId, Keys
from ansible_collections.liqo.fabric.plugins.module_utils._kube.credentials import check_packages
from ansible_collections.liqo.fabric.plugins.module_utils._kube.proxies import Proxy, open_pool
from ansible_collections.liqo.fabric.plugins.module_utils._kube.unusable import UnusableError
from ansible_collections.liqo.fabric.plugins.module_utils._run.identity_files import IdentityFiles
from ansible_collections.liqo.fabric.plugins.module_utils._run.keypair import new_key_pair
from ansible_collections.liqo.fabric.plugins.module_utils._run.plan_file import approval
from ansible_collections.liqo.fabric.plugins.module_utils._run.query import parse_query
from ansible_collections.liqo.fabric.plugins.module_utils._run.reconcile import Limits, reconcile

from tests.unit import three_leaves
from tests.unit.build import link, shortcut
from tests.unit.next_steps.following import is_said
from tests.unit.planning import plan

INSTALL = 'install it where the task runs with "{} -m pip install {}"'
SOCKS = Proxy(url="socks5h://127.0.0.1:1", scheme="socks5h")


def refusal(call: Callable[[], object]) -> str:
    """The next step of the error with which a call ends."""
    try:
        call()
    except FabricError as refused:
        return refused.next
    except UnusableError as refused:
        return refused.next_step
    return pytest.fail("it is not refused")


# --- packages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "module", "call"),
    [
        (
            f"{INSTALL}, or point ansible_python_interpreter at an interpreter that has it",
            "urllib3",
            lambda: check_packages("leaf-a"),
        ),
        (f"{INSTALL}, or leave out query", "jmespath", lambda: parse_query("links")),
        (
            f"{INSTALL}, or leave keys at liqo",
            "cryptography.hazmat.primitives.asymmetric.x25519",
            lambda: new_key_pair(where="leaf-a"),
        ),
    ],
    ids=["urllib3", "jmespath", "cryptography"],
)
def test_the_command_installs_what_is_missing(
    step: str, module: str, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, module, None)
        said = refusal(call)
    assert is_said(step, said), said
    pip = shlex.split(said.split('"')[1])
    # Without traffic: pip says that nothing is left to be done where the package is.
    done = subprocess.run([*pip, "--dry-run", "--no-index"], capture_output=True, text=True, check=False)
    assert (done.returncode, "Would install" in done.stdout) == (0, False), done.stderr
    call()


@pytest.mark.filterwarnings("ignore:SOCKS support")
def test_a_socks_proxy_is_used_when_its_package_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_it() -> object:
        monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
        return open_pool(SOCKS, size=1, tls=None, proxy_tls=None, server_name="")

    monkeypatch.setitem(sys.modules, "socks", None)
    said = refusal(open_it)
    assert is_said(INSTALL, said), said
    assert shlex.split(said.split('"')[1])[-1] == "PySocks"
    # This machine may lack it, so something of its shape stands in.
    shape = ModuleType("socks")
    vars(shape).update(PROXY_TYPE_SOCKS4=1, PROXY_TYPE_SOCKS5=2)
    monkeypatch.setitem(sys.modules, "socks", shape)
    assert open_it() is not None


def test_a_package_that_is_too_old_is_replaced_by_the_same_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "1.26.20")
    said = refusal(lambda: check_packages("leaf-a"))
    assert shlex.split(said.split('"')[1])[-1] == "urllib3>=2.3"
    monkeypatch.undo()
    check_packages("leaf-a")


def test_keys_of_liqo_need_no_package_and_no_query_needs_none() -> None:
    """The other ways that those messages name."""
    a, b = link()
    assert plan(a, b, shortcut(keys=Keys.LIQO)).ops == ()


# --- saved plans ----------------------------------------------------------------------------------------------------


def go(file: Path | None, *, word: str | None = None, check_mode: bool = False, mtu: int = 1400) -> Any:
    """A run over three leaves of which one link has drifted."""
    world = three_leaves.drifted()
    world["leaf-c"].one("GatewayClient", "leaf-a", three_leaves.TO_A)["spec"]["mtu"] = mtu
    fabric = three_leaves.fabric_of()
    approve = approval(fabric, file=str(file) if file else None, word=word, check_mode=check_mode)
    apis = {ClusterId(name): api.as_api() for name, api in world.items()}
    limits = Limits(wait=False, wait_timeout_s=0.2)
    return reconcile(fabric, apis, limits=limits, check_mode=check_mode, approve=approve)


def outcomes(report: Any) -> set[str]:
    return {link.outcome for link in report.links}


def test_a_plan_is_saved_in_a_folder_that_exists(tmp_path: Path) -> None:
    said = refusal(lambda: go(tmp_path / "none/plan.json", check_mode=True))
    assert said == "give plan_file a path in a folder that exists and may be written"
    go(tmp_path / "plan.json", check_mode=True)
    assert outcomes(go(tmp_path / "plan.json")) == {"in_sync", "repaired"}


def test_a_plan_that_is_not_there_is_made_first(tmp_path: Path) -> None:
    said = refusal(lambda: go(tmp_path / "plan.json"))
    assert said == "make it first, with liqo.fabric.plan or the same task in check mode, and the same file"
    go(tmp_path / "plan.json", check_mode=True)
    assert outcomes(go(tmp_path / "plan.json")) == {"in_sync", "repaired"}


@pytest.mark.parametrize("content", ["", "{}", "[", '{"format": "1"}'])
def test_a_plan_that_is_none_is_made_anew_and_given_unchanged(content: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    step = "make a plan with liqo.fabric.plan, or with the same task in check mode, and give it unchanged"
    assert refusal(lambda: go(file)) == step
    assert refusal(lambda: go(None, word="e30")) == step
    word = go(file, check_mode=True).saved_plan
    assert outcomes(go(file)) == {"in_sync", "repaired"}
    assert outcomes(go(None, word=word)) == {"in_sync", "repaired"}


def test_a_plan_that_has_moved_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    go(file, check_mode=True, mtu=1300)
    assert refusal(lambda: go(file)) == "make a new plan in check mode, look at it, and apply that"
    go(file, check_mode=True)
    assert outcomes(go(file)) == {"in_sync", "repaired"}


# --- identities -----------------------------------------------------------------------------------------------------


def open_folder(at: Path) -> Path:
    at.mkdir()
    at.chmod(0o777)
    return at


def below_an_open_folder(at: Path) -> Path:
    (open_folder(at) / "ids").mkdir(mode=0o700)
    return at / "ids"


def a_file(at: Path) -> Path:
    at.touch()
    return at


@pytest.mark.parametrize("make", [open_folder, below_an_open_folder, a_file])
def test_a_new_folder_in_one_that_only_we_may_write_is_taken(make: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = make(tmp_path / "there")
    said = refusal(lambda: IdentityFiles(folder))
    assert said == "give identity_dir a folder that does not exist yet, in one that only you may write"
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    assert IdentityFiles(home / "ids").keep("leaf-a", "x").read_text() == "x"
