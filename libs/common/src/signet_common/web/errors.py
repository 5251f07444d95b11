"""From an exception to the envelope: the only place where a service's errors become HTTP."""

import logging
import math
from collections.abc import Mapping

from flask import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from signet_common.web.answers import json_response
from signet_protocol.envelope import envelope
from signet_protocol.return_codes import ReturnCode

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """A refusal with its return code; the message names what is wrong, `data` carries details for machines."""

    def __init__(self, code: ReturnCode, message: str = "", data: object = None) -> None:
        super().__init__(message or code.message)
        self.code = code
        self.message = message
        self.data = data


class FieldErrors(ApiError):
    """400002: fields of the body or parameters that do not fit, each named."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        listed = [{"field": field, "message": message} for field, message in problems]
        super().__init__(ReturnCode.DATA_PARAM_ERROR, f"{problems[0][0]}: {problems[0][1]}", {"errors": listed})


class ComeLater(ApiError):
    """429001: the same request will do after `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(ReturnCode.RATE_LIMITED, message)
        self.seconds = seconds


class RangeUnsatisfiable(ApiError):
    """416001: there is nothing of `size` bytes in the range that was asked for (RFC 9110, section 15.5.17)."""

    def __init__(self, size: int) -> None:
        super().__init__(ReturnCode.RANGE_INVALID)
        self.size = size


class ErrorMap:
    """Maps a service's own error tree to return codes; everything unknown is 500001, logged and not explained."""

    def __init__(self, codes: Mapping[type[Exception], ReturnCode]) -> None:
        self._codes = codes

    def respond(self, error: Exception) -> Response:
        """The envelope for `error`."""
        if isinstance(error, ApiError):
            response = refusal(error.code, error.message, error.data)
            if isinstance(error, ComeLater):
                response.headers["Retry-After"] = str(max(1, math.ceil(error.seconds)))
            if isinstance(error, RangeUnsatisfiable):
                response.headers["Content-Range"] = f"bytes */{error.size}"
            return response
        for kind in type(error).__mro__:
            if (code := self._codes.get(kind)) is not None:
                return refusal(code, str(error))
        if isinstance(error, HTTPException):
            return _from_http(error)
        logger.error("a request failed unexpectedly", exc_info=error)
        return refusal(ReturnCode.INTERNAL_ERROR)


def refusal(code: ReturnCode, message: str = "", data: object = None) -> Response:
    """An answer that is no success."""
    return json_response(envelope(code, message, data), code.http_status)


def _from_http(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        response = refusal(ReturnCode.METHOD_NOT_ALLOWED)
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response
    if isinstance(error, RequestEntityTooLarge):
        return refusal(ReturnCode.BODY_TOO_LARGE)
    if error.code == 404:
        return refusal(ReturnCode.RESOURCE_NOT_FOUND)
    return refusal(ReturnCode.PARAM_ERROR)
