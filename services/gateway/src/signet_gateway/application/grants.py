"""Who a credential stands for and what they may do: identity's answer, as the gateway keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CredentialKind = Literal["api_key", "token"]


@dataclass(frozen=True, slots=True)
class Credential:
    """What the caller showed: an API key, or a bearer token, which is itself a secret."""

    kind: CredentialKind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A proven link from a credential to a user, for some seconds.

    `credential_id` is `api_key/7` or `session/9`, safe to log and to store. `permissions` maps `resource:operation` to
    its scope, `own` or `any`. `keys` maps UTC days (`20260101`) to signing keys; the secret itself never comes here.
    `expires_at` is in unix seconds, None for never.
    """

    credential_id: str
    user_id: int
    user_name: str
    user_active: bool
    credential_active: bool
    roles: tuple[str, ...]
    permissions: Mapping[str, str]
    expires_at: float | None
    keys: Mapping[str, bytes] = field(repr=False)
