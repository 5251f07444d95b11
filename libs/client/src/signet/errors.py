"""What can go wrong, as one tree by return code.

SignetError
├── ArgumentInvalid             the request could not even be built: a URL, a header or a target that has no spelling
├── NotSignedIn                 the operation is signed, and the client has no credential
├── Unreachable                 no answer: connection, TLS or time ran out
├── TransferBroken              a download that ended before it was whole, or is not what was promised
│   └── ChecksumMismatch        all of it has come, or gone, and it is something else
├── KeyNotTrusted               the gateway's sealing key is none that is pinned, or there is none where one is needed
├── AnswerInvalid               an answer that is not the platform's: no envelope, or one without the promised fields
└── Refused                     the platform said no, and `code` says why
    ├── RequestInvalid          400xxx 405001 413001 415001 416001, and any 4xx not named below
    │   ├── QuotaExceeded       413002
    │   └── ContentDestroyed    410001
    ├── AuthenticationFailed    401xxx
    │   ├── SignExpired         401005
    │   ├── CredentialsInvalid  401011
    │   └── NonceReused         401015
    ├── Forbidden               403xxx
    ├── NotFound                404xxx
    ├── Conflict                409xxx 412xxx
    │   ├── ValueDuplicate      409001
    │   ├── IdempotencyConflict 409002
    │   └── VersionConflict     412001
    ├── RateLimited             429xxx
    └── ServerFailed            500xxx, and any 5xx not named below
        ├── ContentDamaged      500002
        ├── StorageFull         507001
        └── Unavailable         503xxx 504xxx

Codes that this version does not know land in the class of their HTTP status.
"""

from collections.abc import Mapping

from signet_protocol.return_codes import ReturnCode


class SignetError(Exception):
    """The root: whatever this package raises on purpose."""


class ArgumentInvalid(SignetError, ValueError):
    """The request could not be built from what was given."""


class NotSignedIn(SignetError):
    """The operation is signed, and the client has no credential."""


class Unreachable(SignetError):
    """There was no answer. `applied` is False when the request cannot have reached the platform."""

    def __init__(self, message: str, *, applied: bool) -> None:
        super().__init__(message)
        self.applied = applied


class TransferBroken(SignetError):
    """What has been received is not the whole, or another: nothing of it may be believed. `received` counts bytes."""

    def __init__(self, message: str, *, received: int = 0) -> None:
        super().__init__(message)
        self.received = received


class ChecksumMismatch(TransferBroken):
    """What has arrived, here or at the platform, has another SHA-256 than what was sent."""


class KeyNotTrusted(SignetError):
    """Nothing was sent: there is no key of the gateway's that may be sealed to."""


class AnswerInvalid(SignetError):
    """The answer is not one of the platform's; `http_status` is 0 when an envelope lacked a promised field."""

    def __init__(self, message: str, *, http_status: int = 0) -> None:
        super().__init__(message)
        self.http_status = http_status


class Refused(SignetError):
    """The platform answered with a return code other than success.

    `data` is the envelope's, `request_id` finds the request in the audit log, `retry_after` is in seconds.
    """

    def __init__(
        self, code: int, message: str, *, data: object = None, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code} {message}".rstrip())
        self.code = code
        self.message = message
        self.data = data
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def http_status(self) -> int:
        """The HTTP status of the answer, which every return code begins with."""
        return self.code // 1000

    @property
    def errors(self) -> list[Mapping[str, object]]:
        """The fields at fault, each with `field` and `message`; only 400002 has them."""
        listed = self.data.get("errors") if isinstance(self.data, Mapping) else None
        return [error for error in listed if isinstance(error, Mapping)] if isinstance(listed, list) else []


class RequestInvalid(Refused):
    """The request is not one that the operation takes."""


class QuotaExceeded(RequestInvalid):
    """The user may not store as much; `data` says how much is left, where the platform tells."""


class ContentDestroyed(RequestInvalid):
    """The key of the file has been destroyed: nobody reads it any more."""


class AuthenticationFailed(Refused):
    """Who asks was not proven."""


class SignExpired(AuthenticationFailed):
    """The timestamp lies outside the server's window."""

    @property
    def server_time(self) -> int | None:
        """The server's unix time in seconds, if it told."""
        told = self.data.get("server_time") if isinstance(self.data, Mapping) else None
        return told if isinstance(told, int) and not isinstance(told, bool) else None


class CredentialsInvalid(AuthenticationFailed):
    """The login or the password is wrong."""


class NonceReused(AuthenticationFailed):
    """The nonce has been seen: something between resent the request."""


class Forbidden(Refused):
    """The caller's roles do not hold the permission."""


class NotFound(Refused):
    """There is no such resource in the caller's scope."""


class Conflict(Refused):
    """The state of the platform contradicts the request."""


class ValueDuplicate(Conflict):
    """A value that must be unique exists already."""


class IdempotencyConflict(Conflict):
    """The Idempotency-Key was used for another request."""


class VersionConflict(Conflict):
    """The resource has changed since the version that If-Match named."""


class RateLimited(Refused):
    """Too many requests; nothing was applied."""


class ServerFailed(Refused):
    """The platform failed."""


class ContentDamaged(ServerFailed):
    """What is stored is not what was written, and none of it may be read."""


class StorageFull(ServerFailed):
    """There is no room left where files are kept."""


class Unavailable(ServerFailed):
    """A part of the platform is down or slow; trying later may help."""


_BY_CODE: Mapping[int, type[Refused]] = {
    ReturnCode.SIGN_EXPIRED: SignExpired,
    ReturnCode.CREDENTIALS_INVALID: CredentialsInvalid,
    ReturnCode.NONCE_REUSED: NonceReused,
    ReturnCode.VALUE_DUPLICATE: ValueDuplicate,
    ReturnCode.IDEMPOTENCY_CONFLICT: IdempotencyConflict,
    ReturnCode.VERSION_CONFLICT: VersionConflict,
    ReturnCode.CONTENT_DESTROYED: ContentDestroyed,
    ReturnCode.QUOTA_EXCEEDED: QuotaExceeded,
    ReturnCode.CONTENT_DAMAGED: ContentDamaged,
    ReturnCode.STORAGE_FULL: StorageFull,
}
_BY_STATUS: Mapping[int, type[Refused]] = {
    401: AuthenticationFailed,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: RateLimited,
    503: Unavailable,
    504: Unavailable,
}


def refusal_class(code: int) -> type[Refused]:
    """The class in the tree for a return code."""
    status = code // 1000
    return _BY_CODE.get(code) or _BY_STATUS.get(status) or (ServerFailed if status >= 500 else RequestInvalid)
