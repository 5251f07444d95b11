"""What to do next, for errors that do not say it themselves."""

from signet.errors import (
    ChecksumMismatch,
    ContentDamaged,
    ContentDestroyed,
    CredentialsInvalid,
    Forbidden,
    QuotaExceeded,
    RateLimited,
    Refused,
    ServerFailed,
    SignetError,
    SignExpired,
    StorageFull,
    TransferBroken,
    Unavailable,
    Unreachable,
    VersionConflict,
)
from signet_protocol.return_codes import ReturnCode

# A sign-in answers with other codes: whoever mistypes a password is signing in already.
_CREDENTIAL_ENDED = {ReturnCode.SIGN_INVALID, ReturnCode.TOKEN_INVALID, ReturnCode.USER_API_INACTIVE}


def advice(error: SignetError) -> str:
    """Return one sentence, or nothing."""
    if isinstance(error, Unreachable):
        where = "Is it running, and is this its address? It comes from --url, SIGNET_URL or the profile."
        return where if not error.applied else "A change may have been made all the same: look before you repeat it."
    if isinstance(error, TransferBroken) and not isinstance(error, ChecksumMismatch):
        return "Run it again: it goes on where it stopped."
    if isinstance(error, Refused):
        return _about(error)
    return ""


def _about(error: Refused) -> str:
    if error.code in _CREDENTIAL_ENDED:
        return "Is the session over, or the key revoked? Sign in again: signet login"
    if isinstance(error, RateLimited | Unavailable):
        wait = "later" if error.retry_after is None else f"in {error.retry_after:.0f} s"
        return f"Try again {wait}."
    # Where the platform has words of its own, the permission is not what is missing.
    if isinstance(error, Forbidden):
        return "What is missing? signet access explain RESOURCE:OPERATION" if _said_nothing(error) else ""
    return next((text for kind, text in _BY_KIND if isinstance(error, kind)), "")


def _said_nothing(error: Refused) -> bool:
    return error.code in set(ReturnCode) and error.message in {"", ReturnCode(error.code).message}


_BY_KIND: tuple[tuple[type[Refused], str], ...] = (
    (CredentialsInvalid, "Forgotten? signet password forgot LOGIN"),
    (SignExpired, "Compare the clock of this machine with the platform's."),
    (VersionConflict, "Read it again, and decide by the version that it has now."),
    (QuotaExceeded, "How much is stored? signet files quota. Deleted files count until they are gone for good."),
    (ContentDamaged, "What is wrong with it? signet files verify FILE_ID. Its operators may have a copy of the store."),
    (ContentDestroyed, "Its key is destroyed. Only a copy that lies elsewhere brings it back."),
    (StorageFull, "Nothing of it is stored. The platform's operators have to make room."),
    (ServerFailed, "The platform's logs tell more under the request's id."),
)
