"""How many groups of refusals are told apart in a minute: what an attacker may write into the audit log is bounded."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class RefusalBudget:
    """Groups a minute: `each` for one source, `in_all` for everybody together. Remembers at most `in_all` sources."""

    each: int
    in_all: int
    _left: int = field(init=False)
    _spent: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """A new minute begins."""
        self._left = self.in_all
        self._spent = {}

    def spend(self, source: str) -> bool:
        """Whether the source may have one more group of its own."""
        spent = self._spent.get(source, 0)
        if spent >= self.each or self._left <= 0:
            return False
        self._spent[source] = spent + 1
        self._left -= 1
        return True
