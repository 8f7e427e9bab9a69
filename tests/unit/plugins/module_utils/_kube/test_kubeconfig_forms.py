# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs as tools and people write them. Each was given to kubectl 1.36 too: what it takes is taken, what it
refuses is refused, and so are fields that seem misspelled.

docs/kubeconfigs.md lists them by the names that they have here.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.errors import FabricError
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect
from cryptography.hazmat.primitives import serialization

from tests.unit.certificates import certificates, in_base64
from tests.unit.recording_server import Recorder, recording

PEM = certificates()
NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
LINES = "\n".join(textwrap.wrap(in_base64(PEM.ca), 64))
SECRET = "s3cret-4711"


def kubeconfig(
    user: str = f"token: {SECRET}",
    *,
    cluster: str = "certificate-authority-data: $ca",
    server: str = "$server",
    name: str = "x",
    context: str = "cluster: c, user: u",
    more: str = "",
) -> str:
    """A good one, unless an argument says otherwise; `$` stands before what is known when the test runs."""
    return f"""apiVersion: v1
kind: Config
current-context: {name}
contexts:
- name: {name}
  context: {{{context}}}
clusters:
- name: c
  cluster:
    server: {server}
{textwrap.indent(cluster, "    ")}
users:
- name: u
  user:
{textwrap.indent(user, "    ")}
{more}
"""


def _merging(user: str) -> str:
    """One in which the user is put together from parts of other users."""
    more = "more: [&a {token: first}, &b {token: second}]"
    return f"{more}\n{kubeconfig(user)}"


