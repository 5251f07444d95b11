"""One request as the fake gateway sees it, and one answer as it gives it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Received:
    """One request, byte for byte where it matters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What the gateway answers; `data` under success unless a code says otherwise."""

    data: object = None
    code: int = 200
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def status(self) -> int:
        return self.code if self.code < 1000 else self.code // 1000

    @property
    def content(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return json.dumps({"return_code": self.code, "return_msg": self.message, "data": self.data}).encode()
