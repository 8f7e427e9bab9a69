# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials, from wherever kubernetes.core takes them: kubeconfig, exec plugin, the pod this runs in.

The Python package kubernetes reads them; every complaint of it is turned into one sentence that quotes no secret. It is
imported inside functions: that takes about a second, which a face that only shows its documentation or refuses its
input need not spend; and the sanity tests import this file without it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from .._fabric.errors import FabricError, FailureName
from .auth_options import Auth
from .kubeconfig import Selection, paths_of, select

if TYPE_CHECKING:
    from kubernetes.client import Configuration
    from kubernetes.config.kube_config import KubeConfigLoader

T = TypeVar("T")

PLUGIN_TIMEOUT_S = 60.0
"""An exec plugin that waits for somebody at a browser must not hold up a run for ever."""

OLDEST = {"kubernetes": (29, 0), "urllib3": (2, 3)}
"""Packages and the oldest versions that do, as in requirements.txt. An older urllib3, with which the package kubernetes
would be content, cannot end a read from another thread."""

_MAX_PLUGIN_TEXT = 256
# The library remembers a temporary file before it has written it: a second thread with the same certificate would read
# an empty one.
_TEMPORARY_FILES = threading.Lock()
# Its modules import each other in a circle, of which threads that begin at the same time would see unfinished parts.
_IMPORT = threading.Lock()


def read_configuration(auth: Auth, *, cluster: str) -> Configuration:
    """Read afresh, from the same places and in the same order as kubernetes.core. Raises FabricError."""
    check_packages(cluster)
    from kubernetes.client import Configuration

    configuration = Configuration()
    # A host that comes without kubeconfig stands for itself: credentials of some other cluster must not be sent there.
    if auth.is_complete or (auth.host and not auth.kubeconfig and not auth.context):
        return configuration
    if not auth.kubeconfig and not auth.context and _load_in_cluster(configuration):
        return configuration
    kubeconfig = auth.kubeconfig or _default_kubeconfig()
    if not auth.kubeconfig and not any(path.exists() for path in paths_of(_default_kubeconfig())):
        why = f"it has neither kubeconfig nor host, this is no pod, and {kubeconfig} does not exist"
        raise cannot_use_options(cluster, why, "give its kubeconfig, or its host with credentials")
    selection = select(kubeconfig, context=auth.context, cluster=cluster)
    _load_kubeconfig(configuration, kubeconfig, auth, selection=selection, cluster=cluster)
    return configuration


def check_packages(where: str) -> None:
    """Raises FabricError that names the first Python package that is missing or too old, and how to get it."""
    remedy = "or point ansible_python_interpreter at an interpreter that has it"
    try:
        with _IMPORT:
            importlib.import_module("kubernetes.client")
    except ImportError as error:
        why = f"the Python package kubernetes cannot be imported by {sys.executable} ({error})"
        install = f"install it there with '{sys.executable} -m pip install kubernetes'"
        raise _package_missing(where, why, f"{install}, {remedy}") from error
    for name, oldest in OLDEST.items():
        found = importlib.metadata.version(name)
        if tuple(map(int, found.split(".")[:2])) < oldest:
            wanted = ".".join(map(str, oldest))
            why = f"the Python package {name} of {sys.executable} is {found}, and {wanted} or newer is needed"
            install = f"update it there with '{sys.executable} -m pip install \"{name}>={wanted}\"'"
            raise _package_missing(where, why, f"{install}, {remedy}")


def _default_kubeconfig() -> str:
    from kubernetes.config import KUBE_CONFIG_DEFAULT_LOCATION

    return str(KUBE_CONFIG_DEFAULT_LOCATION)


def _load_in_cluster(configuration: Configuration) -> bool:
    """False outside a pod."""
    from kubernetes.config import ConfigException, load_incluster_config

    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException:
        return False
    return True


def _load_kubeconfig(
    configuration: Configuration,
    kubeconfig: str | Mapping[str, object],
    auth: Auth,
    *,
    selection: Selection,
    cluster: str,
) -> None:
    said = _PluginComplaints()

    def load() -> None:
        with said:
            _loader(kubeconfig, auth).load_and_set(configuration)

    try:
        if selection.plugin:
            _in_time(load, seconds=PLUGIN_TIMEOUT_S)
        else:
            load()
    except TimeoutError:
        why = f"{selection.plugin} gave no credentials within {PLUGIN_TIMEOUT_S:g} s"
        raise _plugin_failed(cluster, selection, why) from None
    except Exception as error:
        # Whatever the library tripped over: its words may quote a token.
        if selection.plugin:
            raise _plugin_failed(cluster, selection, f"{selection.plugin} failed ({type(error).__name__})") from None
        why = f"the context {selection.context!r} of the kubeconfig cannot be used ({type(error).__name__})"
        raise cannot_use_options(cluster, why, "check that kubectl works with this file and context") from None
    if selection.plugin and not configuration.api_key and not configuration.cert_file:
        raise _plugin_failed(cluster, selection, f"{selection.plugin} gave no credentials: {said.text or 'no reason'}")


def _loader(kubeconfig: str | Mapping[str, object], auth: Auth) -> KubeConfigLoader:
    from kubernetes.config import kube_config

    class Loader(kube_config.KubeConfigLoader):  # type: ignore[misc]  # the library has no types
        def _load_cluster_info(self) -> None:
            with _TEMPORARY_FILES:
                super()._load_cluster_info()

    if isinstance(kubeconfig, Mapping):
        return Loader(config_dict=dict(kubeconfig), active_context=auth.context, config_base_path=None)
    merged = kube_config.KubeConfigMerger(kubeconfig)
    return Loader(
        config_dict=merged.config,
        active_context=auth.context,
        config_base_path=None,
        config_persister=merged.save_changes if auth.persist_config else None,
    )


class _PluginComplaints(logging.Handler):
    """Catches what the library logs, in this thread, when a plugin fails: it raises nothing and returns nothing."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.text = ""
        self._thread = 0

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        logging.getLogger().addHandler(self)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and record.name == "root":
            self.text = " ".join(record.getMessage().split())[:_MAX_PLUGIN_TEXT]


def _in_time(function: Callable[[], T], *, seconds: float) -> T:
    """Raises TimeoutError and leaves the thread behind when it takes too long; its own exceptions are passed on."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True, name="credentials plugin")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if errors:
        raise errors[0]
    return results[0]


def _plugin_failed(cluster: str, selection: Selection, why: str) -> FabricError:
    next_step = f"run the credentials plugin of the context {selection.context!r} by hand, as the user of the task"
    return FabricError(
        what="cannot get credentials",
        where=f"{cluster} at {selection.server}",
        why=why,
        next=next_step,
        fault=FailureName.NO_CREDENTIALS,
    )


def _package_missing(where: str, why: str, next_step: str) -> FabricError:
    return FabricError(
        what="cannot talk to API servers", where=where, why=why, next=next_step, fault=FailureName.MISSING_PACKAGE
    )


def cannot_use_options(cluster: str, why: str, next_step: str) -> FabricError:
    """What the user gave does not lead to a connection."""
    return FabricError(
        what="cannot use the connection options",
        where=cluster,
        why=why,
        next=next_step,
        fault=FailureName.NO_CREDENTIALS,
    )
