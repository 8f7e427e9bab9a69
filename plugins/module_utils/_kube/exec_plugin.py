# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials from an exec plugin of a kubeconfig: a program that is run as kubectl runs it, and never asks anybody."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .._fabric.errors import FailureName
from .._fabric.resources import Json
from .complaints import gist, one_line
from .kubeconfig_fields import AS_IT_IS, Fields, KubeconfigError
from .kubeconfig_text import parse
from .kubeconfig_types import quoted_name
from .limits import DEFAULT
from .programs import Program, Run
from .stop import STOP
from .unusable import UnusableError

_GROUP = "client.authentication.k8s.io"
_NAME = re.compile(r"([\w.~@+-]{0,60}/)*[\w.~@+-]{1,60}")
_VERSIONS = (f"{_GROUP}/v1", f"{_GROUP}/v1beta1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a plugin gives."""

    token: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """The part `exec` of a user."""

    command: str
    """As it stands in the kubeconfig, for messages."""
    path: Path | None
    """Where it is, when the command is no mere name."""
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    version: str
    wants_cluster: bool = False
    hint: str = ""
    """How to install it, says the kubeconfig."""
    asks: bool = False
    """It cannot do without a person."""

    @property
    def called(self) -> str:
        """For messages. What is no mere name or path may hold arguments, and a secret among them."""
        return self.command if _NAME.fullmatch(self.command) else "its command"

    @classmethod
    def of(cls, fields: Fields) -> Plugin:
        """Raises KubeconfigError for what kubectl refuses."""
        command, version, mode = fields.text("command"), fields.text("apiVersion"), fields.text("interactiveMode")
        owner = fields.owner
        if not command:
            raise KubeconfigError(f"{owner} has no command", "add the name of the credentials plugin")
        if version not in _VERSIONS:
            why = f"apiVersion of {owner} is not one of {' and '.join(_VERSIONS)}"
            raise KubeconfigError(why, "write the one that the plugin understands; kubectl refuses any other as well")
        if mode not in ("Never", "IfAvailable", "Always") and (mode or version == _VERSIONS[0]):
            why = f"interactiveMode of {owner} is not one of Never, IfAvailable and Always"
            raise KubeconfigError(why, "write Never or IfAvailable; kubectl refuses the file as well")
        variables = fields.list_of_fields("env")
        if not all(variable.text("name") for variable in variables):
            raise KubeconfigError(f"an entry in env of {owner} has no name", "correct it; kubectl refuses it as well")
        is_path = os.sep in command
        return cls(
            command=command,
            path=fields.path("command") if is_path else None,
            arguments=fields.texts("args"),
            environ={variable.text("name"): variable.text("value") for variable in variables},
            version=version,
            wants_cluster=fields.flag("provideClusterInfo"),
            hint=fields.text("installHint"),
            asks=mode == "Always",
        )


def credentials_of(plugin: Plugin, *, context: str, server: str, cluster: Json, secrets: Iterable[str]) -> Given:
    """Runs the plugin. `cluster` is what it is told when it wants to know for which cluster it is run.

    Raises UnusableError, with what the plugin said last on its standard error, without the `secrets`; and
    FabricError when the run was told to stop.
    """

    def failed(why: str, next_step: str = "", fault: FailureName = FailureName.PLUGIN_FAILED) -> UnusableError:
        by_hand = f"run the credentials plugin of the context {quoted_name(context)} by hand, as the user of the task"
        return UnusableError(why, next_step or by_hand, what="cannot get credentials", server=server, fault=fault)

    if plugin.asks:
        why = f"interactiveMode of its exec is Always, and in a task there is no one to answer {plugin.called}"
        person = "use credentials that need no person, such as those of a service account"
        raise failed(why, person, FailureName.PLUGIN_WAITS)
    run = _run(plugin, cluster, failed)
    if run.status != 0 and STOP.is_set:
        raise STOP.error(what="cannot get credentials", where=server)
    said = gist(run.complaint, secrets=secrets, printed=run.output)
    because = f": {said}" if said else ""
    if run.status is None:
        if len(run.output) > DEFAULT.plugin_bytes:
            raise failed(f"{plugin.called} printed more than {DEFAULT.plugin_bytes} bytes{because}")
        why = f"{plugin.called} gave no credentials within {DEFAULT.plugin_s:g} s{because}"
        raise failed(why, fault=FailureName.PLUGIN_WAITS)
    if run.status != 0:
        raise failed(f"{plugin.called} gave no credentials, its exit status is {run.status}{because}")
    try:
        return _parse(plugin, run.output)
    except _WrongAnswerError as mistake:
        raise failed(f"{plugin.called} gave no credentials, {mistake}{because}") from None


class _WrongAnswerError(Exception):
    """What is wrong with the answer of a plugin."""


def _run(plugin: Plugin, cluster: Json, failed: Callable[..., UnusableError]) -> Run:
    spec = {"interactive": False} | ({"cluster": cluster} if plugin.wants_cluster else {})
    info = {"apiVersion": plugin.version, "kind": "ExecCredential", "spec": spec}
    found = str(plugin.path) if plugin.path else shutil.which(plugin.command)
    hint = f"install it, says the kubeconfig: {one_line(plugin.hint)}" if plugin.hint else ""
    remedy = hint or "install it there"
    if " " in plugin.command:
        remedy = "write the arguments of the command under args"
    elif plugin.command.startswith("~") or "$" in plugin.command:
        remedy = AS_IT_IS
    if not found:
        why = f"no folder in PATH of the machine where the task runs has the credentials plugin {plugin.called}"
        raise failed(why, remedy, FailureName.PLUGIN_MISSING)
    called = found if _NAME.fullmatch(found) else plugin.called
    if not os.path.exists(found):  # noqa: PTH110 - no error for a name that is too long
        why = f"{called}, the credentials plugin, does not exist on the machine where the task runs"
        raise failed(why, remedy, FailureName.PLUGIN_MISSING)
    environ = {**os.environ, **plugin.environ, "KUBERNETES_EXEC_INFO": json.dumps(info)}
    try:
        return Program([found, *plugin.arguments], environ=environ).finish(seconds=DEFAULT.plugin_s)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "an argument or variable of it holds a zero byte"
        if isinstance(error, FileNotFoundError):
            reason = "the program that its first line names is not there"
        if isinstance(error, PermissionError):
            hint = "correct that path" if Path(found).is_dir() else "make it executable for the user of the task"
        raise failed(f"{called} cannot be run: {reason}", hint) from None


def _parse(plugin: Plugin, output: bytes) -> Given:
    answer = _read(output)
    status = answer.get("status") if isinstance(answer, Mapping) else None
    if not isinstance(status, Mapping) or answer.get("kind") not in (None, "", "ExecCredential"):
        raise _WrongAnswerError("what it printed is no ExecCredential with a status")
    if answer.get("apiVersion") != plugin.version:
        raise _WrongAnswerError(f"the apiVersion of what it printed is not {plugin.version}")
    texts = [status.get(name) for name in ("token", "clientCertificateData", "clientKeyData", "expirationTimestamp")]
    if not all(isinstance(text, (str, type(None))) for text in texts):
        raise _WrongAnswerError("a field in the status that it printed is no text")
    token, certificate, key = (text or "" for text in texts[:3])
    if bool(certificate) != bool(key):
        raise _WrongAnswerError("it printed only one of clientCertificateData and clientKeyData")
    if not token and not certificate:
        raise _WrongAnswerError("there is neither a token nor a certificate in what it printed")
    return Given(
        token=token,
        certificate=certificate.encode("utf-8", "replace"),
        key=key.encode("utf-8", "replace"),
        expires=_moment(texts[3]),
    )


def _read(output: bytes) -> Any:
    """kubectl takes JSON, and YAML for what does not begin like it."""
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        text = output.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    try:
        answer = None if text.startswith(("{", "[")) else parse(text, "")
    except KubeconfigError:
        answer = None
    if not isinstance(answer, Mapping):
        raise _WrongAnswerError("what it printed is neither JSON nor YAML")
    return answer


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _WrongAnswerError("the expirationTimestamp that it printed is no time") from None
    if moment.tzinfo is None:
        raise _WrongAnswerError("the expirationTimestamp that it printed has no time zone")
    return moment


def cluster_info(fields: Fields, *, ca: bytes) -> Json:
    """What a plugin is told about the cluster that it is run for; `ca` as PEM."""
    config = next(
        (
            entry.content.get("extension")
            for entry in fields.list_of_fields("extensions")
            if entry.text("name") == f"{_GROUP}/exec"
        ),
        None,
    )
    told: dict[str, object] = {
        "server": fields.text("server"),
        "tls-server-name": fields.text("tls-server-name"),
        "insecure-skip-tls-verify": fields.flag("insecure-skip-tls-verify"),
        "certificate-authority-data": base64.b64encode(ca).decode(),
        "proxy-url": fields.text("proxy-url"),
        "disable-compression": fields.flag("disable-compression"),
        "config": config,
    }
    return {name: value for name, value in told.items() if value}
