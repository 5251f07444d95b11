"""Asking a service for a job, as the scheduler does."""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from signet_common.passport import Passport, PassportIssuer


def ask(
    client: FlaskClient, service: str, key: Mapping[str, bytes], target: str, *, issuer: str = "scheduler", **said: Any
) -> TestResponse:
    """POST without a body; `said` is what the passport says otherwise than the scheduler's does."""
    claims: dict[str, Any] = {
        "issuer": issuer,
        "audience": service,
        "request_id": "run-1",
        "method": "POST",
        "target": target,
        "body_sha256": hashlib.sha256(b"").hexdigest(),
        "authentication": "service",
    }
    token = PassportIssuer(issuer, {service: key}).issue(Passport(**(claims | said)))
    answer: TestResponse = client.post(target, headers={"X-Passport": token})
    return answer
