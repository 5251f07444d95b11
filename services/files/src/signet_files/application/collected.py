"""What a collector reports."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collected:
    """What was removed: uploads, deleted files, blobs that no row knew; and what was not.

    `failed` is what the store would not let go of, `strangers_kept` how many blobs without a row it still holds, as far
    as they were looked at. To go on, ask again with `after`, until it is `finished`.
    """

    uploads: int = 0
    files: int = 0
    blobs: int = 0
    failed: int = 0
    strangers_kept: int = 0
    after: str = ""
    finished: bool = True

    def then(self, later: "Collected") -> "Collected":
        """Both together."""
        return Collected(
            uploads=self.uploads + later.uploads,
            files=self.files + later.files,
            blobs=self.blobs + later.blobs,
            failed=self.failed + later.failed,
            strangers_kept=self.strangers_kept + later.strangers_kept,
            after=later.after,
            finished=later.finished,
        )
