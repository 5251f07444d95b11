"""The shapes of the keyring's keys and of their rotation."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from signet_common.web.schemas import MAX_ID, WHOLE, BodyModel, ViewModel


class FileKeyView(ViewModel):
    """A key of the keyring; of the key itself nothing is ever answered."""

    key_id: str
    standing: Annotated[
        Literal["current", "superseded", "missing"],
        Field(description="`missing`: files lie under a key that the keyring does not have, and cannot be read."),
    ]
    superseded_at: Annotated[datetime | None, Field(description="Since when it encrypts nothing new.")]
    data_keys: Annotated[int, Field(description="How many keys of files lie under it.")]


class FileKeysView(ViewModel):
    """All keys, oldest first."""

    keys: list[FileKeyView]
    rotating: Annotated[bool, Field(description="Whether a rotation is not over.")]


class RotationRequest(BodyModel):
    """Where to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after": 0}, {"after": 1000}]})

    after: Annotated[
        int,
        Field(ge=0, le=MAX_ID, description="0 begins a rotation unless one is on; then `after` of the last answer."),
        WHOLE,
    ] = 0


class RotationView(ViewModel):
    """How far the rotation is."""

    current: Annotated[str, Field(description="The key that everything is brought under.")]
    done: Annotated[int, Field(description="How far it is on the way to `total`, by the ids of blobs.")]
    total: int
    unreadable: Annotated[
        list[int],
        Field(description="Ids of blobs whose keys do not decrypt, and were left; with the last answer, all."),
    ]
    after: Annotated[int, Field(description="Where to go on.")]
    finished: bool
