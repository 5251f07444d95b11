"""What the errors of this service are called on the wire."""

from collections.abc import Mapping

from signet_protocol.return_codes import ReturnCode
from signet_scheduler.domain.errors import (
    FieldsInvalid,
    JobBusy,
    JobNotFound,
    MailLimitReached,
    MailNotFound,
    RunEnded,
    RunNotEnded,
    RunNotFound,
    ScheduleDeclared,
    ScheduleNameTaken,
    ScheduleNotFound,
    TooManyRuns,
    VersionMismatch,
)

ERRORS: Mapping[type[Exception], ReturnCode] = {
    JobNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    FieldsInvalid: ReturnCode.DATA_PARAM_ERROR,
    JobBusy: ReturnCode.VALUE_DUPLICATE,
    TooManyRuns: ReturnCode.RATE_LIMITED,
    RunNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    RunNotEnded: ReturnCode.VALUE_DUPLICATE,
    RunEnded: ReturnCode.VALUE_DUPLICATE,
    ScheduleNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    ScheduleNameTaken: ReturnCode.VALUE_DUPLICATE,
    ScheduleDeclared: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    MailNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    MailLimitReached: ReturnCode.RATE_LIMITED,
    VersionMismatch: ReturnCode.VERSION_CONFLICT,
}
