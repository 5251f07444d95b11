"""The shapes of this service's requests and answers: the one source of its contract."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from signet_common.web.schemas import (
    INTEGER,
    MAX_ID,
    ChangeModel,
    DateRangeQuery,
    MaxBytes,
    QueryBool,
    QueryId,
    QueryModel,
    ViewModel,
)
from signet_files.domain.files import MAX_NAME_BYTES, FileState
from signet_files.domain.names import composed, shown_name

_SHOWN: dict[str, JsonValue] = {"format": "signet-file-name"}
"""What the domain decides is exported as a format of its own, which the fuzzer knows."""

FileName = Annotated[
    str,
    MaxBytes(MAX_NAME_BYTES),
    Field(
        min_length=1,
        description="For people, at most 255 bytes of UTF-8; no path, and nothing that is not seen.",
        json_schema_extra=_SHOWN,
    ),
    AfterValidator(shown_name),
]
NamePart = Annotated[str, MaxBytes(MAX_NAME_BYTES), Field(min_length=1), AfterValidator(composed)]
MediaType = Annotated[str, Field(max_length=127, pattern=r"^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$")]
Size = Annotated[int, Field(ge=0, le=MAX_ID), INTEGER]


class FileUpload(QueryModel):
    """What an upload says beside its body."""

    file_name: FileName


class FileChange(ChangeModel):
    """What is to change; what is not named stays."""

    examples = ({"file_name": "scan of 3 May.dcm"}, {"file_name": "数据🙂.txt"})

    file_name: FileName = ""


class FileRemoval(QueryModel):
    """How a file is deleted."""

    permanently: Annotated[QueryBool, Field(description="Whether its key is destroyed at once, beyond recall.")] = False


class FileView(ViewModel):
    """A file as clients see it."""

    file_id: int
    file_name: str
    file_state: FileState
    media_type: Annotated[str, Field(description="Told from the content, whatever the client called it.")]
    size: Annotated[int, Field(description="Bytes.")]
    sha256: Annotated[str, Field(description="Of the content, 64 hexadecimal digits.")]
    due_at: Annotated[datetime | None, Field(description="Until when a deleted file can be brought back.")]
    version: Annotated[int, Field(description="Served as ETag as well.")]
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None


class FileListQuery(DateRangeQuery):
    """Which files to list."""

    file_name: Annotated[NamePart | None, Field(description="Contained in the name; literal.")] = None
    media_type: Annotated[MediaType | None, Field(description="The whole of it.")] = None
    file_state: Annotated[FileState, Field(description="One of the two.")] = "active"
    created_by: Annotated[QueryId | None, Field(description="The owner.")] = None
    size_min: Annotated[Size | None, Field(description="Bytes, included.")] = None
    size_max: Annotated[Size | None, Field(description="Bytes, included.")] = None
