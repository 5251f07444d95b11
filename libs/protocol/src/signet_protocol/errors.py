"""The one error tree of the protocol.

ProtocolError (a ValueError)          something on the wire is not spelled as the protocol says
├── HeaderInvalid                     headers.py: a value that must not be signed or compared
│   ├── TimestampInvalid
│   └── NonceInvalid
├── TargetInvalid                     target.py: a request target with a second spelling
├── SealInvalid                       sealing.py: a sealed part that cannot be opened
└── SealingKeyInvalid                 sealing_keys.py: a key, or the announcement of one, that nobody may rely on
"""


class ProtocolError(ValueError):
    """A part of a request is malformed; `field` names that part, as the client knows it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
