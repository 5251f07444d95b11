"""The envelope: every answer of the platform is this one JSON object."""

import re

from signet_protocol.return_codes import ReturnCode

JSON_TYPE = re.compile(r'application/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?', re.IGNORECASE)
"""The whole Content-Type of a JSON body, which is UTF-8 whether it says so or not (RFC 8259, section 8.1)."""


def envelope(code: ReturnCode, message: str = "", data: object = None) -> dict[str, object]:
    """Wrap an answer as `{"return_code", "return_msg", "data"}`; without a message the code's own is used."""
    return {"return_code": code.value, "return_msg": message or code.message, "data": data}
