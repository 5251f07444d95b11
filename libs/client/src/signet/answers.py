"""Read an answer: the envelope on success, the right error otherwise."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from signet.errors import AnswerInvalid, refusal_class
from signet_protocol.return_codes import ReturnCode

NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `data` is the envelope's, None for a 304; `etag` is as sent, quotes included."""

    data: object
    http_status: int
    etag: str
    request_id: str


def read_answer(response: httpx.Response, opened: Callable[[int, object], object] | None = None) -> Answer:
    """Return the answer, or raise the error that it is (Refused, AnswerInvalid).

    `opened` is there for a sealed request: it takes code and data, and returns what was under the seal.
    """
    request_id = response.headers.get("x-request-id", "")
    etag = response.headers.get("etag", "")
    if response.status_code == NOT_MODIFIED and opened is None:
        return Answer(None, NOT_MODIFIED, etag, request_id)
    code, message, data = _open(response)
    if opened is not None:
        data = opened(code, data)
    if code == ReturnCode.SUCCESS and response.is_success:
        return Answer(data, response.status_code, etag, request_id)
    if code == ReturnCode.SUCCESS:
        raise AnswerInvalid(f"HTTP {response.status_code} calls itself a success.", http_status=response.status_code)
    raise refusal_class(code)(code, message, data=data, request_id=request_id, retry_after=retry_after(response))


def _open(response: httpx.Response) -> tuple[int, str, object]:
    """Take the envelope apart; whatever else answers on that port must not pass for the platform."""
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    code = body.get("return_code") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(code, int) or not _is_return_code(code):
        raise AnswerInvalid(
            f"HTTP {response.status_code} without a Signet envelope: is this the gateway's URL?",
            http_status=response.status_code,
        )
    return code, str(body.get("return_msg", "")), body.get("data")


def _is_return_code(code: int) -> bool:
    return code == ReturnCode.SUCCESS or 400 <= code // 1000 <= 599


def retry_after(response: httpx.Response) -> float | None:
    """The seconds that `Retry-After` asks for (RFC 9110 10.2.3: a number, or a date); None without a readable one."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
