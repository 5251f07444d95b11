"""The view of what a file holds: the whole of it, as a stream."""

from collections.abc import Iterable

from flask import Response, g, request
from flask_restx import Namespace, Resource

from signet_common.web.decorators import authentication_required, check_request, sign_required
from signet_common.web.operations import operation
from signet_common.web.streams import stream_answer
from signet_files.application.read_file import ReadFile, Stored
from signet_protocol.return_codes import ReturnCode


class FileContent(Resource):  # type: ignore[misc]
    """`/api/v1/files/{file_id}/content`."""

    def __init__(self, api: object, *_args: object, read_file: ReadFile) -> None:
        super().__init__(api)
        self._read_file = read_file

    @operation(
        "getFileContent",
        "Download what a file holds",
        description="Not a byte leaves that is not proven to be what was uploaded. Where a later part turns out to be"
        " damaged, the transfer breaks off.",
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
        return self._whole(found)

    def _whole(self, found: Stored) -> Response:
        size = found.file.size
        if request.method == "HEAD":
            self._read_file.look(g.user, found)
            return _answer(found, (), size)
        return _answer(found, self._read_file.content(g.user, found, 0, size), size)


def content_namespace(read_file: ReadFile) -> Namespace:
    """The route of contents, wired to `read_file`."""
    namespace = Namespace("contents", path="/api/v1/files")
    wiring = {"resource_class_kwargs": {"read_file": read_file}}
    namespace.add_resource(FileContent, "/<id:file_id>/content", **wiring)
    return namespace


def _answer(found: Stored, pieces: Iterable[bytes], length: int) -> Response:
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{found.file.sha256}"'}
    return stream_answer(pieces, content_type=found.file.media_type, length=length, headers=headers)
