"""Which handler does the work of which declared job. Only processes that work load this."""

from collections.abc import Mapping

from signet_common.keyring.live import LiveKeyring
from signet_common.passport import PassportIssuer, parse_keys
from signet_common.sql.database import Database
from signet_common.sql.retention import Purge
from signet_scheduler import SERVICE
from signet_scheduler.adapters.outbound.ended_runs import SqlEndedRuns
from signet_scheduler.adapters.outbound.retention import RETENTIONS
from signet_scheduler.adapters.outbound.services import HttpServices
from signet_scheduler.application.daily_digest import DailyDigest
from signet_scheduler.application.drills import RunDrill
from signet_scheduler.application.erase_old_runs import EraseRuns
from signet_scheduler.application.jobs import Handler
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.remote_job import OwnPurge, RemoteJob
from signet_scheduler.application.send_mail import SEND_MAIL
from signet_scheduler.application.services import Services
from signet_scheduler.application.shipped_jobs import (
    ACTIVITY_DIGEST,
    COLLECT_ORPHANS,
    DRILL,
    ERASE_OLD_RUNS,
    PURGE_NONCES,
    PURGES,
    REMIND_EXPIRING_KEYS,
)
from signet_scheduler.bootstrap.deployment import deployment, now
from signet_scheduler.bootstrap.mail import ask_for_mail
from signet_scheduler.bootstrap.mail_delivery import send_mail
from signet_scheduler.settings import Settings


def handlers(settings: Settings, database: Database, clock: Clock = now) -> Mapping[str, Handler]:
    """By name of the job, one for each that is declared. Raises KeyringUnusable."""
    services = HttpServices(settings.upstreams or {}, PassportIssuer(SERVICE, parse_keys(settings.passport_issues)))
    keyring = LiveKeyring(settings.keyring)
    mails = ask_for_mail(settings, database, keyring, deployment("activity digest"))
    return {
        DRILL.name: RunDrill(),
        ERASE_OLD_RUNS.name: EraseRuns(SqlEndedRuns(database), clock),
        **_remote(services),
        SEND_MAIL.name: send_mail(settings, database, keyring),
        ACTIVITY_DIGEST.name: DailyDigest(services, mails),
        PURGES[SERVICE].name: OwnPurge(Purge(database, RETENTIONS).within),
    }


def _remote(services: Services) -> Mapping[str, Handler]:
    purges = {job.name: RemoteJob(services, service, "purge") for service, job in PURGES.items() if service != SERVICE}
    return {
        **purges,
        COLLECT_ORPHANS.name: RemoteJob(services, "files", "collect-orphans"),
        PURGE_NONCES.name: RemoteJob(services, "gateway", "purge-nonces"),
        REMIND_EXPIRING_KEYS.name: RemoteJob(services, "identity", "remind-expiring-keys"),
    }
