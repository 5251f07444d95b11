"""What the gateway says about itself and the platform, unsigned."""

import json
import re

import pytest
from openapi_spec_validator import validate

from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send

pytestmark = pytest.mark.e2e


def get(platform: Platform, target: str, method: str = "GET") -> RawAnswer:
    return send(platform.port, RawRequest(method, target))


def test_health_and_readiness_are_told_apart(platform: Platform) -> None:
    """Alive is asked by who restarts, ready by who sends requests; readiness names every part."""
    assert json.loads(get(platform, "/healthz").body) == {"status": "alive"}
    ready = eventually(lambda: (r := json.loads(get(platform, "/readyz").body))["status"] == "ready" and r)
    assert {"identity", "resources", "audit"} <= ready["checks"].keys()
    assert {check["status"] for check in ready["checks"].values()} == {"ok"}


def test_contract_of_all_services_is_served_as_one(platform: Platform) -> None:
    """A client needs one document: valid OpenAPI 3.1, every operation with its code list and nothing internal."""
    document = json.loads(get(platform, "/openapi.json").body)
    validate(document)
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    assert {"/api/v1/demos", "/api/v1/sessions", "/api/v1/users", "/api/v1/audit/records"} <= paths.keys()
    assert not [path for path in paths if "internal" in path]
    operations = [(path, op) for path, item in paths.items() for op in item.values() if isinstance(op, dict)]
    assert all(operation.get("summary") for path, operation in operations if path.startswith("/api/"))


def test_documentation_is_complete_without_the_internet(platform: Platform) -> None:
    """Behind a wall there is no content delivery network: all that the page loads comes from the gateway."""
    page = next(answer for target in ("/docs", "/docs/") if (answer := get(platform, target)).status == 200)
    assert page.headers["Content-Type"].startswith("text/html")
    assets = re.findall(r'(?:src|href)="([^"#]+)"', page.body.decode())
    assert assets
    for asset in assets:
        assert not asset.startswith(("http:", "https:", "//")), asset
        target = asset if asset.startswith("/") else f"/docs/{asset.removeprefix('./')}"
        assert get(platform, target).status == 200, asset


@pytest.mark.parametrize("target", ["/healthz", "/readyz", "/openapi.json", "/docs"])
def test_pages_are_for_reading(platform: Platform, target: str) -> None:
    """Nothing there changes anything."""
    answer = get(platform, target, "DELETE")
    assert (answer.status, answer.code) == (405, ReturnCode.METHOD_NOT_ALLOWED)
    assert get(platform, target, "HEAD").body == b""


def test_options_are_told_without_a_signature(platform: Platform) -> None:
    """A client may ask what it can do before it knows how to sign."""
    answer = get(platform, "/api/v1/demos", "OPTIONS")
    assert answer.status in {200, 204}
    assert {"GET", "HEAD", "POST", "OPTIONS"} <= set(re.split(r",\s*", answer.headers["Allow"]))


def test_every_answer_has_a_request_id_and_is_not_for_sniffing(platform: Platform) -> None:
    """Support begins with a request id."""
    for target in ("/api/v1/demos", "/api/v1/nothing", "/healthz", "/api//x"):
        answer = get(platform, target)
        assert answer.headers["X-Request-Id"], target
        assert answer.headers["X-Content-Type-Options"] == "nosniff", target
