"""Tell the gateway whom a credential speaks for, and what signs under it around now.

The keys are those of the UTC days that a timestamp inside the window can have by identity's clock: they die by
themselves, and the secret they come from never leaves.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from signet_identity.application.ports import USE_NOTED_EVERY, Clock, Credentials, SigningCredential
from signet_identity.domain.credentials import token_digest
from signet_identity.domain.users import State
from signet_protocol.headers import WINDOW_SECONDS
from signet_protocol.signing import signing_key, utc_day


@dataclass(frozen=True, slots=True)
class Grant:
    """Who, what they may, until when, and the hex signing key of each UTC day in the window.

    The permissions are the user's of the moment, within the limit of the key.
    Inactive users and keys are granted too, marked as such: only a proven signature earns the reason for a refusal.
    """

    credential_id: str
    user_id: int
    user_name: str
    user_state: State
    credential_state: State
    roles: tuple[str, ...]
    permissions: Mapping[str, str]
    expires_at: datetime | None
    keys: Mapping[str, str] = field(repr=False)


class IssueGrant:
    """Grants, for the gateway. `operations` are the permission names that the contracts ask for."""

    def __init__(self, credentials: Credentials, operations: Collection[str], clock: Clock) -> None:
        self._credentials = credentials
        self._operations = operations
        self._clock = clock

    def __call__(self, kind: str, credential: str) -> Grant | None:
        """Return the grant of an API key or a token; None where it is unknown, or a session that is over."""
        now = self._clock()
        found = self._find(kind, credential, now)
        if found is None:
            return None
        self._note_use(found, now)
        roles, rights = self._credentials.roles_of(found.user_id)
        if found.limit is not None:
            rights = rights.intersection(found.limit)
        return Grant(
            credential_id=found.credential_id,
            user_id=found.user_id,
            user_name=found.user_name,
            user_state=found.user_state,
            credential_state=found.credential_state,
            roles=roles,
            permissions=rights.expanded(self._operations),
            expires_at=found.expires_at,
            keys=_dated_keys(found.secret, int(now.timestamp())),
        )

    def _note_use(self, found: SigningCredential, now: datetime) -> None:
        noted = found.used_at is not None and now - found.used_at < USE_NOTED_EVERY
        if not noted and State.INACTIVE not in (found.credential_state, found.user_state):
            self._credentials.used(found, now)

    def _find(self, kind: str, credential: str, now: datetime) -> SigningCredential | None:
        if kind == "api_key":
            return self._credentials.api_key(credential, now)
        return self._credentials.session(token_digest(credential), now)


def _dated_keys(secret: str, now: int) -> dict[str, str]:
    days = {utc_day(now - WINDOW_SECONDS), utc_day(now + WINDOW_SECONDS)}
    return {day: signing_key(secret, day).hex() for day in sorted(days)}
