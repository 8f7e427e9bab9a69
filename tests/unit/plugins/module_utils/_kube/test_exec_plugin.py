# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exec plugins: run as kubectl runs them, bounded, and their complaints told without a secret."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError, FailureName
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube import exec_plugin
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._kube.clock import Clock
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.limits import DEFAULT
from ansible_collections.liqo.fabric.plugins.module_utils._kube.session import Session, open_session
from ansible_collections.liqo.fabric.plugins.module_utils._kube.stop import STOP

from tests.unit.certificates import certificates, in_base64
from tests.unit.plugins.module_utils._kube.test_programs import wait_until_gone
from tests.unit.recording_server import recording

PEM = certificates()
SECRET = "s3cret-4711"
V1 = "client.authentication.k8s.io/v1"
NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)


class Login:
    """A kubeconfig whose user has a plugin, a script beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster: dict[str, object] = {"server": "https://h:6443"}
        self.plugin: dict[str, object] = {"apiVersion": V1, "command": "./login", "interactiveMode": "Never"}

    def script(self, text: str) -> None:
        path = self.folder / "login"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{text}")
        path.chmod(0o700)

    def answers(self, version: str = V1, /, **status: object) -> None:
        answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
        self.script(f"print(json.dumps({answer!r}))")

    @property
    def options(self) -> dict[str, object]:
        config = {
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": {"exec": self.plugin}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path = self.folder / "config"
        path.write_text(json.dumps(config))
        return {"kubeconfig": str(path)}

    def open(self) -> Session:
        return open_session(resolve(self.options, {}), cluster="leaf-a", pool_size=1)

    def refusal(self, fault: FailureName = FailureName.PLUGIN_FAILED) -> FabricError:
        with pytest.raises(FabricError) as caught:
            self.open()
        assert caught.value.where.startswith("leaf-a")
        assert caught.value.fault is fault
        assert SECRET not in str(caught.value)
        return caught.value


@pytest.fixture
def login(tmp_path: Path) -> Login:
    return Login(tmp_path)


@pytest.mark.parametrize("version", [V1, f"{V1}beta1"])
def test_a_token_is_sent(login: Login, version: str) -> None:
    login.plugin["apiVersion"] = version
    login.answers(version, token="t\n", expirationTimestamp="2100-01-01T00:00:00Z")
    session = login.open()
    assert session.headers["Authorization"] == "Bearer t"
    assert session.expires is not None and session.expires.year == 2100


def test_version_v1beta1_needs_no_interactive_mode_and_v1_does(login: Login) -> None:
    del login.plugin["interactiveMode"]
    login.answers(f"{V1}beta1", token="t")
    assert "interactiveMode of exec of the user 'u'" in login.refusal(FailureName.NO_CREDENTIALS).why
    login.plugin["apiVersion"] = f"{V1}beta1"
    assert login.open().headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    "printed",
    [
        f"apiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: t\n  expirationTimestamp: 2100-01-01T00:00:00Z\n",
        f"# renewed\n---\napiVersion: {V1}\nstatus: {{token: t, expirationTimestamp: null}}\n",
        json.dumps({"apiVersion": V1, "status": {"token": "t"}}),
        json.dumps({"apiVersion": V1, "kind": "", "status": {"token": "t", "expirationTimestamp": None}}),
    ],
)
def test_an_answer_may_be_yaml_or_leave_out_its_kind(login: Login, printed: str) -> None:
    """As for kubectl."""
    login.script(f"print({printed!r})")
    assert login.open().headers["Authorization"] == "Bearer t"


def told(login: Login, *names: str) -> Any:
    """What the plugin finds in its environment: it comes back as the token."""
    login.script(
        f"found = [os.environ.get(name) for name in {names!r}] + sys.argv[1:] + [os.getcwd()]\n"
        "token = json.dumps(found).encode().hex()\n"
        f"print(json.dumps({{'apiVersion': {V1!r}, 'kind': 'ExecCredential', 'status': {{'token': token}}}}))"
    )
    return json.loads(bytes.fromhex(login.open().headers["Authorization"].removeprefix("Bearer ")))


def test_it_gets_its_arguments_and_variables_beside_ours(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "ours")
    monkeypatch.setenv("BOTH", "ours")
    login.plugin |= {"args": ["get-token", "*", "; exit 1"], "env": [{"name": "BOTH", "value": "its own"}]}
    assert told(login, "OURS", "BOTH") == ["ours", "its own", "get-token", "*", "; exit 1", str(Path.cwd())]


def test_it_is_told_that_nobody_can_answer(login: Login) -> None:
    info = json.loads(told(login, "KUBERNETES_EXEC_INFO")[0])
    assert info == {"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": False}}


def test_it_is_told_about_the_cluster_when_it_wants_to_know(login: Login) -> None:
    login.plugin["provideClusterInfo"] = True
    (login.folder / "ca.pem").write_bytes(PEM.ca)
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    login.cluster |= {
        "certificate-authority": "ca.pem",
        "tls-server-name": "api.example",
        "proxy-url": "http://proxy:3128",
        "extensions": [{"name": "other", "extension": 1}, extension],
    }
    info = json.loads(told(login, "KUBERNETES_EXEC_INFO")[0])
    assert info["spec"]["cluster"] == {
        "server": "https://h:6443",
        "tls-server-name": "api.example",
        "certificate-authority-data": in_base64(PEM.ca),
        "proxy-url": "http://proxy:3128",
        "config": {"audience": "x"},
    }


def test_a_command_with_a_slash_is_beside_the_kubeconfig_and_any_other_in_path(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    login.answers(token="t")
    for command in ("./login", str(login.folder / "login"), f"../{login.folder.name}/login"):
        login.plugin["command"] = command
        assert login.open()
    login.plugin["command"] = "login"
    monkeypatch.setenv("PATH", "/nowhere")
    assert "no folder in PATH" in login.refusal(FailureName.PLUGIN_MISSING).why
    monkeypatch.setenv("PATH", str(login.folder))
    assert login.open()


def test_a_certificate_opens_the_connection_of_32_clusters_at_once(login: Login, tmp_path: Path) -> None:
    login.answers(clientCertificateData=PEM.client.certificate.decode(), clientKeyData=PEM.client.key.decode())
    with recording(tls=PEM.server_context(tmp_path)) as server:
        login.cluster = {"server": server.url, "certificate-authority-data": in_base64(PEM.ca)}
        options = login.options

        def read(number: int) -> int:
            return len(connect(f"leaf-{number}", options).list(NAMESPACE).items)

        with ThreadPoolExecutor(32) as threads:
            assert list(threads.map(read, range(32))) == [0] * 32
        assert len(server.seen) == 32


def test_what_has_expired_is_asked_for_again_before_the_next_request(login: Login) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    clock = Clock(now=lambda: now[0])
    with recording() as server:
        login.cluster = {"server": server.url}
        login.answers(token="first", expirationTimestamp="2026-01-01T00:10:00Z")
        api = connect("leaf-a", login.options, clock=clock)
        login.answers(token="second", expirationTimestamp="2020-01-01T00:00:00Z")
        sent = []
        for minutes in (0, 9, 11, 20):
            now[0] = datetime(2026, 1, 1, 0, minutes, tzinfo=UTC)
            api.list(NAMESPACE)
            sent += server.header("Authorization")
            if minutes == 11:
                # What had expired when it came is taken as it is: clocks differ.
                login.answers(token="third")
        assert sent == ["Bearer first", "Bearer first", "Bearer second", "Bearer second"]


class TestRefused:
    """Before anything runs."""

    @pytest.mark.parametrize(
        ("plugin", "why"),
        [
            ({"interactiveMode": "Always"}, "is Always, and in a task there is no one to answer ./login"),
            ({"interactiveMode": "Sometimes"}, "is not one of Never, IfAvailable and Always"),
            ({"apiVersion": f"{V1}alpha1"}, "apiVersion of exec of the user 'u'"),
            ({"apiVersion": None}, "apiVersion of exec of the user 'u'"),
            ({"command": ""}, "has no command"),
            ({"args": [5]}, "an entry in args of exec of the user 'u'"),
            ({"args": "get-token"}, "args of exec of the user 'u'"),
            ({"env": [{"value": SECRET}]}, "has no name"),
            ({"env": [{"name": "A", "value": 5}]}, "value of env of exec of the user 'u'"),
            ({"env": {"A": SECRET}}, "env of exec of the user 'u'"),
            ({"provideClusterInfo": "true"}, "provideClusterInfo of exec of the user 'u'"),
        ],
    )
    def test_what_kubectl_refuses_or_needs_a_person(self, login: Login, plugin: Mapping[str, object], why: str) -> None:
        login.script("open('ran', 'w')")
        login.plugin |= plugin
        is_always = plugin.get("interactiveMode") == "Always"
        fault = FailureName.PLUGIN_WAITS if is_always else FailureName.NO_CREDENTIALS
        assert why in login.refusal(fault).why
        assert not Path("ran").exists()

    def test_a_command_that_is_missing_is_told_with_the_hint_of_the_kubeconfig(self, login: Login) -> None:
        login.plugin |= {"command": "no-such-plugin", "installHint": "see\n\x1b[31mhttps://example.com " + "x" * 500}
        error = login.refusal(FailureName.PLUGIN_MISSING)
        assert (
            error.why
            == "no folder in PATH of the machine where the task runs has the credentials plugin no-such-plugin"
        )
        assert error.next.startswith("install it, says the kubeconfig: see https://example.com xxx")
        assert len(error.next) < 400

    def test_a_file_that_is_missing_or_no_program(self, login: Login) -> None:
        login.plugin["installHint"] = "get it from https://example.com"
        error = login.refusal(FailureName.PLUGIN_MISSING)
        assert f"{login.folder}/login, the credentials plugin, does not exist" in error.why
        assert error.next == "install it, says the kubeconfig: get it from https://example.com"
        (login.folder / "login").write_text("#!/no/such/interpreter\n")
        (login.folder / "login").chmod(0o700)
        assert "cannot be run: the program that its first line names is not there" in login.refusal().why
        (login.folder / "login").chmod(0o600)
        (login.folder / "login").write_text("hello")
        error = login.refusal()
        assert "cannot be run: Permission denied" in error.why
        assert error.next == "make it executable for the user of the task"
        login.plugin["args"] = ["a\x00b"]
        assert "holds a zero byte" in login.refusal().why


class TestFailed:
    """It ran, and there are no credentials."""

    def test_its_last_line_is_told(self, login: Login) -> None:
        login.script("print('first', file=sys.stderr); sys.exit('the session has ended,\x1b[0m log in\tagain\\n')")
        error = login.refusal()
        assert error.where == "leaf-a at https://h:6443"
        assert error.why == "./login gave no credentials, its exit status is 1: the session has ended, log in again"
        assert error.next == "run the credentials plugin of the context 'x' by hand, as the user of the task"

    @pytest.mark.parametrize(
        ("lines", "told"),
        [
            (["Error: session expired", "", "To log in again, run: aws sso login"], None),
            (
                ["warming up", "Error: session expired", "see https://login.example"],
                "expired; see https",
            ),
            (["Error: first", "Error: second"], "1: Error: second"),
            (["token has expired.", "usage: login [options]"], "token has expired; usage: login [options]"),
            (["warming up", "see https://login.example"], "1: see https://login.example"),
        ],
    )
    def test_the_error_before_its_last_line_is_told_too(self, login: Login, lines: list[str], told: str | None) -> None:
        login.script(f"sys.exit({chr(10).join(lines)!r})")
        assert (told or "1: Error: session expired; To log in again, run: aws sso login") in login.refusal().why

    def test_secrets_in_the_error_before_it_are_hidden(self, login: Login) -> None:
        login.plugin["args"] = ["--login", SECRET]
        login.script(f"sys.exit('Error: {SECRET} is not known\\nsee https://login.example')")
        assert "Error: *** is not known; see" in login.refusal().why

    def test_one_that_waits_for_a_person_is_ended_with_its_children_and_its_sentence_told(
        self, login: Login, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exec_plugin, "DEFAULT", replace(DEFAULT, plugin_s=1.0))
        sentence = "To sign in, use a web browser to open https://login.example/device?user_code=ABCD-EFGH"
        login.script(
            "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
            f"open({str(login.folder / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
            f"print({sentence!r}, file=sys.stderr, flush=True)\ntime.sleep(600)"
        )
        error = login.refusal(FailureName.PLUGIN_WAITS)
        assert error.why == f"./login gave no credentials within 1 s: {sentence}"
        for pid in (login.folder / "pids").read_text().split():
            wait_until_gone(int(pid))

    @pytest.mark.parametrize(
        ("script", "why"),
        [
            (f"print('hello {SECRET}')", "what it printed is neither JSON nor YAML"),
            ("print('[' * 100000)", "what it printed is neither JSON nor YAML"),
            ("print('- ' * 100000)", "what it printed is neither JSON nor YAML"),
            ("print('a: ]')", "what it printed is neither JSON nor YAML"),
            ('print(\'{"kind": "ExecCredential"}\\nWARNING: old\')', "what it printed is neither JSON nor YAML"),
            (
                "print(json.dumps({'kind': 'Other', 'apiVersion': 'v1', 'status': {}}))",
                "no ExecCredential with a status",
            ),
            ("print('kind: ExecCredential\\nstatus: {token: t}')", "the apiVersion of"),
            ("print('[]')", "no ExecCredential with a status"),
            ("print('{}')", "no ExecCredential with a status"),
            ("print(json.dumps({'kind': 'ExecCredential', 'apiVersion': 'v1', 'status': {}}))", "the apiVersion of"),
            ("print('x' * 2000000)", "printed more than 1048576 bytes"),
        ],
    )
    def test_what_it_prints_is_no_answer(self, login: Login, script: str, why: str) -> None:
        login.script(script)
        assert why in login.refusal().why

    @pytest.mark.parametrize(
        ("status", "why"),
        [
            ({}, "neither a token nor a certificate"),
            ({"token": ""}, "neither a token nor a certificate"),
            ({"token": 5}, "a field in the status that it printed is no text"),
            ({"token": [SECRET]}, "a field in the status that it printed is no text"),
            ({"clientCertificateData": SECRET}, "only one of clientCertificateData and clientKeyData"),
            ({"token": SECRET, "expirationTimestamp": "tomorrow"}, "is no time"),
            ({"token": SECRET, "expirationTimestamp": ""}, "is no time"),
            ({"token": SECRET, "expirationTimestamp": "2100-01-01T00:00:00"}, "has no time zone"),
            ({"token": SECRET, "expirationTimestamp": "2100-01-01"}, "has no time zone"),
        ],
    )
    def test_there_is_something_wrong_with_the_answer(self, login: Login, status: dict[str, object], why: str) -> None:
        login.answers(**status)
        assert why in login.refusal().why

    @pytest.mark.parametrize(
        ("status", "why"),
        [
            ({"clientCertificateData": SECRET, "clientKeyData": SECRET}, "cannot be read as PEM"),
            ({"token": f"{SECRET}\nX-Other: a"}, "would go into the header"),
        ],
    )
    def test_what_it_gives_cannot_be_used(self, login: Login, status: dict[str, object], why: str) -> None:
        login.answers(**status)
        assert why in login.refusal(FailureName.NO_CREDENTIALS).why

    @pytest.mark.parametrize(
        "said",
        [
            f"login with {SECRET} failed",
            f"https://me:{SECRET}@login.example is not there",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl is not valid",
            "the key 0123456789abcdef0123456789abcdef0123456789abcdef is not valid",
            "printed-and-said is not valid",
        ],
    )
    @pytest.mark.parametrize("place", ["env", "args", "ours"])
    def test_secrets_in_its_words_are_hidden(
        self, login: Login, said: str, place: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if place == "ours":
            monkeypatch.setenv("CLOUD_SECRET_ID", SECRET)
        else:
            login.plugin[place] = [{"name": "A", "value": SECRET}] if place == "env" else ["--login", SECRET]
        login.script(f"print('token: printed-and-said'); sys.exit({said!r})")
        error = login.refusal()
        assert "***" in error.why
        assert not any(word in error.why for word in ("eyJ", "0123456789abcdef", "printed-and-said"))


def test_many_that_wait_are_ended_together(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "DEFAULT", replace(DEFAULT, plugin_s=1.0))
    login.script("time.sleep(600)")
    options, before = login.options, threading.active_count()
    auth = resolve(options, {})

    def refused(number: int) -> str:
        with pytest.raises(FabricError) as caught:
            open_session(auth, cluster=f"leaf-{number}", pool_size=1)
        return caught.value.why

    started = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(refused, range(8))) == {"./login gave no credentials within 1 s"}
    assert time.monotonic() - started < 20
    assert threading.active_count() == before


def test_a_stop_ends_plugins_that_wait_and_none_begins_after_it(login: Login) -> None:
    login.script(f"open({str(login.folder / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    auth, problems = resolve(login.options, {}), []

    def open_it() -> None:
        try:
            open_session(auth, cluster="leaf-a", pool_size=1)
        except FabricError as problem:
            problems.append(problem.fault)

    thread = threading.Thread(target=open_it)
    thread.start()
    deadline = time.monotonic() + 20
    while not (login.folder / "pid").exists() or not (login.folder / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        STOP.set("a test")
        thread.join(10)
        open_it()
    finally:
        STOP.clear()
    assert problems == [FailureName.INTERRUPTED] * 2
    wait_until_gone(int((login.folder / "pid").read_text()))
