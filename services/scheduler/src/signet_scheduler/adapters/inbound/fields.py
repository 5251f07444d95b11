"""The texts and objects that requests of this service are made of."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from signet_common.web.schemas import MAX_ID, MaxBytes
from signet_scheduler.domain.schedules import MAX_CRON_BYTES, MAX_NAME_BYTES, MAX_ZONE_BYTES

MAX_ARGUMENT_BYTES = 16 * 1024
MAX_ARGUMENT_DEPTH = 8


class OwnFormat:
    """A text that only the application can decide on; exported as a format of its own, which the fuzzer knows."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"format": self._name}


def _bounded(arguments: dict[str, Any]) -> dict[str, Any]:
    _check_depth(arguments, MAX_ARGUMENT_DEPTH)
    if len(json.dumps(arguments, separators=(",", ":"), ensure_ascii=False).encode()) > MAX_ARGUMENT_BYTES:
        raise ValueError(f"are longer than {MAX_ARGUMENT_BYTES} bytes of JSON")
    return arguments


def _check_depth(value: Any, levels: int) -> None:
    if isinstance(value, dict | list):
        if not levels:
            raise ValueError(f"are nested deeper than {MAX_ARGUMENT_DEPTH} levels")
        for part in value.values() if isinstance(value, dict) else value:
            _check_depth(part, levels - 1)
    elif isinstance(value, int) and abs(value) > MAX_ID:
        raise ValueError("hold an integer that not every reader keeps exactly")
    elif isinstance(value, float) and value - value != 0:
        raise ValueError("hold a number that JSON does not have")


ScheduleName = Annotated[str, MaxBytes(MAX_NAME_BYTES), Field(min_length=1, description="Unique, for people.")]
JobName = Annotated[str, MaxBytes(MAX_NAME_BYTES), Field(min_length=1), OwnFormat("signet-job-name")]
Cron = Annotated[
    str,
    MaxBytes(MAX_CRON_BYTES),
    Field(min_length=1, description="Minute, hour, day of month, month, day of week, as in crontab(5)."),
    OwnFormat("signet-cron"),
]
TimeZone = Annotated[
    str,
    MaxBytes(MAX_ZONE_BYTES),
    Field(min_length=1, description="IANA name of the zone that the line is read in."),
    OwnFormat("signet-time-zone"),
]
JobArguments = Annotated[
    dict[str, Any],
    AfterValidator(_bounded),
    Field(description="What the job takes: its JSON Schema is in `listJobs`. Stored and shown, so never a secret."),
]
AnyName = Annotated[str, MaxBytes(MAX_NAME_BYTES), Field(min_length=1)]
