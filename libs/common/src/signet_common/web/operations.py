"""What the decorators of a view say about it: checked at every request, exported into the contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from signet_protocol.return_codes import ReturnCode

Sealed = Literal["optional", "required", "never"]
"""Whether a body may be sealed. `required` holds where the deployment says so: for passwords and secrets."""

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

_ATTRIBUTE = "__signet_operation__"


@dataclass(frozen=True, slots=True)
class Link:
    """An OpenAPI link: where the answer of one operation leads. `parameters` maps names to runtime expressions."""

    name: str
    operation_id: str
    parameters: Mapping[str, str]


@dataclass(slots=True)
class Operation:
    """One operation of a service, filled by its decorators."""

    operation_id: str = ""
    summary: str = ""
    description: str = ""
    permission: str | None = None
    public: bool = False
    internal_issuers: tuple[str, ...] = ()
    signed: bool = False
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    view: type[BaseModel] | None = None
    plural: str | None = None
    errors: tuple[ReturnCode, ...] = ()
    links: Sequence[Link] = ()
    sealed: Sealed = "optional"
    audit: str = ""
    idempotent: bool = False
    conditional: bool = False
    versioned: bool = False
    stream: bool = False
    max_body_bytes: int | None = None


def operation_of(view: Callable[..., Any]) -> Operation:
    """The operation that `view` is; made at the first decorator and shared by all of them."""
    found: Operation | None = getattr(view, _ATTRIBUTE, None)
    if found is None:
        found = Operation()
        setattr(view, _ATTRIBUTE, found)
    return found


def operation(
    operation_id: str,
    summary: str,
    *,
    description: str = "",
    errors: tuple[ReturnCode, ...] = (),
    links: Sequence[Link] = (),
    audit: str = "",
    sealed: Sealed = "optional",
    stream: bool = False,
    max_body_bytes: int | None = None,
) -> Callable[[ViewT], ViewT]:
    """Name an operation for the contract. `audit` is the operation that its event carries, empty for none.

    `sealed="required"` belongs to what carries a password or a secret, in either direction. The bodies of a `stream`
    pass unbuffered in both directions, and are never sealed; see `streams`. `max_body_bytes` is the gateway's limit for
    the request's body, where its setting for all operations does not fit.
    """

    def annotate(view: ViewT) -> ViewT:
        found = operation_of(view)
        found.operation_id, found.summary, found.description = operation_id, summary, description
        found.errors, found.links = errors, links
        found.audit, found.sealed = audit, "never" if stream else sealed
        found.stream, found.max_body_bytes = stream, max_body_bytes
        return view

    return annotate
