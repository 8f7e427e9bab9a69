# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real kube-apiserver on one real etcd, on loopback, without root: started once for all tests of this folder."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import shutil
import ssl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3
from ansible_collections.liqo.fabric.plugins.module_utils._fabric.resources import Resource
from ansible_collections.liqo.fabric.plugins.module_utils._kube.client import Api
from ansible_collections.liqo.fabric.plugins.module_utils._kube.connection import connect

from lab import api as lab_api
from lab import binaries, controlplane, pki, places, process, slots
from lab.layout import KUBERNETES, Cluster, Lab
from tests.integration_api.faulty_proxy import Server, Upstream, faulty_server

NAMESPACE = Resource(group="", version="v1", plural="namespaces", kind="Namespace", namespaced=False)
CONFIGMAP = Resource(group="", version="v1", plural="configmaps", kind="ConfigMap", namespaced=True)
SECRET = Resource(group="", version="v1", plural="secrets", kind="Secret", namespaced=True)
OWNER = "pytest"
"""Name under which the test session is known beside its server's processes."""
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """What tests need to know of the real server."""

    lab: Lab = field(repr=False)
    cluster: Cluster = field(repr=False)

    @property
    def url(self) -> str:
        return self.cluster.loopback_url

    @property
    def address(self) -> str:
        return self.url.removeprefix("https://")

    @property
    def kubeconfig(self) -> Path:
        """Of an administrator."""
        return self.cluster.kubeconfig

    @property
    def ca(self) -> Path:
        return self.cluster.pki / "ca.crt"

    @property
    def credentials(self) -> dict[str, object]:
        """Connection options of an administrator that name files instead of a kubeconfig."""
        pki_folder = self.cluster.pki
        return {
            "host": self.url,
            "ca_cert": str(self.ca),
            "client_cert": str(pki_folder / "admin.crt"),
            "client_key": str(pki_folder / "admin.key"),
        }

    def pool(self) -> urllib3.PoolManager:
        """Connections that do not go through the code under test."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self.cluster.pki / "admin.crt", self.cluster.pki / "admin.key")
        return urllib3.PoolManager(ssl_context=context)

    def stop(self) -> None:
        """Its port refuses connections."""
        process.stop(self.lab, self.cluster.process(controlplane.APISERVER))

    def start(self) -> None:
        """It runs, but need not serve yet."""
        with _forgotten_processes():
            process.restart(self.lab, self.cluster.process(controlplane.APISERVER))

    def is_running(self) -> bool:
        return process.alive(self.lab, self.cluster.process(controlplane.APISERVER))

    def wait_ready(self) -> None:
        controlplane.wait_ready(self.lab, self.cluster, lab_api.Api(self.cluster.kubeconfig))

    def audit(self, user_agent: str) -> list[dict[str, object]]:
        """What the server wrote about the requests of that user agent, oldest first."""
        lines = self.cluster.audit_log.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry.get("userAgent") == user_agent]

    def token(self, admin: Api, *, namespace: str, account: str) -> str:
        """A new ServiceAccount's token, good for an hour."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        admin.request(method="POST", path=path, body={"metadata": {"name": account, "namespace": namespace}})
        answer = admin.request(method="POST", path=f"{path}/{account}/token", body={"spec": {}})
        status = answer.body["status"]
        assert isinstance(status, dict)
        return str(status["token"])

    def grant(self, admin: Api, *, namespace: str, account: str, verbs: list[str]) -> None:
        """These verbs on ConfigMaps of the namespace, and nothing else."""
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}
        metadata = {"name": account, "namespace": namespace}
        admin.request(method="POST", path=f"{path}/roles", body={"metadata": metadata, "rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
        binding = {"metadata": metadata, "subjects": [subject], "roleRef": role}
        admin.request(method="POST", path=f"{path}/rolebindings", body=binding)


def _remove_orphans(sessions: Path) -> None:
    """Servers whose pytest was killed before it could stop them are gone."""
    for state in sessions.glob("pytest-*/apiserver*"):
        lab = places.read(state)
        if lab is not None and not process.alive(lab, OWNER):
            process.kill_all(state)
            slots.release(state)


@contextlib.contextmanager
def _forgotten_processes() -> Iterator[None]:
    """The lab lets its processes go on purpose: those of its command line outlive the command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


@pytest.fixture(scope="session")
def apiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Ready; its programs are built when the cache has none, which takes minutes."""
    cache = places.cache_root()
    programs = binaries.folder(binaries.program_sets()[KUBERNETES], cache)
    if not programs.is_dir() and shutil.which("go") is None:
        pytest.skip(f"{programs} is not there and cannot be built: Go is not installed")
    folders = binaries.ensure((KUBERNETES,), cache, print)
    _remove_orphans(tmp_path_factory.getbasetemp().parent)
    state = tmp_path_factory.mktemp("apiserver")
    slot = slots.claim(state)
    cluster = Cluster(
        name="leaf-a",
        role="leaf",
        index=1,
        liqo="1.2.0",
        pod_cidr="10.42.0.0/16",
        slot=slot,
        state=state,
        rootless=True,
    )
    lab = Lab(
        name="apiserver", slot=slot, state=state, cache=cache, clusters=(cluster,), rootless=True, binaries=folders
    )
    try:
        places.save(lab)
        process.record_self(lab, OWNER)
        pki.make(cluster)
        pki.write_kubeconfigs(cluster)
        with _forgotten_processes():
            controlplane.start_etcd(lab)
            controlplane.start_apiserver(lab, cluster)
        server = ApiServer(lab=lab, cluster=cluster)
        server.wait_ready()
        yield server
    finally:
        process.kill_all(state)
        slots.release(state)


@pytest.fixture
def api(apiserver: ApiServer) -> Iterator[Api]:
    """Ours, as administrator."""
    with contextlib.closing(connect("leaf-a", {"kubeconfig": str(apiserver.kubeconfig)})) as connected:
        yield connected


@pytest.fixture
def namespace(api: Api) -> str:
    """A new one for each test; the server is thrown away with all of them."""
    name = f"test-{next(_numbers)}"
    api.create(NAMESPACE, {"metadata": {"name": name}})
    return name


@pytest.fixture
def stub() -> Iterator[Server]:
    """The misbehaving server, with nothing behind it."""
    with faulty_server() as server:
        yield server


@pytest.fixture
def proxy(apiserver: ApiServer) -> Iterator[Server]:
    """The misbehaving server before the real one."""
    pool = apiserver.pool()
    with faulty_server(Upstream(apiserver.url, pool)) as server:
        yield server
    pool.clear()


def configmap(namespace: str, name: str, *, labels: dict[str, str] | None = None, **data: str) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels or {}}, "data": data}


def secret(namespace: str, name: str, **data: str) -> dict[str, object]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": {"name": name, "namespace": namespace}, "data": encoded}
