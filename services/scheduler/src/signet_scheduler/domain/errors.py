"""What can be wrong with a request to this service.

SchedulerError
├── JobNotFound           no job of that name is declared
├── FieldsInvalid         what a client sent does not fit; names each field
│   └── ArgumentsInvalid  the arguments do not fit the job's model
├── JobBusy               the job does not overlap with itself, and a run of it is under way
├── TooManyRuns           the user has as many runs of the job under way as one may have
├── RunNotFound           no such run, or none that the caller may see
├── RunNotEnded           only what has ended can be asked for again
├── RunEnded              what has ended can no longer be cancelled
├── ScheduleNotFound      no such schedule, or none that the caller may see
├── ScheduleNameTaken     another schedule has the name
├── ScheduleDeclared      the code declares it: it can be paused and changed, not deleted
├── MailNotFound          no such mail, or none that the caller may see
├── MailElsewhere         another run sends the mail, and has not ended
├── MailLimitReached      the address, or whoever asks, gets no more mails for now
├── CronInvalid           the line or the zone means nothing; names the part
└── VersionMismatch       it has changed since the client saw it
"""

from collections.abc import Sequence


class SchedulerError(Exception):
    """The root of this service's refusals; the message is for the client."""


class JobNotFound(SchedulerError):
    """No job of that name is declared."""


class FieldsInvalid(SchedulerError):
    """What a client sent does not fit. `errors` are pairs of field, as the client names it, and message."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors))
        self.errors = tuple(errors)


class ArgumentsInvalid(FieldsInvalid):
    """The arguments do not fit the job's model."""


class JobBusy(SchedulerError):
    """The job does not overlap with itself, and a run of it is under way."""


class TooManyRuns(SchedulerError):
    """The user has as many runs of the job under way as one user may have."""


class RunNotFound(SchedulerError):
    """No such run, or none that the caller may see."""


class RunNotEnded(SchedulerError):
    """Only what has ended can be asked for again."""


class RunEnded(SchedulerError):
    """What has ended can no longer be cancelled."""


class ScheduleNotFound(SchedulerError):
    """No such schedule, or none that the caller may see."""


class ScheduleNameTaken(SchedulerError):
    """Another schedule has the name."""


class ScheduleDeclared(SchedulerError):
    """The code declares the schedule: it can be paused and changed, not deleted."""


class CronInvalid(SchedulerError):
    """The cron line or the time zone means nothing; the message names the part."""


class MailNotFound(SchedulerError):
    """No such mail, or none that the caller may see."""


class MailElsewhere(SchedulerError):
    """Another run sends the mail, and has not ended."""


class MailLimitReached(SchedulerError):
    """As many mails of an hour as go to one address, or are sent for one user; the message says which."""


class VersionMismatch(SchedulerError):
    """It has changed since the client saw it."""
