"""What streams need of a service: one that is read and written piece by piece."""

from collections.abc import Sequence
from typing import Protocol

from signet_gateway.application.uploads import Upload


class StreamedAnswer(Protocol):
    """A service's answer whose head has arrived."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Names, lower-case, and values."""

    @property
    def took_all(self) -> bool:
        """Whether the service was sent the whole upload: it may answer before, to refuse it."""

    def read(self) -> bytes:
        """Return the next bytes of the body as they arrive, none once it is whole.

        Raises UpstreamUnavailable where it breaks off, and UpstreamTimeout where nothing comes any more.
        """

    def close(self) -> None:
        """Let go of the connection; one whose answer was not read to its end is closed. May be called twice."""


class StreamUpstream(Protocol):
    """One service of the house, for bodies of any size."""

    def open(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes | Upload
    ) -> StreamedAnswer:
        """Send one request, its body as it arrives, and return when the head of the answer is there.

        Raises UpstreamUnavailable and UpstreamTimeout, and what reading the upload raises.
        """
