"""The envelope: every answer of the platform is this one JSON object."""

from signet_protocol.return_codes import ReturnCode


def envelope(code: ReturnCode, message: str = "", data: object = None) -> dict[str, object]:
    """Wrap an answer as `{"return_code", "return_msg", "data"}`; without a message the code's own is used."""
    return {"return_code": code.value, "return_msg": message or code.message, "data": data}
