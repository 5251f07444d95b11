"""Decorators of views. They validate and annotate; they open no transaction, inject nothing and swallow no error.

Outermost first: `operation`, one of `authentication_required`, `public_operation` or `internal_operation`, then
`sign_required`, `check_request`, `marshal_with`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, request
from pydantic import BaseModel

from signet_common.passport import Passport
from signet_common.web.answers import JSON, shaper
from signet_common.web.application import Answer
from signet_common.web.errors import ApiError
from signet_common.web.operations import operation_of
from signet_common.web.preconditions import entity_tag, is_unchanged
from signet_common.web.requests import Arguments, parse_body, parse_query
from signet_common.web.streams import UPLOADING, body_stream
from signet_protocol.return_codes import ReturnCode

View = Callable[..., Any]
GATEWAY = "gateway"


def authentication_required(resource: str, operation: str) -> Callable[[View], View]:
    """Only a user whom the gateway has authenticated and found to hold `resource:operation`; leaves `g.user`."""
    permission = f"{resource}:{operation}"

    def decorate(view: View) -> View:
        operation_of(view).permission = permission

        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            user: Passport = g.user
            if user.issuer != GATEWAY or user.user_id is None or user.permission != permission or not user.scope:
                raise ApiError(ReturnCode.PASSPORT_INVALID)
            return view(*args, **kwargs)

        return checked

    return decorate


def public_operation(view: View) -> View:
    """Anybody, but through the gateway alone."""
    operation_of(view).public = True

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if g.user.issuer != GATEWAY or g.user.permission:
            raise ApiError(ReturnCode.PASSPORT_INVALID)
        return view(*args, **kwargs)

    return checked


def internal_operation(*issuers: str) -> Callable[[View], View]:
    """Only the services named; such a route is in no public contract and no gateway leads to it."""

    def decorate(view: View) -> View:
        operation_of(view).internal_issuers = issuers

        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if g.user.issuer not in issuers or g.user.authentication != "service":
                raise ApiError(ReturnCode.PASSPORT_INVALID)
            return view(*args, **kwargs)

        return checked

    return decorate


def sign_required(view: View) -> View:
    """The passport must say that the caller signed this request."""
    operation_of(view).signed = True

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not g.user.request_digest:
            raise ApiError(ReturnCode.SIGN_REQUIRED)
        return view(*args, **kwargs)

    return checked


def check_request(
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    idempotent: bool = False,
    conditional: bool = False,
) -> Callable[[View], View]:
    """Validate everything that the request brings; the models are left in `g.args.body` and `g.args.query`.

    Whatever is not declared is refused. `idempotent` lets an Idempotency-Key through, `conditional` an If-Match. Of a
    streamed upload `g.args.body` is a `BodyStream`.
    """

    def decorate(view: View) -> View:
        found = operation_of(view)
        found.body, found.query, found.idempotent, found.conditional = body, query, idempotent, conditional

        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            uploaded = found.stream and request.method in UPLOADING
            content = body_stream(request) if uploaded else parse_body(request, body)
            g.args = Arguments(content, parse_query(request, query))
            return view(*args, **kwargs)

        return checked

    return decorate


def marshal_with(
    model: type[BaseModel] | None, *, plural: str | None = None, versioned: bool = False
) -> Callable[[View], View]:
    """Shape the result: one `model`, a page of them under `plural`, or null.

    `versioned` serves the result's `version` as ETag and answers 304 when the client has it already.
    """
    shape = shaper(model, plural)

    def decorate(view: View) -> View:
        found = operation_of(view)
        found.view, found.plural, found.versioned = model, plural, versioned

        @wraps(view)
        def shaped(*args: Any, **kwargs: Any) -> Response:
            result = view(*args, **kwargs)
            if versioned and is_unchanged(request, result.version):
                return Response(status=304, headers={"ETag": entity_tag(result.version)})
            response = Answer(shape(result), content_type=JSON)
            if versioned:
                response.headers["ETag"] = entity_tag(result.version)
            return response

        return shaped

    return decorate
