"""The views: from a checked request to an intention or a read, and back."""

from dataclasses import dataclass

from flask import g, request
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.preconditions import expected_versions
from signet_common.web.views import View
from signet_files.adapters.inbound.schemas import FileChange, FileListQuery, FileRemoval, FileUpload, FileView
from signet_files.application.delete_file import DeleteFile
from signet_files.application.queries import FileFilter, FilePage, FileQueries
from signet_files.application.undelete_file import UndeleteFile
from signet_files.application.update_file import UpdateFile
from signet_files.application.upload_file import UploadFile
from signet_files.domain.files import MAX_FILE_BYTES, File
from signet_protocol.return_codes import ReturnCode

_TO_NEW = {"file_id": "$response.body#/data/file_id"}
_TO_SAME = {"file_id": "$request.path.file_id"}
_AFTER_UPLOAD = (
    Link("read", "getFile", _TO_NEW),
    Link("download", "getFileContent", _TO_NEW),
    Link("part", "getFileContent", _TO_NEW | {"header.Range": "bytes=0-1023"}),
    Link("update", "updateFile", _TO_NEW),
    Link("delete", "deleteFile", _TO_NEW),
)
_UPLOAD_ERRORS = (ReturnCode.BODY_TOO_LARGE, ReturnCode.QUOTA_EXCEEDED, ReturnCode.STORAGE_FULL)


@dataclass(frozen=True, slots=True)
class Application:
    """What the views call."""

    upload_file: UploadFile
    update_file: UpdateFile
    delete_file: DeleteFile
    undelete_file: UndeleteFile
    files: FileQueries


class FileCollection(View[Application]):
    """`/api/v1/files`."""

    @operation(
        "uploadFile",
        "Upload a file",
        description="It is encrypted as it comes, under a key of its own. Nothing is stored of a body that breaks off"
        " or is another one than `X-Content-SHA256` says.",
        errors=_UPLOAD_ERRORS,
        links=_AFTER_UPLOAD,
        audit="insert",
        stream=True,
        max_body_bytes=MAX_FILE_BYTES,
    )
    @authentication_required("file", "create")
    @sign_required
    @check_request(query=FileUpload, idempotent=True)
    @marshal_with(FileView, versioned=True)
    def post(self) -> File:
        """Upload."""
        return self.application.upload_file(g.user, file_name=g.args.query.file_name, body=g.args.body)

    @operation(
        "listFiles",
        "List files",
        description="Oldest first. An empty page is an answer like any other.",
        links=(Link("first", "getFile", {"file_id": "$response.body#/data/files/0/file_id"}),),
        audit="query",
    )
    @authentication_required("file", "query")
    @sign_required
    @check_request(query=FileListQuery)
    @marshal_with(FileView, plural="files")
    def get(self) -> FilePage:
        """List."""
        return self.application.files.search(_filter(g.args.query), g.user, record=True)


class FileItem(View[Application]):
    """`/api/v1/files/{file_id}`."""

    @operation(
        "getFile",
        "Read what is known of a file, deleted or not",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("download", "getFileContent", _TO_SAME), Link("delete", "deleteFile", _TO_SAME)),
        audit="query",
    )
    @authentication_required("file", "query")
    @sign_required
    @check_request()
    @marshal_with(FileView, versioned=True)
    def get(self, file_id: int) -> File:
        """Read."""
        return self.application.files.get(file_id, g.user, record=True)

    @operation(
        "updateFile",
        "Rename a file",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("delete", "deleteFile", _TO_SAME),),
        audit="update",
    )
    @authentication_required("file", "update")
    @sign_required
    @check_request(body=FileChange, idempotent=True, conditional=True)
    @marshal_with(FileView, versioned=True)
    def patch(self, file_id: int) -> File:
        """Change."""
        name = g.args.body.file_name
        return self.application.update_file(g.user, file_id, file_name=name, expected=expected_versions(request))

    @operation(
        "deleteFile",
        "Delete a file",
        description="It can be brought back until `due_at`, unless it is deleted permanently: then its key is"
        " destroyed at once, and nobody reads it any more.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("undelete", "undeleteFile", _TO_SAME),),
        audit="delete",
    )
    @authentication_required("file", "delete")
    @sign_required
    @check_request(query=FileRemoval, idempotent=True, conditional=True)
    @marshal_with(None)
    def delete(self, file_id: int) -> None:
        """Delete."""
        permanently = g.args.query.permanently
        self.application.delete_file(g.user, file_id, expected=expected_versions(request), permanently=permanently)


class FileRecovery(View[Application]):
    """`/api/v1/files/{file_id}/undelete`."""

    @operation(
        "undeleteFile",
        "Bring a deleted file back",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("read", "getFile", _TO_SAME),),
        audit="update",
    )
    @authentication_required("file", "update")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(FileView, versioned=True)
    def post(self, file_id: int) -> File:
        """Bring back."""
        return self.application.undelete_file(g.user, file_id)


def file_namespace(application: Application) -> Namespace:
    """The routes of files, wired to `application`."""
    namespace = Namespace("files", path="/api/v1/files")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(FileCollection, "", **wiring)
    namespace.add_resource(FileItem, "/<id:file_id>", **wiring)
    namespace.add_resource(FileRecovery, "/<id:file_id>/undelete", **wiring)
    return namespace


def _filter(query: FileListQuery) -> FileFilter:
    return FileFilter(
        contains=query.file_name,
        media_type=query.media_type,
        state=query.file_state,
        created_by=query.created_by,
        size_min=query.size_min,
        size_max=query.size_max,
        created_from=query.create_date_start,
        created_to=query.create_date_end,
        page=query.page,
        per_page=query.per_page,
        count=query.count,
    )
