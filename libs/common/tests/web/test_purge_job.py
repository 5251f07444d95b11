"""The route that a service purges by: for the scheduler alone, and it tells what went."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from signet_common.observability.tracing import configure_tracing
from signet_common.passport import PassportVerifier
from signet_common.web.openapi import export
from signet_common.web.purge_job import SECONDS, purge_namespace
from signet_common.web.service import create_service
from signet_testing.jobs import ask

TARGET = "/internal/jobs/purge"
KEYS = {"gateway": {"k1": b"g" * 32}, "scheduler": {"k1": b"s" * 32}}


@dataclass
class Erased:
    rows: dict[str, int]
    finished: bool


class FakePurge:
    """A purge that notes for how long it was asked to go on."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def __call__(self, seconds: float) -> Erased:
        self.asked.append(seconds)
        return Erased({"outbox": 3, "sessions": 0}, finished=False)


@pytest.fixture
def purge() -> FakePurge:
    return FakePurge()


@pytest.fixture
def app(purge: FakePurge) -> Flask:
    return create_service(
        "test",
        [purge_namespace(purge)],
        verifier=PassportVerifier("test", KEYS),
        errors={},
        checks={},
        tracing=configure_tracing("test", None),
    )


@pytest.fixture
def send(app: Flask) -> Callable[..., Any]:
    def send(target: str = TARGET, issuer: str = "scheduler", **claims: Any) -> Any:
        return ask(app.test_client(), "test", KEYS[issuer], target, issuer=issuer, **claims)

    return send


def test_the_scheduler_hears_what_was_erased_of_each_table(send: Any, purge: FakePurge) -> None:
    """And whether it has to ask again, because a request ends in time."""
    answer = send()
    assert (answer.status_code, answer.json["data"]) == (
        200,
        {"rows": {"outbox": 3, "sessions": 0}, "finished": False},
    )
    assert purge.asked == [SECONDS]


@pytest.mark.parametrize(
    "claims",
    [
        {"issuer": "gateway"},
        {"issuer": "gateway", "authentication": "api_key", "user_id": 1, "scope": "any"},
        {"authentication": "api_key"},
        {"authentication": "none"},
        {"body_sha256": hashlib.sha256(b"x").hexdigest()},
        {"method": "GET"},
    ],
)
def test_nobody_else_has_anything_erased(send: Any, purge: FakePurge, claims: dict[str, Any]) -> None:
    """Not the gateway either, whoever stands behind it."""
    assert send(**claims).json["return_code"] == 401016
    assert purge.asked == []


def test_it_is_in_no_contract(app: Flask) -> None:
    """So no gateway leads to it."""
    assert export(app, service="test", title="", version="1", description="")["paths"] == {}
