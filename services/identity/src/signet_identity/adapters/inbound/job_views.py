"""The jobs of identity, for the scheduler alone: small enough for a request, and safe to ask for twice."""

from flask import g

from signet_common.web.decorators import check_request, internal_operation, marshal_with
from signet_common.web.operations import operation
from signet_common.web.schemas import ViewModel
from signet_identity.adapters.inbound.views import View
from signet_identity.application.remind_expiring_keys import Reminded


class RemindedView(ViewModel):
    """How many keys were told of; ask again until it is `finished`."""

    reminded: int
    finished: bool


class ExpiringKeysJob(View):
    """`/internal/jobs/remind-expiring-keys`."""

    @operation("remindExpiringKeys", "Remind of API keys that end soon")
    @internal_operation("scheduler")
    @check_request(idempotent=True)
    @marshal_with(RemindedView)
    def post(self) -> Reminded:
        """Remind. An Idempotency-Key changes nothing: nobody is reminded of the same end twice."""
        return self.application.remind_expiring_keys(g.user)
