"""A storage: holds files. It closes the connection after a status of 22, and keeps it after 0 and 2."""

from typing import ClassVar

from signet_fastdfs import wire
from signet_fastdfs.testing.channel import Channel, Reply
from signet_fastdfs.testing.faults import Fault
from signet_fastdfs.testing.peer import Handler, Peer
from signet_fastdfs.testing.requests import BadRequest, Fields, Missing, Refused
from signet_fastdfs.testing.shelf import Shelf, StoredFile, checksum
from signet_fastdfs.wire import Command

NUMBER = wire.NUMBER.size
STRAY_AFTER_NOTHING = 60


class Storage(Peer):
    """Serves `files`, which several storages of a group may share."""

    closes_after: ClassVar[tuple[int, ...]] = (BadRequest.status,)

    def __init__(self, *, group: str = "group1", files: Shelf | None = None, keeps_data: bool = True) -> None:
        super().__init__()
        self.group = group
        self.files = Shelf() if files is None else files
        self._keeps_data = keeps_data

    def handlers(self) -> dict[int, Handler]:
        mine = {
            Command.UPLOAD: lambda fields: self._upload(fields, appender=False),
            Command.UPLOAD_APPENDER: lambda fields: self._upload(fields, appender=True),
            Command.APPEND: self._append,
            Command.MODIFY: self._modify,
            Command.TRUNCATE: self._truncate,
            Command.REGENERATE: self._regenerate,
            Command.DOWNLOAD: self._download,
            Command.DELETE: self._delete,
            Command.SET_METADATA: self._set_metadata,
            Command.GET_METADATA: self._get_metadata,
            Command.QUERY_FILE_INFO: self._info,
        }

        def handling(command: Command) -> Handler:
            def handle(channel: Channel, length: int, fault: Fault) -> Reply:
                fields = Fields(channel, length, fault)
                try:
                    return mine[command](fields)
                except Refused as refused:
                    fields.drain()
                    return Reply(refused.status)

            return handle

        return super().handlers() | {command: handling(command) for command in mine}

    def _upload(self, fields: Fields, *, appender: bool) -> Reply:
        fields.take(1)
        size, extension = fields.number(), fields.take(wire.EXTENSION_SIZE).rstrip(b"\0").decode()
        fields.expect_left(size)
        file = StoredFile(appender)
        self._receive(fields, file, size)
        return self._named(self.files.keep(file, extension))

    def _append(self, fields: Fields) -> Reply:
        name_size, size = fields.number(), fields.number()
        file = self._appender(fields.text(name_size))
        fields.expect_left(size)
        self._receive(fields, file, size)
        return Reply(body=b"" if size else bytes(STRAY_AFTER_NOTHING))

    def _modify(self, fields: Fields) -> Reply:
        name_size, offset, size = fields.number(), fields.number(), fields.number()
        file = self._appender(fields.text(name_size))
        fields.expect_left(size)
        if offset > file.size:
            raise BadRequest
        data = fields.take(size)
        file.data[offset : offset + size] = data
        file.size = len(file.data)
        return Reply()

    def _truncate(self, fields: Fields) -> Reply:
        name_size, size = fields.number(), fields.number()
        file = self._appender(fields.text(name_size))
        file.data = file.data[:size].ljust(size, b"\0")
        file.size = size
        return Reply()

    def _regenerate(self, fields: Fields) -> Reply:
        name = fields.rest()
        file = self._appender(name)
        del self.files[name]
        file.appender, file.crc = False, checksum(bytes(file.data))
        extension = name.rpartition(".")[2] if "." in name else ""
        return self._named(self.files.keep(file, extension))

    def _download(self, fields: Fields) -> Reply:
        offset, wanted = fields.number(), fields.number()
        file = self._found(fields)
        if offset >= file.size:
            raise BadRequest
        size = min(wanted or file.size, file.size - offset)
        if self._keeps_data:
            return Reply(body=bytes(memoryview(file.data)[offset : offset + size]))
        return Reply(zeros=size)

    def _delete(self, fields: Fields) -> Reply:
        group, name = fields.take(wire.GROUP_SIZE), fields.rest()
        self._file(group, name)
        del self.files[name]
        return Reply()

    def _set_metadata(self, fields: Fields) -> Reply:
        name_size, size, how = fields.number(), fields.number(), fields.take(1)
        file = self._file(fields.take(wire.GROUP_SIZE), fields.text(name_size))
        fields.expect_left(size)
        body = fields.take(size)
        records = dict(record.split(b"\x02") for record in body.split(b"\x01")) if body else {}
        if how not in (b"O", b"M"):
            raise BadRequest
        file.metadata = records if how == b"O" else file.metadata | records
        return Reply()

    def _get_metadata(self, fields: Fields) -> Reply:
        file = self._found(fields)
        if not file.metadata:
            raise Missing
        return Reply(body=b"\x01".join(key + b"\x02" + value for key, value in sorted(file.metadata.items())))

    def _info(self, fields: Fields) -> Reply:
        file = self._found(fields)
        signed = file.crc - (1 << 32) if file.crc >= 1 << 31 else file.crc
        numbers = wire.number(file.size) + wire.number(file.modified) + wire.NUMBER.pack(signed)
        return Reply(body=numbers + b"127.0.0.1".ljust(16, b"\0"))

    def _receive(self, fields: Fields, file: StoredFile, size: int) -> None:
        """Data counts once it is all there: a connection that closes before leaves nothing."""
        received, crc = bytearray(), file.crc
        for piece in fields.pieces(size):
            crc = checksum(piece, crc)
            if self._keeps_data:
                received += piece
        file.data += received
        file.size, file.crc = file.size + size, crc

    def _named(self, name: str) -> Reply:
        return Reply(body=wire.padded(self.group, wire.GROUP_SIZE, "group") + name.encode())

    def _found(self, fields: Fields) -> StoredFile:
        return self._file(fields.take(wire.GROUP_SIZE), fields.rest())

    def _file(self, group: bytes, name: str) -> StoredFile:
        if group.rstrip(b"\0").decode() != self.group:
            raise BadRequest
        if name not in self.files:
            raise Missing
        return self.files[name]

    def _appender(self, name: str) -> StoredFile:
        file = self._file(self.group.encode(), name)
        if not file.appender:
            raise BadRequest
        return file
