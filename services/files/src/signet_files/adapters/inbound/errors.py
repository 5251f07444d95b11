"""What the errors of this service are called on the wire."""

from collections.abc import Mapping

from signet_files.domain.errors import (
    BlobMissing,
    CollectingOff,
    FileDamaged,
    FileDestroyed,
    FileNotFound,
    KeyringNotWritable,
    KeyringUnready,
    OffsetBeyondEnd,
    QuotaExceeded,
    QuotaNotFound,
    StorageFull,
    StorageUnavailable,
    UploadLost,
    VersionMismatch,
)
from signet_protocol.return_codes import ReturnCode

ERRORS: Mapping[type[Exception], ReturnCode] = {
    FileNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    VersionMismatch: ReturnCode.VERSION_CONFLICT,
    OffsetBeyondEnd: ReturnCode.RANGE_INVALID,
    QuotaNotFound: ReturnCode.RESOURCE_NOT_FOUND,
    KeyringUnready: ReturnCode.UPSTREAM_UNAVAILABLE,
    KeyringNotWritable: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    CollectingOff: ReturnCode.RESOURCE_WRITE_FORBIDDEN,
    QuotaExceeded: ReturnCode.QUOTA_EXCEEDED,
    UploadLost: ReturnCode.UPSTREAM_UNAVAILABLE,
    FileDamaged: ReturnCode.CONTENT_DAMAGED,
    FileDestroyed: ReturnCode.CONTENT_DESTROYED,
    BlobMissing: ReturnCode.CONTENT_DAMAGED,
    StorageFull: ReturnCode.STORAGE_FULL,
    StorageUnavailable: ReturnCode.UPSTREAM_UNAVAILABLE,
}
