"""Envelopes as the gateway writes them itself and as it reads what services answer."""

from collections.abc import Iterable

import orjson

from signet_gateway.application.request import Reply
from signet_protocol.envelope import envelope
from signet_protocol.return_codes import ReturnCode


def own_reply(
    code: ReturnCode, message: str = "", data: object = None, headers: Iterable[tuple[str, str]] = ()
) -> Reply:
    """Answer by an envelope of the gateway's own; without a message the code's is told."""
    body = orjson.dumps(envelope(code, message, data))
    told = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]
    return Reply(code.http_status, told, body, code.value)


def read_envelope(body: bytes) -> tuple[int, str, object] | None:
    """Return code, message and data of an envelope, None for anything else."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    code = document.get("return_code") if isinstance(document, dict) else None
    return (code, str(document.get("return_msg", "")), document.get("data")) if type(code) is int else None
