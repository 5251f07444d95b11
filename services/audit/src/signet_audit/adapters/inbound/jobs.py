"""The jobs of audit, for the scheduler alone: small enough for a request, and safe to ask for twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from flask import g
from flask_restx import Namespace, Resource
from pydantic import Field

from signet_audit.application.digest_activity import DigestActivity, PartOfDay
from signet_audit.domain.activity import Position
from signet_common.web.decorators import check_request, internal_operation, marshal_with
from signet_common.web.operations import operation
from signet_common.web.schemas import QueryDate, QueryModel, ViewModel

_MICROSECOND = timedelta(microseconds=1)


class DigestQuery(QueryModel):
    """Which UTC day, and where to go on: microseconds of the day and record id."""

    day: Annotated[QueryDate, Field(lt=date.max)]
    after: Annotated[str, Field(pattern="^([0-9]{1,11}-[0-9]{1,16})?$")] = ""


class TotalView(ViewModel):
    """How many events of one kind there were."""

    service: str
    resource: str
    operation: str
    events: int


class UserView(ViewModel):
    """How many events were one user's."""

    user_id: int
    user_name: str
    events: int


class DigestView(ViewModel):
    """What was counted of the day; ask again with `after` until it is `finished`, and add it up."""

    totals: list[TotalView]
    users: list[UserView]
    sign_ins_refused: int
    requests_refused: int
    after: str
    finished: bool


class ActivityDigest(Resource):  # type: ignore[misc]
    """`/internal/jobs/activity-digest`."""

    def __init__(self, api: object, *_args: object, digest: DigestActivity) -> None:
        super().__init__(api)
        self._digest = digest

    @operation("digestActivity", "Count what happened on a day", audit="query")
    @internal_operation("scheduler")
    @check_request(query=DigestQuery, idempotent=True)
    @marshal_with(DigestView)
    def post(self) -> DigestView:
        """Count. It changes nothing, and is recorded as a read of the log."""
        query: DigestQuery = g.args.query
        begin = datetime(query.day.year, query.day.month, query.day.day, tzinfo=UTC)
        return _shown(self._digest(g.user, query.day, _position(query.after, begin)), begin)


def _position(after: str, begin: datetime) -> Position | None:
    if not after:
        return None
    microseconds, _, record_id = after.partition("-")
    return Position(begin + int(microseconds) * _MICROSECOND, int(record_id))


def _shown(part: PartOfDay, begin: datetime) -> DigestView:
    after = f"{(part.after.time - begin) // _MICROSECOND}-{part.after.record_id}" if part.after else ""
    activity = part.activity
    return DigestView(
        totals=[TotalView(**kind._asdict(), events=number) for kind, number in sorted(activity.events.items())],
        users=[
            UserView(user_id=user_id, user_name=name, events=number) for user_id, name, number in activity.most_active()
        ],
        sign_ins_refused=activity.sign_ins_refused,
        requests_refused=activity.requests_refused,
        after=after,
        finished=not after,
    )


def job_namespace(digest: DigestActivity) -> Namespace:
    """The routes of jobs, wired to `digest`."""
    namespace = Namespace("jobs", path="/internal/jobs")
    namespace.add_resource(ActivityDigest, "/activity-digest", resource_class_kwargs={"digest": digest})
    return namespace
