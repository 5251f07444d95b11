"""The caller's own account."""

from flask import g, request

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_identity.adapters.inbound.schemas import MePatch, PasswordBody, UserView
from signet_identity.adapters.inbound.views import View, naming_fields, telling_when_to_return
from signet_identity.application.update_own_account import OwnUpdate
from signet_identity.domain.logins import CONTACT_RULES
from signet_identity.domain.users import User
from signet_protocol.return_codes import ReturnCode

_TO_SAME = {"user_id": "$response.body#/data/user_id"}


class Me(View):
    """`/api/v1/users/me`."""

    @operation(
        "getMe",
        "Read the caller's own account",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("update", "updateUser", _TO_SAME),),
        audit="query",
    )
    @authentication_required("user", "query")
    @sign_required
    @check_request()
    @marshal_with(UserView, versioned=True)
    def get(self) -> User:
        """Read."""
        return self.application.users.get(g.user.user_id, g.user, record=True)

    @operation(
        "updateMe",
        "Change the contact of the caller's own account",
        description="Name, state and roles are not the caller's to change. Another e-mail address or phone number "
        "takes `old_password`: 400002 without, 401011 for a wrong one. An address waits as `pending_email` and is "
        "`email` once it is confirmed; the one before is told by mail.",
        errors=(
            ReturnCode.CREDENTIALS_INVALID,
            ReturnCode.RESOURCE_NOT_FOUND,
            ReturnCode.VALUE_DUPLICATE,
            ReturnCode.RATE_LIMITED,
        ),
        links=(Link("read", "getUser", _TO_SAME), Link("confirm", "requestEmailConfirmation", {})),
        audit="update",
        sealed="required",
    )
    @authentication_required("user", "update")
    @sign_required
    @check_request(body=MePatch, idempotent=True, conditional=True)
    @marshal_with(UserView, versioned=True)
    def patch(self) -> User:
        """Change."""
        body: MePatch = g.args.body
        contact = body.model_dump(include=set(CONTACT_RULES), exclude_unset=True)
        with naming_fields(), telling_when_to_return():
            return self.application.update_own_account(
                g.user, OwnUpdate(contact, body.old_password, expected_versions(request))
            )


class MyPassword(View):
    """`/api/v1/users/me/password`."""

    @operation(
        "changePassword",
        "Change the caller's own password and end the caller's other sessions",
        description="A wrong old password is 401011. API keys keep working. A repeat under the same Idempotency-Key is "
        "carried out again, and fails at the old password: no digest of a password is kept.",
        errors=(ReturnCode.CREDENTIALS_INVALID, ReturnCode.VERSION_CONFLICT, ReturnCode.RATE_LIMITED),
        audit="update",
        sealed="required",
    )
    @authentication_required("password", "update")
    @sign_required
    @check_request(body=PasswordBody, idempotent=True)
    @marshal_with(None)
    def post(self) -> None:
        """Change."""
        body: PasswordBody = g.args.body
        with naming_fields(), telling_when_to_return():
            self.application.change_password(g.user, body.old_password, body.new_password)
