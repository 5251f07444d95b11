"""What the errors of this package are called on the wire, the same in every service."""

from collections.abc import Mapping

from signet_common.sql.database import DatabaseUnavailable
from signet_common.sql.idempotency import AnswerNotKept, IdempotencyKeyReused
from signet_protocol.return_codes import ReturnCode

PERSISTENCE_ERRORS: Mapping[type[Exception], ReturnCode] = {
    IdempotencyKeyReused: ReturnCode.IDEMPOTENCY_CONFLICT,
    AnswerNotKept: ReturnCode.VALUE_DUPLICATE,
    DatabaseUnavailable: ReturnCode.UPSTREAM_UNAVAILABLE,
}
