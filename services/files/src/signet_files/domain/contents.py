"""What a stored stream of bytes is the content of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """One version of what one file holds, and how many bytes it is. All three are proven when it is read."""

    file_id: int
    version: int
    size: int
