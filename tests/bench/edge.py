"""What the gateway adds to a request, and what 20 sign-ins a second do to everybody else's.

Beside the platform stands the same nginx with a plain `proxy_pass` to the same service. The service wants a passport,
so those requests bring one each, made beforehand with the gateway's own key as the others are signed beforehand: the
service does the same work in both cases.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench import load, plain_proxy, signed_requests
from tests.bench.load import Load
from tests.bench.profiles import Measured
from tests.bench.sign_ins import sign_ins
from tests.bench.signed_requests import DEMOS, HOST, STORED

from signet_common.passport import Passport, PassportIssuer, parse_keys

SECONDS = 6
TURNS = 7
"""Odd, so that one of them is the middle one: a neighbour of the machine spoils some, and never knows which."""
SIGN_INS_PER_SECOND = 20
NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Edge:
    """Reads at half of the load that the platform can take."""

    per_second: float
    plain: Load
    through: Load
    signing_in: Load
    sign_ins: Load


def measure(measured: Measured, folder: Path, most_per_second: float) -> Edge:
    """Measure both ways in turns, and one of them beside sign-ins as well.

    `most_per_second` is what the platform answered under full load.
    """
    rate = most_per_second / 2
    requests, count = folder / "requests", round(rate * SECONDS * 2)
    plain, through, signing_in, done = [], [], [], []
    for _ in range(TURNS):
        plain.append(_plain(measured, requests, count, rate))
        through.append(_through_the_gateway(measured, requests, count, rate))
        busy, others = _beside_sign_ins(measured, requests, count, rate)
        signing_in.append(busy)
        done.append(others)
    return Edge(rate, load.middle(plain), load.middle(through), load.middle(signing_in), load.middle(done))


def _plain(measured: Measured, requests: Path, count: int, rate: float) -> Load:
    with plain_proxy.in_front_of(measured.platform.door_of("resources-web")) as front:
        load.write_requests(requests, _with_passports(measured, count))
        return load.run(front.url, requests, SECONDS, rate)


def _through_the_gateway(measured: Measured, requests: Path, count: int, rate: float) -> Load:
    _write_reads(measured, requests, count)
    return load.run(measured.platform.url, requests, SECONDS, rate)


def _beside_sign_ins(measured: Measured, requests: Path, count: int, rate: float) -> tuple[Load, Load]:
    """The reads, and the sign-ins that a second wrk starts meanwhile."""
    prepared = requests.with_name("sign-ins")
    load.write_requests(prepared, sign_ins(measured.platform, SIGN_INS_PER_SECOND * SECONDS * 2))
    _write_reads(measured, requests, count)
    with ThreadPoolExecutor(1) as beside:
        signing_in = beside.submit(load.run, measured.platform.url, prepared, SECONDS, SIGN_INS_PER_SECOND)
        return load.run(measured.platform.url, requests, SECONDS, rate), signing_in.result()


def _write_reads(measured: Measured, requests: Path, count: int) -> None:
    signing = signed_requests.Signing.now(measured.platform.first_run.credential)
    load.write_requests(requests, signed_requests.gets(signing, count))


def _with_passports(measured: Measured, count: int) -> Iterator[bytes]:
    """Reads of any stored demo, each with the passport that the gateway would give it: good for a minute."""
    settings = measured.platform.settings_of("gateway-web")
    issuer = PassportIssuer("gateway", parse_keys(settings["GATEWAY_PASSPORT_ISSUES"]))
    for number in range(count):
        target = f"{DEMOS}/{number % STORED + 1}"
        passport = Passport(
            issuer="gateway", audience="resources", request_id=f"{number:032x}", method="GET", target=target,
            body_sha256=NOTHING, user_id=1, user_name="admin", roles=("administrator",), permission="demo:query",
            scope="any", authentication="api_key", credential_id="api_key/1", client_ip="127.0.0.1",
            request_digest=NOTHING,
        )  # fmt: skip
        lines = (f"GET {target} HTTP/1.1", f"Host: {HOST}", "Accept: application/json")
        yield "\r\n".join((*lines, f"X-Passport: {issuer.issue(passport)}", "", "")).encode("ascii")
