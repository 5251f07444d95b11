"""How many streams each caller has under way at a service: one alone must not hold all the places that there are.

A stream may last for days, and being slow costs a client nothing; so what is limited here is not how often somebody
begins one, as in `traffic`, but how many are there at once. Each worker counts its own, as it has places of its own.

Four who take all that each may have would still fill the default. So the last places of a service are for callers who
have none there: nobody is kept out by those who have some already, unless that many callers hold one each.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from signet_gateway.application.errors import Refusal
from signet_gateway.application.stream_ports import StreamedAnswer
from signet_protocol.return_codes import ReturnCode

_RETRY_AFTER = (("Retry-After", "1"),)


_KEPT_SHARE = 8
"""One of so many places is kept for callers who have none."""


class StreamShares:
    """At most `most` streams for each caller at each service, which has `places` of them."""

    def __init__(self, most: int, places: int) -> None:
        self._most = most
        self._shared = places - places // _KEPT_SHARE
        self._taken: Counter[tuple[str, int | str]] = Counter()
        self._under_way: Counter[str] = Counter()

    def open(self, service: str, caller: int | str, begin: Callable[[], StreamedAnswer]) -> StreamedAnswer:
        """Begin a stream, which counts until its answer is closed. Raises Refusal 429001, and what `begin` raises."""
        place = (service, caller)
        if self._taken[place] >= self._most:
            message = f"You have {self._most} transfers under way, which is the most. End one first."
            raise Refusal(ReturnCode.RATE_LIMITED, message, headers=_RETRY_AFTER)
        if self._taken[place] and self._under_way[service] >= self._shared:
            message = "The last places are for those who have no transfer under way. End one first, or try again."
            raise Refusal(ReturnCode.RATE_LIMITED, message, headers=_RETRY_AFTER)
        self._taken[place] += 1
        self._under_way[service] += 1
        try:
            return _Counted(begin(), lambda: self._give_back(place))
        except BaseException:
            self._give_back(place)
            raise

    def _give_back(self, place: tuple[str, int | str]) -> None:
        self._under_way[place[0]] -= 1
        self._taken[place] -= 1
        if not self._taken[place]:
            del self._taken[place]


class _Counted:
    """A StreamedAnswer that gives its place back when it is closed, once."""

    def __init__(self, answer: StreamedAnswer, give_back: Callable[[], None]) -> None:
        self._answer = answer
        self._give_back: Callable[[], None] | None = give_back

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return self._answer.headers

    @property
    def took_all(self) -> bool:
        return self._answer.took_all

    def read(self) -> bytes:
        """See the port."""
        return self._answer.read()

    def close(self) -> None:
        """See the port."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()
        self._answer.close()
