"""The spelling of a request target, for what is forwarded and for the gateway's own pages alike."""

from signet_gateway.application.errors import bad_field, malformed
from signet_protocol.errors import ProtocolError
from signet_protocol.target import check_target

MAX_TARGET_CHARACTERS = 4096
_FIELD = "request-target"


def check_spelling(target: str) -> None:
    r"""Raise Refusal 400001, which names the request target, unless it is in its one spelling and short enough.

    The passport repeats the target as JSON in a header, which holds 8190 bytes: a longer one would be refused by the
    service after its nonce was spent. `"` and `\` are escaped there, so they count twice.
    """
    if len(target) + target.count('"') + target.count("\\") > MAX_TARGET_CHARACTERS:
        raise bad_field(_FIELD, f"The request target has more than {MAX_TARGET_CHARACTERS} characters.")
    try:
        check_target(target)
    except ProtocolError as error:
        raise malformed(error) from None
