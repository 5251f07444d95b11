"""What goes by mail: a forgotten password, and the proof of an e-mail address."""

from flask import g

from signet_common.web.decorators import (
    authentication_required,
    check_request,
    marshal_with,
    public_operation,
    sign_required,
)
from signet_common.web.operations import Link, operation
from signet_identity.adapters.inbound.mail_schemas import (
    EmailConfirmationBody,
    PasswordResetBody,
    PasswordResetCompletion,
)
from signet_identity.adapters.inbound.views import View, naming_fields, telling_when_to_return
from signet_protocol.return_codes import ReturnCode


class PasswordResetCollection(View):
    """`/api/v1/password-resets`."""

    @operation(
        "requestPasswordReset",
        "Ask for a mail with which a password can be set anew",
        description="The answer is the same for every login, whether there is such an account or not. Three mails an "
        "hour go to one account; each token works once, for half an hour unless set otherwise.",
        links=(Link("complete", "completePasswordReset", {}),),
        audit="insert",
    )
    @public_operation
    @check_request(body=PasswordResetBody)
    @marshal_with(None)
    def post(self) -> None:
        """Ask."""
        body: PasswordResetBody = g.args.body
        self.application.request_password_reset(g.user, body.login)


class PasswordResetCompletionView(View):
    """`/api/v1/password-resets/complete`."""

    @operation(
        "completePasswordReset",
        "Set a password anew with the token of a mail, and end all sessions",
        description="A token that is unknown, used or over, or went to an address that the account no longer has, is "
        "401009. One whose password is refused (400002) still works. API keys keep working.",
        errors=(ReturnCode.TOKEN_INVALID, ReturnCode.VERSION_CONFLICT, ReturnCode.RATE_LIMITED),
        links=(Link("signIn", "signIn", {}),),
        audit="update",
        sealed="required",
    )
    @public_operation
    @check_request(body=PasswordResetCompletion)
    @marshal_with(None)
    def post(self) -> None:
        """Complete."""
        body: PasswordResetCompletion = g.args.body
        with naming_fields(), telling_when_to_return():
            self.application.complete_password_reset(g.user, body.token, body.new_password)


class MyEmailConfirmations(View):
    """`/api/v1/users/me/email-confirmations`."""

    @operation(
        "requestEmailConfirmation",
        "Ask for a mail that confirms the caller's own e-mail address",
        description="400002 where there is no address, or a confirmed one. Three mails an hour; each token works once, "
        "for a day unless set otherwise, and only for the address that it was sent to.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.DATA_PARAM_ERROR, ReturnCode.RATE_LIMITED),
        links=(Link("confirm", "confirmEmail", {}),),
        audit="insert",
    )
    @authentication_required("email_confirmation", "create")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(None)
    def post(self) -> None:
        """Ask."""
        with naming_fields(), telling_when_to_return():
            self.application.request_email_confirmation(g.user)


class EmailConfirmationCollection(View):
    """`/api/v1/email-confirmations`."""

    @operation(
        "confirmEmail",
        "Confirm an e-mail address with the token of a mail",
        description="A token that is unknown, used or over, or went to an address that the account no longer has, is "
        "401009.",
        errors=(ReturnCode.TOKEN_INVALID, ReturnCode.VALUE_DUPLICATE, ReturnCode.VERSION_CONFLICT),
        links=(Link("read", "getMe", {}),),
        audit="update",
        sealed="required",
    )
    @public_operation
    @check_request(body=EmailConfirmationBody)
    @marshal_with(None)
    def post(self) -> None:
        """Confirm."""
        body: EmailConfirmationBody = g.args.body
        self.application.confirm_email(g.user, body.token)
