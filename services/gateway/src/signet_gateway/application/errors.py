"""The gateway's errors. Each one that a request can meet knows the return code that it becomes.

GatewayError(Exception)
├── ContractInvalid           a contract cannot be routed safely: the process does not start
├── NoncesUnfit               the nonce store would forget: the process does not start
├── Refusal                   the request is refused; it carries the whole answer
├── GrantsUnavailable         nobody can say who is calling: refused, fail closed
├── NoncesUnavailable         nobody can say whether this is a replay: refused, fail closed
└── UpstreamFailed
    ├── UpstreamUnavailable   no answer from the service, or none that may be passed on
    │   └── UpstreamBusy      it was not asked: as many requests are under way there as may be
    ├── UpstreamTimeout       no answer in time; whether the request was applied is not known
    └── AnswerUnfit           an answer that is no envelope: 500001, and the log says what
"""

from collections.abc import Mapping, Sequence

from signet_protocol.errors import ProtocolError
from signet_protocol.return_codes import ReturnCode


class GatewayError(Exception):
    """The root; `code` is what the client is told, the text is for the log alone."""

    code = ReturnCode.INTERNAL_ERROR


class ContractInvalid(GatewayError):
    """A contract contradicts itself, another one or the settings; the text names the file and the operation."""


class NoncesUnfit(GatewayError):
    """The nonce store that the settings name must not be trusted; the text says why."""


class Refusal(GatewayError):
    """A refused request. `message` and `data` are shown to the client; without a message the code's own is shown.

    `reason` is for the audit log, where the code does not say enough: what is wrong with the framing.
    """

    def __init__(
        self,
        code: ReturnCode,
        message: str = "",
        *,
        data: object = None,
        headers: Sequence[tuple[str, str]] = (),
        reason: str = "",
    ) -> None:
        super().__init__(message or code.message)
        self.code = code
        self.message = message
        self.data = data
        self.headers = headers
        self.reason = reason


class GrantsUnavailable(GatewayError):
    """Identity did not answer."""

    code = ReturnCode.UPSTREAM_UNAVAILABLE


class NoncesUnavailable(GatewayError):
    """The nonce store did not answer."""

    code = ReturnCode.UPSTREAM_UNAVAILABLE


class UpstreamFailed(GatewayError):
    """A service did not do its part."""

    code = ReturnCode.UPSTREAM_UNAVAILABLE


class UpstreamUnavailable(UpstreamFailed):
    """The service cannot be reached, broke off, or said something that is not for clients."""


class UpstreamBusy(UpstreamUnavailable):
    """Every connection to the service is in use. Nothing was sent, and it says nothing about the service's health."""


class UpstreamTimeout(UpstreamFailed):
    """The service took too long."""

    code = ReturnCode.UPSTREAM_TIMEOUT


class AnswerUnfit(UpstreamFailed):
    """The service answered with something that is no envelope."""

    code = ReturnCode.INTERNAL_ERROR


def malformed(error: ProtocolError) -> Refusal:
    """Turn a spelling that the protocol refuses into 400001, naming the field."""
    return bad_field(error.field, error.message)


def bad_field(field: str, message: str) -> Refusal:
    """Refuse one header or part of the request with 400001."""
    return Refusal(ReturnCode.PARAM_ERROR, message, data=_errors(field, message))


def _errors(field: str, message: str) -> Mapping[str, object]:
    return {"errors": [{"field": field, "message": message}]}
