"""The types of identity's fields, on the wire.

The rules are the domain's: a type asks them, so that a refusal names its field before any work begins.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from signet_common.web.schemas import (
    MaxBytes,
)
from signet_identity.domain.errors import FieldRefused
from signet_identity.domain.logins import (
    DISPLAY_NAME_BYTES,
    EMAIL_BYTES,
    USER_NAME_BYTES,
    check_display_name,
    check_email,
    check_phone,
    check_user_name,
)
from signet_identity.domain.passwords import MAXIMUM_CHARACTERS, MINIMUM_CHARACTERS
from signet_identity.domain.permissions import check_permission_name

DESCRIPTION_BYTES = 128
MAX_ROLES = 32

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class Ruled:
    """A text that a rule of the domain decides on; exported as a format of its own, which the fuzzer knows."""

    def __init__(self, name: str, rule: Callable[[str], str]) -> None:
        self._name = name
        self._rule = rule

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"format": self._name}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str) -> str:
        try:
            return self._rule(value)
        except FieldRefused as refused:
            raise ValueError(refused.message) from None


def _rfc3339(value: object) -> object:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("is not a time as RFC 3339 writes it")
    return value


def _to_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not between the years 1 and 9999 in UTC") from None


UserName = Annotated[
    str,
    StringConstraints(min_length=1),
    MaxBytes(USER_NAME_BYTES),
    Ruled("signet-user-name", check_user_name),
]
Email = Annotated[str, MaxBytes(EMAIL_BYTES), Ruled("signet-email", check_email)]
Phone = Annotated[str, Ruled("signet-phone", check_phone)]
DisplayName = Annotated[
    str,
    StringConstraints(min_length=1),
    MaxBytes(DISPLAY_NAME_BYTES),
    Ruled("signet-display-name", check_display_name),
]
# Any name can be written; which roles exist is the database's to say. A format of its own tells the fuzzer so.
RoleName = Annotated[str, StringConstraints(min_length=1), MaxBytes(64), Ruled("signet-role-name", str)]
# What is common, or a name of the user's, is for the application to say.
NewPassword = Annotated[
    str,
    StringConstraints(min_length=MINIMUM_CHARACTERS, max_length=MAXIMUM_CHARACTERS),
    Ruled("signet-new-password", str),
]
OldPassword = Annotated[str, StringConstraints(min_length=1, max_length=MAXIMUM_CHARACTERS)]
Login = Annotated[str, StringConstraints(min_length=1), MaxBytes(EMAIL_BYTES)]
NamePart = Annotated[str, StringConstraints(min_length=1), MaxBytes(USER_NAME_BYTES)]
Description = Annotated[str, StringConstraints(min_length=1), MaxBytes(DESCRIPTION_BYTES)]
Instant = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_rfc3339), AfterValidator(_to_utc)]
RoleNames = Annotated[list[RoleName], Field(max_length=MAX_ROLES, description="Names of roles.")]
# Which permissions exist is the contracts' to say. A format of its own tells the fuzzer so.
PermissionName = Annotated[str, Ruled("signet-permission", check_permission_name)]
StateName = Literal["active", "inactive"]
