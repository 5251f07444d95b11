"""The views: from a checked request to an intention or a read, and back."""

from dataclasses import dataclass

from flask import g, request
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_common.web.views import View
from signet_protocol.return_codes import ReturnCode
from signet_resources.adapters.inbound.schemas import DemoCreate, DemoListQuery, DemoUpdate, DemoView
from signet_resources.application.create_demo import CreateDemo
from signet_resources.application.delete_demo import DeleteDemo
from signet_resources.application.queries import DemoFilter, DemoPage, DemoQueries
from signet_resources.application.update_demo import UpdateDemo
from signet_resources.domain.demos import Demo
from signet_resources.domain.errors import DemoNameTaken, DemoNotFound, VersionMismatch

ERRORS: dict[type[Exception], ReturnCode] = {
    DemoNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    DemoNameTaken: ReturnCode.VALUE_DUPLICATE,
    VersionMismatch: ReturnCode.VERSION_CONFLICT,
}

_TO_NEW = {"demo_id": "$response.body#/data/demo_id"}
_TO_SAME = {"demo_id": "$request.path.demo_id"}
_AFTER_CREATE = (
    Link("read", "getDemo", _TO_NEW),
    Link("update", "updateDemo", _TO_NEW),
    Link("delete", "deleteDemo", _TO_NEW),
)


@dataclass(frozen=True, slots=True)
class Application:
    """What the views call."""

    create_demo: CreateDemo
    update_demo: UpdateDemo
    delete_demo: DeleteDemo
    demos: DemoQueries


class DemoCollection(View[Application]):
    """`/api/v1/demos`."""

    @operation("createDemo", "Create a demo", errors=(ReturnCode.VALUE_DUPLICATE,), links=_AFTER_CREATE, audit="insert")
    @authentication_required("demo", "create")
    @sign_required
    @check_request(body=DemoCreate, idempotent=True)
    @marshal_with(DemoView, versioned=True)
    def post(self) -> Demo:
        """Create."""
        body: DemoCreate = g.args.body
        return self.application.create_demo(g.user, fields=body.model_dump())

    @operation(
        "listDemos",
        "List demos",
        description="Active and inactive, oldest first. An empty page is an answer like any other.",
        links=(Link("first", "getDemo", {"demo_id": "$response.body#/data/demos/0/demo_id"}),),
        audit="query",
    )
    @authentication_required("demo", "query")
    @sign_required
    @check_request(query=DemoListQuery)
    @marshal_with(DemoView, plural="demos")
    def get(self) -> DemoPage:
        """List."""
        return self.application.demos.search(_filter(g.args.query), g.user, record=True)


class DemoItem(View[Application]):
    """`/api/v1/demos/{demo_id}`."""

    @operation(
        "getDemo",
        "Read an active demo",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "updateDemo", _TO_SAME), Link("delete", "deleteDemo", _TO_SAME)),
        audit="query",
    )
    @authentication_required("demo", "query")
    @sign_required
    @check_request()
    @marshal_with(DemoView, versioned=True)
    def get(self, demo_id: int) -> Demo:
        """Read."""
        return self.application.demos.get_active(demo_id, g.user, record=True)

    @operation(
        "updateDemo",
        "Change a demo, active or not",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.VALUE_DUPLICATE),
        links=(Link("delete", "deleteDemo", _TO_SAME),),
        audit="update",
    )
    @authentication_required("demo", "update")
    @sign_required
    @check_request(body=DemoUpdate, idempotent=True, conditional=True)
    @marshal_with(DemoView, versioned=True)
    def patch(self, demo_id: int) -> Demo:
        """Change."""
        return self._update(demo_id)

    @operation(
        "postDemo",
        "Change a demo, for clients that cannot send PATCH",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.VALUE_DUPLICATE),
        links=(Link("delete", "deleteDemo", _TO_SAME),),
        audit="update",
    )
    @authentication_required("demo", "update")
    @sign_required
    @check_request(body=DemoUpdate, idempotent=True, conditional=True)
    @marshal_with(DemoView, versioned=True)
    def post(self, demo_id: int) -> Demo:
        """Change."""
        return self._update(demo_id)

    @operation("deleteDemo", "Delete a demo and free its name", errors=(ReturnCode.RESOURCE_NOT_FOUND,), audit="delete")
    @authentication_required("demo", "delete")
    @sign_required
    @check_request(idempotent=True, conditional=True)
    @marshal_with(None)
    def delete(self, demo_id: int) -> None:
        """Delete."""
        self.application.delete_demo(g.user, demo_id, expected=expected_versions(request))

    def _update(self, demo_id: int) -> Demo:
        body: DemoUpdate = g.args.body
        return self.application.update_demo(g.user, demo_id, fields=body.named(), expected=expected_versions(request))


def demo_namespace(application: Application) -> Namespace:
    """The routes of demos, wired to `application`."""
    namespace = Namespace("demos", path="/api/v1/demos")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(DemoCollection, "", **wiring)
    namespace.add_resource(DemoItem, "/<id:demo_id>", **wiring)
    return namespace


def _filter(query: DemoListQuery) -> DemoFilter:
    return DemoFilter(
        contains=query.demo_name,
        state=query.demo_state,
        created_from=query.create_date_start,
        created_to=query.create_date_end,
        page=query.page,
        per_page=query.per_page,
        count=query.count,
    )
