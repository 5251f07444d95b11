"""Return codes and the envelope are one closed, consistent list."""

import json

import pytest

from signet_protocol.envelope import envelope
from signet_protocol.return_codes import ReturnCode


@pytest.mark.parametrize("code", list(ReturnCode))
def test_every_code_has_a_status_a_title_and_a_message(code: ReturnCode) -> None:
    """A code added without its words would answer with a KeyError."""
    assert 200 <= code.http_status < 600
    assert code.title
    assert bool(code.message) == (code is not ReturnCode.SUCCESS)


@pytest.mark.parametrize(
    ("code", "status", "title"),
    [
        (ReturnCode.SUCCESS, 200, "Success"),
        (ReturnCode.PARAM_ERROR, 400, "ParamError"),
        (ReturnCode.USER_API_INACTIVE, 401, "UserApiInactive"),
        (ReturnCode.RESOURCE_NOT_FOUND, 404, "ResourceNotFound"),
        (ReturnCode.VERSION_CONFLICT, 412, "VersionConflict"),
        (ReturnCode.UPSTREAM_TIMEOUT, 504, "UpstreamTimeout"),
    ],
)
def test_status_and_title_follow_from_the_code(code: ReturnCode, status: int, title: str) -> None:
    """Clients derive the one from the other too."""
    assert (code.http_status, code.title) == (status, title)


def test_envelope_carries_the_code_as_a_plain_number() -> None:
    """Serializers that know no IntEnum meet it on the hot path."""
    answer = envelope(ReturnCode.SUCCESS, data={"demo_id": 7})
    assert type(answer["return_code"]) is int
    assert json.dumps(answer) == '{"return_code": 200, "return_msg": "", "data": {"demo_id": 7}}'


def test_envelope_of_an_error_has_words_by_default() -> None:
    """A refusal without a message helps nobody."""
    assert envelope(ReturnCode.NONCE_REUSED)["return_msg"] == ReturnCode.NONCE_REUSED.message
    assert envelope(ReturnCode.PARAM_ERROR, "X-Nonce is repeated.")["return_msg"] == "X-Nonce is repeated."