def plugin(command: str, *arguments: str, version: str = "v1", more: str = "interactiveMode: IfAvailable") -> str:
    words = "".join(f"\n  - {argument}" for argument in arguments)
    return (
        f"exec:\n  apiVersion: client.authentication.k8s.io/{version}\n  command: {command}\n  {more}\n  args:{words}"
    )


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A kubeconfig that works."""

    text: str = field(default_factory=kubeconfig)
    sends: str | None = f"Bearer {SECRET}"
    """In the header Authorization."""
    path: str = ""
    """Before that of the API."""
    shows_certificate: bool = False
    file: Callable[[str], bytes] = str.encode
    """From the text to the file."""


def _json(text: str, **form: object) -> str:
    return json.dumps(yaml.safe_load(text), **form)  # type: ignore[arg-type]


def _certificate(certificate: bytes, key: bytes) -> str:
    return f"client-certificate-data: {in_base64(certificate)}\nclient-key-data: {in_base64(key)}"


CERTIFICATE = _certificate(PEM.client.certificate, PEM.client.key)
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

TAKEN: Mapping[str, Taken] = {
    # Of tools.
    "eks": Taken(
        text=kubeconfig(
            plugin("aws", "--region", "eu-central-1", "eks", "get-token", "--cluster-name", "leaf", version="v1beta1")
            + "\n  env:\n  - name: AWS_PROFILE\n    value: prod"
        ),
        sends="Bearer aws --region eu-central-1 eks get-token --cluster-name leaf as prod",
    ),
    "gke": Taken(
        text=kubeconfig(
            plugin("gke-gcloud-auth-plugin", version="v1beta1", more="provideClusterInfo: true").replace("args:", "")
        ),
        sends="Bearer gke-gcloud-auth-plugin for $server",
    ),
    "aks": Taken(
        text=kubeconfig(
            plugin("kubelogin", "get-token", "--login", "azurecli", "--server-id", "6dae42f8", version="v1beta1")
            + "\n  env: null"
        ),
        sends="Bearer kubelogin get-token --login azurecli --server-id 6dae42f8",
    ),
    "oidc": Taken(
        text=kubeconfig(plugin("kubectl", "oidc-login", "get-token", "--oidc-issuer-url=https://dex.example")),
        sends="Bearer kubectl oidc-login get-token --oidc-issuer-url=https://dex.example",
    ),
    "teleport": Taken(
        text=kubeconfig(
            plugin("$folder/bin/tsh", "kube", "credentials", "--kube-cluster=leaf", version="v1beta1"),
            cluster="certificate-authority-data: $ca\ntls-server-name: api.example",
            name="tele-leaf.example-leaf",
        ),
        sends="Bearer tsh kube credentials --kube-cluster=leaf",
    ),
    "rancher": Taken(text=kubeconfig(server="$server/k8s/clusters/c-m-xyz12"), path="/k8s/clusters/c-m-xyz12"),
    "k3s": Taken(text=kubeconfig(CERTIFICATE, name="default"), sends=None, shows_certificate=True),
    "openshift": Taken(
        text=kubeconfig(
            f"token: sha256~{SECRET}",
            name="default/api-leaf-example-com:6443/kube:admin",
            context="cluster: c, user: u",
        )
        .replace(" u\n", " kube:admin/api-leaf-example-com:6443\n")
        .replace("user: u}", 'user: "kube:admin/api-leaf-example-com:6443"}'),
        sends=f"Bearer sha256~{SECRET}",
    ),
    "minikube": Taken(
        text=kubeconfig(
            "client-certificate: $folder/client.crt\nclient-key: $folder/client.key",
            cluster="certificate-authority: $folder/ca.crt\n"
            "extensions:\n- name: cluster_info\n  extension: {provider: minikube.sigs.k8s.io, version: v1.36.0}",
        ),
        sends=None,
        shows_certificate=True,
    ),
    "relative paths": Taken(
        text=kubeconfig(
            "client-certificate: ./client.crt\nclient-key: client.key", cluster="certificate-authority: ca.crt"
        ),
        sends=None,
        shows_certificate=True,
    ),
    "token file": Taken(text=kubeconfig("tokenFile: token")),
    "token file that is empty, beside a token": Taken(text=kubeconfig(f"token: {SECRET}\ntokenFile: empty")),
    "token file that is missing, beside a token": Taken(text=kubeconfig(f"tokenFile: nowhere\ntoken: {SECRET}")),
    # The file.
    "json": Taken(file=lambda text: _json(text).encode()),
    "json with tabs": Taken(file=lambda text: _json(text, indent="\t").encode()),
    "byte order mark": Taken(file=lambda text: text.encode("utf-8-sig")),
    "utf-16": Taken(file=lambda text: text.encode("utf-16")),
    "lines of windows": Taken(file=lambda text: text.replace("\n", "\r\n").encode()),
    "tab before a value": Taken(text=kubeconfig(f"token:\t{SECRET}")),
    "several documents": Taken(text=kubeconfig(more="---\nkind: Secret\n---\nbroken: [\n")),
    "directive": Taken(text="%YAML 1.1\n---\n" + kubeconfig()),
    "duplicate keys": Taken(text=kubeconfig(f"token: first\ntoken: {SECRET}")),
    "anchors": Taken(
        text=kubeconfig("<<: *login", more="- name: other\n  user: *login\nlogin: &other {}").replace(
            "apiVersion: v1\n", f"apiVersion: v1\nmore: &login {{token: {SECRET}}}\n"
        )
    ),
    "merge keys before a value": Taken(text=_merging("<<: *a\ntoken: own"), sends="Bearer own"),
    "merge keys behind a value": Taken(text=_merging("token: own\n<<: *a"), sends="Bearer first"),
    "several merge keys": Taken(text=_merging("<<: *a\n<<: *b"), sends="Bearer second"),
    "a list of merge keys": Taken(text=_merging("<<: [*a, *b]"), sends="Bearer first"),
    "merge keys in merge keys": Taken(text=_merging("token: own\n<<: {<<: *b, as-uid: ''}"), sends="Bearer second"),
    "a server behind merge keys": Taken(
        text=kubeconfig(server="https://127.0.0.1:1", cluster="certificate-authority-data: $ca\n<<: {server: $server}")
    ),
    "a context with merge keys": Taken(text=kubeconfig(context="cluster: c, user: nope, <<: {user: u}")),
    "binary": Taken(text=kubeconfig(f"token: !!binary {base64.b64encode(SECRET.encode()).decode()}")),
    "own tags": Taken(text=kubeconfig(f"token: !vault-like {SECRET}")),
    "number in quotes": Taken(text=kubeconfig("token: !!str 4711"), sends="Bearer 4711"),
    "without kind and version": Taken(text=kubeconfig().replace("apiVersion: v1\nkind: Config\n", "")),
    "null lists": Taken(
        text=kubeconfig(
            f"token: {SECRET}\nas-groups: null\nauth-provider: null\nexec: null",
            cluster="certificate-authority-data: $ca\nextensions: null\nproxy-url: ''",
            more="preferences: null\nextensions: null",
        )
    ),
    "null entries": Taken(text=kubeconfig(more="- null\n")),
    "preferences and extensions": Taken(
        text=kubeconfig(more="preferences: {colors: true}\nextensions: [{name: a, extension: {x: 1}}]")
    ),
    "unknown keys": Taken(
        text=kubeconfig(
            f"token: {SECRET}\nlast-login: 2026-01-01",
            cluster="certificate-authority-data: $ca\nregion: eu",
            more="generated-by: a tool",
        )
    ),
    "names like numbers, in quotes": Taken(text=kubeconfig(name="'123'")),
    "names like times": Taken(text=kubeconfig(name="12:30")),
    "names like dates": Taken(text=kubeconfig(name="2026-01-01")),
    "names with dots, colons and slashes": Taken(text=kubeconfig(name="arn:aws:eks:eu-central-1:1:cluster/a.b@c")),
    "namespace": Taken(text=kubeconfig(context="cluster: c, user: u, namespace: Not Valid")),
    # The server.
    "server with a slash at its end": Taken(text=kubeconfig(server="$server/")),
    "server with a path": Taken(text=kubeconfig(server="$server/a/b/"), path="/a/b"),
    "server in capitals": Taken(text=kubeconfig(server="HTTPS://$address")),
    "server with user and password": Taken(
        text=kubeconfig(server=f"https://me:{SECRET}@$address"),
        sends="Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode(),
    ),
    "without verification": Taken(text=kubeconfig(cluster="insecure-skip-tls-verify: yes")),
    "name in the certificate": Taken(
        text=kubeconfig(
            server="https://localhost:$port", cluster="certificate-authority-data: $ca\ntls-server-name: api.example"
        )
    ),
    # Certificates.
    "certificate data with line breaks": Taken(
        text=kubeconfig(cluster="certificate-authority-data: |\n" + textwrap.indent(LINES, "  "))
    ),
    "several authorities": Taken(
        text=kubeconfig(cluster=f"certificate-authority-data: {in_base64(PEM.server.certificate + BROKEN + PEM.ca)}")
    ),
    "text around certificates": Taken(
        text=kubeconfig(
            cluster=f"certificate-authority-data: {in_base64(b'# Beh' + bytes([0xF6]) + b'rde' + bytes([10]) + PEM.ca)}"
        )
    ),
    "key with parameters": Taken(
        text=kubeconfig(_certificate(PEM.client.certificate, EC_PARAMETERS + PEM.client.key)),
        sends=None,
        shows_certificate=True,
    ),
    "certificate with its chain": Taken(
        text=kubeconfig(
            _certificate(b"subject=x\n" + PEM.client.certificate + PEM.ca, PEM.client.key.replace(b"\n", b"\r\n"))
        ),
        sends=None,
        shows_certificate=True,
    ),
    "certificate and token": Taken(text=kubeconfig(f"{CERTIFICATE}\ntoken: {SECRET}"), shows_certificate=True),
    "certificate before a plugin": Taken(
        text=kubeconfig(f"{CERTIFICATE}\n{plugin('nowhere')}"), sends=None, shows_certificate=True
    ),
    "token before a plugin": Taken(text=kubeconfig(f"token: {SECRET}\n{plugin('nowhere')}")),
    "key without certificate, beside a token": Taken(text=kubeconfig(f"token: {SECRET}\nclient-key: nowhere")),
    "user name and password": Taken(
        text=kubeconfig(f"username: me\npassword: {SECRET}"),
        sends="Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode(),
    ),
}

SAY = """#!/bin/sh
name=$(basename "$0")
server=$(printf '%s' "$KUBERNETES_EXEC_INFO" | sed -n 's/.*"server": "\\([^"]*\\)".*/ for \\1/p')
version=$(printf '%s' "$KUBERNETES_EXEC_INFO" | sed 's/.*"apiVersion": "\\([^"]*\\)".*/\\1/')
token="$name${*:+ $*}${AWS_PROFILE:+ as $AWS_PROFILE}$server"
printf '{"apiVersion": "%s", "kind": "ExecCredential", "status": {"token": "%s"}}' "$version" "$token"
"""


@pytest.fixture(autouse=True)
def _programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins of the clouds that give their own command line as token, and files beside the kubeconfig."""
    for name in os.environ:
        if name.startswith(("K8S_AUTH_", "KUBE", "AWS_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    (tmp_path / "bin").mkdir()
    for name in ("aws", "gke-gcloud-auth-plugin", "kubelogin", "kubectl", "tsh"):
        (tmp_path / "bin" / name).write_text(SAY)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "ca.crt").write_bytes(PEM.ca)
    (tmp_path / "client.crt").write_bytes(PEM.client.certificate)
    (tmp_path / "client.key").write_bytes(PEM.client.key)
    (tmp_path / "token").write_text(f"{SECRET}\n")
    (tmp_path / "empty").write_text("\n")


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """Of a server that asks for a certificate and does without."""
    context = PEM.server_context(tmp_path)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[Recorder]:
    with recording(tls=tls) as found:
        yield found


def filled(text: str, server: Recorder, folder: Path) -> str:
    values = {"server": server.url, "address": server.address, "port": server.url.rpartition(":")[2]}
    return Template(text).substitute(values, ca=in_base64(PEM.ca), folder=str(folder))


@pytest.mark.parametrize("form", TAKEN)
def test_it_is_taken(form: str, tls: ssl.SSLContext, tmp_path: Path) -> None:
    case = TAKEN[form]
    if case.shows_certificate:
        tls.verify_mode = ssl.CERT_REQUIRED
    with recording(tls=tls) as server:
        file = tmp_path / "kubeconfig"
        file.write_bytes(case.file(filled(case.text, server, tmp_path)))
        connect("leaf-a", {"kubeconfig": str(file)}).list(NAMESPACE)
        assert server.last.headers["Authorization"] == (case.sends and filled(case.sends, server, tmp_path))
        assert server.last.target.startswith(f"{case.path}/api/v1/namespaces")


GIVEN = ("path", "several paths", "KUBECONFIG", "dictionary", "text", "json text", "text with a byte order mark")


@pytest.mark.parametrize("form", GIVEN)
def test_it_may_be_given_as(form: str, server: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = filled(kubeconfig(), server, tmp_path)
    file, empty = tmp_path / "kubeconfig", tmp_path / "empty"
    file.write_text(text)
    empty.write_text("")
    paths = os.pathsep.join(map(str, (tmp_path / "nowhere", empty, file)))
    forms: dict[str, dict[str, object]] = {
        "path": {"kubeconfig": str(file)},
        "several paths": {"kubeconfig": paths},
        "KUBECONFIG": {},
        "dictionary": {"kubeconfig": yaml.safe_load(text)},
        "text": {"kubeconfig": text},
        "json text": {"kubeconfig": _json(text)},
        "text with a byte order mark": {"kubeconfig": f"\ufeff{text}"},
    }
    if form == "KUBECONFIG":
        monkeypatch.setenv("KUBECONFIG", paths)
    connect("leaf-a", forms[form]).list(NAMESPACE)
    assert server.last.headers["Authorization"] == f"Bearer {SECRET}"


def locked(form: serialization.PrivateFormat) -> bytes:
    key = serialization.load_pem_private_key(PEM.client.key, None)
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"x"))


