"""What the scheduler alone may ask of the gateway itself, which has no other route behind the wall.

To everybody else the path is one that nobody has: with a passport of somebody else, with none, with another method, a
query or a body, the answer is the 404001 of any unknown path. nginx does not lead here at all.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from signet_common.passport import PassportInvalid, PassportVerifier
from signet_gateway.application.envelopes import own_reply
from signet_gateway.application.errors import Refusal
from signet_gateway.application.purge_nonces import Forgotten
from signet_gateway.application.request import Reply, Request
from signet_protocol.return_codes import ReturnCode
from signet_protocol.signing import EMPTY_BODY_SHA256

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PURGE_NONCES = "/internal/jobs/purge-nonces"
_ISSUER = "scheduler"


class NonceJob:
    """The page `POST /internal/jobs/purge-nonces`."""

    def __init__(self, verifier: PassportVerifier, purge: Callable[[], Forgotten]) -> None:
        self._verifier = verifier
        self._purge = purge

    def __call__(self, request: Request, environ: "WSGIEnvironment") -> Reply:
        """Purge for whom the passport proves to be the scheduler; raises Refusal 404001 and NoncesUnavailable."""
        if not self._is_asked(request, environ.get("HTTP_X_PASSPORT", "")):
            raise Refusal(ReturnCode.RESOURCE_NOT_FOUND)
        forgotten = self._purge()
        data = {"rows": {"nonces": forgotten.nonces}, "finished": forgotten.finished}
        return own_reply(ReturnCode.SUCCESS, data=data)

    def _is_asked(self, request: Request, token: str) -> bool:
        if request.method != "POST" or request.target != PURGE_NONCES or request.content_length != 0:
            return False
        try:
            caller = self._verifier.verify(
                token, method=request.method, target=request.target, body_sha256=EMPTY_BODY_SHA256
            )
        except PassportInvalid:
            return False
        return caller.issuer == _ISSUER and caller.authentication == "service"
