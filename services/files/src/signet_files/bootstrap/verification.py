"""Verification of what is stored."""

import time

from flask_restx import Namespace

from signet_common.sql.database import Database
from signet_files.adapters.inbound.verification_http import verification_namespace
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.queries import SqlFileQueries
from signet_files.application.read_file import ReadFile
from signet_files.application.verify_file import VerifyFile
from signet_files.bootstrap.pauses import let_others
from signet_files.bootstrap.persistence import recording


def verification(read_file: ReadFile, database: Database, events: EventMap) -> Namespace:
    """What verifies all that `read_file` reads."""
    return verification_namespace(
        VerifyFile(
            files=SqlFileQueries(database, events),
            stored=read_file.stored,
            blobs=read_file.blobs,
            cipher=read_file.cipher,
            record=recording(database),
            pause=let_others,
            timer=time.monotonic,
        )
    )