BOMB = "\n".join(
    f"{name}: &{name} [{', '.join([inner] * 10)}]"
    for name, inner in zip("abcdef", ["1", "*a", "*b", "*c", "*d", "*e"], strict=True)
)

REFUSED: Mapping[str, tuple[str, str]] = {
    "names like numbers": (kubeconfig(name="123"), "current-context of $file is a number, and a text belongs there"),
    "names like truth values": (kubeconfig(name="y"), "is true or false, and a text belongs there"),
    "names like fractions": (kubeconfig(name="1e3"), "is a number, and a text belongs there"),
    "a wrong type in another entry": (
        kubeconfig(more=f"- name: other\n  user: {{token: [{SECRET}]}}"),
        "token of the user 'other' in $file is a list, and a text belongs there",
    ),
    "a name without quotes in another entry": (
        kubeconfig(more="- name: 5\n  user: {}"),
        "name of users of $file is a number, and a text belongs there",
    ),
    "a name that is there twice in another place": (
        kubeconfig(more="- name: other\n  user: {}\n- name: other\n  user: {}"),
        "the user 'other' is there twice in $file",
    ),
    "damaged data in another entry": (
        kubeconfig(more=f"- name: other\n  user: {{client-key-data: '%{SECRET}'}}"),
        "client-key-data of the user 'other' in $file is not base64",
    ),
    "folded certificate data": (
        kubeconfig(cluster="certificate-authority-data: >-\n" + textwrap.indent(LINES, "  ")),
        "certificate-authority-data of the cluster 'c' in $file is not base64",
    ),
    "tabs as indentation": (kubeconfig().replace("    server", "\tserver"), "$file is not valid YAML at line 10"),
    "a part that holds itself": (kubeconfig(more="extensions: &e [{name: a, extension: *e}]"), "without end"),
    "parts that multiply": (kubeconfig(more=BOMB), "repeats parts of itself without end"),
    "a misspelled field": (
        kubeconfig(f"token: {SECRET}\nas-group: [dev]"),
        "the user 'u' in $file has a field that is spelled almost like as-groups. Next: write as-groups",
    ),
    "a field in other letters": (kubeconfig(f"Token: {SECRET}"), "has a field that is spelled almost like token"),
    "a home folder in a path": (
        kubeconfig(cluster="certificate-authority: ~/ca.crt"),
        "does not exist (certificate-authority of the cluster 'c' in $file). Next: write it without ~ or variables",
    ),
    "a variable in a path": (
        kubeconfig(cluster="certificate-authority: $$HOME/ca.crt"),
        "write it without ~ or variables",
    ),
    "address and path without scheme": (kubeconfig(server="$address/k8s"), "is not a URL like https://host:6443"),
    "a space behind the server": (kubeconfig(server="'$server '"), "is not a URL like https://host:6443"),
    "a space before the server": (kubeconfig(server="' $server'"), "is not a URL like https://host:6443"),
    "another protocol": (kubeconfig(server="ftp://$address"), "is not a URL like https://host:6443"),
    "no server": (kubeconfig(server="''"), "the cluster 'c' in $file has no server"),
    "no verification and an authority": (
        kubeconfig(cluster="insecure-skip-tls-verify: true\ncertificate-authority-data: $ca"),
        "contradict each other",
    ),
    "a truth value in quotes": (
        kubeconfig(cluster="insecure-skip-tls-verify: 'true'"),
        "is a text, and true or false belongs there. Next: write true or false without quotes",
    ),
    "an encrypted key": (
        kubeconfig(_certificate(PEM.client.certificate, locked(serialization.PrivateFormat.PKCS8))),
        "encrypted",
    ),
    "a key encrypted in the old way": (
        kubeconfig(_certificate(PEM.client.certificate, locked(serialization.PrivateFormat.TraditionalOpenSSL))),
        "encrypted",
    ),
    "a password without a user name": (kubeconfig(f"password: {SECRET}"), "a password without a username"),
    "a provider that is gone, beside a token": (
        kubeconfig(f"token: {SECRET}\nauth-provider: {{name: gcp}}"),
        "use the exec plugin gke-gcloud-auth-plugin in its place",
    ),
    "a plugin of an old version": (
        kubeconfig(plugin("aws", version="v1alpha1")),
        "is not one of client.authentication.k8s.io/v1 and client.authentication.k8s.io/v1beta1",
    ),
    "a proxy without scheme": (
        kubeconfig(cluster="certificate-authority-data: $ca\nproxy-url: proxy:3128"),
        "the address of the proxy is not a URL",
    ),
    "another kind": (kubeconfig().replace("kind: Config", "kind: Secret"), "no kubeconfig of the kind Config"),
    "an empty file": ("# nothing yet\n", "$file is no kubeconfig"),
    "a context that is not there": (
        kubeconfig().replace("current-context: x", "current-context: z"),
        "'z' is not in $file",
    ),
}


