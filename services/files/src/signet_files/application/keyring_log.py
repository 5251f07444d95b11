"""What the audit log hears of the keyring. The keys have names, and nothing else of them is told."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_files.application.ports import Record

RESOURCE = "file_key"


def rotation(before: str, current: str, rotating: tuple[bool, bool]) -> Change:
    """A step of a rotation from one key to another; `rotating` says whether it was on, and whether it is now."""
    return Change(RESOURCE, "rotate", current, changes={"current": (before, current), "rotating": rotating})


@dataclass(frozen=True, slots=True)
class KeyringLog:
    """Fulfils `signet_common.keyring.rotation.RotationLog`, in the name of whoever rotates."""

    record: Record
    caller: Passport

    def rotated(self, before: str, current: str) -> None:
        """Record that every data key lies under another key."""
        self.record(rotation(before, current, (True, False)), self.caller)

    def retired(self, key_id: str) -> None:
        """Record that a key is forgotten."""
        self.record(Change(RESOURCE, "retire", key_id, changes={"key": (key_id, None)}), self.caller)
