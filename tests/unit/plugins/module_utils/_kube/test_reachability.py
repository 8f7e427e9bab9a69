# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom we talk to, and the sentences for when they do not answer."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.reachability import Cause, Endpoint, unreachable

LEAF = Endpoint.of(cluster="leaf-a", url="https://10.0.0.7:6443", proxy_url="http://proxy:3128")


@pytest.mark.parametrize(
    ("url", "address", "kept"),
    [
        ("https://10.0.0.7:6443", "10.0.0.7:6443", "https://10.0.0.7:6443"),
        ("https://api.example.org", "api.example.org:443", "https://api.example.org:443"),
        ("http://localhost:8001/", "localhost:8001", "http://localhost:8001"),
        ("https://[fd00::7]:6443", "[fd00::7]:6443", "https://[fd00::7]:6443"),
        ("https://rancher/k8s/clusters/c-1/", "rancher:443", "https://rancher:443/k8s/clusters/c-1"),
        ("https://user:pass@h:1", "h:1", "https://h:1"),
    ],
)
def test_an_endpoint_has_an_address_with_port_and_a_url_without_credentials(url: str, address: str, kept: str) -> None:
    endpoint = Endpoint.of(cluster="leaf-a", url=url)
    assert (endpoint.address, endpoint.url) == (address, kept)


def test_the_proxy_is_known_without_its_password() -> None:
    assert Endpoint.of(cluster="c", url="https://h", proxy_url="http://u:pw@proxy:3128").proxy == "proxy:3128"


@pytest.mark.parametrize("url", ["10.0.0.7:6443", "h", "", "https://", "ftp://h", "https://h:port"])
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|Port"):
        Endpoint.of(cluster="leaf-a", url=url)


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_sentence_with_cluster_url_and_port(cause: Cause) -> None:
    error = unreachable(cause, what="cannot list things", endpoint=LEAF, reason="because", elapsed_s=5.0)
    assert error.where == "leaf-a at https://10.0.0.7:6443"
    assert "10.0.0.7:6443/TCP" in error.why
    assert error.next
    assert "{" not in str(error)


def test_a_timeout_says_how_long_was_waited() -> None:
    error = unreachable(Cause.TIMED_OUT, what="w", endpoint=LEAF, elapsed_s=5.003)
    assert error.why == "10.0.0.7:6443/TCP did not accept a connection within 5.0 s"


def test_braces_in_the_words_of_others_do_no_harm() -> None:
    assert "{x}" in unreachable(Cause.TLS, what="w", endpoint=LEAF, reason="odd {x}").why


def test_words_of_a_proxy_are_one_harmless_line() -> None:
    endpoint = Endpoint.of(cluster="leaf-a", url="https://10.0.0.1:6443", proxy_url="http://proxy:3128")
    error = unreachable(Cause.PROXY, what="cannot list", endpoint=endpoint, reason="403 \x1b[2Jno\r\nway" + "x" * 5000)
    assert "403 \ufffd[2Jno way" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 1000
