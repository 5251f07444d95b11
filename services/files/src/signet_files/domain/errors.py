"""What can be wrong with a request, with a file or with where it is kept.

FilesError
├── FileNotFound            no such file, or none that the caller may see
├── FileNameInvalid         no file may be called that
├── VersionMismatch         the file has changed since the client saw it
├── OffsetBeyondEnd         the file ends before the offset
├── QuotaNotFound           a quota that the caller may not see
├── QuotaExceeded           its owner has no room left for it
├── UploadLost              nothing was heard of the upload for so long that it has been given up
├── FileDamaged             what is stored is not what was written for this file and version
├── FileDestroyed           the key of the file has been destroyed: nobody reads it any more
├── KeyringUnready          the keyring cannot be read now, or somebody else is changing it
├── KeyringNotWritable      this process cannot change the keyring
├── CollectingOff           nothing is to be collected, whoever asks
└── BlobError               the store of blobs does not do what it should
    ├── BlobMissing         nothing is stored under the name
    ├── StorageFull         there is no room left
    └── StorageUnavailable  it does not answer, or breaks off
"""


class FilesError(Exception):
    """The root of this service's errors. Never says a key or what a file holds."""


class FileNotFound(FilesError):
    """No such file, or none that the caller may see."""


class FileNameInvalid(FilesError, ValueError):
    """No file may be called that; the message says why, and repeats nothing of it."""


class VersionMismatch(FilesError):
    """The file has changed since the client saw it."""


class OffsetBeyondEnd(FilesError):
    """The file ends before the offset."""


class QuotaNotFound(FilesError):
    """A quota that the caller may not see."""


class QuotaExceeded(FilesError):
    """The owner of the file has no room left for it."""


class UploadLost(FilesError):
    """Nothing was heard of the upload for so long that it has been given up."""

    def __init__(self) -> None:
        super().__init__("nothing was heard of this upload for too long")


class FileDamaged(FilesError):
    """What is stored is not what was written for this file and version: altered, cut, mixed up, or another's."""


class FileDestroyed(FilesError):
    """The key of the file has been destroyed, and with it what the file held."""


class KeyringUnready(FilesError):
    """The keyring cannot be read now, or somebody else is changing it."""


class KeyringNotWritable(FilesError):
    """This process cannot change the keyring: it is somebody else's, or kept elsewhere."""


class CollectingOff(FilesError):
    """Nothing is to be collected, whoever asks: the database may be an old copy."""


class BlobError(FilesError):
    """The store of blobs does not do what it should."""


class BlobMissing(BlobError):
    """Nothing is stored under the name."""


class StorageFull(BlobError):
    """There is no room left."""


class StorageUnavailable(BlobError):
    """The store does not answer, or breaks off."""
