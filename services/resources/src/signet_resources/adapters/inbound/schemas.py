"""The shapes of this service's requests and answers: the one source of its contract."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from signet_common.web.schemas import BodyModel, ChangeModel, DateRangeQuery, MaxBytes, ViewModel
from signet_resources.domain.demos import MAX_NAME_BYTES, DemoState

DemoName = Annotated[
    str, MaxBytes(MAX_NAME_BYTES), Field(min_length=1, description="Unique; at most 15 bytes of UTF-8.")
]
DemoStateField = Annotated[DemoState, Field(description="Inactive demos are listed and changed, not read singly.")]


NamePart = Annotated[str, MaxBytes(MAX_NAME_BYTES), Field(min_length=1)]


class DemoCreate(BodyModel):
    """A demo to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"demo_name": "first"}, {"demo_name": "数据🙂"}]})

    demo_name: DemoName
    demo_state: DemoStateField = "active"


class DemoUpdate(ChangeModel):
    """What is to change; what is not named stays."""

    examples = ({"demo_state": "inactive"}, {"demo_name": "renamed"})

    demo_name: DemoName = ""
    demo_state: DemoStateField = "active"


class DemoView(ViewModel):
    """A demo as clients see it."""

    demo_id: int
    demo_name: str
    demo_state: DemoState
    version: Annotated[int, Field(description="Served as ETag as well.")]
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None


class DemoListQuery(DateRangeQuery):
    """Which demos to list."""

    demo_name: Annotated[NamePart | None, Field(description="Contained in the name; literal.")] = None
    demo_state: Annotated[DemoState | None, Field(description="Both states when absent.")] = None
