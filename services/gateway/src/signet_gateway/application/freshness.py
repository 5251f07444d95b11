"""Fresh and never seen: the timestamp window, and the nonce that is claimed once."""

from signet_gateway.application.credentials import Freshness
from signet_gateway.application.errors import Refusal
from signet_gateway.application.ports import Claim, Clock, NonceStore
from signet_protocol.headers import within_window
from signet_protocol.return_codes import ReturnCode


class ReplayGuard:
    """Lets each request through once, within its window."""

    def __init__(self, clock: Clock, nonces: NonceStore) -> None:
        self._clock = clock
        self._nonces = nonces

    def check_window(self, freshness: Freshness) -> None:
        """Raise Refusal 401005, with the server's time, unless the timestamp is within 300 seconds of now."""
        if not within_window(freshness.timestamp, int(self._clock())):
            raise self.expired()

    def claim(self, owner: str, freshness: Freshness) -> None:
        """Claim the nonce for `owner`; raises Refusal 401015 or 401005, and NoncesUnavailable."""
        outcome = self._nonces.claim(owner, freshness.nonce, freshness.timestamp)
        if outcome is Claim.REUSED:
            raise Refusal(ReturnCode.NONCE_REUSED)
        if outcome is Claim.TOO_OLD:
            raise self.expired()

    def expired(self) -> Refusal:
        """401005 tells the client how late it is, so that it can correct itself."""
        return Refusal(ReturnCode.SIGN_EXPIRED, data={"server_time": int(self._clock())})
