"""The pipeline of checks, put together around whatever stands outside of it: real adapters, or the fakes of a test."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import orjson

from signet_common.observability.access_log import AccessLog
from signet_common.observability.spans import Tracing
from signet_common.passport import PassportVerifier
from signet_gateway.adapters.inbound.browsers import CrossOrigin
from signet_gateway.adapters.inbound.client_address import ClientAddress, Proxy
from signet_gateway.adapters.inbound.http import HttpApplication
from signet_gateway.adapters.inbound.jobs import PURGE_NONCES, NonceJob
from signet_gateway.adapters.inbound.pages import Pages
from signet_gateway.adapters.inbound.request_ids import RequestIds
from signet_gateway.adapters.outbound.seal_opener import NoSealOpener
from signet_gateway.application.admission import ISSUER, Admission
from signet_gateway.application.authentication import Authentication
from signet_gateway.application.contracts import OWN_OPERATIONS, Contract, all_operations
from signet_gateway.application.document import merged_document
from signet_gateway.application.forwarding import Forwarding
from signet_gateway.application.freshness import ReplayGuard
from signet_gateway.application.gateway import Gateway
from signet_gateway.application.live_contracts import LiveContracts, Served
from signet_gateway.application.ports import (
    Clock,
    GrantSource,
    NonceForgetting,
    NonceStore,
    Passports,
    ReadinessProbe,
    SealKeys,
    Upstream,
)
from signet_gateway.application.purge_nonces import PurgeNonces
from signet_gateway.application.readiness import Readiness
from signet_gateway.application.refusals import RefusalNotes
from signet_gateway.application.routes import RouteTable
from signet_gateway.application.sealing import Sealing
from signet_gateway.application.stream_ports import StreamUpstream
from signet_gateway.application.stream_shares import StreamShares
from signet_gateway.application.streaming import Streaming
from signet_gateway.application.traffic import Limits, Traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Nonces(NonceStore, NonceForgetting, Protocol):
    """Both that claims are made in and that is told to forget."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that the pipeline meets outside of itself; tests put fakes here."""

    clock: Clock
    grants: GrantSource
    nonces: Nonces
    limits: Limits
    passports: Passports
    upstreams: Mapping[str, Upstream]
    probes: Sequence[ReadinessProbe]
    refusals: RefusalNotes
    streams: Mapping[str, StreamUpstream] = field(default_factory=dict)
    seals: SealKeys = field(default_factory=NoSealOpener)
    verifier: PassportVerifier = field(default_factory=lambda: PassportVerifier(ISSUER, {}))
    """Proves who asks the gateway itself for a job: nobody, unless it has keys."""


def compose(
    contracts: Sequence[Contract],
    outside: Outside,
    *,
    max_body_bytes: int,
    streams: int,
    streams_per_user: int,
    seals_enforced: bool = False,
    trusted_proxies: Sequence[Proxy] = (),
    cors_origins: Sequence[str] = (),
    tracing: Tracing | None = None,
    access_log: AccessLog | None = None,
    reread: Callable[[], Sequence[Contract]] | None = None,
) -> HttpApplication:
    """Wire the application, for production and component tests alike; raises ContractInvalid.

    `reread` returns the contracts anew when the application is told to reload; without it they stay what they are.
    """
    replays = ReplayGuard(outside.clock, outside.nonces)
    authentication = Authentication(outside.clock, outside.grants, replays)
    sealing = Sealing(outside.seals, enforced=seals_enforced)
    traffic = Traffic(outside.limits)
    admission = Admission(authentication, replays, traffic, sealing, max_body_bytes)
    forwarding = Forwarding(outside.passports, outside.upstreams)
    streaming = Streaming(outside.passports, outside.streams, StreamShares(streams_per_user, streams))

    def served(contracts: Sequence[Contract]) -> Served:
        reachable, limited = (outside.upstreams.keys(), outside.streams.keys()), outside.limits.operations.keys()
        routes = RouteTable([*all_operations(contracts, *reachable, limited), *OWN_OPERATIONS])
        gateway = Gateway(routes, admission, forwarding, streaming, outside.seals)
        return Served(gateway, orjson.dumps(merged_document(contracts)))

    live = LiveContracts(served(contracts), lambda: served(reread() if reread else contracts))
    readiness = Readiness([*outside.probes, live], time.monotonic)
    purge = PurgeNonces(outside.nonces, time.monotonic, time.sleep)
    jobs = {PURGE_NONCES: NonceJob(outside.verifier, purge)}
    pages = Pages(readiness, lambda: live.served.document, _docs, traffic.arrived, jobs)
    return HttpApplication(
        live,
        pages,
        ClientAddress(trusted_proxies),
        cross_origin=CrossOrigin(cors_origins),
        refusals=outside.refusals,
        tracing=tracing or Tracing(),
        access_log=access_log,
        new_request_id=RequestIds(),
    )


def _docs() -> "WSGIApplication":
    from signet_gateway.adapters.inbound.docs import create_docs

    return create_docs()
