"""The fuzzer must neither shut itself out nor whoever started it."""

from types import SimpleNamespace
from typing import Any

import pytest

from signet_testing.fuzz.account import Accounts, Person
from signet_testing.fuzz.hooks import NOBODY, spare
from signet_testing.fuzz.signing import Secret

KEY = Secret("ak_test", "secret")
ACCOUNTS = Accounts(
    url="http://127.0.0.1:1",
    fuzzer=Person(2, 20, "fuzzer", KEY),
    password="p",
    victim=Person(3, 30, "victim", KEY),
    spared_users=frozenset({1, 2}),
    spared_api_keys=frozenset({10, 20}),
)


@pytest.mark.parametrize(
    ("method", "parameters", "body", "sent"),
    [
        ("PATCH", {"user_id": 1}, None, ({"user_id": 3}, None)),
        ("PATCH", {"user_id": "2"}, {"user_state": "inactive"}, ({"user_id": 3}, {"user_state": "inactive"})),
        ("PATCH", {"user_id": 7}, None, ({"user_id": 7}, None)),
        ("DELETE", {"user_id": 2}, None, ({"user_id": NOBODY}, None)),
        ("DELETE", {"user_id": 3}, None, ({"user_id": NOBODY}, None)),
        ("DELETE", {"user_id": 7}, None, ({"user_id": 7}, None)),
        ("DELETE", {"api_key_id": 20}, None, ({"api_key_id": 30}, None)),
        ("POST", {}, {"user_id": 1}, ({}, {"user_id": 3})),
        ("GET", {"user_id": 1}, None, ({"user_id": 1}, None)),
    ],
)
def test_change_of_a_spared_account_hits_the_victim(method: str, parameters: Any, body: Any, sent: Any) -> None:
    """Everything else is sent as it was made."""
    case: Any = SimpleNamespace(method=method, path_parameters=parameters, body=body)
    spare(ACCOUNTS)(None, case, {})
    assert (case.path_parameters, case.body) == sent
