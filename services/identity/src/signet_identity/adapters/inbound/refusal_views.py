"""What the gateway refused, as it reports it each second."""

from typing import Annotated

from flask import g
from pydantic import AwareDatetime, Field, StringConstraints

from signet_common.web.decorators import check_request, internal_operation, marshal_with
from signet_common.web.operations import operation
from signet_common.web.schemas import BodyModel
from signet_identity.adapters.inbound.views import View
from signet_identity.application.record_refusals import Refused

MOST_REFUSALS = 500
_Text = Annotated[str, StringConstraints(max_length=256)]
_Count = Annotated[int, Field(ge=1)]


class RefusedBody(BodyModel):
    """Refusals that have everything but their count in common."""

    return_code: Annotated[int, Field(ge=400_000, le=599_999)]
    reason: _Text
    credential: _Text
    proven: bool
    client_ip: _Text
    operation: _Text
    count: _Count
    since: AwareDatetime
    until: AwareDatetime
    user_id: int | None
    request_id: _Text
    method: _Text
    target: _Text


class RefusalsBody(BodyModel):
    """The refusals of about a second."""

    refusals: Annotated[list[RefusedBody], Field(min_length=1, max_length=MOST_REFUSALS)]


class RefusalCollection(View):
    """`/internal/refusals`, for the gateway alone."""

    @operation("recordRefusals", "Record what the gateway refused", audit="refused")
    @internal_operation("gateway")
    @check_request(body=RefusalsBody, idempotent=True)
    @marshal_with(None)
    def post(self) -> None:
        """Record."""
        body: RefusalsBody = g.args.body
        self.application.record_refusals(g.user, [Refused(**one.model_dump()) for one in body.refusals])
