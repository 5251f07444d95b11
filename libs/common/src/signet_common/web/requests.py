"""Reading what a request brings: strictly, with every refusal naming its field and never repeating its value."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Request
from pydantic import BaseModel, ValidationError

from signet_common.web.errors import ApiError, FieldErrors
from signet_common.web.json_names import refuse_repeated_names
from signet_protocol.envelope import JSON_TYPE
from signet_protocol.return_codes import ReturnCode

MAX_REPORTED_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Arguments:
    """The validated body and query of a request; None where the operation takes none."""

    body: Any
    query: Any


def parse_body(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    """Validate the JSON body. Raises ApiError 415001 for another media type, FieldErrors for what does not fit."""
    data = body_of(request)
    if model is None:
        if data:
            raise FieldErrors([("body", "this operation takes no body")])
        return None
    if not JSON_TYPE.fullmatch(request.headers.get("Content-Type", "")):
        raise ApiError(ReturnCode.MEDIA_TYPE_UNSUPPORTED, "Content-Type: application/json is needed")
    try:
        read = model.model_validate_json(data)
    except ValidationError as refused:
        raise _field_errors(refused, "body") from None
    refuse_repeated_names(data, read)
    return read


def body_of(request: Request) -> bytes:
    """The whole body. A request without length and without chunks has none (RFC 9112, section 6.3): nothing is read."""
    environ = request.environ
    if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ:
        return request.get_data(cache=True)
    return b""


def parse_query(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    """Validate the query string. Raises FieldErrors; a parameter given twice is refused, not merged."""
    raw = request.query_string
    if not raw and model is None:
        return None
    values = _pairs(raw)
    if model is None:
        raise FieldErrors([(next(iter(values), "query")[:64], "this operation takes no parameters")])
    try:
        return model.model_validate(values)
    except ValidationError as refused:
        raise _field_errors(refused, "query") from None


def _pairs(raw: bytes) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in raw.split(b"&") if raw else ():
        name, _, value = part.partition(b"=")
        key = _text(name, "query")
        if key in values:
            raise FieldErrors([(key[:64], "is given twice")])
        values[key] = _text(value, key[:64])
    return values


def _text(encoded: bytes, field: str) -> str:
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise FieldErrors([(field, "is not UTF-8")]) from None


def _field_errors(refused: ValidationError, whole: str) -> FieldErrors:
    problems = refused.errors(include_url=False, include_input=False, include_context=False)[:MAX_REPORTED_ERRORS]
    return FieldErrors([(_name(problem["loc"]) or whole, _message(problem)) for problem in problems])


def _name(location: tuple[int | str, ...]) -> str:
    # A refused unknown field is the client's own text: shown, but bounded and printable.
    return ".".join(str(part) for part in location)[:64].encode("ascii", "backslashreplace").decode()


def _message(problem: Any) -> str:
    return str(problem["msg"]).removeprefix("Value error, ")
