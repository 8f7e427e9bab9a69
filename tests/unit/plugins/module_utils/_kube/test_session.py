# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests go and as whom, for each combination of what can say so; and what goes into their headers."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import (
    ApiError,
    FabricError,
    FailureName,
    Forbidden,
)
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube import credentials
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import resolve
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from ansible_collections.liqo.fabric.plugins.module_utils._kube.session import Session, open_session

from tests.unit.certificates import certificates, in_base64
from tests.unit.recording_server import EMPTY_LIST, Recorder, recording

PEM = certificates()
SECRET = "s3cret-4711"
NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of a proxy, of Kubernetes or of K8S_AUTH, and an empty home."""
    for name in os.environ:
        if name.startswith(("K8S_AUTH_", "KUBE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path / "pod")


def opened(**options: object) -> Session:
    return open_session(resolve(options), cluster="leaf-a", pool_size=1)


def refusal(**options: object) -> FabricError:
    with pytest.raises(FabricError) as caught:
        opened(**options)
    assert caught.value.where.startswith("leaf-a")
    assert caught.value.fault is FailureName.NO_CREDENTIALS
    assert SECRET not in str(caught.value)
    return caught.value


def kubeconfig(user: Mapping[str, object], server: str = "https://h:6443", **cluster: object) -> dict[str, object]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


# --- where a request goes -------------------------------------------------------------------------------------------


def contexts(*names: str, current: str = "") -> dict[str, object]:
    """A server and a token for each."""
    return {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.file"}} for name in names],
        "users": [{"name": name, "user": {"token": f"of-{name}"}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "current-context": current or names[0],
    }


@dataclass(frozen=True, kw_only=True)
class Way:
    """What is given, and what comes of it."""

    options: Mapping[str, object] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    at_home: bool = False
    """~/.kube/config is there, with the contexts home and leaf."""
    in_pod: bool = False
    to: str = ""
    """Host of the request and its token, or why there is none."""


LEAF = "leaf.file of-leaf"
NO_FILE = "it has a context but no kubeconfig, and ~"
OWN, HOME, POD = "https://own", "home.file of-home", "10.0.0.1 of-pod"
BUNDLE = {"K8S_AUTH_KUBECONFIG": "bundle"}
"""Has the contexts bundle and leaf."""
AWX = {"K8S_AUTH_HOST": "https://awx", "K8S_AUTH_API_KEY": "of-awx"}
TOKEN = {"K8S_AUTH_API_KEY": "of-nobody"}
NOTHING_THERE = "it has neither kubeconfig nor host, this is no pod, and ~/.kube/config does not exist"
WAYS = {
    # Nothing is named.
    "nothing": Way(to=NOTHING_THERE),
    "home": Way(at_home=True, to=HOME),
    "pod": Way(in_pod=True, to=POD),
    "pod before home": Way(in_pod=True, at_home=True, to=POD),
    "KUBECONFIG": Way(environ={"KUBECONFIG": "bundle"}, at_home=True, to="bundle.file of-bundle"),
    "pod before KUBECONFIG": Way(environ={"KUBECONFIG": "bundle"}, in_pod=True, to=POD),
    "KUBECONFIG that is not there": Way(environ={"KUBECONFIG": "nowhere"}, at_home=True, to="nowhere does not exist"),
    "AWX": Way(environ=AWX, at_home=True, in_pod=True, to="awx of-awx"),
    "bundle": Way(environ=BUNDLE, at_home=True, in_pod=True, to="bundle.file of-bundle"),
    "context of the environment": Way(environ={"K8S_AUTH_CONTEXT": "leaf"}, at_home=True, in_pod=True, to=LEAF),
    "token of the environment": Way(environ=TOKEN, at_home=True, to="home.file of-nobody"),
    "host of the environment": Way(environ={"K8S_AUTH_HOST": "https://awx"}, at_home=True, in_pod=True, to="awx"),
    # The cluster names a kubeconfig.
    "own kubeconfig": Way(options={"kubeconfig": "own"}, at_home=True, in_pod=True, to="own.file of-own"),
    "own kubeconfig, AWX": Way(options={"kubeconfig": "own"}, environ=AWX, to="own.file of-own"),
    "own kubeconfig, bundle": Way(options={"kubeconfig": "own"}, environ=BUNDLE | TOKEN, to="own.file of-own"),
    "own kubeconfig, token": Way(options={"kubeconfig": "own"}, environ=TOKEN, to="own.file of-own"),
    "own kubeconfig and context": Way(options={"kubeconfig": "own", "context": "leaf"}, environ=AWX, to=LEAF),
    "own kubeconfig and context, another context": Way(
        options={"kubeconfig": "own", "context": "leaf"},
        environ={"K8S_AUTH_CONTEXT": "other", **TOKEN},
        to=LEAF,
    ),
    "own kubeconfig, context that it lacks": Way(
        options={"kubeconfig": "own", "context": "home"}, at_home=True, to="the context 'home' is not in"
    ),
    "own kubeconfig that is not there": Way(
        options={"kubeconfig": "nowhere"}, at_home=True, in_pod=True, to="nowhere does not exist"
    ),
    "own kubeconfig with another host": Way(options={"kubeconfig": "own", "host": OWN}, to="own of-own"),
    "own kubeconfig with another host and token": Way(
        options={"kubeconfig": "own", "host": OWN, "api_key": "mine"}, to="own mine"
    ),
    # Only a context.
    "own context": Way(options={"context": "leaf"}, at_home=True, in_pod=True, to=LEAF),
    "own context, no file": Way(options={"context": "leaf"}, in_pod=True, to=NO_FILE),
    "own context, AWX": Way(options={"context": "leaf"}, environ=AWX, at_home=True, to=LEAF),
    "own context, AWX, no file": Way(options={"context": "leaf"}, environ=AWX, to=NO_FILE),
    "own context, bundle": Way(options={"context": "leaf"}, environ=BUNDLE, at_home=True, to=LEAF),
    "own context, bundle with a token": Way(options={"context": "leaf"}, environ=BUNDLE | TOKEN, to=LEAF),
    "own context, bundle and AWX": Way(options={"context": "leaf"}, environ=BUNDLE | AWX, to=LEAF),
    "own context, another context with a token": Way(
        options={"context": "leaf"}, environ={"K8S_AUTH_CONTEXT": "home", **TOKEN}, at_home=True, to=LEAF
    ),
    "own context, token": Way(options={"context": "leaf"}, environ=TOKEN, at_home=True, to=LEAF),
    "own context with a token": Way(
        options={"context": "leaf", "api_key": "mine"}, environ=AWX, at_home=True, to="leaf.file mine"
    ),
    # A host.
    "own host": Way(options={"host": OWN}, at_home=True, in_pod=True, to="own"),
    "own host, token": Way(options={"host": OWN}, environ=TOKEN, at_home=True, to="own of-nobody"),
    "own host, AWX": Way(options={"host": OWN}, environ=AWX, to="own"),
    "own host, bundle": Way(options={"host": OWN}, environ=BUNDLE | TOKEN, at_home=True, to="own"),
    "own host, context": Way(
        options={"host": OWN}, environ={"K8S_AUTH_CONTEXT": "home", **TOKEN}, at_home=True, to="own"
    ),
    "own host with a token": Way(options={"host": OWN, "api_key": "mine"}, environ=AWX | BUNDLE, to="own mine"),
    "own host of a context": Way(options={"host": OWN, "context": "leaf"}, at_home=True, to="own of-leaf"),
    # Named, but with nothing.
    "empty kubeconfig": Way(options={"kubeconfig": ""}, at_home=True, in_pod=True, to="kubeconfig is given and empty"),
    "empty dictionary": Way(options={"kubeconfig": {}}, environ=AWX, at_home=True, to="kubeconfig is given and empty"),
    "blank kubeconfig": Way(options={"kubeconfig": " \n"}, environ=AWX, to="kubeconfig is given and empty"),
    "empty host": Way(options={"host": ""}, environ=AWX, at_home=True, in_pod=True, to="host is given and empty"),
    "empty context": Way(options={"context": ""}, at_home=True, to=HOME),
    "empty variables": Way(environ={"K8S_AUTH_HOST": "", "K8S_AUTH_KUBECONFIG": ""}, at_home=True, to=HOME),
    # Half of the credentials.
    "name without password": Way(
        options={"kubeconfig": "own", "username": "me"}, to="only one of username and password"
    ),
    "key without certificate": Way(
        options={"kubeconfig": "own", "client_key": "k"}, to="client_key is given without client_cert"
    ),
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kubeconfigs in the folder in which the process is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle").write_text(yaml.safe_dump(contexts("bundle", "leaf")))
    (tmp_path / "own").write_text(yaml.safe_dump(contexts("own", "leaf")))
    return tmp_path


@pytest.mark.parametrize("name", WAYS)
def test_where_a_request_goes_and_with_whose_token(name: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    way = WAYS[name]
    for variable, value in way.environ.items():
        monkeypatch.setenv(variable, value)
    if way.at_home:
        (files / "home/.kube").mkdir(parents=True)
        (files / "home/.kube/config").write_text(yaml.safe_dump(contexts("home", "leaf")))
    if way.in_pod:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
        (files / "pod").mkdir()
        (files / "pod/token").write_text("of-pod\n")
        (files / "pod/ca.crt").write_bytes(PEM.ca)
    try:
        session = opened(**way.options)
    except FabricError as problem:
        assert way.to in problem.why
    else:
        host = session.endpoint.url.removeprefix("https://").partition(":")[0]
        token = session.headers.get("Authorization", "").removeprefix("Bearer ")
        assert f"{host} {token}".strip() == way.to


# --- headers --------------------------------------------------------------------------------------------------------

ODD = {
    "line break": "a\nX-Other: b",
    "return": "a\rb",
    "zero": "a\x00",
    "latin": "ä",
    "beyond latin-1": "☃",
    "half": "\ud800",
}
PLACES = ["api_key", "impersonate_user", "impersonate_groups", "username", "basic_auth", "proxy_basic_auth"]
PLACES += ["user_agent", "as", "as-uid", "as-groups", "as-user-extra", "token"]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("option", PLACES)
def test_what_does_not_fit_into_a_header_is_refused_in_one_sentence_without_quoting_it(option: str, odd: str) -> None:
    value = SECRET + odd
    options: dict[str, object] = {"host": "https://h", "proxy": "http://proxy:1"}
    if option.startswith("as") or option == "token":
        lists = {"as-groups": [value], "as-user-extra": {"a": [value]}}
        user = {"as": "jane", "token": "t", option: lists.get(option, value)}
        options = {"kubeconfig": kubeconfig(user)}
    elif option in ("basic_auth", "proxy_basic_auth", "user_agent"):
        options["proxy_headers"] = {option: value}
    elif option == "impersonate_groups":
        options |= {"impersonate_user": "jane", option: ["dev", value]}
    else:
        options |= {option: value, "password": "pw"} if option == "username" else {option: value}
    if option in ("username", "basic_auth", "proxy_basic_auth") and odd != ODD["half"]:
        assert opened(**options)
        return
    error = refusal(**options)
    assert "header" in error.why or "is no text" in error.why


def test_basic_authentication_is_utf_8_as_for_kubectl() -> None:
    sent = opened(host="https://h", username="jürgen", password="☃").headers["Authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == "jürgen:☃"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Recorder]:
    with recording(tls=PEM.server_context(tmp_path)) as found:
        yield found


def ask(server: Recorder, user: Mapping[str, object], **options: object) -> Recorder:
    """One request with the certificate of the client and what the user has beside it."""
    config = PEM.kubeconfig(server.url)
    config["users"][0]["user"].update(user)  # type: ignore[index]
    connect("leaf-a", {"kubeconfig": config, **options}).list(NAMESPACE)
    return server


EXTRA = {"scopes": ["a", "b"], "acme.com/Team x": ["c"], "ü": ["d"]}


def test_as_whom_a_kubeconfig_acts_is_told_to_the_server(server: Recorder) -> None:
    ask(server, {"as": "jane", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": EXTRA})
    assert server.header("Impersonate-User") == ["jane"]
    assert server.header("Impersonate-Uid") == ["7"]
    assert server.header("Impersonate-Group") == ["dev", "ops"]
    assert server.header("Impersonate-Extra-scopes") == ["a", "b"]
    assert server.header("Impersonate-Extra-acme.com%2FTeam%20x") == ["c"]
    assert server.header("Impersonate-Extra-%C3%BC") == ["d"]


def test_options_to_act_as_somebody_win_over_the_kubeconfig(server: Recorder) -> None:
    user = {"as": "jane", "as-uid": "7", "as-groups": ["dev"], "as-user-extra": EXTRA}
    ask(server, user, impersonate_user="joe", impersonate_groups=["ops"])
    told = {name: value for name, value in server.last.headers.items() if name.startswith("Impersonate")}
    assert told == {"Impersonate-User": "joe", "Impersonate-Group": "ops"}


def test_a_token_in_the_options_still_acts_as_the_kubeconfig_says() -> None:
    headers = opened(kubeconfig=kubeconfig({"as": "jane", "token": "theirs"}), api_key="t").headers
    assert (headers["Authorization"], headers["Impersonate-User"]) == ("Bearer t", "jane")


@pytest.mark.parametrize("user", [{"as-groups": ["dev"]}, {"as-uid": "7"}, {"as-user-extra": {"a": ["b"]}}])
def test_groups_without_a_user_are_refused(user: Mapping[str, object]) -> None:
    assert "no user to act as" in refusal(kubeconfig=kubeconfig({"token": "t", **user})).why
    assert "no user to act as" in refusal(host="https://h", impersonate_groups=["dev"]).why


def test_a_token_file_is_read_again_when_its_token_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\n")

    def answer(request: object) -> tuple[int, object]:
        fresh = request.headers["Authorization"] == "Bearer new"  # type: ignore[attr-defined]
        (tmp_path / "token").write_text("new\n")
        return (200, EMPTY_LIST) if fresh else (401, {"kind": "Status", "code": 401})

    with recording(answer) as server:
        connect("leaf-a", {"kubeconfig": kubeconfig({"tokenFile": str(tmp_path / "token")}, server.url)}).list(
            NAMESPACE
        )
        assert [request.headers["Authorization"] for request in server.seen] == ["Bearer old", "Bearer new"]


def test_the_file_wins_over_the_token_beside_it_if_it_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("file")
    (tmp_path / "empty").write_text("\n")

    def sent(path: Path) -> str:
        return opened(kubeconfig=kubeconfig({"token": "beside", "tokenFile": str(path)})).headers["Authorization"]

    assert sent(tmp_path / "token") == "Bearer file"
    assert sent(tmp_path / "nowhere") == "Bearer beside"
    assert "does not exist" in refusal(kubeconfig=kubeconfig({"tokenFile": str(tmp_path / "nowhere")})).why
    assert "is empty" in refusal(kubeconfig=kubeconfig({"tokenFile": str(tmp_path / "empty")})).why


PLUGIN = {"command": "x", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"token": SECRET, "username": "me", "password": "pw"}, "both a token and a user name"),
        ({"client-certificate-data": "YQ=="}, "a client-certificate without a client-key"),
        (
            {"client-certificate-data": "YQ==", "client-key-data": "YQ==", "client-key": "x"},
            "both client-key and client-key-data",
        ),
        ({"exec": PLUGIN, "auth-provider": {"name": "oidc"}}, "both exec and auth-provider"),
        ({"token": "t", "exec": {}}, "has no command"),
        ({"auth-provider": {"name": "gcp", "config": {"access-token": SECRET}}}, "'gcp', and oidc is the only one"),
        ({"auth-provider": {"name": "azure"}}, "'azure', and oidc is the only one"),
        ({"auth-provider": {}}, "'', and oidc is the only one"),
    ],
)
def test_users_that_kubectl_refuses_are_refused(user: Mapping[str, object], why: str) -> None:
    assert why in refusal(kubeconfig=kubeconfig(user)).why


@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        ({"insecure-skip-tls-verify": True, "certificate-authority-data": in_base64(PEM.ca)}, "contradict each other"),
        ({"certificate-authority": "x", "certificate-authority-data": "YQ=="}, "both certificate-authority and"),
        ({"certificate-authority": "/nowhere/ca"}, "/nowhere/ca does not exist"),
        ({"certificate-authority-data": "YQ=="}, "the CA certificate cannot be read as PEM"),
        ({"proxy-url": "ftp://proxy"}, "the address of the proxy is not a URL"),
        ({"proxy-url": "proxy:3128"}, "the address of the proxy is not a URL"),
    ],
)
def test_clusters_that_kubectl_refuses_are_refused(cluster: Mapping[str, object], why: str) -> None:
    assert why in refusal(kubeconfig=kubeconfig({}, "https://h", **cluster)).why


FORBIDDEN = {"kind": "Status", "code": 403, "message": 'namespaces is forbidden: User "system:anonymous" cannot list'}
REFUSED = {"kind": "Status", "code": 401, "message": "Unauthorized"}


@pytest.mark.parametrize(
    ("options", "answer", "why"),
    [
        ({}, FORBIDDEN, "no credentials were sent to it"),
        ({}, REFUSED, "no credentials were sent to it"),
        ({"username": "me", "password": "pw"}, FORBIDDEN, "by user name and password, which Kubernetes has not taken"),
        ({"username": "me", "password": "pw"}, REFUSED, "by user name and password, which Kubernetes has not taken"),
        ({"api_key": "t"}, FORBIDDEN, "it does not know us by these credentials"),
    ],
)
def test_a_server_for_which_we_are_nobody_is_no_reason_to_grant_rights(
    options: dict[str, object], answer: dict[str, object], why: str
) -> None:
    def answered(_request: object) -> tuple[int, object]:
        return int(str(answer["code"])), answer

    with recording(answered) as server, pytest.raises(FabricError) as caught:
        connect("leaf-a", {"host": server.url, **options}).list(NAMESPACE)
    assert why in caught.value.why
    assert caught.value.fault is FailureName.NO_CREDENTIALS
    assert not isinstance(caught.value, Forbidden)
    assert "grant" not in caught.value.next


def test_a_user_of_a_kubeconfig_without_anything_is_nobody() -> None:
    with recording(lambda _request: (403, FORBIDDEN)) as server:
        config = kubeconfig({}, server.url)
        for document in (config, {**config, "contexts": [{"name": "x", "context": {"cluster": "c"}}]}):
            with pytest.raises(FabricError, match="no credentials were sent to it"):
                connect("leaf-a", {"kubeconfig": document}).list(NAMESPACE)


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_known_or_over_are_told_as_before(status: int) -> None:
    message = 'namespaces is forbidden: User "jane" cannot list'
    answer = {"kind": "Status", "code": status, "message": message}
    with recording(lambda _request: (status, answer)) as server, pytest.raises(ApiError) as caught:
        connect("leaf-a", {"host": server.url, "api_key": "t"}).list(NAMESPACE)
    assert caught.value.http_status == status


# --- the connection -------------------------------------------------------------------------------------------------


def test_key_and_certificate_in_the_kubeconfig_open_the_connection(server: Recorder) -> None:
    assert ask(server, {}).last.target.startswith("/api/v1/namespaces")


def test_options_that_say_who_we_are_take_the_place_of_the_user(server: Recorder, tmp_path: Path) -> None:
    """The key of the user in the kubeconfig would make the server see another one than the token says."""
    error = None
    try:
        ask(server, {}, api_key="t")
    except FabricError as problem:
        error = problem
    assert error is not None and server.seen == []


def test_the_name_in_the_certificate_may_be_another_than_that_of_the_server(server: Recorder) -> None:
    config = PEM.kubeconfig(server.url)
    cluster = config["clusters"][0]["cluster"]  # type: ignore[index]
    cluster["tls-server-name"] = "api.example"
    assert connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE).items == ()
    cluster["tls-server-name"] = "other.example"
    with pytest.raises(FabricError, match="Hostname mismatch"):
        connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE)


def test_verification_is_off_only_where_it_is_said(server: Recorder) -> None:
    config = PEM.kubeconfig(server.url)
    cluster = config["clusters"][0]["cluster"]  # type: ignore[index]
    del cluster["certificate-authority-data"]
    with pytest.raises(FabricError, match="is not accepted"):
        connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE)
    assert connect("leaf-a", {"kubeconfig": config, "validate_certs": False}).list(NAMESPACE).items == ()
    cluster["insecure-skip-tls-verify"] = True
    assert connect("leaf-a", {"kubeconfig": config}).list(NAMESPACE).items == ()
    with pytest.raises(FabricError, match="is not accepted"):
        connect("leaf-a", {"kubeconfig": config, "validate_certs": True}).list(NAMESPACE)


def test_credentials_in_the_url_of_a_server_are_used_unless_an_option_says_others() -> None:
    login = "https://me:pw%40@h:6443/path"
    session = opened(host=login)
    assert session.headers["Authorization"] == "Basic " + base64.b64encode(b"me:pw@").decode()
    assert session.endpoint.url == "https://h:6443/path"
    assert opened(host=login, api_key="t").headers["Authorization"] == "Bearer t"
    # As with kubectl.
    assert opened(kubeconfig=kubeconfig({"token": "t"}, login)).headers == session.headers


def test_nothing_of_the_credentials_shows_when_a_session_is_printed() -> None:
    session = opened(host=f"https://me:{SECRET}@h", proxy=f"http://me:{SECRET}@proxy:1")
    assert SECRET not in repr(session.endpoint)
    assert SECRET not in json.dumps(str(session.pool.connection_pool_kw))
