"""The shapes of quotas."""

from typing import Annotated

from pydantic import ConfigDict, Field

from signet_common.web.schemas import MAX_ID, WHOLE, BodyModel, ViewModel

Limit = Annotated[int, Field(ge=0, le=MAX_ID), WHOLE]


class QuotaChange(BodyModel):
    """Another limit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limit_bytes": 5_368_709_120}, {"limit_bytes": None}]})

    limit_bytes: Annotated[Limit | None, Field(description="Bytes; null: what everybody may store.")]


class QuotaView(ViewModel):
    """How much a user stores, and may store."""

    user_id: int
    used_bytes: Annotated[int, Field(description="Of files and uploads, and of deleted files until they are gone.")]
    limit_bytes: Annotated[int, Field(description="The limit that holds; below what is used it stops uploads alone.")]
    own_limit: Annotated[bool, Field(description="Whether it is this user's own limit, or everybody's.")]
