"""What the gateway answers itself, unsigned: health, readiness, the merged contract, the documentation."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson

from signet_gateway.application.errors import Refusal
from signet_gateway.application.readiness import Readiness
from signet_gateway.application.request import Reply, Request
from signet_gateway.application.spelling import check_spelling
from signet_protocol.return_codes import ReturnCode

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    Page = Callable[[Request, WSGIEnvironment], Reply]

_DOCS = "/docs"
_NOT_MODIFIED = 304
_ALLOW = (("Allow", "GET, HEAD"),)
_REVALIDATE = ("Cache-Control", "no-cache")


class Pages:
    """The gateway's own paths.

    `document` returns the merged contract of the moment, `docs` makes the documentation's application when it is first
    asked for, `arrived` counts a request by its address and raises Refusal 429001. Health is not counted: whoever
    watches the platform has to hear about it when everybody is asking. `jobs` are for the scheduler alone.
    """

    def __init__(
        self,
        readiness: Readiness,
        document: Callable[[], bytes],
        docs: "Callable[[], WSGIApplication]",
        arrived: Callable[[Request], None],
        jobs: "Mapping[str, Page]",
    ) -> None:
        self._readiness = readiness
        self._document = document
        self._make_docs = docs
        self._arrived = arrived
        self._docs: WSGIApplication | None = None
        self._pages: dict[str, Page] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/openapi.json": self._openapi,
            **jobs,
        }

    def find(self, target: str) -> "Page | None":
        """Return the page of a target, None if it is not one of the gateway's own; raises Refusal 400001."""
        if target.startswith("/api/"):
            return None
        path = target.partition("?")[0]
        in_docs = path == _DOCS or path.startswith(_DOCS + "/")
        page = self._documentation if in_docs else self._pages.get(path)
        if page is not None:
            check_spelling(target)
        return page

    def _healthz(self, request: Request, _: "WSGIEnvironment") -> Reply:
        return _json(request, {"status": "alive"})

    def _readyz(self, request: Request, _: "WSGIEnvironment") -> Reply:
        report = self._readiness.report()
        return _json(request, report, 503 if report["status"] == "failed" else 200)

    def _openapi(self, request: Request, _: "WSGIEnvironment") -> Reply:
        self._arrived(request)
        return _document(request, self._document(), 200, [_REVALIDATE])

    def _documentation(self, request: Request, environ: "WSGIEnvironment") -> Reply:
        self._arrived(request)
        _only_reading(request)
        if self._docs is None:
            self._docs = self._make_docs()
        answer: list[tuple[str, list[tuple[str, str]]]] = []

        def start(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            answer.append((status, headers))
            return lambda _: None

        chunks = self._docs(environ, start)
        body = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
        status, headers = answer[0]
        code = int(status[:3])
        if code >= 300 and code != _NOT_MODIFIED:  # no redirects: they would be made of a Host that nobody checked
            raise Refusal(ReturnCode.RESOURCE_NOT_FOUND)
        return Reply(code, headers, body, code)


def _json(request: Request, value: object, status: int = 200) -> Reply:
    return _document(request, orjson.dumps(value), status, [])


def _document(request: Request, body: bytes, status: int, headers: list[tuple[str, str]]) -> Reply:
    _only_reading(request)
    all_headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]
    return Reply(status, all_headers, body, status)


def _only_reading(request: Request) -> None:
    if request.method not in {"GET", "HEAD"}:
        raise Refusal(ReturnCode.METHOD_NOT_ALLOWED, headers=_ALLOW)
