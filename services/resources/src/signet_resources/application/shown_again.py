"""The first answer to an Idempotency-Key, once more: a read like any other, of what the caller may still see."""

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_resources.application.ports import Transaction
from signet_resources.domain.demos import Demo


def demo_again(transaction: Transaction, caller: Passport, answer: Demo) -> None:
    """Check that the demo is there and in reach, in whatever version, and record the read. Raises DemoNotFound."""
    transaction.demos.get(answer.demo_id, owner=owner_filter(caller))
    transaction.record(Change("demo", "query", str(answer.demo_id)))
