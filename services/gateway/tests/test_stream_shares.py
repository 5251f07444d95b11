"""Who holds streams keeps nobody else from one, however many others do the same."""

from collections.abc import Callable

import pytest

from signet_gateway.application.errors import Refusal
from signet_gateway.application.stream_shares import StreamShares
from signet_protocol.return_codes import ReturnCode


class Answer:
    """One that has nothing to say."""

    status, headers, took_all = 200, (), True

    def read(self) -> bytes:
        return b""

    def close(self) -> None:
        return


@pytest.fixture
def begin() -> Callable[[int | str, str], object]:
    """Of 16 places two are kept for those who have none; each caller may have seven."""
    shares = StreamShares(7, 16)
    return lambda caller, service="files": shares.open(service, caller, Answer)


def refused(begin: Callable[[], object]) -> bool:
    with pytest.raises(Refusal) as refusal:
        begin()
    return refusal.value.code == ReturnCode.RATE_LIMITED


def test_the_last_places_are_for_those_who_have_none(begin) -> None:
    """Two who take all that they may have leave room; a third who has one already takes none of it."""
    for caller in (1, 2):
        for _ in range(7):
            begin(caller)
        assert refused(lambda caller=caller: begin(caller))
    begin(3)
    assert refused(lambda: begin(3))
    begin(4)


def test_whoever_ends_a_stream_gives_its_place_to_anybody(begin) -> None:
    """Ended twice it is one place still; and another service has places of its own."""
    held = [begin(caller) for caller in (1, 2) for _ in range(7)]
    begin(3)
    begin(3, "audit")
    held[0].close()
    held[0].close()
    assert refused(lambda: begin(3))
    held[1].close()
    begin(3)
    assert refused(lambda: begin(3))
