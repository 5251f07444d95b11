"""What a client may call a change that it may have to repeat."""

import pytest

from signet_gateway.application.content import MAX_KEY_CHARACTERS, forwarded_headers
from signet_gateway.application.errors import Refusal
from signet_protocol.return_codes import ReturnCode


@pytest.mark.parametrize("key", ["k", "!~", "order-2026-0001", "x" * MAX_KEY_CHARACTERS])
def test_a_key_is_passed_on_as_it_was_sent(key: str) -> None:
    """It is the client's own text; space around it is none of it (RFC 9110, 5.5)."""
    assert forwarded_headers({"idempotency-key": f" {key}\t"}) == {"idempotency-key": key}


@pytest.mark.parametrize("key", ["a b", "x" * (MAX_KEY_CHARACTERS + 1), "é", "a\tb"])
def test_a_key_that_the_contracts_do_not_know_is_refused(key: str) -> None:
    """They promise `[!-~]{1,255}`, and whoever reads them may take anything else for a mistake."""
    with pytest.raises(Refusal) as refused:
        forwarded_headers({"idempotency-key": key})
    assert refused.value.code is ReturnCode.PARAM_ERROR
