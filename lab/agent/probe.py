# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod does to try a path: ping an address, move bytes, ask who answers, once or often. Prints one JSON object.

Standard library only, and imports nothing of the lab: it is started as a file inside the pod's network namespace. So no
measurement depends on programs that the machine may lack.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import struct
import sys
import time
from typing import Any

HTTP_PORT = 8080
SINK_PORT = 9000
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_CHUNK = bytes(256 * 1024)


def checksum(packet: bytes) -> int:
    """Of an ICMP message with a zero checksum field (RFC 1071)."""
    padded = packet + b"\0" * (len(packet) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(address: str, *, count: int, interval_s: float, wait_s: float, verbose: bool = False) -> dict[str, Any]:
    """Echo requests at a fixed pace; `wait_s` is how long the last may take. Times in milliseconds."""
    own = os.getpid() & 0xFFFF
    sent_at: dict[int, float] = {}
    times: list[float] = []
    number = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        started = time.monotonic()
        deadline = started + interval_s * (count - 1) + wait_s
        while len(times) < count and time.monotonic() < deadline:
            next_at = started + number * interval_s if number < count else deadline
            if number < count and time.monotonic() >= next_at:
                sent_at[number] = time.monotonic()
                _send_echo(raw, address, own, number)
                number += 1
                continue
            raw.settimeout(max(0.0005, min(next_at, deadline) - time.monotonic()))
            taken = _take_reply(raw, address, own, sent_at)
            if taken is not None:
                times.append(taken[1])
                if verbose:
                    print(f"reply from {address}: seq={taken[0] + 1} time={taken[1]:.3f} ms", flush=True)
    return summary(address, count, times)


def _send_echo(raw: socket.socket, address: str, own: int, number: int) -> None:
    body = bytes(48)
    head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, own, number)
    head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, checksum(head + body), own, number)
    try:
        raw.sendto(head + body, (address, 0))
    except OSError:
        # No route yet counts as a lost packet, as does one that is dropped.
        return


def _take_reply(raw: socket.socket, address: str, own: int, sent_at: dict[int, float]) -> tuple[int, float] | None:
    """Sequence number and milliseconds of one reply; None for other messages and when none came in time."""
    try:
        packet, (sender, _) = raw.recvfrom(2048)
    except (TimeoutError, BlockingIOError):
        return None
    offset = (packet[0] & 0x0F) * 4
    kind, _, _, ident, number = struct.unpack("!BBHHH", packet[offset : offset + 8])
    if kind != _ECHO_REPLY or ident != own or sender != address or number not in sent_at:
        return None
    return number, (time.monotonic() - sent_at.pop(number)) * 1000.0


def summary(address: str, count: int, times: list[float]) -> dict[str, Any]:
    """`sent`, `received`, and the milliseconds of the replies, null when there was none."""
    shown = {"min_ms": min(times), "median_ms": statistics.median(times), "max_ms": max(times)} if times else {}
    none = {"min_ms": None, "median_ms": None, "max_ms": None}
    return {"address": address, "sent": count, "received": len(times), **none, **shown}


def send(address: str, *, seconds: float, timeout_s: float) -> dict[str, Any]:
    """TCP to the pod's sink for so long; counts what arrived there."""
    with socket.create_connection((address, SINK_PORT), timeout=timeout_s) as connection:
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            connection.sendall(_CHUNK)
        connection.shutdown(socket.SHUT_WR)
        arrived = int(connection.makefile().readline())
        took_s = time.monotonic() - started
    return {"address": address, "bytes": arrived, "seconds": took_s, "mbit_s": arrived * 8 / took_s / 1e6}


def identify(address: str, *, timeout_s: float, port: int = HTTP_PORT) -> dict[str, Any]:
    """What the pod behind an address says of itself."""
    with socket.create_connection((address, port), timeout=timeout_s) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = connection.makefile("rb").read()
    said: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return said


def hits(
    address: str, *, port: int, count: int, timeout_s: float, pace_s: float = 0.0, verbose: bool = False
) -> dict[str, Any]:
    """Who answered each of `count` new connections, in order; null where nobody did within `timeout_s`.

    The next one begins `pace_s` after the one before it, or when that is over. When verbose, a line for each: when it
    began, by the clock that time.monotonic() reads in every process of the machine, and who answered.
    """
    answers: list[dict[str, Any] | None] = []
    for _ in range(count):
        began = time.monotonic()
        try:
            answers.append(identify(address, timeout_s=timeout_s, port=port))
        except (OSError, ValueError):
            answers.append(None)
        if verbose:
            print(f"{began:.3f} {(answers[-1] or {}).get('cluster', 'nobody')}", flush=True)
        time.sleep(max(0.0, began + pace_s - time.monotonic()))
    return {"address": address, "port": port, "answers": answers}


def main() -> int:
    parser = argparse.ArgumentParser(prog="probe")
    parser.add_argument("what", choices=("ping", "send", "identify", "hits"))
    parser.add_argument("address")
    parser.add_argument("-c", "--count", type=int, default=5)
    parser.add_argument("-i", "--interval", type=float, metavar="SECONDS", help="ping: 1 by default; hits: 0")
    parser.add_argument("-W", "--timeout", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("-p", "--port", type=int, default=HTTP_PORT)
    parser.add_argument("-t", "--seconds", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--text", action="store_true", help="ping, hits: a line for each")
    chosen = parser.parse_args()
    try:
        if chosen.what == "ping":
            interval_s = 1.0 if chosen.interval is None else chosen.interval
            pace = {"count": chosen.count, "interval_s": interval_s, "wait_s": chosen.timeout}
            result = ping(chosen.address, **pace, verbose=chosen.text)
        elif chosen.what == "send":
            result = send(chosen.address, seconds=chosen.seconds, timeout_s=chosen.timeout)
        elif chosen.what == "hits":
            often = {"port": chosen.port, "count": chosen.count, "pace_s": chosen.interval or 0.0}
            result = hits(chosen.address, **often, timeout_s=chosen.timeout, verbose=chosen.text)
        else:
            result = identify(chosen.address, timeout_s=chosen.timeout, port=chosen.port)
    except OSError as error:
        print(json.dumps({"error": f"{chosen.what} {chosen.address}: {error}"}))
        return 1
    print(_as_text(result) if chosen.text and chosen.what == "ping" else json.dumps(result))
    return 0 if result.get("received", 1) else 1


def _as_text(result: dict[str, Any]) -> str:
    head = f"{result['sent']} packets transmitted, {result['received']} received"
    if not result["received"]:
        return head
    return f"{head}; min/median/max {result['min_ms']:.3f}/{result['median_ms']:.3f}/{result['max_ms']:.3f} ms"


if __name__ == "__main__":
    sys.exit(main())
