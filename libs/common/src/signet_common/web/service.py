"""The Flask application of a service: no request passes without a passport, every answer is an envelope."""

import hashlib
from collections.abc import Callable, Iterable, Mapping

from flask import Flask, Response, g, request
from flask_restx import Api, Namespace
from werkzeug.routing import BaseConverter, IntegerConverter

from signet_common.observability.spans import Tracing
from signet_common.observability.traced_application import TracedApplication
from signet_common.passport import PassportInvalid, PassportVerifier
from signet_common.web.answers import json_response
from signet_common.web.application import ServiceFlask
from signet_common.web.errors import ErrorMap, refusal
from signet_common.web.readiness import Check, readiness
from signet_common.web.requests import body_of
from signet_common.web.schemas import MAX_ID, NAME_PATTERN
from signet_common.web.streams import declared_digest
from signet_protocol.return_codes import ReturnCode

UNGUARDED = ("/healthz", "/readyz")
MAX_BODY_BYTES = 16 * 1024 * 1024
"""A last fence; the gateway's own limits are far lower."""


class IdConverter(IntegerConverter):
    """`<id:demo_id>`: a positive integer with one spelling."""

    regex = r"[1-9][0-9]{0,15}"

    def __init__(self, map: object) -> None:  # noqa: A002 - werkzeug passes it by this name
        super().__init__(map, max=MAX_ID)  # type: ignore[arg-type]


class NameConverter(BaseConverter):
    """`<name:job_name>`: what code names, in small letters, digits and hyphens."""

    regex = NAME_PATTERN


class _EnvelopeApi(Api):  # type: ignore[misc]
    """flask-restx for routing alone: errors go the same way as everybody's."""

    errors: ErrorMap

    def handle_error(self, e: Exception) -> Response:
        return self.errors.respond(e)


def create_service(
    name: str,
    namespaces: Iterable[Namespace],
    *,
    verifier: PassportVerifier,
    errors: Mapping[type[Exception], ReturnCode],
    checks: Mapping[str, Callable[[], Check]],
    tracing: Tracing,
    reload: Callable[[], None] | None = None,
) -> Flask:
    """Build the application. `errors` maps the service's error tree, `checks` names what readiness needs.

    `reload` is called on SIGHUP, beside the requests in flight, where the server reloads in place.
    """
    app = ServiceFlask(name, static_folder=None)
    app.reload = reload
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"id": IdConverter, "name": NameConverter}
    _answer_health(app, checks)
    app.before_request(_PassportCheck(verifier))
    error_map = ErrorMap(errors)
    app.register_error_handler(Exception, error_map.respond)
    api = _EnvelopeApi(doc=False)
    api.errors = error_map
    api.init_app(app, add_specs=False)
    for namespace in namespaces:
        api.add_namespace(namespace)
    app.wsgi_app = TracedApplication(app.wsgi_app, tracing)  # type: ignore[method-assign]
    return app


class _PassportCheck:
    """Before routing: even which paths exist is nobody's business without a passport."""

    def __init__(self, verifier: PassportVerifier) -> None:
        self._verifier = verifier

    def __call__(self) -> Response | None:
        environ = request.environ
        if environ["PATH_INFO"] in UNGUARDED:
            return None
        try:
            g.user = self._verifier.verify(
                environ.get("HTTP_X_PASSPORT", ""),
                method=environ["REQUEST_METHOD"],
                target=environ["RAW_URI"],
                body_sha256=declared_digest(request) or hashlib.sha256(body_of(request)).hexdigest(),
            )
        except PassportInvalid:
            return refusal(ReturnCode.PASSPORT_INVALID)
        return None


def _answer_health(app: Flask, checks: Mapping[str, Callable[[], Check]]) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return json_response({"status": "alive"})

    @app.get("/readyz")
    def readyz() -> Response:
        return json_response(*readiness(checks))
