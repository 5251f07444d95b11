"""What becomes of a run when an attempt has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from signet_scheduler.domain.endings import MOST_DEATHS, Ending, Policy, Sequel, Standing, sequel
from signet_scheduler.domain.policies import RetryPolicy

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
POLICY = Policy(RetryPolicy(max_attempts=3, first=timedelta(seconds=10), most=timedelta(minutes=1)), idempotent=True)
FAILED, TIMED_OUT, DIED = Ending("failed", "why"), Ending("timed_out"), Ending("interrupted")


def after(ending: Ending, policy: Policy = POLICY, **standing: int) -> Sequel:
    return sequel(
        ending, Standing(**{"attempts": 1, "max_attempts": 3, "cancel_asked": False, **standing}), policy, NOW
    )


@pytest.mark.parametrize("ending", [FAILED, TIMED_OUT])
@pytest.mark.parametrize(("failures", "seconds"), [(0, 10), (1, 20), (2, 40), (3, 60), (90, 60)])
def test_a_failed_attempt_is_followed_by_another_after_ever_longer_waits(ending, failures, seconds) -> None:
    """What is overloaded recovers only when it is left alone."""
    then = after(ending, attempts=failures + 1, max_attempts=99, failures=failures)
    assert then == Sequel("waiting", 99, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("ending", [FAILED, TIMED_OUT])
def test_the_last_attempt_that_fails_fails_the_run(ending) -> None:
    """Somebody has to look at it then."""
    assert after(ending, attempts=3).run_state == "failed"


def test_what_would_fail_again_is_not_tried_again() -> None:
    """A wrong address stays wrong."""
    assert after(Ending("failed", "x", final=True)).run_state == "failed"


@pytest.mark.parametrize("ending", [FAILED, TIMED_OUT, DIED, Ending("handed_back")])
def test_a_run_that_somebody_wants_to_end_is_not_begun_again(ending) -> None:
    """However its attempt ended."""
    assert after(ending, cancel_asked=True).run_state == "cancelled"


@pytest.mark.parametrize("outcome", ["succeeded", "cancelled"])
def test_what_was_done_or_stopped_stays_so(outcome) -> None:
    """A cancellation that came too late does not undo the work."""
    assert after(Ending(outcome), cancel_asked=outcome == "succeeded").run_state == outcome


def test_an_attempt_that_was_handed_back_is_begun_again_at_once_and_does_not_count() -> None:
    """A deployment is no failure of the job."""
    assert after(Ending("handed_back"), attempts=3) == Sequel("waiting", 4, NOW)


def test_a_run_whose_worker_died_is_begun_again_at_once_even_without_retries() -> None:
    """It has not failed; but a run that kills whoever works on it must come to an end."""
    once = Policy(RetryPolicy(max_attempts=1), idempotent=True)
    assert after(DIED, once, max_attempts=1) == Sequel("waiting", 2, NOW)
    assert after(DIED, once, attempts=4, max_attempts=4, deaths=MOST_DEATHS).run_state == "failed"


@pytest.mark.parametrize("cancel_asked", [False, True])
def test_a_job_that_may_not_be_repeated_is_reported_when_its_worker_dies(cancel_asked) -> None:
    """Nobody knows how far it came, not even whoever wanted its end."""
    assert after(DIED, Policy(RetryPolicy(9), idempotent=False), cancel_asked=cancel_asked).run_state == "interrupted"
