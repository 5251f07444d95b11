"""When a request is worth sending again, and after how long.

The invariant: nothing is ever applied twice. A request that may have been applied is sent again only when that
cannot matter: the method is safe, or an Idempotency-Key makes the service give its first answer again.
"""

import random
from dataclasses import dataclass

from signet.errors import AnswerInvalid, NonceReused, RateLimited, Refused, SignetError, Unavailable, Unreachable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110, section 9.2.1, without TRACE, which no gateway answers."""

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0
_LONGEST_ASKED_WAIT = 60.0
_BAD_GATEWAYS = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`retries` is how often a request is sent again after the first time."""

    retries: int = 2

    def wait(self, error: SignetError, *, sent: int, repeatable: bool) -> float | None:
        """Seconds to wait before the next sending, None to give up; `sent` counts the sendings so far.

        A `Retry-After` is honoured up to a minute; who is asked for more gets the error, which carries the number.
        """
        if sent > self.retries or not _may_repeat(error, repeatable=repeatable):
            return None
        asked = error.retry_after if isinstance(error, Refused) else None
        if asked is not None:
            return asked if asked <= _LONGEST_ASKED_WAIT else None
        return random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**sent))


def _may_repeat(error: SignetError, *, repeatable: bool) -> bool:
    if isinstance(error, RateLimited):
        return True
    if isinstance(error, Unreachable):
        return repeatable or not error.applied
    if isinstance(error, AnswerInvalid):
        return repeatable and error.http_status in _BAD_GATEWAYS
    return repeatable and isinstance(error, Unavailable | NonceReused)
