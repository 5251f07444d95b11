"""The views of the keyring's keys."""

from dataclasses import dataclass

from flask import g
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import operation
from signet_common.web.views import View
from signet_files.adapters.inbound.key_schemas import FileKeysView, RotationRequest, RotationView
from signet_files.application.file_keys import FileKeys
from signet_files.application.list_file_keys import ListFileKeys
from signet_files.application.rotate_file_keys import RotateFileKeys, RotationStep
from signet_protocol.return_codes import ReturnCode


@dataclass(frozen=True, slots=True)
class KeyApplication:
    """What the views call."""

    list_file_keys: ListFileKeys
    rotate_file_keys: RotateFileKeys


class FileKeyCollection(View[KeyApplication]):
    """`/api/v1/file-keys`."""

    @operation("listFileKeys", "List the keys that the keys of files lie under", audit="query")
    @authentication_required("file_key", "query")
    @sign_required
    @check_request()
    @marshal_with(FileKeysView)
    def get(self) -> FileKeys:
        """List."""
        return self.application.list_file_keys(g.user)


class FileKeyRotation(View[KeyApplication]):
    """`/api/v1/file-keys/rotation`."""

    @operation(
        "rotateFileKeys",
        "Make a new key and bring the keys of all files under it, a step at each call",
        description="Files are read and written meanwhile, and none of what is stored of them is touched. Call it with"
        " `after` of the last answer until it is `finished`; what was interrupted goes on from 0. Where the service may"
        " not write its keyring, 403002 says where to begin.",
        errors=(ReturnCode.RESOURCE_WRITE_FORBIDDEN,),
        audit="rotate",
    )
    @authentication_required("file_key", "rotate")
    @sign_required
    @check_request(body=RotationRequest, idempotent=True)
    @marshal_with(RotationView)
    def post(self) -> RotationStep:
        """Rotate."""
        return self.application.rotate_file_keys(g.user, g.args.body.after)


def key_namespace(application: KeyApplication) -> Namespace:
    """The routes of keys, wired to `application`."""
    namespace = Namespace("file-keys", path="/api/v1/file-keys")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(FileKeyCollection, "", **wiring)
    namespace.add_resource(FileKeyRotation, "/rotation", **wiring)
    return namespace
