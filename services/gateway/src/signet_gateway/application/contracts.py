"""From a contract (OpenAPI 3.1) to the operations that the gateway lets through.

Default deny: an operation that does not say who may call it is refused when the contract is loaded, not when somebody
calls it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from signet_gateway.application.errors import ContractInvalid
from signet_protocol.return_codes import ReturnCode

OWN_SERVICE = "gateway"
API_PREFIX = "/api/"
_METHODS = {"get", "post", "put", "patch", "delete"}
_SAFE_METHODS = {"GET", "HEAD"}
_UPLOADING = {"POST", "PUT", "PATCH"}
_SEALED = {"optional", "required", "never"}
_PERMISSION = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one service. `permission` is `resource:operation`, empty for a public one.

    `operation_id` is the contract's, empty where it names none. The bodies of a `stream` pass as they arrive, in both
    directions. `sealed` is `optional`, `required` (where the deployment enforces seals) or `never`.
    """

    service: str
    method: str
    path: str
    permission: str
    max_body_bytes: int | None
    operation_id: str = ""
    stream: bool = False
    sealed: str = "optional"

    @property
    def uploads(self) -> bool:
        """Whether the body of the request is streamed."""
        return self.stream and self.method in _UPLOADING

    @property
    def public(self) -> bool:
        """Whether nobody has to sign."""
        return not self.permission

    @property
    def changes_state(self) -> bool:
        """Whether the method may change something (RFC 9110 9.2.1)."""
        return self.method not in _SAFE_METHODS

    @property
    def forbidden(self) -> ReturnCode:
        """The code for a caller without the permission."""
        if self.permission.endswith(":create"):
            return ReturnCode.RESOURCE_CREATE_FORBIDDEN
        return ReturnCode.RESOURCE_WRITE_FORBIDDEN if self.changes_state else ReturnCode.RESOURCE_ACCESS_FORBIDDEN


OWN_OPERATIONS = (Operation(OWN_SERVICE, "GET", f"{API_PREFIX}v1/keys", "", None, "listSealingKeys", sealed="never"),)
"""What the gateway answers itself, but under the rules of every API: the keys that bodies are sealed to."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One service's contract: `name` says where it came from, for error messages."""

    name: str
    service: str
    document: Mapping[str, Any]


def read_contract(name: str, document: object) -> Contract:
    """Recognise a parsed OpenAPI document; raises ContractInvalid."""
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ContractInvalid(f"{name}: not an OpenAPI document with paths")
    info = document.get("info")
    service = info.get("x-service") if isinstance(info, dict) else None
    if not isinstance(service, str) or not service:
        raise ContractInvalid(f"{name}: info.x-service does not name a service")
    return Contract(name, service, document)


def operations(contract: Contract) -> Iterator[Operation]:
    """Yield the operations of a contract that are forwarded to its service; raises ContractInvalid."""
    if contract.service == OWN_SERVICE:
        return
    for path, item in contract.document["paths"].items():
        if not isinstance(path, str) or not path.startswith(API_PREFIX):
            raise ContractInvalid(f"{contract.name}: {path} is not under {API_PREFIX}")
        for method, description in item.items():
            if method in _METHODS:
                yield _operation(contract, path, method.upper(), description)


def all_operations(
    contracts: Iterable[Contract], services: Set[str], streams: Set[str], limited: Set[str]
) -> list[Operation]:
    """Return the operations of all contracts, having made sure that the gateway is set up for them.

    `services` and `streams` can be reached; `limited` are the operations with a rate of their own. Raises
    ContractInvalid.
    """
    known = [operation for contract in contracts for operation in operations(contract)]
    homeless = {operation.service for operation in known} - services
    if homeless := homeless | {operation.service for operation in known if operation.stream} - streams:
        raise ContractInvalid(f"no upstream is set for {', '.join(sorted(homeless))}")
    if unheard_of := limited - {operation.operation_id for operation in (*known, *OWN_OPERATIONS)}:
        raise ContractInvalid(f"a rate limit is set for {', '.join(sorted(unheard_of))}, which no contract has")
    return known


def _operation(contract: Contract, path: str, method: str, description: Mapping[str, Any]) -> Operation:
    where = f"{contract.name}: {method} {path}"
    limit = description.get("x-max-body-bytes")
    if limit is not None and (type(limit) is not int or limit < 0):
        raise ContractInvalid(f"{where}: x-max-body-bytes is not a number of bytes")
    permission, stream = _permission(where, description), _stream(where, description)
    name = str(description.get("operationId", ""))
    operation = Operation(
        contract.service, method, path, permission, limit, name, stream, _sealed(where, description, stream=stream)
    )
    if operation.public and operation.uploads:
        raise ContractInvalid(f"{where}: nobody signs what is uploaded to a public operation")
    return operation


def _stream(where: str, description: Mapping[str, Any]) -> bool:
    """Return whether bodies are streamed."""
    stream = description.get("x-stream", False)
    if type(stream) is not bool:
        raise ContractInvalid(f"{where}: x-stream is neither true nor false")
    return stream


def _sealed(where: str, description: Mapping[str, Any], *, stream: bool) -> str:
    """Return whether bodies are sealed; what passes by unread can be neither sealed nor unsealed."""
    sealed = description.get("x-sealed", "never" if stream else "optional")
    if sealed not in _SEALED:
        raise ContractInvalid(f"{where}: x-sealed is not one of {', '.join(sorted(_SEALED))}")
    if stream and sealed != "never":
        raise ContractInvalid(f"{where}: a stream is never sealed")
    return str(sealed)


def _permission(where: str, description: Mapping[str, Any]) -> str:
    """Return the permission, empty for a public operation; exactly one of the two must be said."""
    permission, public = description.get("x-permission"), description.get("x-public")
    if public is True and permission is None:
        return ""
    if public not in (None, False) or not isinstance(permission, str) or not _PERMISSION.fullmatch(permission):
        raise ContractInvalid(f"{where}: needs either x-permission: resource:operation or x-public: true")
    return permission
