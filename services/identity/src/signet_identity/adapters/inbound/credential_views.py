"""API keys and sessions, and the grants that the gateway asks for."""

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
    ApiKeyBody,
    ApiKeysQuery,
    ApiKeyView,
    GrantBody,
    GrantView,
    NewApiKeyView,
    SessionView,
    SignInBody,
)
from signet_identity.adapters.inbound.views import View, naming_fields, telling_when_to_return, window_of
from signet_identity.application.create_api_key import ApiKeyRequest
from signet_identity.application.issue_grant import Grant
from signet_identity.application.queries import Page
from signet_identity.domain.credentials import ApiKey
from signet_protocol.envelope import envelope
from signet_protocol.return_codes import ReturnCode

_TO_NEW = {"api_key_id": "$response.body#/data/api_key_id"}


class ApiKeyCollection(View):
    """`/api/v1/api-keys`."""

    @operation(
        "createApiKey",
        "Create an API key and show its secret, once",
        description="For the caller, or with scope `any` for a user who holds no permission that the caller lacks. "
        "A repeat under the same Idempotency-Key is 409001: the secret is kept nowhere.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN, ReturnCode.VALUE_DUPLICATE),
        links=(Link("revoke", "revokeApiKey", _TO_NEW),),
        audit="insert",
        sealed="required",
    )
    @authentication_required("api_key", "create")
    @sign_required
    @check_request(body=ApiKeyBody, idempotent=True)
    @marshal_with(NewApiKeyView)
    def post(self) -> dict[str, Any]:
        """Create."""
        body: ApiKeyBody = g.args.body
        with naming_fields():
            api_key, new = self.application.create_api_key(
                g.user, ApiKeyRequest(body.user_id, body.description, body.expires_at)
            )
        return {"secret": new.secret, **ApiKeyView.model_validate(api_key).model_dump()}

    @operation(
        "listApiKeys",
        "List API keys, without their secrets",
        description="Revoked ones too, oldest first. With scope `own`: the caller's.",
        links=(Link("first", "revokeApiKey", {"api_key_id": "$response.body#/data/api_keys/0/api_key_id"}),),
        audit="query",
    )
    @authentication_required("api_key", "query")
    @sign_required
    @check_request(query=ApiKeysQuery)
    @marshal_with(ApiKeyView, plural="api_keys")
    def get(self) -> Page[ApiKey]:
        """List."""
        query: ApiKeysQuery = g.args.query
        return self.application.api_keys.search(query.user_id, window_of(query), g.user, record=True)


class ApiKeyItem(View):
    """`/api/v1/api-keys/{api_key_id}`."""

    @operation(
        "revokeApiKey",
        "Revoke an API key for good",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        audit="delete",
    )
    @authentication_required("api_key", "delete")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(None)
    def delete(self, api_key_id: int) -> None:
        """Revoke."""
        self.application.revoke_api_key(g.user, api_key_id)


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


class CurrentSession(View):
    """`/api/v1/sessions/current`."""

    @operation(
        "signOut",
        "Sign out: end the session of this request",
        description="Signed with an API key there is no session to end: 404001.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        audit="delete",
    )
    @authentication_required("session", "delete")
    @sign_required
    @check_request()
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
