"""The view of verifications."""

from flask import g
from flask_restx import Namespace, Resource

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import operation
from signet_files.adapters.inbound.verification_schemas import VerificationQuery, VerificationView
from signet_files.application.verify_file import Verification, VerifyFile
from signet_protocol.return_codes import ReturnCode


class FileVerification(Resource):  # type: ignore[misc]
    """`/api/v1/files/{file_id}/verification`."""

    def __init__(self, api: object, *_args: object, verify_file: VerifyFile) -> None:
        super().__init__(api)
        self._verify_file = verify_file

    @operation(
        "verifyFile",
        "Read anew what is stored of a file, and say whether it is what was uploaded",
        description="Of active and deleted files; nothing of what they hold is answered. Each call proves the length,"
        " and reads 256 MiB or ten seconds at most: go on with `next_offset`. A store that does not answer is an error"
        " and no verdict.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.RANGE_INVALID),
        audit="verify",
    )
    @authentication_required("file", "verify")
    @sign_required
    @check_request(query=VerificationQuery)
    @marshal_with(VerificationView)
    def get(self, file_id: int) -> Verification:
        """Verify."""
        return self._verify_file(g.user, file_id, g.args.query.offset)


def verification_namespace(verify_file: VerifyFile) -> Namespace:
    """The route of verifications, wired to `verify_file`."""
    namespace = Namespace("verifications", path="/api/v1/files")
    wiring = {"resource_class_kwargs": {"verify_file": verify_file}}
    namespace.add_resource(FileVerification, "/<id:file_id>/verification", **wiring)
    return namespace