@pytest.mark.parametrize("form", REFUSED)
def test_it_is_refused(form: str, server: Recorder, tmp_path: Path) -> None:
    text, why = REFUSED[form]
    file = tmp_path / "kubeconfig"
    file.write_text(filled(text, server, tmp_path))
    with pytest.raises(FabricError) as caught:
        connect("leaf-a", {"kubeconfig": str(file)}).list(NAMESPACE)
    assert Template(why).safe_substitute(file=file) in str(caught.value)
    assert SECRET not in str(caught.value)
    assert server.seen == []


def test_a_server_without_scheme_is_http_and_gets_no_credentials() -> None:
    """Those of the kubeconfig would be readable on the way; a plugin does not even run."""
    text = kubeconfig(plugin("nowhere"), server="leaf.example:8080", cluster="insecure-skip-tls-verify: true")
    session = connect("leaf-a", {"kubeconfig": text})._exchange.session
    assert session.endpoint.url == "http://leaf.example:8080"
    assert "Authorization" not in session.headers


def test_certificate_files_are_read_again_when_they_are_refused(tls: ssl.SSLContext, tmp_path: Path) -> None:
    def answer(_request: object) -> tuple[int, object]:
        (tmp_path / "client.crt").write_text("half written")
        return 401, {"kind": "Status", "code": 401}

    text = kubeconfig(f"client-certificate: {tmp_path}/client.crt\nclient-key: {tmp_path}/client.key")
    with recording(answer, tls=tls) as server:
        cluster = connect("leaf-a", {"kubeconfig": filled(text, server, tmp_path)})
        with pytest.raises(FabricError, match="the client certificate"):
            cluster.list(NAMESPACE)
        assert len(server.seen) == 1


@pytest.mark.parametrize("server", ["https://[2001:db8::1]:6443", "https://[2001:db8::1]", "https://leaf.example"])
def test_addresses_of_ipv6_and_servers_without_port(server: str) -> None:
    text = kubeconfig(server=f"'{server}'", cluster="insecure-skip-tls-verify: true")
    assert connect("leaf-a", {"kubeconfig": text})._exchange.session.endpoint.url in (server, f"{server}:443")
