"""Sessions, and the grants that the gateway asks for."""

from typing import Any

from flask import g

from signet_common.web.decorators import (
    authentication_required,
    check_request,
    internal_operation,
    marshal_with,
    public_operation,
    sign_required,
)
from signet_common.web.operations import Link, operation
from signet_identity.adapters.inbound.schemas import (
    GrantBody,
    GrantView,
    SessionView,
    SignInBody,
)
from signet_identity.adapters.inbound.session_schemas import EndSessionsQuery, OpenSessionView, SessionsQuery
from signet_identity.adapters.inbound.views import View, telling_when_to_return, window_of
from signet_identity.application.issue_grant import Grant
from signet_identity.application.queries import Page
from signet_identity.domain.credentials import Session
from signet_protocol.envelope import envelope
from signet_protocol.return_codes import ReturnCode


class SessionCollection(View):
    """`/api/v1/sessions`."""

    @operation(
        "signIn",
        "Sign in and receive a token and its secret, once",
        description="The login is a user name, an e-mail address or a phone number. Every refusal is 401011; "
        "an inactive user learns it (401013) after the right password alone. Too many failures for a login or from an "
        "address earn a growing delay, whether the login exists or not: 429001, and Retry-After says how long.",
        errors=(ReturnCode.CREDENTIALS_INVALID, ReturnCode.USER_INACTIVE, ReturnCode.RATE_LIMITED),
        audit="insert",
        sealed="required",
    )
    @public_operation
    @check_request(body=SignInBody)
    @marshal_with(SessionView)
    def post(self) -> dict[str, Any]:
        """Sign in."""
        body: SignInBody = g.args.body
        with telling_when_to_return():
            signed_in = self.application.sign_in(g.user, body.login, body.password)
        session, new = signed_in.session, signed_in.credential
        return {
            "session_id": session.session_id,
            "user_id": session.user_id,
            "token": new.credential,
            "secret": new.secret,
            "expires_at": session.expires_at,
        }

    @operation(
        "listSessions",
        "List the sessions that are not over",
        description="Oldest first. With scope `own`: the caller's. Their use is noted once a minute.",
        links=(Link("end", "endSession", {"session_id": "$response.body#/data/sessions/0/session_id"}),),
        audit="query",
    )
    @authentication_required("session", "query")
    @sign_required
    @check_request(query=SessionsQuery)
    @marshal_with(OpenSessionView, plural="sessions")
    def get(self) -> Page[Session]:
        """List."""
        query: SessionsQuery = g.args.query
        return self.application.sessions.search(query.user_id, window_of(query), g.user, record=True)

    @operation(
        "endSessions",
        "End all sessions of a user, by default the caller's",
        description="The session that signs the request ends too. Nobody ends those of someone holding a permission "
        "they lack: 403002.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        audit="delete",
    )
    @authentication_required("session", "delete")
    @sign_required
    @check_request(query=EndSessionsQuery, idempotent=True)
    @marshal_with(None)
    def delete(self) -> None:
        """End all."""
        self.application.end_sessions(g.user, g.args.query.user_id)


class SessionItem(View):
    """`/api/v1/sessions/{session_id}`."""

    @operation(
        "endSession",
        "End a session",
        description="Nobody ends that of someone holding a permission they lack: 403002.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        audit="delete",
    )
    @authentication_required("session", "delete")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(None)
    def delete(self, session_id: int) -> None:
        """End."""
        self.application.end_session(g.user, session_id)


class CurrentSession(View):
    """`/api/v1/sessions/current`."""

    @operation(
        "signOut",
        "Sign out: end the session of this request",
        description="Signed with an API key there is no session to end: 404001. "
        "A repeat, under whatever Idempotency-Key, has nothing left to sign with: 401009.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        audit="delete",
    )
    @authentication_required("session", "delete")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(None)
    def delete(self) -> None:
        """Sign out."""
        self.application.sign_out(g.user)


class GrantCollection(View):
    """`/internal/grants`, for the gateway alone."""

    @operation("issueGrant", "Tell whom a credential speaks for, and what signs under it around now")
    @internal_operation("gateway")
    @check_request(body=GrantBody)
    def post(self) -> dict[str, Any]:
        """Grant; `data` is null for a credential that is not known."""
        body: GrantBody = g.args.body
        grant: Grant | None = self.application.issue_grant(body.kind, body.credential)
        data = None if grant is None else GrantView.model_validate(grant).model_dump(mode="json")
        return envelope(ReturnCode.SUCCESS, data=data)
