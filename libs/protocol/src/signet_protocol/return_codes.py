"""The return codes: one closed list, known to the gateway, the services and every client.

A code is an HTTP status and a serial number: `status * 1000 + serial`. Success alone is the bare 200.
"""

from enum import IntEnum


class ReturnCode(IntEnum):
    """What became of a request; the `return_code` of the envelope."""

    SUCCESS = 200
    PARAM_ERROR = 400001
    DATA_PARAM_ERROR = 400002
    SEAL_INVALID = 400003
    SEAL_REQUIRED = 400004
    API_KEY_REQUIRED = 401001
    TOKEN_REQUIRED = 401003
    SIGN_REQUIRED = 401004
    SIGN_EXPIRED = 401005
    SIGN_INVALID = 401006
    TIMESTAMP_REQUIRED = 401007
    NONCE_REQUIRED = 401008
    TOKEN_INVALID = 401009
    CREDENTIALS_INVALID = 401011
    AUTH_PARAMS_REQUIRED = 401012
    USER_INACTIVE = 401013
    USER_API_INACTIVE = 401014
    NONCE_REUSED = 401015
    PASSPORT_INVALID = 401016
    RESOURCE_ACCESS_FORBIDDEN = 403001
    RESOURCE_WRITE_FORBIDDEN = 403002
    RESOURCE_CREATE_FORBIDDEN = 403003
    RESOURCE_NOT_FOUND = 404001
    METHOD_NOT_ALLOWED = 405001
    VALUE_DUPLICATE = 409001
    IDEMPOTENCY_CONFLICT = 409002
    CONTENT_DESTROYED = 410001
    VERSION_CONFLICT = 412001
    BODY_TOO_LARGE = 413001
    QUOTA_EXCEEDED = 413002
    MEDIA_TYPE_UNSUPPORTED = 415001
    RANGE_INVALID = 416001
    RATE_LIMITED = 429001
    INTERNAL_ERROR = 500001
    CONTENT_DAMAGED = 500002
    UPSTREAM_UNAVAILABLE = 503001
    UPSTREAM_TIMEOUT = 504001
    STORAGE_FULL = 507001

    @property
    def http_status(self) -> int:
        """The HTTP status that always goes with this code."""
        return 200 if self is ReturnCode.SUCCESS else self.value // 1000

    @property
    def title(self) -> str:
        """The name in the documents and contracts: `ResourceNotFound`."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def message(self) -> str:
        """The English `return_msg` when nobody says anything more precise; empty for success."""
        return _MESSAGES[self]


_MESSAGES = {
    ReturnCode.SUCCESS: "",
    ReturnCode.PARAM_ERROR: "The request is malformed.",
    ReturnCode.DATA_PARAM_ERROR: "A parameter or a field of the body is missing, unknown or out of range.",
    ReturnCode.SEAL_INVALID: "The sealed body cannot be opened.",
    ReturnCode.SEAL_REQUIRED: "This operation wants a sealed body.",
    ReturnCode.API_KEY_REQUIRED: "An X-Api-Key is required.",
    ReturnCode.TOKEN_REQUIRED: "A bearer token is required.",
    ReturnCode.SIGN_REQUIRED: "An X-Sign is required.",
    ReturnCode.SIGN_EXPIRED: "The timestamp is outside the window; compare your clock with data.server_time.",
    ReturnCode.SIGN_INVALID: "The API key is unknown or the signature is wrong.",
    ReturnCode.TIMESTAMP_REQUIRED: "An X-Timestamp is required.",
    ReturnCode.NONCE_REQUIRED: "An X-Nonce is required.",
    ReturnCode.TOKEN_INVALID: "The token is unknown, ended or expired.",
    ReturnCode.CREDENTIALS_INVALID: "The login or the password is wrong.",
    ReturnCode.AUTH_PARAMS_REQUIRED: "Either an X-Api-Key or a bearer token is required, and only one of them.",
    ReturnCode.USER_INACTIVE: "The user is inactive.",
    ReturnCode.USER_API_INACTIVE: "The API key is revoked or expired.",
    ReturnCode.NONCE_REUSED: "This nonce has been used before.",
    ReturnCode.PASSPORT_INVALID: "The request did not come through the gateway.",
    ReturnCode.RESOURCE_ACCESS_FORBIDDEN: "You may not read this.",
    ReturnCode.RESOURCE_WRITE_FORBIDDEN: "You may not change this.",
    ReturnCode.RESOURCE_CREATE_FORBIDDEN: "You may not create this.",
    ReturnCode.RESOURCE_NOT_FOUND: "There is no such resource.",
    ReturnCode.METHOD_NOT_ALLOWED: "The resource does not know this method.",
    ReturnCode.VALUE_DUPLICATE: "A value that must be unique exists already.",
    ReturnCode.IDEMPOTENCY_CONFLICT: "The Idempotency-Key was used for another request.",
    ReturnCode.CONTENT_DESTROYED: "The key of this content has been destroyed: nobody can read it any more.",
    ReturnCode.VERSION_CONFLICT: "The resource has changed since the version that If-Match names.",
    ReturnCode.BODY_TOO_LARGE: "The body is too large.",
    ReturnCode.QUOTA_EXCEEDED: "There is no room left for that.",
    ReturnCode.MEDIA_TYPE_UNSUPPORTED: "The media type or the encoding of the body is not supported.",
    ReturnCode.RANGE_INVALID: "The range cannot be served.",
    ReturnCode.RATE_LIMITED: "Too many requests.",
    ReturnCode.INTERNAL_ERROR: "Something failed on our side.",
    ReturnCode.CONTENT_DAMAGED: "What is stored is not what was written.",
    ReturnCode.UPSTREAM_UNAVAILABLE: "A part of the platform is not available.",
    ReturnCode.UPSTREAM_TIMEOUT: "A part of the platform did not answer in time.",
    ReturnCode.STORAGE_FULL: "No room is left to store anything.",
}
