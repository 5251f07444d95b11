"""The routes of identity."""

from flask_restx import Namespace

from signet_identity.adapters.inbound.api_key_views import ApiKeyCollection, ApiKeyItem
from signet_identity.adapters.inbound.credential_views import (
    CurrentSession,
    GrantCollection,
    SessionCollection,
    SessionItem,
)
from signet_identity.adapters.inbound.job_views import ExpiringKeysJob
from signet_identity.adapters.inbound.mail_views import (
    EmailConfirmationCollection,
    MyEmailConfirmations,
    PasswordResetCollection,
    PasswordResetCompletionView,
)
from signet_identity.adapters.inbound.own_account_views import Me, MyPassword
from signet_identity.adapters.inbound.refusal_views import RefusalCollection
from signet_identity.adapters.inbound.role_views import AccessExplanation, RoleCollection, RoleItem
from signet_identity.adapters.inbound.user_views import UserCollection, UserItem
from signet_identity.adapters.inbound.views import ERRORS, Application, View

ROUTES: tuple[tuple[str, dict[str, type[View]]], ...] = (
    ("/api/v1/users", {"": UserCollection, "/me": Me, "/me/password": MyPassword, "/<id:user_id>": UserItem}),
    ("/api/v1/roles", {"": RoleCollection, "/<id:role_id>": RoleItem}),
    ("/api/v1/api-keys", {"": ApiKeyCollection, "/<id:api_key_id>": ApiKeyItem}),
    ("/api/v1/access", {"/explain": AccessExplanation}),
    ("/api/v1/sessions", {"": SessionCollection, "/current": CurrentSession, "/<id:session_id>": SessionItem}),
    ("/api/v1/password-resets", {"": PasswordResetCollection, "/complete": PasswordResetCompletionView}),
    ("/api/v1/users/me/email-confirmations", {"": MyEmailConfirmations}),
    ("/api/v1/email-confirmations", {"": EmailConfirmationCollection}),
    ("/internal/grants", {"": GrantCollection}),
    ("/internal/refusals", {"": RefusalCollection}),
    ("/internal/jobs", {"/remind-expiring-keys": ExpiringKeysJob}),
)

__all__ = ["ERRORS", "Application", "identity_namespaces"]


def identity_namespaces(application: Application) -> list[Namespace]:
    """The routes, wired to `application`."""
    namespaces = []
    for path, views in ROUTES:
        namespace = Namespace(path.rpartition("/")[2], path=path)
        for suffix, view in views.items():
            namespace.add_resource(view, suffix, resource_class_kwargs={"application": application})
        namespaces.append(namespace)
    return namespaces
