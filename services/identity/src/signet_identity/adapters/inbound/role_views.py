"""Roles, and explanations of what they allow."""

from flask import g, request

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_common.web.schemas import PagedQuery
from signet_identity.adapters.inbound.role_schemas import (
    AccessQuery,
    ExplanationView,
    PermissionBody,
    RoleBody,
    RolePatch,
    RoleView,
)
from signet_identity.adapters.inbound.views import View, naming_fields, window_of
from signet_identity.application.explain_access import AccessQuestion
from signet_identity.application.manage_roles import RoleUpdate
from signet_identity.application.queries import Page
from signet_identity.domain.explanation import Explanation
from signet_identity.domain.permissions import Permission, Scope
from signet_identity.domain.roles import NewRole, Role
from signet_protocol.return_codes import ReturnCode

_TO_NEW = {"role_id": "$response.body#/data/role_id"}
_TO_SAME = {"role_id": "$request.path.role_id"}
_NEVER_MORE = "Nobody makes, changes or removes a role that holds a permission they lack: 403002."


class RoleCollection(View):
    """`/api/v1/roles`."""

    @operation(
        "createRole",
        "Create a role",
        description=f"{_NEVER_MORE} A permission that no contract asks for is 400002.",
        errors=(ReturnCode.VALUE_DUPLICATE, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        links=(Link("read", "getRole", _TO_NEW), Link("update", "updateRole", _TO_NEW)),
        audit="insert",
    )
    @authentication_required("role", "create")
    @sign_required
    @check_request(body=RoleBody, idempotent=True)
    @marshal_with(RoleView, versioned=True)
    def post(self) -> Role:
        """Create."""
        body: RoleBody = g.args.body
        with naming_fields():
            new = NewRole(body.role_name, body.description, _permissions(body.permissions))
            return self.application.manage_roles.create(g.user, new)

    @operation(
        "listRoles",
        "List roles and what they permit",
        links=(Link("first", "getRole", {"role_id": "$response.body#/data/roles/0/role_id"}),),
        audit="query",
    )
    @authentication_required("role", "query")
    @sign_required
    @check_request(query=PagedQuery)
    @marshal_with(RoleView, plural="roles")
    def get(self) -> Page[Role]:
        """List."""
        return self.application.roles.search(window_of(g.args.query), g.user, record=True)


class RoleItem(View):
    """`/api/v1/roles/{role_id}`."""

    @operation(
        "getRole",
        "Read a role and what it permits",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "updateRole", _TO_SAME), Link("delete", "deleteRole", _TO_SAME)),
        audit="query",
    )
    @authentication_required("role", "query")
    @sign_required
    @check_request()
    @marshal_with(RoleView, versioned=True)
    def get(self, role_id: int) -> Role:
        """Read."""
        return self.application.roles.get(role_id, g.user, record=True)

    @operation(
        "updateRole",
        "Change what a role permits, for all who hold it",
        description=f"{_NEVER_MORE} The role administrator cannot be changed.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        links=(Link("read", "getRole", _TO_SAME), Link("delete", "deleteRole", _TO_SAME)),
        audit="update",
    )
    @authentication_required("role", "update")
    @sign_required
    @check_request(body=RolePatch, idempotent=True, conditional=True)
    @marshal_with(RoleView, versioned=True)
    def patch(self, role_id: int) -> Role:
        """Change."""
        body: RolePatch = g.args.body
        update = RoleUpdate(
            role_id=role_id,
            description=body.description,
            permissions=None if body.permissions is None else _permissions(body.permissions),
            expected=expected_versions(request),
        )
        with naming_fields():
            return self.application.manage_roles.update(g.user, update)

    @operation(
        "deleteRole",
        "Delete a role that nobody holds",
        description=f"{_NEVER_MORE} Nor one that came with the installation, or that somebody holds.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        audit="delete",
    )
    @authentication_required("role", "delete")
    @sign_required
    @check_request(idempotent=True, conditional=True)
    @marshal_with(None)
    def delete(self, role_id: int) -> None:
        """Delete."""
        self.application.manage_roles.delete(g.user, role_id, expected_versions(request))


class AccessExplanation(View):
    """`/api/v1/access/explain`."""

    @operation(
        "explainAccess",
        "Say whether a permission is held, and why, step by step",
        description="Denied is an answer, not an error. With scope `own`: about the caller alone.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        audit="query",
    )
    @authentication_required("access", "query")
    @sign_required
    @check_request(query=AccessQuery)
    @marshal_with(ExplanationView)
    def get(self) -> Explanation:
        """Explain."""
        query: AccessQuery = g.args.query
        question = AccessQuestion(query.permission, query.user_id, query.api_key_id)
        return self.application.explain_access(g.user, question)


def _permissions(bodies: list[PermissionBody]) -> tuple[Permission, ...]:
    return tuple(Permission(body.permission, Scope(body.scope)) for body in bodies)
