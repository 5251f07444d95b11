"""The views of quotas."""

from dataclasses import dataclass

from flask import g
from flask_restx import Namespace, Resource

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_files.adapters.inbound.quota_schemas import QuotaChange, QuotaView
from signet_files.application.queries import QuotaQueries
from signet_files.application.set_quota import SetQuota
from signet_files.domain.quotas import Quota
from signet_protocol.return_codes import ReturnCode

_WHOSE = (
    "Files knows users by what they store, not whether there are such users: of one who never stored anything, or whom"
    " nobody knows, nothing is used and everybody's limit holds."
)
_TO_SAME = {"user_id": "$request.path.user_id"}


@dataclass(frozen=True, slots=True)
class QuotaApplication:
    """What the views call."""

    set_quota: SetQuota
    quotas: QuotaQueries


class FileQuota(Resource):  # type: ignore[misc]
    """`/api/v1/file-quotas/{user_id}`."""

    def __init__(self, api: object, *_args: object, application: QuotaApplication) -> None:
        super().__init__(api)
        self._application = application

    @operation(
        "getFileQuota",
        "Read how much a user stores, and may store",
        description=_WHOSE,
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "setFileQuota", _TO_SAME),),
        audit="query",
    )
    @authentication_required("file_quota", "query")
    @sign_required
    @check_request()
    @marshal_with(QuotaView)
    def get(self, user_id: int) -> Quota:
        """Read."""
        return self._application.quotas.get(user_id, g.user, record=True)

    @operation(
        "setFileQuota",
        "Give a user another limit, or everybody's",
        description=f"A limit below what is used removes nothing, and lets nothing new in. {_WHOSE}",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("read", "getFileQuota", _TO_SAME),),
        audit="update",
    )
    @authentication_required("file_quota", "update")
    @sign_required
    @check_request(body=QuotaChange, idempotent=True)
    @marshal_with(QuotaView)
    def patch(self, user_id: int) -> Quota:
        """Change."""
        return self._application.set_quota(g.user, user_id, g.args.body.limit_bytes)


def quota_namespace(application: QuotaApplication) -> Namespace:
    """The route of quotas, wired to `application`."""
    namespace = Namespace("file-quotas", path="/api/v1/file-quotas")
    namespace.add_resource(FileQuota, "/<id:user_id>", resource_class_kwargs={"application": application})
    return namespace
