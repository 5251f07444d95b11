"""The API of jobs, runs and schedules."""

from flask_restx import Namespace
from sqlalchemy import Connection

from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.idempotency import IdempotencyKeys
from signet_common.sql.outbox import Outbox
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_scheduler.adapters.inbound.job_http import JobApplication, job_namespace
from signet_scheduler.adapters.inbound.run_http import RunApplication, run_namespace
from signet_scheduler.adapters.inbound.schedule_http import ScheduleApplication, schedule_namespace
from signet_scheduler.adapters.outbound.asked_runs import SqlAskedRuns
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.run_queries import SqlRunQueries
from signet_scheduler.adapters.outbound.schedule_queries import SqlScheduleQueries
from signet_scheduler.adapters.outbound.schedules import SqlSchedules
from signet_scheduler.adapters.outbound.tables import IDEMPOTENCY_KEYS, OUTBOX
from signet_scheduler.adapters.outbound.transaction import SqlTransaction
from signet_scheduler.application.ask_for_run import AskForRun
from signet_scheduler.application.cancel_run import CancelRun
from signet_scheduler.application.create_schedule import CreateSchedule
from signet_scheduler.application.delete_schedule import DeleteSchedule
from signet_scheduler.application.job_declarations import GetJob, ListJobs
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.list_job_runs import ListJobRuns
from signet_scheduler.application.retry_run import RetryRun
from signet_scheduler.application.update_schedule import UpdateSchedule
from signet_scheduler.bootstrap.deployment import now
from signet_scheduler.bootstrap.persistence import recording


def api_namespaces(database: Database, catalog: Catalog) -> list[Namespace]:
    """The routes, wired."""
    events, record = EventMap(Outbox(OUTBOX)), recording(database)

    def transaction(connection: Connection, caller: Passport) -> SqlTransaction:
        return SqlTransaction(SqlAskedRuns(connection), SqlSchedules(connection), connection, caller, events)

    work: SqlUnitOfWork[Passport, SqlTransaction] = SqlUnitOfWork(
        database, IdempotencyKeys(IDEMPOTENCY_KEYS), transaction
    )
    runs = SqlRunQueries(database, events)
    jobs = JobApplication(
        ListJobs(catalog, record),
        GetJob(catalog, record),
        AskForRun(catalog, work, now),
        ListJobRuns(catalog, runs),
    )
    schedules = ScheduleApplication(
        CreateSchedule(catalog, work, now),
        UpdateSchedule(catalog, work, now),
        DeleteSchedule(work),
        SqlScheduleQueries(database, events),
    )
    return [
        job_namespace(jobs),
        run_namespace(RunApplication(runs, CancelRun(work, now), RetryRun(catalog, work, now))),
        schedule_namespace(schedules),
    ]
