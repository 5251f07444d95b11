"""What every process of the scheduler has alike, however little it loads."""

from datetime import UTC, datetime
from uuid import uuid4

from signet_common.passport import Passport
from signet_scheduler import SERVICE


def now() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


def deployment(verb: str) -> Passport:
    """Who runs a verb, as its events tell it: whoever holds the deployment's files."""
    return Passport(
        issuer=SERVICE,
        audience=SERVICE,
        request_id=f"{verb.replace(' ', '-')}-{uuid4()}",
        method="",
        target="",
        body_sha256="",
        user_name="deployment",
        authentication="service",
    )
