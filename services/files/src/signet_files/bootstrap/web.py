"""The web process of files."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask

from signet_common.keyring.ciphers import RowCipher
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
from signet_files import SERVICE
from signet_files.adapters.inbound.content_http import content_namespace
from signet_files.adapters.inbound.errors import ERRORS
from signet_files.adapters.inbound.http import Application, file_namespace
from signet_files.adapters.inbound.jobs import job_namespace
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.disk_threads import in_threads
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.file_cipher import AesGcmFileCipher
from signet_files.adapters.outbound.media_types import SniffedMediaTypes
from signet_files.adapters.outbound.queries import SqlFileQueries
from signet_files.adapters.outbound.retention import RETENTIONS
from signet_files.adapters.outbound.stored_files import SqlStoredFiles
from signet_files.adapters.outbound.tables import OUTBOX
from signet_files.adapters.outbound.uploads import SqlUploads
from signet_files.application.delete_file import DeleteFile
from signet_files.application.ports import UnitOfWork, Uploads
from signet_files.application.read_file import ReadFile
from signet_files.application.storage import BlobStore
from signet_files.application.undelete_file import UndeleteFile
from signet_files.application.update_file import UpdateFile
from signet_files.application.upload_file import UploadFile
from signet_files.bootstrap.blobs import open_blobs
from signet_files.bootstrap.collecting import collector, orphans
from signet_files.bootstrap.deployment import now
from signet_files.bootstrap.keys import keys_of_files
from signet_files.bootstrap.persistence import MIB, unit_of_work
from signet_files.bootstrap.quotas import quotas
from signet_files.bootstrap.verification import verification
from signet_files.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings) -> Service:
    """Wire the web application; nothing is connected yet. Raises KeyringUnusable: without its keys it reads nothing."""
    database = Database.open(settings.database_url, grouped=True)
    return serve(settings, database, LiveKeyring(settings.keyring))


def serve(settings: Settings, database: Database, keyring: RowCipher) -> Service:
    """Wire the web application from what `build` has read."""
    outbox, keys = Outbox(OUTBOX), DataKeys(keyring)
    events, blobs = EventMap(outbox), open_blobs(settings.blobs_url, in_threads())
    read_file = ReadFile(SqlStoredFiles(database, keys, events), blobs, AesGcmFileCipher())
    quota = settings.quota_mib * MIB
    work = unit_of_work(database, quota)
    web = create_service(
        SERVICE,
        [
            file_namespace(_application(settings, database, work, SqlUploads(database, keys, quota), blobs)),
            content_namespace(read_file),
            verification(read_file, database, events),
            keys_of_files(settings, database, keyring, work),
            quotas(database, work, events, quota),
            job_namespace(collector(database, blobs) if settings.collect_minutes else None),
            purge_namespace(Purge(database, RETENTIONS).within),
        ],
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts)),
        errors={**ERRORS, **PERSISTENCE_ERRORS},
        checks={
            "database": answers(database.ping),
            "blobs": answers(blobs.check),
            "outbox": drains(lambda: outbox.backlog(database)),
        },
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
    )
    return Service(web, database)


def _application(
    settings: Settings, database: Database, work: UnitOfWork, uploads: Uploads, blobs: BlobStore
) -> Application:
    given_up = orphans(database)
    return Application(
        upload_file=UploadFile(
            uploads=uploads,
            orphans=given_up,
            blobs=blobs,
            cipher=AesGcmFileCipher(),
            unit_of_work=work,
            media_types=SniffedMediaTypes(),
            clock=now,
        ),
        update_file=UpdateFile(work, now),
        delete_file=DeleteFile(work, given_up, blobs, timedelta(days=settings.retention_days), now),
        undelete_file=UndeleteFile(work, now),
        files=SqlFileQueries(database, EventMap(Outbox(OUTBOX))),
    )
