"""Record what the gateway refused, which has no database of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_identity.application.ports import Transaction, UnitOfWork

_AUTHENTICATIONS = {"api_key": "api_key", "session": "token"}


@dataclass(frozen=True, slots=True)
class Refused:
    """Refusals that have their reason, credential, address and operation in common; one of the requests as a sample.

    `credential` is what the requests named, `api_key/7` or `unknown`; `proven` says that its holder sent them, the user
    `user_id`. Where the gateway could not keep the groups apart, everything but reason and count is empty.
    """

    return_code: int
    reason: str
    credential: str
    proven: bool
    client_ip: str
    operation: str
    count: int
    since: datetime
    until: datetime
    user_id: int | None
    request_id: str
    method: str
    target: str


class RecordRefusals:
    """Writes one event for each group, all of a report or none."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def __call__(self, gateway: Passport, report: Sequence[Refused]) -> None:
        """Record a report; one that was sent twice under its Idempotency-Key is recorded once."""

        def work(transaction: Transaction) -> None:
            for refused in report:
                transaction.record(_change(refused), caller=_sender(gateway, refused))

        self._unit_of_work.execute(gateway, work, type(None))


def _change(refused: Refused) -> Change:
    told = {
        "reason": refused.reason,
        "return_code": refused.return_code,
        "count": refused.count,
        "credential": refused.credential,
        "refused_operation": refused.operation,
        "since": refused.since,
        "until": refused.until,
    }
    return Change("request", "refused", changes={name: (None, value) for name, value in told.items()})


def _sender(gateway: Passport, refused: Refused) -> Passport:
    """Who asked, as far as it was proven: a forged request must not stand in the log under its victim's name."""
    kind = refused.credential.partition("/")[0]
    return replace(
        gateway,
        request_id=refused.request_id,
        client_ip=refused.client_ip,
        method=refused.method,
        target=refused.target,
        user_id=refused.user_id if refused.proven else None,
        credential_id=refused.credential if refused.proven else "",
        authentication=_AUTHENTICATIONS.get(kind, "none") if refused.proven else "none",
        request_digest="",
    )
