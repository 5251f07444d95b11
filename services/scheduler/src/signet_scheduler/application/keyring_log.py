"""What the audit log hears of the keyring. The keys have names, and nothing else of them is told."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.application.ports import Record

RESOURCE = "mail_key"


@dataclass(frozen=True, slots=True)
class KeyringLog:
    """Fulfils `signet_common.keyring.rotation.RotationLog`, in the name of whoever rotates."""

    record: Record
    caller: Passport

    def rotated(self, before: str, current: str) -> None:
        """Record that every content of a waiting mail lies under another key."""
        changes = {"current": (before, current), "rotating": (True, False)}
        self.record(Change(RESOURCE, "rotate", current, changes=changes), self.caller)

    def retired(self, key_id: str) -> None:
        """Record that a key is forgotten."""
        self.record(Change(RESOURCE, "retire", key_id, changes={"key": (key_id, None)}), self.caller)
