"""The claims of a passport, as plain data: application code receives them as the proven caller."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passport:
    """Who calls, how that was proven, and the one request that this passport is good for.

    `permission` is `resource:operation`, empty on public and internal routes; `scope` is `own`, `any` or empty;
    `authentication` is `api_key`, `token`, `none` (public) or `service` (one service calling another).
    `body_sha256` is the digest of the body as forwarded, `request_digest` that of the string that the client signed;
    `idempotency_key` is the client's, empty when it sent none.
    """

    issuer: str
    audience: str
    request_id: str
    method: str
    target: str
    body_sha256: str
    user_id: int | None = None
    user_name: str = ""
    roles: tuple[str, ...] = ()
    permission: str = ""
    scope: str = ""
    authentication: str = "none"
    credential_id: str = ""
    client_ip: str = ""
    request_digest: str = ""
    idempotency_key: str = ""
