# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is taken from one cluster, and for how long: every limit stands here, with its reason.

An API server may belong to somebody else. Reaching a limit is an error of that cluster alone.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`Limits()` is what every face uses."""

    # Time, in seconds.
    connect_timeout_s: float = 5.0
    """TCP and TLS, per attempt."""
    read_timeout_s: float = 30.0
    """Silence of the server, per attempt."""
    call_deadline_s: float = 60.0
    """One request with all its repetitions and the pauses between them."""
    list_s: float = 120.0
    """One list with all its pages. Ten times what the largest list takes on a slow line."""
    reading_s: float = 120.0
    """One reading of one cluster with all its lists; whoever reads a cluster gives it to `Api.within`. Where rights are
    narrow, the number of lists depends on what the cluster says."""
    writing_s: float = 600.0
    """All writes in a row to one cluster, or for one link. How many depends on what a cluster says that it holds."""
    watch_grace_s: float = 5.0
    """After the time that the server was asked to watch for: then the connection counts as lost."""

    # Size of one answer.
    answer_bytes: int = 32 * MIB
    """A page has 500 objects, and a full EndpointSlice, the largest that is listed, has 30 KiB."""
    error_bytes: int = MIB // 4
    """An error page need not be read to its end; a Status object has a few KiB."""
    values: int = 2_500_000
    """Objects, lists and values in one answer. Python needs 70 bytes and more for an empty object that the server sends
    in three, so that bytes alone bound no memory. 32 MiB of real objects have 2.1 million."""
    depth: int = 100
    """Objects and lists inside of each other. The deepest kind of Kubernetes has less than 60, and code that walks an
    object may call itself once per level."""
    digits: int = 20
    """Of a whole number. Numbers of Kubernetes have 64 bits."""

    # A list.
    pages: int = 500
    """Of one list. A page may be empty and name a next one."""
    items: int = 50_000
    """Objects of one list: ten times the largest fabric that was measured."""
    list_bytes: int = 128 * MIB
    """One list with all its pages, before it is read as JSON."""
    continue_token: int = 8 * 1024
    """Characters; it becomes part of a URL. Kubernetes sends some hundred."""

    # All that is read within one time that `Api.within` gives.
    reading_items: int = 100_000
    """Objects of all lists. To work on them takes ten seconds of the processor, which other clusters need too."""
    reading_bytes: int = 256 * MIB
    """Of all lists. Both are the limits, too, of what is kept of all lists that are followed together."""
    glance_items: int = 1000
    """The same of all lists of one `Api.glance`, which is repeated every ten seconds for each link that waits."""
    glance_bytes: int = 4 * MIB
    """Of all lists of one glance."""
    name: int = 1024
    """Characters of a name, and of other fields of metadata that become part of a URL. Most kinds have 253 at most."""

    # A watch.
    line_bytes: int = 8 * MIB
    """One event holds one object, which etcd bounds to 1.5 MiB; JSON takes more than the form in which it is stored."""
    events: int = 50_000
    """Of one watch, which lasts five minutes at most."""
    followed_bytes: int = 16 * MIB
    """Of all events since the last list. Then it is read again, so that what is kept stays as small as a list; what a
    fabric with hundreds of links sends in a minute."""

    # Words of a server.
    quoted_text: int = 256
    """Characters of a server's message that are quoted at most."""
    quoted_reason: int = 64
    """The same of a reason, which is one word."""
    causes: int = 100
    """Causes of an error that are looked at. Kubernetes gives one for each field that is wrong."""
    pause_s: float = 24 * 3600.0
    """A server that asks for a longer pause before the next attempt asks for none."""

    # Who gives tokens for an OIDC login.
    issuer_s: float = 10.0
    """One answer."""
    issuer_bytes: int = MIB
    """One answer: a token and what goes with it."""

    # A kubeconfig.
    kubeconfig_values: int = 500_000
    """Values, those that it repeats by name counted each time. A kubeconfig with a thousand contexts has 20 000."""

    # A credentials plugin of a kubeconfig.
    plugin_s: float = 60.0
    """Its life. One that waits for somebody at a browser must not hold up a run for ever."""
    plugin_bytes: int = MIB
    """What it prints: a token or a certificate."""
    complaint_bytes: int = 16 * 1024
    """The end of its standard error, which is kept for a message."""


DEFAULT = Limits()
