"""What runs, and what each process is told."""

from pathlib import Path

import pytest
from deploy.local import keys, processes
from deploy.local.errors import PreflightFailed
from deploy.local.layout import Home
from deploy.local.options import STATEFUL, Options
from deploy.local.processes import Layer, Wiring

from signet_common.passport.keys import derive_key, parse_keys
from signet_common.settings import service_addresses

MASTER = bytes(range(32))


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(home=Home(tmp_path), port=8080, gateway_workers=3)


def test_every_service_has_its_web_process_and_the_stateful_ones_a_background(options: Options) -> None:
    """One missing relay would keep events in the outbox for ever."""
    assert {process.name for process in Wiring(options, MASTER, {}).plan()} == {
        "gateway-web", "identity-web", "identity-background", "resources-web", "resources-background", "files-web",
        "files-background", "audit-web",
        "audit-background", "scheduler-web", "scheduler-background",
    }  # fmt: skip


def test_jobs_run_in_a_process_of_their_own_where_a_broker_can_wake_it(options: Options) -> None:
    """The embedded broker of jobs lives inside the background process."""
    broker = {"SCHEDULER_BUS_URL": "amqp://h"}
    [worker] = {process.name for process in Wiring(options, MASTER, broker).plan()} - {
        process.name for process in Wiring(options, MASTER, {}).plan()
    }
    assert worker == "scheduler-worker"


def test_one_service_alone_is_two_processes(options: Options) -> None:
    """Teams run their service without the others."""
    alone = Options(home=options.home, port=9090, service="audit")
    assert [process.name for process in Wiring(alone, MASTER, {}).plan()] == ["audit-web", "audit-background"]


def test_a_process_receives_its_own_settings_and_nobody_elses(options: Options) -> None:
    """A service that knew another's keys could speak in its name."""
    environ = {"PATH": "/bin", "AUDIT_LOG_LEVEL": "DEBUG", "IDENTITY_DATABASE_URL": "mysql+pymysql://u:p@h/d"}
    for process in Wiring(options, MASTER, environ).plan():
        own = process.name.split("-")[0].upper() + "_"
        assert all(name.startswith(own) or name == "WEB_CONCURRENCY" for name in process.environment)
    assert processes.common(environ) == {"PATH": "/bin"}


def test_a_variable_that_is_set_wins_over_the_default(options: Options) -> None:
    """That is how an instance moves to another database or bus."""
    chosen = {"RESOURCES_DATABASE_URL": "postgresql+psycopg://u:p@h/d", "RESOURCES_BUS_URL": "amqp://h"}
    settings = Wiring(options, MASTER, chosen).settings("resources")
    assert {name: settings[name] for name in chosen} == chosen


def test_the_gateway_and_its_services_hold_the_same_key_per_audience(options: Options) -> None:
    """And no two services hold the same one."""
    issued = parse_keys(Wiring(options, MASTER, {}).settings("gateway")["GATEWAY_PASSPORT_ISSUES"])
    held = [
        parse_keys(Wiring(options, MASTER, {}).settings(service)[f"{service.upper()}_PASSPORT_ACCEPTS"])["gateway"]
        for service in STATEFUL
    ]
    assert [issued[service] for service in STATEFUL] == held
    assert len({key for by_id in held for key in by_id.values()}) == len(STATEFUL)


def test_every_service_takes_jobs_from_the_scheduler(options: Options) -> None:
    """Under a key for each, derived like every other; nobody takes any from itself."""
    for service in ("gateway", *STATEFUL):
        accepted = parse_keys(Wiring(options, MASTER, {}).settings(service)[f"{service.upper()}_PASSPORT_ACCEPTS"])
        others = {"gateway", "scheduler"} - {service}
        assert accepted.keys() == others
        for issuer in others:
            assert [*accepted[issuer].values()] == [derive_key(MASTER, issuer, service)]


