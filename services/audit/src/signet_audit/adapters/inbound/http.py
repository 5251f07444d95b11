"""The view: from a checked request to a search of the log, and back."""

from dataclasses import dataclass

from flask import g
from flask_restx import Namespace, Resource

from signet_audit.adapters.inbound.schemas import RecordSearchQuery, RecordView
from signet_audit.application.queries import RecordFilter, RecordPage, RecordQueries
from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation


@dataclass(frozen=True, slots=True)
class Application:
    """What the view calls."""

    records: RecordQueries


class RecordCollection(Resource):  # type: ignore[misc]
    """`/api/v1/audit/records`."""

    def __init__(self, api: object, *_args: object, application: Application) -> None:
        super().__init__(api)
        self.application = application

    @operation(
        "searchRecords",
        "Search the audit log",
        description="Newest first. All filters that are given must match; an empty page is an answer like any other. "
        "The search itself is recorded.",
        links=(
            Link("same_request", "searchRecords", {"request_id": "$response.body#/data/records/0/request_id"}),
            Link(
                "same_kind",
                "searchRecords",
                {
                    "resource": "$response.body#/data/records/0/resource",
                    "operation": "$response.body#/data/records/0/operation",
                },
            ),
        ),
        audit="query",
    )
    @authentication_required("record", "query")
    @sign_required
    @check_request(query=RecordSearchQuery)
    @marshal_with(RecordView, plural="records")
    def get(self) -> RecordPage:
        """Search."""
        query: RecordSearchQuery = g.args.query
        return self.application.records.search(RecordFilter(**dict(query)), g.user, record=True)


def record_namespace(application: Application) -> Namespace:
    """The routes of records, wired to `application`."""
    namespace = Namespace("audit", path="/api/v1/audit")
    namespace.add_resource(RecordCollection, "/records", resource_class_kwargs={"application": application})
    return namespace
