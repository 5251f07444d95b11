"""The shapes of schedules on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue

from signet_common.web.schemas import BodyModel, ChangeModel, PagedQuery, QueryBool, ViewModel
from signet_scheduler.adapters.inbound.fields import AnyName, Cron, JobArguments, JobName, ScheduleName, TimeZone
from signet_scheduler.domain.schedules import ScheduleState

_EXAMPLE: dict[str, JsonValue] = {
    "schedule_name": "erase-early",
    "job_name": "erase-old-runs",
    "cron": "30 2 * * mon-fri",
}
State = Annotated[ScheduleState, Field(description="An inactive one is paused: nothing that it misses is made up for.")]


class ScheduleCreate(BodyModel):
    """A schedule to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE, _EXAMPLE | {"time_zone": "Asia/Shanghai", "arguments": {"days": 30}}]}
    )

    schedule_name: ScheduleName
    job_name: JobName
    cron: Cron
    time_zone: TimeZone = "UTC"
    arguments: JobArguments = Field(default_factory=dict)
    schedule_state: State = "active"


class ScheduleUpdate(ChangeModel):
    """What is to change; what is not named stays."""

    examples = ({"schedule_state": "inactive"}, {"cron": "0 6 * * *", "time_zone": "Europe/Berlin"})

    schedule_name: ScheduleName = ""
    cron: Cron = ""
    time_zone: TimeZone = ""
    arguments: JobArguments = Field(default_factory=dict)
    schedule_state: State = "active"


class ScheduleView(ViewModel):
    """A schedule as clients see it."""

    schedule_id: int
    schedule_name: str
    job_name: str
    cron: str
    time_zone: str
    arguments: dict[str, Any]
    schedule_state: ScheduleState
    declared: Annotated[bool, Field(description="Made by the code: it can be changed and paused, not deleted.")]
    next_at: Annotated[datetime | None, Field(description="The slot that comes next; null if none will.")]
    version: Annotated[int, Field(description="Served as ETag as well.")]
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None


class ScheduleListQuery(PagedQuery):
    """Which schedules to list."""

    schedule_name: Annotated[AnyName | None, Field(description="Contained in the name; literal.")] = None
    job_name: AnyName | None = None
    schedule_state: Annotated[ScheduleState | None, Field(description="Both states when absent.")] = None
    declared: Annotated[QueryBool | None, Field(description="Whether the code made it; both when absent.")] = None
