# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in kubeconfigs, each told in one sentence that quotes no secret."""

from __future__ import annotations

import base64
import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from ansible_collections.liqo.fabric.plugins.module_utils._kube import kubeconfig as module
from ansible_collections.liqo.fabric.plugins.module_utils._kube.auth_options import Auth
from ansible_collections.liqo.fabric.plugins.module_utils._kube.credentials import read_credentials
from ansible_collections.liqo.fabric.plugins.module_utils._kube.kubeconfig import Selection, read_sources, select
from ansible_collections.liqo.fabric.plugins.module_utils._kube.kubeconfig_fields import Fields, KubeconfigError
from ansible_collections.liqo.fabric.plugins.module_utils._kube.unusable import UnusableError

TOKEN = "s3cret-token"


def kubeconfig(
    *,
    contexts: tuple[str, ...] = ("prod",),
    current: str | None = "prod",
    cluster: dict[str, object] | None = None,
    user: dict[str, object] | None = None,
    cluster_name: str = "c",
    user_name: str = "u",
) -> dict[str, object]:
    """A good one, unless an argument says otherwise."""
    document: dict[str, object] = {
        "apiVersion": "v1",
        "clusters": [{"name": "c", "cluster": {"server": "https://h:6443"} if cluster is None else cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": cluster_name, "user": user_name}} for name in contexts],
    }
    return document if current is None else document | {"current-context": current}


def complaint(value: str | dict[str, object], *, context: str | None = None) -> KubeconfigError:
    with pytest.raises(KubeconfigError) as caught:
        select(value, context=context)
    assert TOKEN not in str(caught.value.about("leaf-a"))
    return caught.value


def written(folder: Path, content: str) -> str:
    path = folder / "config"
    path.write_text(content)
    return str(path)


def test_a_good_kubeconfig_leads_to_a_server(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(kubeconfig()))
    selection = select(path, context=None)
    assert (selection.context, selection.server) == ("prod", "https://h:6443")


def test_a_missing_file_is_named_with_the_folder_that_relative_paths_start_from(tmp_path: Path) -> None:
    error = complaint(str(tmp_path / "nowhere"))
    assert error.why == f"the file {tmp_path}/nowhere does not exist"
    assert str(Path.cwd()) in error.next_step


def test_one_existing_file_of_several_is_enough(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(kubeconfig()))
    assert select(f"{tmp_path}/nowhere:{path}", context=None).context == "prod"


def test_broken_yaml_is_located_but_not_quoted(tmp_path: Path) -> None:
    path = written(tmp_path, f"users:\n- name: u\n  user: {{token: {TOKEN}\n")
    assert complaint(path).why == f"{path} is not valid YAML at line 4"


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in complaint(str(tmp_path)).why


@pytest.mark.parametrize("content", ["", "just text", "- a list"])
def test_a_file_that_is_no_mapping_is_no_kubeconfig(tmp_path: Path, content: str) -> None:
    assert "is no kubeconfig" in complaint(written(tmp_path, content)).why


def test_the_text_of_a_kubeconfig_is_as_good_as_its_path() -> None:
    text = yaml.safe_dump(kubeconfig())
    assert select(text, context=None).server == "https://h:6443"
    assert select(json.dumps(kubeconfig()), context=None).server == "https://h:6443"


def test_a_damaged_text_of_a_kubeconfig_is_not_quoted() -> None:
    assert (
        complaint(f"apiVersion: v1\nusers: [{TOKEN}\n").why == "the text of the kubeconfig is not valid YAML at line 3"
    )
    assert "is no kubeconfig" in complaint(f"{TOKEN}\nmore").why


def test_a_wrong_context_is_answered_with_those_there_are() -> None:
    error = complaint(kubeconfig(contexts=("prod", "dev")), context="qa")
    assert "the context 'qa' is not in the kubeconfig dictionary" in error.why
    assert error.next_step == "name one that is there: dev, prod"


def test_a_long_list_of_contexts_is_cut() -> None:
    error = complaint(kubeconfig(contexts=tuple(f"c{number:02}" for number in range(25))), context="qa")
    assert error.next_step.endswith("c08, c09 and 15 more")


def test_names_in_a_kubeconfig_of_somebody_else_are_shown_cut_and_clean() -> None:
    odd = "a\x1b]0;owned\x07\u202e" + "x" * 1000
    for error in (
        complaint(kubeconfig(contexts=(odd,)), context="qa"),
        complaint(kubeconfig(), context=odd),
        complaint(kubeconfig(cluster_name=odd)),
        complaint(kubeconfig(user={f"as-{odd}": 1})),
    ):
        said = str(error.about("leaf-a"))
        assert said.isprintable()
        assert len(said) < 500


def test_no_current_context_asks_for_one() -> None:
    error = complaint(kubeconfig(current=None))
    assert error.next_step == "set the option context, there are: prod"


def test_a_context_that_points_nowhere_is_told() -> None:
    assert "the cluster 'x' is not in" in complaint(kubeconfig(cluster_name="x")).why
    assert "the user 'y' is not in" in complaint(kubeconfig(user_name="y")).why


def test_a_cluster_without_a_server_is_told() -> None:
    assert "has no server" in complaint(kubeconfig(cluster={"server": ""})).why


@pytest.mark.parametrize("key", ["client-certificate", "client-key"])
def test_a_file_named_inside_is_looked_for_beside_the_kubeconfig(tmp_path: Path, key: str) -> None:
    path = written(tmp_path, json.dumps(kubeconfig(user={key: "other.pem"})))
    user = select(path, context=None).user
    assert user is not None
    with pytest.raises(KubeconfigError) as caught:
        user.pem(key)
    assert caught.value.why == f"{tmp_path}/other.pem does not exist ({key} of the user 'u' in {path})"
    (tmp_path / "other.pem").write_text("content")
    assert user.pem(key) == b"content"


def test_relative_paths_of_a_kubeconfig_that_is_a_link_start_at_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = written(tmp_path / "real", json.dumps(kubeconfig(user={"client-key": "key.pem"})))
    (tmp_path / "link").symlink_to(path)
    user = select(str(tmp_path / "link"), context=None).user
    assert user is not None
    assert user.path("client-key") == tmp_path / "key.pem"


class TestTypes:
    """What kubectl refuses to read is not guessed at, and what it takes is taken."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("insecure-skip-tls-verify", "false"),
            ("insecure-skip-tls-verify", "true"),
            ("insecure-skip-tls-verify", 0),
            ("disable-compression", "yes"),
            ("server", 5),
            ("server", ["https://h"]),
            ("tls-server-name", 5),
            ("proxy-url", False),
            ("certificate-authority", {}),
            ("certificate-authority-data", 5),
        ],
    )
    def test_of_a_cluster(self, name: str, value: object) -> None:
        with pytest.raises(UnusableError) as caught:
            read_credentials(Auth(kubeconfig=kubeconfig(cluster={"server": "https://h", name: value})))
        assert caught.value.why.startswith(f"{name} of the cluster 'c' in the kubeconfig dictionary is ")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("token", 12345),
            ("token", [TOKEN]),
            ("tokenFile", 5),
            ("client-key-data", {"a": TOKEN}),
            ("username", 5),
            ("password", 12345),
            ("as", ["jane"]),
            ("as-uid", 5),
            ("as-groups", "dev"),
            ("as-groups", [5]),
            ("as-user-extra", ["a"]),
            ("as-user-extra", {"a": "b"}),
            ("exec", "login"),
            ("exec", ["login"]),
            ("auth-provider", "oidc"),
        ],
    )
    def test_of_a_user(self, name: str, value: object) -> None:
        user = {"as": "jane", name: value}
        with pytest.raises(UnusableError) as caught:
            read_credentials(Auth(kubeconfig=kubeconfig(user=user)))
        assert name in caught.value.why
        assert "belongs there" in caught.value.why
        assert TOKEN not in str(caught.value.about("leaf-a"))

    def test_the_way_out_is_named(self) -> None:
        cluster: dict[str, object] = {"server": "https://h", "insecure-skip-tls-verify": "false"}
        with pytest.raises(UnusableError) as caught:
            read_credentials(Auth(kubeconfig=kubeconfig(cluster=cluster)))
        assert "is a text, and true or false belongs there" in caught.value.why
        assert caught.value.next_step == "write true or false without quotes; kubectl refuses the file as well"

    @pytest.mark.parametrize("entry", ["cluster", "user"])
    def test_a_field_that_is_not_known_is_not_passed_over(self, entry: str) -> None:
        known: dict[str, object] = {"server": "https://h"} if entry == "cluster" else {"token": TOKEN}
        error = complaint(kubeconfig(**{entry: {**known, "as-group": ["dev"]}}))  # type: ignore[arg-type]
        assert f"the {entry} '{entry[0]}' in the kubeconfig dictionary has a field that is spelled almost" in error.why

    @pytest.mark.parametrize("section", ["clusters", "users", "contexts"])
    @pytest.mark.parametrize("wrong", ["text", {"name": "u"}, [5]])
    def test_a_section_of_another_shape_is_told(self, section: str, wrong: object) -> None:
        assert section in complaint({**kubeconfig(), section: wrong}).why

    def test_a_name_that_is_there_twice_in_one_file_is_refused(self) -> None:
        twice = [{"name": "u", "user": {"token": TOKEN}}, {"name": "u", "user": {"token": "other"}}]
        assert "the user 'u' is there twice" in complaint({**kubeconfig(), "users": twice}).why

    @pytest.mark.parametrize("top", [{"kind": "Secret"}, {"apiVersion": "v2"}])
    def test_another_kind_of_object_is_no_kubeconfig(self, top: dict[str, object]) -> None:
        assert "is no kubeconfig of the kind Config" in complaint({**kubeconfig(), **top}).why

    @pytest.mark.parametrize(
        ("word", "text"),
        [
            *((word, word) for word in ("3e123456", "123e4567", "1e400", "-1e400", "0xdeadbeefdeadbeefdeadbeef")),
            *((word, word) for word in (f"0b{'1' * 65}", f"-0b{'1' * 64}", f"0o{'7' * 30}", "+0xffffffffffffffff")),
            ("!!timestamp 2026-01-01", "2026-01-01"),
            ("!!foo abc", "abc"),
            ("!!foo 5", "5"),
            ("!!python/str abc", "abc"),
            ("!<x> yes", "yes"),
            ("!!set abc", "abc"),
            ("!!binary aGk=", "hi"),
            ("!!binary 'aG\n\n  k='", "hi"),
            ("!!null ''", ""),
            ("3e12", "a number"),
            (".inf", "a number"),
            (f"0b{'1' * 64}", "a number"),
            ("-0x8000000000000000", "a number"),
            ("9" * 300, "a number"),
            ("!!binary '%%%'", "not valid YAML"),
            ("!!binary 'aG k='", "not valid YAML"),
            ("!!null abc", "not valid YAML"),
        ],
    )
    def test_a_word_is_what_it_is_to_kubectl(self, word: str, text: str) -> None:
        """Each was given to kubectl 1.33 too."""
        document = f"users:\n- name: u\n  user: {{}}\n- name: v\n  user:\n    token: {word}\n"
        if text in ("a number", "not valid YAML"):
            with pytest.raises(KubeconfigError, match=text):
                read_sources(document)
        else:
            user = Fields(content=read_sources(document)[0].entries("users")[1]["user"], owner="v", folder=Path())
            assert user.text("token") == text

    def test_a_date_is_a_text(self, tmp_path: Path) -> None:
        text = yaml.safe_dump(kubeconfig(contexts=("2026-01-01",), current="2026-01-01")).replace("'", "")
        assert select(written(tmp_path, text), context=None).context == "2026-01-01"

    @pytest.mark.parametrize(
        "text", ["a: !!timestamp x", "a: !!int x", "a: !!float x", "[" * 5000, "? [a]\n: b", "\x00"]
    )
    def test_any_other_text_is_no_yaml_in_one_sentence(self, tmp_path: Path, text: str) -> None:
        assert complaint(written(tmp_path, text)).why.partition(" is not valid YAML")[1]


class TestBase64:
    """As Go decodes it."""

    PEM = b"-----BEGIN CERTIFICATE-----\n" + b"A" * 100 + b"\n-----END CERTIFICATE-----\n"
    TEXT = base64.b64encode(PEM).decode()
    LINES = "\n".join(textwrap.wrap(TEXT, 64))

    def authority(self, folder: Path, value: str) -> bytes:
        text = f"""
clusters:
- name: c
  cluster:
    server: https://h
    certificate-authority-data: {value}
contexts: [{{name: x, context: {{cluster: c}}}}]
current-context: x
"""
        return select(written(folder, text), context=None).cluster.pem("certificate-authority")

    @pytest.mark.parametrize("style", ["|", "|-", "|+"])
    @pytest.mark.parametrize("tag", ["", "!!binary "])
    def test_line_breaks_do_not_count(self, tmp_path: Path, style: str, tag: str) -> None:
        value = f"{tag}{style}\n" + textwrap.indent(self.LINES, " " * 6) + "\n"
        assert self.authority(tmp_path, value) == self.PEM

    def test_windows_line_breaks_neither(self, tmp_path: Path) -> None:
        assert self.authority(tmp_path, json.dumps(self.LINES.replace("\n", "\r\n"))) == self.PEM

    def test_text_inside_of_binary_is_opened_as_well(self, tmp_path: Path) -> None:
        twice = base64.b64encode(self.TEXT.encode()).decode()
        assert self.authority(tmp_path, f"!!binary {twice}") == self.PEM

    @pytest.mark.parametrize("damaged", [TEXT[:64] + " " + TEXT[64:], TEXT.rstrip("=")[:-1], f"%{TEXT}", f"{TEXT}☃"])
    def test_what_is_damaged_is_told_but_not_quoted(self, tmp_path: Path, damaged: str) -> None:
        with pytest.raises(KubeconfigError) as caught:
            self.authority(tmp_path, json.dumps(damaged))
        assert caught.value.why == f"certificate-authority-data of the cluster 'c' in {tmp_path}/config is not base64"


class TestSeveralFiles:
    """The first file that says something wins, entry by entry, as for kubectl."""

    def chosen(self, folder: Path, *documents: object, context: str | None = None) -> Selection:
        paths = []
        for number, document in enumerate(documents):
            paths.append(folder / str(number))
            paths[-1].write_text("" if document is None else yaml.safe_dump(document))
        return select(":".join(map(str, paths)), context=context)

    def test_the_current_context_is_the_first_that_is_set(self, tmp_path: Path) -> None:
        first, second = kubeconfig(contexts=("a",), current="a"), kubeconfig(contexts=("b",), current="b")
        assert self.chosen(tmp_path, first, second).context == "a"
        assert self.chosen(tmp_path, {**first, "current-context": ""}, second).context == "b"
        del first["current-context"]
        assert self.chosen(tmp_path, first, second).context == "b"

    def test_entries_of_the_same_name_are_not_mixed(self, tmp_path: Path) -> None:
        first, second = kubeconfig(user={"token": "first"}), kubeconfig(user={"as": "jane"})
        user = self.chosen(tmp_path, first, second).user
        assert user is not None
        assert user.content == {"token": "first"}

    def test_an_entry_may_be_in_any_of_them(self, tmp_path: Path) -> None:
        first, second = kubeconfig(contexts=("a",)), kubeconfig(contexts=("b",), user_name="v")
        second["users"] = [{"name": "v", "user": {"token": "second"}}]
        user = self.chosen(tmp_path, first, second, context="b").user
        assert user is not None
        assert user.content == {"token": "second"}

    def test_an_empty_file_is_passed_over(self, tmp_path: Path) -> None:
        assert self.chosen(tmp_path, None, kubeconfig()).context == "prod"
        with pytest.raises(KubeconfigError, match="is no kubeconfig"):
            self.chosen(tmp_path, None, None)


def test_a_file_that_many_clusters_share_is_parsed_once_and_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def counted(text: str, name: str) -> object:
        parsed.append(name)
        return yaml.safe_load(text)

    monkeypatch.setattr(module, "parse", counted)
    path = written(tmp_path, json.dumps(kubeconfig()))
    with ThreadPoolExecutor(16) as threads:
        assert {found.server for found in threads.map(lambda _number: select(path, context=None), range(32))} == {
            "https://h:6443"
        }
    assert parsed == [path]
    written(tmp_path, json.dumps(kubeconfig(cluster={"server": "https://i:6443"})))
    assert select(path, context=None).server == "https://i:6443"
