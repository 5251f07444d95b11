"""Users."""

from flask import g, request

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_identity.adapters.inbound.schemas import UserBody, UserPatch, UsersQuery, UserView
from signet_identity.adapters.inbound.views import View, naming_fields, telling_when_to_return, window_of
from signet_identity.application.queries import Page, UserFilter
from signet_identity.application.update_user import UserUpdate
from signet_identity.domain.logins import CONTACT_RULES
from signet_identity.domain.users import NewUser, State, User
from signet_protocol.return_codes import ReturnCode

_TO_NEW = {"user_id": "$response.body#/data/user_id"}
_TO_SAME = {"user_id": "$request.path.user_id"}


class UserCollection(View):
    """`/api/v1/users`."""

    @operation(
        "createUser",
        "Create a user",
        description="Nobody grants a role that carries a permission they lack: 403002.",
        errors=(ReturnCode.VALUE_DUPLICATE, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        links=(
            Link("read", "getUser", _TO_NEW),
            Link("update", "updateUser", _TO_NEW),
            Link("delete", "deleteUser", _TO_NEW),
        ),
        audit="insert",
        sealed="required",
    )
    @authentication_required("user", "create")
    @sign_required
    @check_request(body=UserBody, idempotent=True)
    @marshal_with(UserView, versioned=True)
    def post(self) -> User:
        """Create."""
        body: UserBody = g.args.body
        new = NewUser(
            user_name=body.user_name,
            email=body.email,
            phone=body.phone,
            display_name=body.display_name,
            roles=tuple(sorted(set(body.roles))),
            password=body.password,
        )
        with naming_fields(), telling_when_to_return():
            return self.application.create_user(g.user, new)

    @operation(
        "listUsers",
        "List users",
        description="Of any state, oldest first. With scope `own`: the caller alone.",
        links=(Link("first", "getUser", {"user_id": "$response.body#/data/users/0/user_id"}),),
        audit="query",
    )
    @authentication_required("user", "query")
    @sign_required
    @check_request(query=UsersQuery)
    @marshal_with(UserView, plural="users")
    def get(self) -> Page[User]:
        """List."""
        query: UsersQuery = g.args.query
        wanted = UserFilter(
            contains=query.user_name,
            state=State(query.user_state) if query.user_state else None,
            created_from=query.create_date_start,
            created_to=query.create_date_end,
        )
        return self.application.users.search(wanted, window_of(query), g.user, record=True)


class UserItem(View):
    """`/api/v1/users/{user_id}`."""

    @operation(
        "getUser",
        "Read a user",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "updateUser", _TO_SAME),),
        audit="query",
    )
    @authentication_required("user", "query")
    @sign_required
    @check_request()
    @marshal_with(UserView, versioned=True)
    def get(self, user_id: int) -> User:
        """Read."""
        return self.application.users.get(user_id, g.user, record=True)

    @operation(
        "updateUser",
        "Change contact, state or roles of a user",
        description="Nobody manages the account of someone holding a permission they lack, nor grants one; "
        "the last active administrator stays: 403002. The own e-mail address and phone number change at "
        "`/users/me` alone, with the password: 400002.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN, ReturnCode.VALUE_DUPLICATE),
        links=(Link("read", "getUser", _TO_SAME),),
        audit="update",
    )
    @authentication_required("user", "update")
    @sign_required
    @check_request(body=UserPatch, idempotent=True, conditional=True)
    @marshal_with(UserView, versioned=True)
    def patch(self, user_id: int) -> User:
        """Change."""
        body: UserPatch = g.args.body
        update = UserUpdate(
            user_id=user_id,
            contact=body.model_dump(include=set(CONTACT_RULES), exclude_unset=True),
            user_state=State(body.user_state) if body.user_state else None,
            roles=None if body.roles is None else tuple(body.roles),
            expected=expected_versions(request),
        )
        with naming_fields():
            return self.application.update_user(g.user, update)

    @operation(
        "deleteUser",
        "Delete a user with all sessions and API keys",
        description="What belongs to the user in other services stays there. Nobody deletes the account of someone "
        "holding a permission they lack; the last active administrator stays: 403002.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        audit="delete",
    )
    @authentication_required("user", "delete")
    @sign_required
    @check_request(idempotent=True, conditional=True)
    @marshal_with(None)
    def delete(self, user_id: int) -> None:
        """Delete."""
        self.application.delete_user(g.user, user_id, expected_versions(request))
