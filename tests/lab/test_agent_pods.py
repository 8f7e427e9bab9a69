# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.agent.pods import Role, Volume, is_stub, liqo_component, parse_pod, plan_containers, program_of, role_of
from tests.lab import agent_bodies as make


@pytest.mark.parametrize(
    ("image", "component"),
    [
        ("ghcr.io/liqotech/gateway:v1.2.0", "gateway"),
        ("ghcr.io/liqotech/gateway/wireguard:v1.0.1", "gateway/wireguard"),
        ("liqo/liqotech/virtual-kubelet-ci:abc", "virtual-kubelet"),
        ("ghcr.io/liqotech/fabric@sha256:00", "fabric"),
        ("liqotech/liqo-controller-manager", "liqo-controller-manager"),
        ("docker.io/library/nginx:1", None),
        ("example.org/notliqotech/gateway:v1", None),
    ],
)
def test_liqo_images_are_recognised_by_their_component(image: str, component: str | None) -> None:
    assert liqo_component(image) == component


def test_the_geneve_container_has_no_program() -> None:
    assert program_of(make.GENEVE_IMAGE) is None


def test_roles_follow_images_and_labels() -> None:
    virtual_kubelet = make.pod("vk", images=("ghcr.io/liqotech/virtual-kubelet:v1.2.0",))
    fabric = make.pod("fabric", images=("ghcr.io/liqotech/fabric:v1.2.0",))
    manager = make.pod("manager", images=("ghcr.io/liqotech/liqo-controller-manager:v1.2.0",))
    proxy = make.pod("proxy", images=("envoyproxy/envoy:v1",), labels={"app.kubernetes.io/part-of": "liqo"})
    roles = [role_of(body) for body in (make.gateway(), virtual_kubelet, fabric, manager, proxy, make.pod())]
    assert roles == [
        Role.GATEWAY,
        Role.VIRTUAL_KUBELET,
        Role.FABRIC,
        Role.CONTROL_PLANE,
        Role.CONTROL_PLANE,
        Role.DEMO,
    ]


def test_a_gateway_runs_gateway_and_wireguard_but_not_geneve() -> None:
    planned = plan_containers(parse_pod(make.gateway()), ip="198.19.16.6", liqo="1.2.0")
    assert [c.program for c in planned] == ["gateway", "wireguard"]


def test_arguments_get_the_values_of_the_containers_variables() -> None:
    body = make.gateway()
    body["spec"]["containers"][0] |= {
        "args": ["--pod-name=$(POD_NAME)", "--ip=$(POD_IP)", "--node=$(NODE_NAME)", "--x=$(UNKNOWN)", "--y=$(FIXED)"],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "FIXED", "value": "v"},
        ],
    }
    first = plan_containers(parse_pod(body), ip="198.19.16.6", liqo="1.2.0")[0]
    assert first.args == ("--pod-name=gw-leaf-b", "--ip=198.19.16.6", "--node=n1", "--x=$(UNKNOWN)", "--y=v")
    assert first.env == {"POD_NAME": "gw-leaf-b", "POD_IP": "198.19.16.6", "NODE_NAME": "n1", "FIXED": "v"}


@pytest.mark.parametrize(("liqo", "waits_for"), [("1.0.1", "wireguard"), ("1.1.2", "wireguard,geneve")])
def test_only_gateways_of_1_0_are_told_not_to_wait_for_geneve(liqo: str, waits_for: str) -> None:
    body = make.gateway()
    body["spec"]["containers"][0]["args"] = ["--concurrent-containers-names=wireguard,geneve"]
    first = plan_containers(parse_pod(body), ip="", liqo=liqo)[0]
    assert first.args == (f"--concurrent-containers-names={waits_for}",)


def test_secrets_and_scratch_folders_are_mounted_where_the_container_wants_them() -> None:
    body = make.gateway(
        volumes=[{"name": "keys", "secret": {"secretName": "gw-keys"}}, {"name": "ipc", "emptyDir": {}}]
    )
    mounts = [{"name": "keys", "mountPath": "/etc/wireguard/keys"}, {"name": "ipc", "mountPath": "/ipc"}]
    body["spec"]["containers"][1]["volumeMounts"] = mounts
    wireguard = plan_containers(parse_pod(body), ip="", liqo="1.0.1")[1]
    assert wireguard.volumes == (
        Volume(name="keys", path="/etc/wireguard/keys", secret="gw-keys"),
        Volume(name="ipc", path="/ipc"),
    )


def test_pods_of_liqos_control_plane_run_nothing_and_demo_pods_run_the_server() -> None:
    manager = make.pod("manager", images=("ghcr.io/liqotech/ipam:v1.2.0",))
    assert plan_containers(parse_pod(manager), ip="", liqo="1.2.0") == ()
    assert [c.program for c in plan_containers(parse_pod(make.pod()), ip="", liqo="1.2.0")] == [""]


def test_the_peer_is_read_from_the_arguments() -> None:
    virtual_kubelet = make.pod("vk", images=("ghcr.io/liqotech/virtual-kubelet:v1.2.0",))
    virtual_kubelet["spec"]["containers"][0]["args"] = ["--nodename=leaf-c", "--foreign-cluster-id=leaf-c"]
    assert [parse_pod(body).peer for body in (make.gateway(), virtual_kubelet, make.pod())] == ["leaf-b", "leaf-c", ""]


def test_without_root_gateways_demo_pods_and_webhook_are_stubs_but_the_controllers_are_not() -> None:
    bodies = [make.pod(name, images=(f"ghcr.io/liqotech/{name}:v1.2.0",)) for name in ("ipam", "webhook")]
    pods = [parse_pod(body) for body in (make.gateway(), make.pod(), *bodies)]
    assert [is_stub(pod, rootless=True) for pod in pods] == [True, True, False, True]
    assert not any(is_stub(pod, rootless=False) for pod in pods)