def test_the_scheduler_can_ask_everybody_for_jobs(options: Options) -> None:
    """The gateway too, behind nginx; under the key that each of them accepts."""
    wiring = Wiring(options, MASTER, {})
    settings = wiring.settings("scheduler")
    upstreams = service_addresses(settings["SCHEDULER_UPSTREAMS"])
    issued = parse_keys(settings["SCHEDULER_PASSPORT_ISSUES"])
    assert upstreams.keys() == issued.keys() == {"gateway", *STATEFUL} - {"scheduler"}
    for service, own in issued.items():
        accepted = parse_keys(wiring.settings(service)[f"{service.upper()}_PASSPORT_ACCEPTS"])
        assert accepted["scheduler"] == own


def test_the_gateway_alone_takes_the_chosen_number_of_workers(options: Options) -> None:
    """More workers of a service would only cost memory."""
    workers = {
        process.name: process.environment["WEB_CONCURRENCY"]
        for process in Wiring(options, MASTER, {}).plan()
        if process.layer is not Layer.BACKGROUND
    }
    assert workers == {
        "gateway-web": "3",
        "identity-web": "1",
        "resources-web": "1",
        "files-web": "1",
        "audit-web": "1",
        "scheduler-web": "1",
    }


def test_secrets_do_not_show_in_the_representation_of_a_process(options: Options) -> None:
    """Representations end up in logs."""
    [gateway] = [process for process in Wiring(options, MASTER, {}).plan() if process.name == "gateway-web"]
    assert gateway.environment["GATEWAY_PASSPORT_ISSUES"] not in repr(gateway)


def test_the_master_key_is_created_once_and_private(tmp_path: Path) -> None:
    """A new master on every start would refuse the passports of processes that are still running."""
    home = Home(tmp_path)
    home.create()
    master = keys.master_key(home)
    assert len(master) == 32
    assert keys.master_key(home) == master
    assert home.master_key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "short", "\u00e9" * 44, "AAAA"])
def test_a_damaged_master_key_is_named(tmp_path: Path, content: str) -> None:
    """Replacing it silently would hide that something destroyed it."""
    home = Home(tmp_path)
    home.create()
    home.master_key.write_text(content)
    with pytest.raises(PreflightFailed, match=r"passport-master\.key"):
        keys.master_key(home)


def addresses(options: Options) -> dict[str, str | None]:
    return {process.name: process.address for process in Wiring(options, MASTER, {}).plan() if process.address}


def test_only_who_stands_outermost_has_a_port(options: Options) -> None:
    """nginx, the gateway without it, or the one service that runs alone; the rest is behind sockets."""
    home = options.home
    inside = {f"{service}-web": f"unix:{home.socket(service)}" for service in STATEFUL}
    behind_nginx = Options(home=home, port=8080, nginx="/usr/sbin/nginx")
    assert addresses(options) == inside | {"gateway-web": "127.0.0.1:8080"}
    assert addresses(behind_nginx) == inside | {"gateway-web": f"unix:{home.socket('gateway')}"}
    assert addresses(Options(home=home, port=9090, service="audit")) == {"audit-web": "127.0.0.1:9090"}


def test_the_gateway_believes_its_socket_only_where_nginx_alone_speaks_through_it(options: Options) -> None:
    """At the public port every client would otherwise say who it is."""
    behind_nginx = Options(home=options.home, port=8080, nginx="/usr/sbin/nginx")
    wirings = [Wiring(each, MASTER, {}) for each in (options, behind_nginx)]
    trusted = [each.settings("gateway")["GATEWAY_TRUSTED_PROXIES"] for each in wirings]
    assert trusted == ["", "unix"]


def test_the_gateway_is_told_where_its_services_listen(options: Options) -> None:
    """Each by the path that its process binds."""
    settings = Wiring(options, MASTER, {}).settings("gateway")
    assert settings["GATEWAY_UPSTREAMS"].split(",") == [
        f"{service}=unix:{options.home.socket(service)}" for service in STATEFUL
    ]
