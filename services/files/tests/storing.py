"""The intentions of files over a real database and a folder, for the tests of what becomes of them."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from signet_common.keyring.ciphers import Keyring
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.disk_threads import directly
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.file_cipher import AesGcmFileCipher
from signet_files.adapters.outbound.local_blobs import LocalBlobs
from signet_files.adapters.outbound.stored_files import SqlStoredFiles
from signet_files.adapters.outbound.tables import BLOBS, FILES, OUTBOX, QUOTAS
from signet_files.adapters.outbound.uploads import SqlUploads
from signet_files.application.collect_orphans import CollectOrphans
from signet_files.application.delete_file import DeleteFile
from signet_files.application.read_file import ReadFile
from signet_files.application.strangers import Strangers
from signet_files.application.undelete_file import UndeleteFile
from signet_files.application.upload_file import UploadFile
from signet_files.bootstrap.collecting import orphans
from signet_files.bootstrap.persistence import unit_of_work
from signet_files.domain.files import File

QUOTA = 1_000_000
CALLER = Passport(
    issuer="gateway", audience="files", request_id="r", method="POST", target="/", body_sha256="0" * 64,
    user_id=7, permission="file:create", scope="own", authentication="api_key", request_digest="d" * 64,
)  # fmt: skip
CONTENT = os.urandom(200_000)


class WrongChecksum(Exception):
    """What the web layer raises at the end of a body that is another one."""


@dataclass
class Sent:
    """A body as it arrives; `meanwhile` happens at each piece."""

    content: bytes = CONTENT
    declared: bytes | None = None
    length: int | None = None
    meanwhile: Callable[[int], None] = lambda _at: None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content if self.declared is None else self.declared).hexdigest()

    def chunks(self) -> Iterator[bytes]:
        for at in range(0, len(self.content), 10_000):
            self.meanwhile(at)
            yield self.content[at : at + 10_000]
        if self.declared is not None:
            raise WrongChecksum


@dataclass
class Service:
    """The intentions over a real database and a folder."""

    database: Database
    folder: Path
    time: list[datetime] = field(default_factory=lambda: [datetime.now(UTC)])

    def __post_init__(self) -> None:
        self.keys = DataKeys(Keyring("k1", {"k1": b"1" * 32}))
        self.blobs = LocalBlobs(self.folder, directly)
        self.orphans = orphans(self.database)
        self.work = unit_of_work(self.database, QUOTA)
        self.uploads = SqlUploads(self.database, self.keys, QUOTA)
        self.upload = UploadFile(
            self.uploads, self.orphans, self.blobs, AesGcmFileCipher(), self.work,
            lambda first: f"application/x-{len(first)}", self.clock,
        )  # fmt: skip
        self.read = ReadFile(
            SqlStoredFiles(self.database, self.keys, EventMap(Outbox(OUTBOX))), self.blobs, AesGcmFileCipher()
        )
        self.strangers = Strangers(self.orphans, self.blobs, self.blobs, self.clock)
        self.collect = CollectOrphans(self.orphans, self.blobs, self.strangers, self.clock)
        self.delete = DeleteFile(self.work, self.orphans, self.blobs, timedelta(days=7), self.clock)
        self.undelete = UndeleteFile(self.work, self.clock)

    def clock(self) -> datetime:
        return self.time[0]

    def later(self, **interval: float) -> None:
        self.time[0] += timedelta(**interval)

    def put(self, body: Sent | None = None, caller: Passport = CALLER) -> File:
        return self.upload(caller, file_name="scan.dcm", body=body or Sent())

    def content(self, file: File, start: int = 0, stop: int | None = None, caller: Passport = CALLER) -> bytes:
        found = self.read.find(caller, file.file_id)
        return b"".join(self.read.content(caller, found, start, file.size if stop is None else stop))

    def count(self, table: Any) -> int:
        counted: int = self.database.read(lambda c: c.scalar(select(func.count()).select_from(table)))
        return counted

    def used(self) -> int:
        return self.database.read(lambda c: c.scalar(select(QUOTAS.c.used_bytes).where(QUOTAS.c.user_id == 7))) or 0

    def states(self) -> list[str]:
        return list(self.database.read(lambda c: c.scalars(select(FILES.c.file_state)).all()))

    def left(self) -> tuple[int, int, int]:
        """Rows of files, rows of blobs, things in the folder."""
        return self.count(FILES), self.count(BLOBS), len(list(self.blobs.stored("")))


NOTHING = (0, 0, 0)
ONE = (1, 1, 1)
