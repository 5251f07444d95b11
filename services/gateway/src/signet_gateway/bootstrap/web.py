"""The web process of the gateway, with its real adapters."""

import atexit
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event

import gevent

from signet_common.messaging.connect import open_bus
from signet_common.observability.access_log import AccessLog
from signet_common.observability.tracing import configure_tracing
from signet_common.passport import PassportIssuer, PassportVerifier, parse_keys
from signet_common.settings import SettingsError
from signet_gateway.adapters.inbound.http import HttpApplication
from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.adapters.outbound.contract_files import load_contracts
from signet_gateway.adapters.outbound.event_tail import BINDINGS, GrantEvents
from signet_gateway.adapters.outbound.grant_cache import GrantCache
from signet_gateway.adapters.outbound.identity import IdentityGrants
from signet_gateway.adapters.outbound.nonce_stores import open_nonces
from signet_gateway.adapters.outbound.rate_limits import RateLimits
from signet_gateway.adapters.outbound.refusal_reports import RefusalReports
from signet_gateway.adapters.outbound.seal_opener import FileSealOpener, NoSealOpener
from signet_gateway.adapters.outbound.service_address import ServiceAddress
from signet_gateway.adapters.outbound.service_health import ServiceHealth
from signet_gateway.adapters.outbound.stream_upstream import HttpStreamUpstream
from signet_gateway.adapters.outbound.upstream import HttpUpstream
from signet_gateway.application.admission import ISSUER
from signet_gateway.application.contracts import Contract
from signet_gateway.application.refusals import RefusalLog
from signet_gateway.application.traffic import Limits
from signet_gateway.bootstrap.composition import Outside, compose
from signet_gateway.settings import GatewaySettings

_HEALTH_SECONDS = 2.0
_REPORT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """The WSGI application, and what to start once the worker process has forked."""

    application: HttpApplication
    start: Callable[[], None]


def build(settings: GatewaySettings) -> RunningGateway:
    """Make the real gateway. Nothing runs before `start`; a Redis of the nonces is looked at, no more.

    Raises SettingsError, ContractInvalid, NoncesUnfit, KeysMalformed, KeyFileUnusable and BusUrlInvalid.
    """
    if settings.sealing == "required" and settings.sealing_keys is None:
        raise SettingsError("missing setting GATEWAY_SEALING_KEYS: seals are required, and nothing can open them")
    contracts = load_contracts(settings.contracts_dir)
    passports = PassportIssuer(ISSUER, parse_keys(settings.passport_issues))
    upstreams = {name: _upstream(name, authority, settings) for name, authority in settings.upstreams.items()}
    nonces, start_nonces = open_nonces(settings.nonces_url, time.time)
    rates = RateLimits(settings.limits_url)
    # Connections and a circuit breaker of their own: slow sign-ins must not keep everybody else from being known.
    for_grants = _upstream("identity", settings.upstreams["identity"], settings)
    grants = GrantCache(
        IdentityGrants(for_grants, passports),
        rates.limiter("unknown", f"{settings.unknown_rate}/minute"),
        time.monotonic,
    )
    bus = open_bus(settings.bus_url)
    events = GrantEvents(lambda: bus.tail(BINDINGS), grants)
    refusals = RefusalLog(time.time, settings.refusal_rate)
    patient = replace(settings, connections=1, read_timeout=_REPORT_SECONDS)
    reports = RefusalReports(refusals, _upstream("identity", settings.upstreams["identity"], patient), passports)
    outside = Outside(
        clock=time.time,
        grants=grants,
        nonces=nonces,
        limits=_limits(rates, settings),
        passports=passports,
        upstreams=upstreams,
        refusals=refusals,
        probes=[nonces, events, ServiceHealth(upstreams, _HEALTH_SECONDS)],
        streams={name: _stream_upstream(name, authority, settings) for name, authority in settings.upstreams.items()},
        verifier=PassportVerifier(ISSUER, parse_keys(settings.passport_accepts)),
        seals=FileSealOpener(settings.sealing_keys, time.time) if settings.sealing_keys else NoSealOpener(),
    )
    application = compose(
        contracts,
        outside,
        max_body_bytes=settings.max_body_bytes,
        streams=settings.streams,
        streams_per_user=settings.streams_per_user,
        seals_enforced=settings.sealing == "required",
        trusted_proxies=settings.trusted_proxies,
        cors_origins=settings.cors_origins,
        tracing=configure_tracing(ISSUER, settings.otel_exporter_otlp_endpoint),
        access_log=AccessLog(settings.access_log) if settings.access_log else None,
        reread=partial(_reread, settings.contracts_dir, grants),
    )

    def start() -> None:
        start_nonces()
        gevent.spawn(events.run, Event())
        gevent.spawn(reports.run, Event())
        atexit.register(reports.flush)

    return RunningGateway(application, start)


def _reread(contracts_dir: Path, grants: GrantCache) -> Sequence[Contract]:
    """Read the contracts anew, and forget the grants: what a role permits is spelt out by what contracts ask for."""
    # Parsing takes a good part of a second: in a thread, so that requests go on meanwhile.
    contracts: Sequence[Contract] = gevent.get_hub().threadpool.apply(load_contracts, (contracts_dir,))
    grants.forget()
    return contracts


def _limits(rates: RateLimits, settings: GatewaySettings) -> Limits:
    return Limits(
        public=rates.limiter("public", f"{settings.public_rate}/minute"),
        address=rates.limiter("address", settings.address_rate) if settings.address_rate else None,
        credential=rates.limiter("credential", settings.credential_rate) if settings.credential_rate else None,
        operations={name: rates.limiter(name, rate) for name, rate in settings.operation_rates},
    )


def _upstream(name: str, authority: str, settings: GatewaySettings) -> HttpUpstream:
    address = ServiceAddress(authority)
    connections = _connections(address, settings.connections, settings)
    return HttpUpstream(name, address.host, connections, time.monotonic, restart_seconds=settings.restart_seconds)


def _stream_upstream(name: str, authority: str, settings: GatewaySettings) -> HttpStreamUpstream:
    address = ServiceAddress(authority)
    connections = _connections(address, settings.streams, settings)
    return HttpStreamUpstream(
        name,
        address.host,
        connections,
        settings.read_timeout,
        time.monotonic,
        restart_seconds=settings.restart_seconds,
    )


def _connections(address: ServiceAddress, size: int, settings: GatewaySettings) -> Connections:
    return Connections(
        address,
        size=size,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
    )
