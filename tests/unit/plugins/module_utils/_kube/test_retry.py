# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failures are worth another attempt, and when."""

from __future__ import annotations

import pytest
from ansible_collections.liqo.fabric.plugins.module_utils._kube.reachability import Cause
from ansible_collections.liqo.fabric.plugins.module_utils._kube.retry import Failure, RetryPolicy

POLICY = RetryPolicy(delays_s=(0.5, 1.0, 2.0))


def repetitions(failure: Failure, *, repeatable: bool = True, policy: RetryPolicy = POLICY) -> int:
    """How often the policy would repeat a request that always fails like this."""
    made = 0
    while policy.delay_s(failure, repeatable=repeatable, repetitions=made) is not None:
        made += 1
    return made


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, 3),
        (500, 3),
        (502, 3),
        (503, 3),
        (504, 3),
        (501, 0),
        (505, 0),
        (400, 0),
        (403, 0),
        (404, 0),
        (409, 0),
        (422, 0),
    ],
)
@pytest.mark.parametrize("repeatable", [True, False])
def test_only_answers_that_may_change_by_themselves_are_asked_for_again(
    status: int, expected: int, repeatable: bool
) -> None:
    assert repetitions(Failure(status=status), repeatable=repeatable) == expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (Cause.REFUSED, 3),
        (Cause.BROKEN, 3),
        (Cause.TIMED_OUT, 1),
        (Cause.NO_HANDSHAKE, 1),
        (Cause.NO_ANSWER, 1),
        (Cause.UNRESOLVED, 1),
        (Cause.CERTIFICATE, 0),
        (Cause.TLS, 0),
        (Cause.OUT_OF_TIME, 0),
        (Cause.OTHER, 0),
    ],
)
def test_silence_is_repeated_as_often_as_it_is_worth_the_time(cause: Cause, expected: int) -> None:
    assert repetitions(Failure(cause=cause)) == expected


@pytest.mark.parametrize("cause", list(Cause))
def test_a_create_is_never_repeated_when_it_may_have_arrived(cause: Cause) -> None:
    made = repetitions(Failure(cause=cause), repeatable=False)
    assert made == (repetitions(Failure(cause=cause)) if cause.before_sending else 0)


def test_pauses_follow_the_list_and_end_with_it() -> None:
    failure = Failure(status=503)
    pauses = [POLICY.delay_s(failure, repeatable=True, repetitions=made) for made in range(4)]
    assert pauses == [0.5, 1.0, 2.0, None]


def test_the_server_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() -> None:
    longer = POLICY.delay_s(Failure(status=429, retry_after_s=7), repeatable=True, repetitions=0)
    shorter = POLICY.delay_s(Failure(status=429, retry_after_s=1), repeatable=True, repetitions=2)
    assert (longer, shorter) == (7, 2.0)


def test_a_policy_without_pauses_never_repeats() -> None:
    assert repetitions(Failure(status=503), policy=RetryPolicy(delays_s=())) == 0
