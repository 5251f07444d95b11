"""The shapes of verifications."""

from typing import Annotated, Literal

from pydantic import Field

from signet_common.web.schemas import INTEGER, MAX_ID, QueryModel, ViewModel
from signet_files.application.verify_file import STEP_BYTES

Offset = Annotated[
    int,
    Field(ge=0, le=MAX_ID // STEP_BYTES * STEP_BYTES, multiple_of=STEP_BYTES, description="`next_offset` of the last."),
    INTEGER,
]


class VerificationQuery(QueryModel):
    """Where to begin."""

    offset: Offset = 0


class VerificationView(ViewModel):
    """What was found."""

    file_id: int
    verdict: Annotated[
        Literal["intact", "damaged", "missing", "destroyed"],
        Field(description="`missing`: nothing is stored for it; `destroyed`: its key has been destroyed."),
    ]
    verified_bytes: Annotated[int, Field(description="From the offset on, proven to be what was uploaded.")]
    size: Annotated[int, Field(description="Of the whole file, in bytes.")]
    next_offset: Annotated[int | None, Field(description="Where to go on; null at the end, or if not intact.")]
