"""The view of what a file holds: all of it or a part, as a stream."""

import logging
from collections.abc import Generator, Iterable
from contextlib import closing

from flask import Response, g, request
from flask_restx import Namespace, Resource

from signet_common.web.decorators import authentication_required, check_request, sign_required
from signet_common.web.http_response import TransferBroken
from signet_common.web.operations import operation
from signet_common.web.ranges import Selection, select
from signet_common.web.streams import stream_answer
from signet_files.adapters.inbound.disposition import attachment
from signet_files.application.read_file import ReadFile, Stored
from signet_files.domain.errors import FilesError
from signet_protocol.return_codes import ReturnCode

NOT_MODIFIED = 304

_LOGGER = logging.getLogger(__name__)


class FileContent(Resource):  # type: ignore[misc]
    """`/api/v1/files/{file_id}/content`."""

    def __init__(self, api: object, *_args: object, read_file: ReadFile) -> None:
        super().__init__(api)
        self._read_file = read_file

    @operation(
        "getFileContent",
        "Download what a file holds",
        description="All of it, or the one part that `Range` asks for. Not a byte leaves that is not proven to be what"
        " was uploaded. Where a later part turns out to be damaged, the transfer breaks off.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.CONTENT_DESTROYED, ReturnCode.CONTENT_DAMAGED),
        audit="download",
        stream=True,
    )
    @authentication_required("file", "download")
    @sign_required
    @check_request()
    def get(self, file_id: int) -> Response:
        """Download."""
        found = self._read_file.find(g.user, file_id)
        selected = select(request, f'"{found.file.sha256}"', found.file.size)
        return stream_answer(
            self._pieces(found, selected),
            content_type=found.file.media_type,
            length=None if selected.status == NOT_MODIFIED else selected.length,
            status=selected.status,
            headers=selected.headers | {"Content-Disposition": attachment(found.file.file_name)},
        )

    def _pieces(self, found: Stored, selected: Selection) -> Iterable[memoryview]:
        """What is selected; where nothing of it is given out, that the file was looked at is recorded all the same."""
        if request.method == "HEAD" or selected.status == NOT_MODIFIED:
            self._read_file.look(g.user, found)
            return ()
        return _unless_it_breaks(self._read_file.content(g.user, found, selected.start, selected.stop))


def _unless_it_breaks(pieces: Generator[memoryview, None, None]) -> Generator[memoryview, None, None]:
    """The same pieces. What fails once they are on their way cuts the transfer off, and is told in the log alone."""
    with closing(pieces):
        try:
            yield from pieces
        except FilesError as failed:
            _LOGGER.warning("a download is cut off: %s", failed)
            raise TransferBroken(str(failed)) from None


def content_namespace(read_file: ReadFile) -> Namespace:
    """The route of contents, wired to `read_file`."""
    namespace = Namespace("contents", path="/api/v1/files")
    wiring = {"resource_class_kwargs": {"read_file": read_file}}
    namespace.add_resource(FileContent, "/<id:file_id>/content", **wiring)
    return namespace
