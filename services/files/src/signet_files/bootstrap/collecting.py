"""The collector of orphans, as the processes and the command line wire it alike."""

from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.local_blobs import LocalBlobs
from signet_files.adapters.outbound.orphans import SqlOrphans
from signet_files.adapters.outbound.tables import OUTBOX
from signet_files.application.collect_orphans import CollectOrphans
from signet_files.application.storage import BlobStore
from signet_files.application.strangers import Strangers
from signet_files.bootstrap.deployment import deployment, now


def orphans(database: Database) -> SqlOrphans:
    """What nobody will ask for any more, destroyed in the name of the deployment."""
    return SqlOrphans(database, EventMap(Outbox(OUTBOX)), deployment("collect orphans"))


def collector(database: Database, blobs: BlobStore) -> CollectOrphans:
    """The collector for a store, which only in a folder can be walked through."""
    found = orphans(database)
    strangers = Strangers(found, blobs, blobs, now) if isinstance(blobs, LocalBlobs) else None
    return CollectOrphans(found, blobs, strangers, now)
