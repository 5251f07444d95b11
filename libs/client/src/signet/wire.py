"""Prove a request and put it on the wire."""

import httpx

from signet.credentials import Credential
from signet.errors import Unreachable
from signet.signature import sign

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def prove(
    request: httpx.Request, credential: Credential | None, *, timestamp: int, nonce: str, body_sha256: str
) -> None:
    """Set timestamp and nonce, and with a credential the signature over what httpx is about to send."""
    if credential is None:
        request.headers.update({"X-Timestamp": str(timestamp), "X-Nonce": nonce})
        return
    signature = sign(
        credential,
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers=request.headers.multi_items(),
        body_sha256=body_sha256,
        timestamp=timestamp,
        nonce=nonce,
    )
    request.headers.update(dict(signature.headers))


def exchange(http: httpx.Client, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
    """Send, and return the answer; of a `stream` only its head, and the caller closes it. Raises Unreachable."""
    try:
        return http.send(request, stream=stream)
    except httpx.RequestError as error:
        reason = str(error) or type(error).__name__
        raise Unreachable(
            f"{request.url.copy_with(path='/', query=None)} does not answer: {reason}",
            applied=not isinstance(error, _NOT_SENT),
        ) from error
