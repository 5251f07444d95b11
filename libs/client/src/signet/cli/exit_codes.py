"""What the command's exit status says, for scripts."""

from enum import IntEnum

from signet.cli.part_files import NotWritten
from signet.errors import (
    AnswerInvalid,
    ArgumentInvalid,
    AuthenticationFailed,
    ChecksumMismatch,
    Conflict,
    ContentDamaged,
    ContentDestroyed,
    NotFound,
    NotSignedIn,
    SignetError,
    TransferBroken,
    Unavailable,
    Unreachable,
)


class ExitCode(IntEnum):
    """The exit statuses, as `signet --help` lists them."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_FOUND = 4
    CONFLICT = 5
    UNREACHABLE = 6
    DAMAGED = 7
    NOT_SUCCEEDED = 8
    DEFECT = 70  # sysexits.h: EX_SOFTWARE
    NOT_WRITTEN = 74  # sysexits.h: EX_IOERR
    INTERRUPTED = 130  # as a shell says it of SIGINT
    READER_GONE = 141  # and of SIGPIPE


EPILOG = (
    "Exit status: 0 done; 1 refused by the platform; 2 usage; 3 not signed in, or the credential was refused; "
    "4 no such resource; 5 conflict (duplicate, idempotency key, version); 6 no usable answer, trying later may help; "
    "7 a file that is not what was stored, or beyond reading; 8 a run that ended without success; "
    "70 a defect of this program; 74 the output, or a file, could not be written; 130 interrupted."
)

_BY_ERROR = (
    (ArgumentInvalid, ExitCode.USAGE),
    (NotWritten, ExitCode.NOT_WRITTEN),
    ((NotSignedIn, AuthenticationFailed), ExitCode.NOT_SIGNED_IN),
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.CONFLICT),
    ((ChecksumMismatch, ContentDamaged, ContentDestroyed), ExitCode.DAMAGED),
    ((Unreachable, Unavailable, AnswerInvalid, TransferBroken), ExitCode.UNREACHABLE),
)


def exit_code(error: SignetError) -> ExitCode:
    """The exit status for an error."""
    return next((code for kinds, code in _BY_ERROR if isinstance(error, kinds)), ExitCode.REFUSED)
