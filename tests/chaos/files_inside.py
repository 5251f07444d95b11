"""Files as nobody but their operator sees them: rows, blobs, and the collector."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from signet_common.passport import Passport, PassportIssuer, parse_keys
from signet_common.sql.database import Database
from signet_files.adapters.outbound.tables import BLOBS, FILES, QUOTAS
from signet_files.domain.files import AT_ONCE, UPLOADING
from signet_testing.platform import Platform
from signet_testing.raw_http import RawRequest, send

JOB = "/internal/jobs/collect-orphans"


@dataclass(frozen=True)
class FilesInside:
    """What the files service of a platform holds."""

    platform: Platform

    @cached_property
    def database(self) -> Database:
        return Database.open(self._settings["FILES_DATABASE_URL"], grouped=False)

    @cached_property
    def folder(self) -> Path:
        """Where blobs lie; there is none in FastDFS."""
        return Path(self._settings["FILES_BLOBS_URL"].removeprefix("file:"))

    def left(self) -> tuple[int, int, int]:
        """Rows of files and of blobs, and bytes that count for somebody's quota."""
        counts = [select(func.count()).select_from(table) for table in (FILES, BLOBS)]
        used = select(func.coalesce(func.sum(QUOTAS.c.used_bytes), 0))
        files, blobs, taken = (self.database.read(lambda c, q=query: c.scalar(q)) for query in (*counts, used))  # type: ignore[misc]
        return files, blobs, int(taken)

    def stored(self) -> list[Path]:
        """Everything in the folder."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def uploading(self) -> list[str]:
        """The names of the blobs of uploads that are on."""
        names = select(BLOBS.c.blob_name).join_from(BLOBS, FILES).where(FILES.c.file_state == UPLOADING)
        return list(self.database.read(lambda connection: connection.scalars(names).all()))

    def unborn(self) -> list[int]:
        """The ids of files that have not become any."""
        ids = select(FILES.c.file_id).where(FILES.c.file_state == UPLOADING)
        return list(self.database.read(lambda connection: connection.scalars(ids).all()))

    def blob_of(self, file_id: int) -> Path:
        """Where the content of a file lies in the folder."""
        name = select(BLOBS.c.blob_name).where(BLOBS.c.file_id == file_id)
        found = self.database.read(lambda connection: connection.execute(name).scalar_one())
        return self.folder / found[:2] / found

    def let_time_pass(self) -> None:
        """Nothing has been heard of any upload for longer than is allowed, it seems."""
        silent = update(FILES).where(FILES.c.file_state == UPLOADING).values(due_at=AT_ONCE)
        self.database.write(lambda connection: connection.execute(silent))

    def collect(self) -> dict[str, Any]:
        """Ask as the scheduler does; the report."""
        keys = parse_keys(self._settings["FILES_PASSPORT_ACCEPTS"])["scheduler"]
        passport = Passport(
            issuer="scheduler",
            audience="files",
            request_id="chaos",
            method="POST",
            target=JOB,
            body_sha256=hashlib.sha256(b"").hexdigest(),
            authentication="service",
        )
        token = PassportIssuer("scheduler", {"files": keys}).issue(passport)
        answer = send(self.platform.door_of("files-web"), RawRequest("POST", JOB, (("X-Passport", token),)))
        assert answer.code == 200, answer
        report: dict[str, Any] = answer.envelope["data"]
        return report

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes to the database meanwhile."""
        sqlite = self.database.engine.dialect.name == "sqlite"
        with self.database.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "LOCK TABLES files WRITE, blobs WRITE")
            try:
                yield
            finally:
                connection.exec_driver_sql("ROLLBACK" if sqlite else "UNLOCK TABLES")

    @property
    def _settings(self) -> dict[str, str]:
        return self.platform.settings_of("files-web")
