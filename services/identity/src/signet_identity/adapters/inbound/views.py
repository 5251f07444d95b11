"""What identity's views share: the application behind them, and how its errors look outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask_restx import Resource

from signet_common.web.errors import ComeLater, FieldErrors
from signet_common.web.schemas import PagedQuery
from signet_identity.application.change_password import ChangePassword
from signet_identity.application.complete_password_reset import CompletePasswordReset
from signet_identity.application.confirm_email import ConfirmEmail, RequestEmailConfirmation
from signet_identity.application.create_api_key import CreateApiKey
from signet_identity.application.create_user import CreateUser
from signet_identity.application.delete_user import DeleteUser
from signet_identity.application.end_session import EndSession, EndSessions
from signet_identity.application.explain_access import ExplainAccess
from signet_identity.application.issue_grant import IssueGrant
from signet_identity.application.manage_roles import ManageRoles
from signet_identity.application.queries import ApiKeyQueries, RoleQueries, SessionQueries, UserQueries, Window
from signet_identity.application.record_refusals import RecordRefusals
from signet_identity.application.remind_expiring_keys import RemindExpiringKeys
from signet_identity.application.request_password_reset import RequestPasswordReset
from signet_identity.application.revoke_api_key import RevokeApiKey
from signet_identity.application.sign_in import SignIn
from signet_identity.application.sign_out import SignOut
from signet_identity.application.update_api_key import UpdateApiKey
from signet_identity.application.update_own_account import UpdateOwnAccount
from signet_identity.application.update_user import UpdateUser
from signet_identity.domain.errors import (
    AccountInactive,
    CredentialsInvalid,
    Duplicate,
    FieldRefused,
    LastAdministrator,
    NotFound,
    PrivilegeExceeded,
    RoleFixed,
    RoleInUse,
    TokenRefused,
    TooManyMails,
    TooManySignIns,
    VersionConflict,
)
from signet_protocol.return_codes import ReturnCode

ERRORS: dict[type[Exception], ReturnCode] = {
    FieldRefused: ReturnCode.DATA_PARAM_ERROR,
    Duplicate: ReturnCode.VALUE_DUPLICATE,
    NotFound: ReturnCode.RESOURCE_NOT_FOUND,
    VersionConflict: ReturnCode.VERSION_CONFLICT,
    CredentialsInvalid: ReturnCode.CREDENTIALS_INVALID,
    AccountInactive: ReturnCode.USER_INACTIVE,
    PrivilegeExceeded: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    RoleFixed: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    RoleInUse: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    LastAdministrator: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    TokenRefused: ReturnCode.TOKEN_INVALID,
    TooManyMails: ReturnCode.RATE_LIMITED,
    TooManySignIns: ReturnCode.RATE_LIMITED,
}


@dataclass(frozen=True, slots=True)
class Application:
    """What the views call."""

    create_user: CreateUser
    update_user: UpdateUser
    update_own_account: UpdateOwnAccount
    delete_user: DeleteUser
    change_password: ChangePassword
    create_api_key: CreateApiKey
    update_api_key: UpdateApiKey
    revoke_api_key: RevokeApiKey
    manage_roles: ManageRoles
    explain_access: ExplainAccess
    sign_in: SignIn
    sign_out: SignOut
    end_session: EndSession
    end_sessions: EndSessions
    request_password_reset: RequestPasswordReset
    complete_password_reset: CompletePasswordReset
    request_email_confirmation: RequestEmailConfirmation
    confirm_email: ConfirmEmail
    issue_grant: IssueGrant
    record_refusals: RecordRefusals
    remind_expiring_keys: RemindExpiringKeys
    users: UserQueries
    roles: RoleQueries
    api_keys: ApiKeyQueries
    sessions: SessionQueries


class View(Resource):  # type: ignore[misc]
    """A view with the application behind it."""

    def __init__(self, api: object, *_args: object, application: Application) -> None:
        super().__init__(api)
        self.application = application


@contextmanager
def naming_fields() -> Iterator[None]:
    """Rules that only the application can check name their field like those that the models check."""
    try:
        yield
    except FieldRefused as refused:
        raise FieldErrors([(refused.field, refused.message)]) from None


@contextmanager
def telling_when_to_return() -> Iterator[None]:
    """A refusal for coming too early says when it would not be."""
    try:
        yield
    except (TooManySignIns, TooManyMails) as refused:
        raise ComeLater(str(refused), refused.retry_after) from None


def window_of(query: PagedQuery) -> Window:
    """The part of a list that a query asks for."""
    return Window(query.page, query.per_page, query.count)
