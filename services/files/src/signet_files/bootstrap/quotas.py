"""What users store, and may store."""

from flask_restx import Namespace

from signet_common.sql.database import Database
from signet_files.adapters.inbound.quotas_http import QuotaApplication, quota_namespace
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.quotas import SqlQuotaQueries
from signet_files.application.ports import UnitOfWork
from signet_files.application.set_quota import SetQuota


def quotas(database: Database, work: UnitOfWork, events: EventMap, quota: int) -> Namespace:
    """What reads and sets them; `quota` in bytes, for whoever has no limit of their own."""
    return quota_namespace(QuotaApplication(SetQuota(work), SqlQuotaQueries(database, events, quota)))
