"""The jobs that Signet ships, as declarations."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from signet_scheduler.application.jobs import Arguments, Catalog, Job
from signet_scheduler.application.send_mail import SEND_MAIL
from signet_scheduler.domain.addresses import MAX_ADDRESS_BYTES, check_address, each_once
from signet_scheduler.domain.mails import Language
from signet_scheduler.domain.policies import DeclaredSchedule, RetryPolicy


class EraseOldRuns(Arguments):
    """How long runs are kept."""

    days: Annotated[int, Field(ge=1, le=36_500, description="Runs that ended longer ago are erased.")] = 90


ERASE_OLD_RUNS = Job(
    name="erase-old-runs",
    summary="Erase runs that ended long ago, with their attempts and logs.",
    arguments=EraseOldRuns,
    schedule=DeclaredSchedule("40 3 * * *"),
    time_limit=timedelta(minutes=30),
    retry=RetryPolicy(max_attempts=3),
)


class Drill(Arguments):
    """What the drill shall be like."""

    seconds: Annotated[int, Field(ge=0, le=60, description="How long it takes.")] = 0
    fails: Annotated[bool, Field(description="Whether every attempt of it fails.")] = False


DRILL = Job(
    name="drill",
    summary="Log a line each second and do nothing else: shows that workers run jobs, or how a failure is heard of.",
    arguments=Drill,
    time_limit=timedelta(minutes=2),
    retry=RetryPolicy(max_attempts=3),
    overlap="allow",
)


def _upkeep(name: str, summary: str, cron: str) -> Job:
    """A job that a service does in small pieces when it is asked: harmless to repeat, and of no use twice at once."""
    return Job(
        name=name,
        summary=summary,
        schedule=DeclaredSchedule(cron),
        time_limit=timedelta(minutes=10),
        retry=RetryPolicy(max_attempts=3),
    )


COLLECT_ORPHANS = _upkeep(
    "collect-orphans", "Have files remove what nobody will ask for any more, blobs included.", "7 * * * *"
)
PURGE_NONCES = _upkeep("purge-nonces", "Have the gateway forget the nonces whose time is over.", "12 * * * *")
PURGES: Mapping[str, Job] = {
    service: _upkeep(f"purge-{service}", f"Erase rows of {service} whose time is over: {what}.", cron)
    for service, what, cron in (
        ("identity", "sessions, mailed tokens, throttles, sent events, first answers", "17 * * * *"),
        ("resources", "sent events and first answers", "22 * * * *"),
        ("files", "sent events and first answers", "27 * * * *"),
        ("audit", "sent events", "32 * * * *"),
        ("scheduler", "mails that are long over, sent events, first answers", "37 * * * *"),
    )
}
"""By the service that they purge."""
REMIND_EXPIRING_KEYS = _upkeep(
    "remind-expiring-keys", "Have identity remind the owners of API keys that end within a week, by mail.", "30 5 * * *"
)

Recipient = Annotated[
    str, Field(min_length=3, max_length=MAX_ADDRESS_BYTES), AfterValidator(lambda text: check_address(text).text)
]


class ActivityDigest(Arguments):
    """Who is told of a day's activity."""

    to: Annotated[
        tuple[Recipient, ...],
        Field(max_length=20, description="Addresses that get one mail each.", json_schema_extra={"uniqueItems": True}),
        AfterValidator(each_once),
    ] = ()
    language: Annotated[Language | None, Field(description="Of the mails; without it the usual one.")] = None


ACTIVITY_DIGEST = Job(
    name="activity-digest",
    summary="Mail what happened on the UTC day before, counted from the audit log, to whom its schedule names.",
    arguments=ActivityDigest,
    schedule=DeclaredSchedule("0 6 * * *"),
    time_limit=timedelta(minutes=30),
    retry=RetryPolicy(max_attempts=5),
)

SHIPPED = Catalog(
    [
        DRILL,
        ERASE_OLD_RUNS,
        COLLECT_ORPHANS,
        PURGE_NONCES,
        *PURGES.values(),
        REMIND_EXPIRING_KEYS,
        ACTIVITY_DIGEST,
        SEND_MAIL,
    ]
)
