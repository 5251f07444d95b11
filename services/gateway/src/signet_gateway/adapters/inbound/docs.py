"""The documentation for people: Swagger UI 5 over `/openapi.json`, from this machine alone.

Nothing is fetched from elsewhere and no inline script runs, which the content security policy holds the browser to.
"Try it out" is off: a browser holds no secret to sign with. Files are read once: the script has 1.7 MB, and everybody
who takes it slowly would hold a copy of their own.
"""

import hashlib
import importlib.util
import mimetypes
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Signet</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="operations"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  supportedSubmitMethods: [],
  validatorUrl: null
});
"""
_ASSETS = {"swagger-ui.css", "swagger-ui-bundle.js", "favicon-16x16.png", "favicon-32x32.png"}
_ONE_DAY = 86_400


def create_docs() -> Flask:
    """Make the application that answers below `/docs`."""
    app = Flask("signet_gateway.docs", static_folder=None)
    app.url_map.merge_slashes = False  # one path, one spelling, and no redirect to another
    distribution = _swagger_ui()

    @cache
    def file(name: str) -> tuple[bytes, str]:
        content = (distribution / name).read_bytes()
        return content, hashlib.sha256(content).hexdigest()

    @app.get("/docs")
    def page() -> Response:
        response = Response(_PAGE, mimetype="text/html")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-cache"
        return response

    @app.get("/docs/start.js")
    def start() -> Response:
        response = Response(_START, mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        return response

    @app.get("/docs/<name>")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            return Response(status=404)
        content, digest = file(name)
        response = Response(content, mimetype=mimetypes.guess_type(name)[0])
        response.headers["Cache-Control"] = f"max-age={_ONE_DAY}"
        response.set_etag(digest)
        response.make_conditional(request)
        return response

    return app


def _swagger_ui() -> Path:
    """Find the files that the package flask_swagger_ui carries, without importing its code."""
    found = importlib.util.find_spec("flask_swagger_ui")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("the package flask_swagger_ui is not installed")
    return Path(found.submodule_search_locations[0]) / "dist"
