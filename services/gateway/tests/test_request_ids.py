"""What requests are called."""

import re

from signet_gateway.adapters.inbound.request_ids import RequestIds


def test_no_two_requests_have_one_name():
    """Logs and events are matched by it; the second lot must not repeat the first."""
    new_id = RequestIds()
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
