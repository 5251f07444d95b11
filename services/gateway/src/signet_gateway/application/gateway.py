"""The gateway's one intention: find the operation, admit the request, forward it."""

from signet_gateway.application.admission import Admission
from signet_gateway.application.contracts import OWN_SERVICE
from signet_gateway.application.envelopes import own_reply
from signet_gateway.application.errors import Refusal
from signet_gateway.application.forwarding import Forwarding
from signet_gateway.application.ports import KeyDirectory
from signet_gateway.application.request import Reply, Request
from signet_gateway.application.routes import RouteTable
from signet_gateway.application.spelling import check_spelling
from signet_gateway.application.streaming import Streaming
from signet_protocol.return_codes import ReturnCode


class Gateway:
    """Handles one request at a time, for any number of greenlets."""

    def __init__(
        self,
        routes: RouteTable,
        admission: Admission,
        forwarding: Forwarding,
        streaming: Streaming,
        directory: KeyDirectory,
    ) -> None:
        self._routes = routes
        self._admission = admission
        self._forwarding = forwarding
        self._streaming = streaming
        self._directory = directory

    def handle(self, request: Request) -> Reply:
        """Return the reply; raises a GatewayError that says what became of the request instead.

        Which paths and methods exist is public, so 404001 and 405001 come before any check of the caller.
        """
        check_spelling(request.target)
        route = self._routes.find(request.target.partition("?")[0])
        if route is None:
            raise Refusal(ReturnCode.RESOURCE_NOT_FOUND)
        if request.method == "OPTIONS":
            return _options(route.allow)
        operation = route.operation(request.method)
        if operation is None:
            raise Refusal(ReturnCode.METHOD_NOT_ALLOWED, headers=(("Allow", route.allow),))
        request.operation = operation.operation_id
        if operation.service == OWN_SERVICE:
            self._admission.answered_here(request, operation)
            return self._keys(request)
        admitted = self._admission.admit(request, operation)
        return (self._streaming if operation.stream else self._forwarding).forward(request, admitted)

    def _keys(self, request: Request) -> Reply:
        """Answer what the gateway itself has under its contract: the keys that bodies are sealed to."""
        name, question, _ = request.target.partition("?")[2].partition("=")
        if name or question:
            raise Refusal(
                ReturnCode.DATA_PARAM_ERROR,
                data={"errors": [{"field": name[:64] or "query", "message": "this operation takes no parameters"}]},
            )
        return own_reply(ReturnCode.SUCCESS, data=self._directory.published())


def _options(allow: str) -> Reply:
    """Answer OPTIONS (RFC 9110 9.3.7) without a service."""
    return own_reply(ReturnCode.SUCCESS, headers=[("Allow", allow)])
