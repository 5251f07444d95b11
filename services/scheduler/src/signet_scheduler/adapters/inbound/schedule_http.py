"""The views of schedules."""

from dataclasses import dataclass

from flask import g, request
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_common.web.views import View
from signet_protocol.return_codes import ReturnCode
from signet_scheduler.adapters.inbound.schedule_schemas import (
    ScheduleCreate,
    ScheduleListQuery,
    ScheduleUpdate,
    ScheduleView,
)
from signet_scheduler.adapters.inbound.views import naming_fields
from signet_scheduler.application.create_schedule import CreateSchedule
from signet_scheduler.application.delete_schedule import DeleteSchedule
from signet_scheduler.application.queries import Paged, ScheduleFilter, ScheduleQueries
from signet_scheduler.application.update_schedule import UpdateSchedule
from signet_scheduler.domain.schedules import Schedule

_NEW = {"schedule_id": "$response.body#/data/schedule_id"}
_SAME = {"schedule_id": "$request.path.schedule_id"}
_AFTER_CREATE = (
    Link("read", "getSchedule", _NEW),
    Link("update", "updateSchedule", _NEW),
    Link("delete", "deleteSchedule", _NEW),
)
_FROM_NOW_ON = "Whatever says when it comes counts from now on: nothing that a pause has missed is made up for."


@dataclass(frozen=True, slots=True)
class ScheduleApplication:
    """What the views call."""

    create_schedule: CreateSchedule
    update_schedule: UpdateSchedule
    delete_schedule: DeleteSchedule
    schedules: ScheduleQueries


class ScheduleCollection(View[ScheduleApplication]):
    """`/api/v1/schedules`."""

    @operation(
        "createSchedule",
        "Make a schedule",
        errors=(ReturnCode.VALUE_DUPLICATE,),
        links=_AFTER_CREATE,
        audit="insert",
    )
    @authentication_required("schedule", "create")
    @sign_required
    @check_request(body=ScheduleCreate, idempotent=True)
    @marshal_with(ScheduleView, versioned=True)
    def post(self) -> Schedule:
        """Create."""
        body: ScheduleCreate = g.args.body
        fields = {name: getattr(body, name) for name in ScheduleCreate.model_fields}
        with naming_fields():
            return self.application.create_schedule(g.user, fields=fields)

    @operation(
        "listSchedules",
        "List schedules",
        description="Active and inactive, oldest first. An empty page is an answer like any other.",
        links=(Link("first", "getSchedule", {"schedule_id": "$response.body#/data/schedules/0/schedule_id"}),),
        audit="query",
    )
    @authentication_required("schedule", "query")
    @sign_required
    @check_request(query=ScheduleListQuery)
    @marshal_with(ScheduleView, plural="schedules")
    def get(self) -> Paged[Schedule]:
        """List."""
        return self.application.schedules.search(_filter(g.args.query), g.user)


class ScheduleItem(View[ScheduleApplication]):
    """`/api/v1/schedules/{schedule_id}`."""

    @operation(
        "getSchedule",
        "Read a schedule",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "updateSchedule", _SAME), Link("delete", "deleteSchedule", _SAME)),
        audit="query",
    )
    @authentication_required("schedule", "query")
    @sign_required
    @check_request()
    @marshal_with(ScheduleView, versioned=True)
    def get(self, schedule_id: int) -> Schedule:
        """Read."""
        return self.application.schedules.get(schedule_id, g.user)

    @operation(
        "updateSchedule",
        "Change, pause or resume a schedule",
        description=_FROM_NOW_ON,
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.VALUE_DUPLICATE),
        links=(Link("delete", "deleteSchedule", _SAME),),
        audit="update",
    )
    @authentication_required("schedule", "update")
    @sign_required
    @check_request(body=ScheduleUpdate, idempotent=True, conditional=True)
    @marshal_with(ScheduleView, versioned=True)
    def patch(self, schedule_id: int) -> Schedule:
        """Change."""
        body: ScheduleUpdate = g.args.body
        with naming_fields():
            return self.application.update_schedule(
                g.user, schedule_id, fields=body.named(), expected=expected_versions(request)
            )

    @operation(
        "deleteSchedule",
        "Delete a schedule and free its name",
        description="One that the code declares is refused (403002): it can be paused.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        audit="delete",
    )
    @authentication_required("schedule", "delete")
    @sign_required
    @check_request(idempotent=True, conditional=True)
    @marshal_with(None)
    def delete(self, schedule_id: int) -> None:
        """Delete."""
        self.application.delete_schedule(g.user, schedule_id, expected=expected_versions(request))


def schedule_namespace(application: ScheduleApplication) -> Namespace:
    """The routes of schedules, wired to `application`."""
    namespace = Namespace("schedules", path="/api/v1/schedules")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(ScheduleCollection, "", **wiring)
    namespace.add_resource(ScheduleItem, "/<id:schedule_id>", **wiring)
    return namespace


def _filter(query: ScheduleListQuery) -> ScheduleFilter:
    return ScheduleFilter(
        contains=query.schedule_name,
        job_name=query.job_name,
        state=query.schedule_state,
        declared=query.declared,
        page=query.page,
        per_page=query.per_page,
        count=query.count,
    )
