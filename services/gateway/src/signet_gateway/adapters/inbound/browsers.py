"""What browsers are told with every answer: what pages may do with it (CORS, of the Fetch standard), and what not.

Nobody's pages may read an answer unless their origin is named in the settings, each one in full: there is no wildcard.
Credentials are never allowed: a request is signed by its sender, and no cookie is looked at.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Headers = list[tuple[str, str]]

_PREFLIGHT_SECONDS = "600"
_REQUEST_HEADERS = ", ".join(
    (
        "Accept",
        "Accept-Language",
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "If-Range",
        "Range",
        "Traceparent",
        "X-Api-Key",
        "X-Content-SHA256",
        "X-Key",
        "X-Key-Id",
        "X-Nonce",
        "X-Sign",
        "X-Timestamp",
    )
)
_EXPOSED = ", ".join(
    (
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Range",
        "ETag",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "X-Request-Id",
    )
)
_CACHE_CONTROL = "Cache-Control"
_POLICY = "Content-Security-Policy"
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_NO_STORE = (_CACHE_CONTROL, "no-store")
# An answer is data: as a page it could load nothing, run nothing, be framed by nobody, and be of no origin: what a
# file holds may well be a page.
_NOTHING = (_POLICY, "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def protect(headers: Headers) -> None:
    """Add what keeps a browser from taking an answer for more than it is; what a page says itself stands."""
    headers.extend(_ALWAYS)
    names = [name for name, _ in headers]
    if _CACHE_CONTROL not in names:
        headers.append(_NO_STORE)
    if _POLICY not in names:
        headers.append(_NOTHING)


class CrossOrigin:
    """Tells browsers which pages may read an answer; `origins` are spelled as browsers spell them."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def complete(self, environ: "WSGIEnvironment", headers: Headers) -> None:
        """Add the headers for the request's origin.

        A preflight gets the answer that every OPTIONS gets, and beside it what its target allows.
        """
        if not self._origins:
            return
        headers.append(("Vary", "Origin"))
        origin = environ.get("HTTP_ORIGIN")
        if origin not in self._origins:
            return
        headers.append(("Access-Control-Allow-Origin", origin))
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            headers.extend(_preflight(headers))
        else:
            headers.append(("Access-Control-Expose-Headers", _EXPOSED))


def _preflight(headers: Headers) -> Headers:
    allowed = next((value for name, value in headers if name == "Allow"), "")
    return [
        ("Access-Control-Allow-Methods", allowed),
        ("Access-Control-Allow-Headers", _REQUEST_HEADERS),
        ("Access-Control-Max-Age", _PREFLIGHT_SECONDS),
    ]
