"""API keys."""

from typing import Any

from flask import g, request

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_identity.adapters.inbound.api_key_schemas import (
    ApiKeyBody,
    ApiKeyPatch,
    ApiKeysQuery,
    ApiKeyView,
    NewApiKeyView,
)
from signet_identity.adapters.inbound.views import View, naming_fields, window_of
from signet_identity.application.create_api_key import ApiKeyRequest
from signet_identity.application.queries import Page
from signet_identity.application.update_api_key import ApiKeyUpdate
from signet_identity.domain.credentials import ApiKey
from signet_protocol.return_codes import ReturnCode

_TO_NEW = {"api_key_id": "$response.body#/data/api_key_id"}
_TO_SAME = {"api_key_id": "$request.path.api_key_id"}
_NEVER_MORE = "A key that is limited makes, changes and revokes no key that may do more than itself: 403002."


class ApiKeyCollection(View):
    """`/api/v1/api-keys`."""

    @operation(
        "createApiKey",
        "Create an API key and show its secret, once",
        description="For the caller, or with scope `any` for a user who holds no permission that the caller lacks. "
        f"{_NEVER_MORE} A repeat under the same Idempotency-Key is 409001: the secret is kept nowhere.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN, ReturnCode.VALUE_DUPLICATE),
        links=(Link("read", "getApiKey", _TO_NEW), Link("revoke", "revokeApiKey", _TO_NEW)),
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
        wanted = ApiKeyRequest(
            user_id=body.user_id,
            key_name=body.key_name,
            description=body.description,
            permissions=_limit(body.permissions),
            expires_at=body.expires_at,
        )
        with naming_fields():
            api_key, new = self.application.create_api_key(g.user, wanted)
        return {"secret": new.secret, **ApiKeyView.model_validate(api_key).model_dump()}

    @operation(
        "listApiKeys",
        "List API keys, without their secrets",
        description="Revoked ones too, oldest first. With scope `own`: the caller's.",
        links=(Link("first", "getApiKey", {"api_key_id": "$response.body#/data/api_keys/0/api_key_id"}),),
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
        "getApiKey",
        "Read an API key, without its secret",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "updateApiKey", _TO_SAME), Link("revoke", "revokeApiKey", _TO_SAME)),
        audit="query",
    )
    @authentication_required("api_key", "query")
    @sign_required
    @check_request()
    @marshal_with(ApiKeyView, versioned=True)
    def get(self, api_key_id: int) -> ApiKey:
        """Read."""
        return self.application.api_keys.get(api_key_id, g.user, record=True)

    @operation(
        "updateApiKey",
        "Change the name, the limit or the end of an API key",
        description=f"Its secret stays; a revoked key stays revoked. {_NEVER_MORE}",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN, ReturnCode.VALUE_DUPLICATE),
        links=(Link("read", "getApiKey", _TO_SAME), Link("revoke", "revokeApiKey", _TO_SAME)),
        audit="update",
    )
    @authentication_required("api_key", "update")
    @sign_required
    @check_request(body=ApiKeyPatch, idempotent=True, conditional=True)
    @marshal_with(ApiKeyView, versioned=True)
    def patch(self, api_key_id: int) -> ApiKey:
        """Change."""
        body: ApiKeyPatch = g.args.body
        values = body.named()
        if values.get("key_name", "") is None:
            del values["key_name"]
        if "permissions" in values:
            values["permissions"] = _limit(values["permissions"])
        with naming_fields():
            update = ApiKeyUpdate(api_key_id, values, expected_versions(request))
            return self.application.update_api_key(g.user, update)

    @operation(
        "revokeApiKey",
        "Revoke an API key for good",
        description=_NEVER_MORE,
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        audit="delete",
    )
    @authentication_required("api_key", "delete")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(None)
    def delete(self, api_key_id: int) -> None:
        """Revoke."""
        self.application.revoke_api_key(g.user, api_key_id)


def _limit(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(set(names)))
