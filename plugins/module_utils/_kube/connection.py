# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the connection options of one cluster to its Api."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from .auth_options import resolve
from .client import Api
from .clock import Clock
from .exchange import Exchange
from .limits import Limits
from .retry import RetryPolicy
from .session import open_session
from .user_agent import user_agent


def connect(
    name: str,
    options: Mapping[str, object],
    *,
    limits: Limits | None = None,
    retry: RetryPolicy | None = None,
    pool_size: int = 10,
    agent: str = "",
    log: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> Api:
    """Credentials are read; no request is sent yet. Raises FabricError with one sentence for wrong options.

    `name` is how the user calls the cluster; `options` are those of CLUSTER_AUTH_SPEC; `pool_size` is how many idle
    connections are kept, more may be open at once; `agent` is the face that asks, for the audit log; `log` gets one
    line per attempt, without bodies.
    """
    opener = partial(open_session, resolve(options), cluster=name, pool_size=pool_size)
    exchange = Exchange(
        opener,
        limits=limits or Limits(),
        retry=retry or RetryPolicy(),
        clock=clock or Clock(),
        user_agent=user_agent(agent),
        log=log,
    )
    return Api(exchange)
