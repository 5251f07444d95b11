"""One instance from its first step to its last: prepared, started, watched, stopped in order."""

import time
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from threading import Event

from deploy.local import addresses, commands, keys, nginx, preflight, preparation, processes, readiness
from deploy.local.errors import StartFailed, Stopped
from deploy.local.first_run import newest_sealing_key, refresh
from deploy.local.options import Options
from deploy.local.processes import KEYRINGS, Layer, Process, Wiring
from deploy.local.supervision import Supervisor

WATCH_SECONDS = 2.0
DRAIN_SECONDS = 5.0


class Instance:
    """What `make run` drives. `say` prints one line of progress; `stop` is set by Ctrl-C and SIGTERM."""

    def __init__(self, options: Options, environ: Mapping[str, str], say: Callable[[str], None], stop: Event) -> None:
        self._options = options
        self._environ = environ
        self._say = say
        self._stop = stop

    def run(self) -> None:
        """Prepare, start, stay until asked to stop. Raises CannotRun; nothing is left running either way."""
        with self._home() as settings:
            preflight.check_port(self._options.port)
            unprepared = self._prepare(settings)
            self._serve(settings, first_run="identity" in unprepared)

    def migrate(self) -> None:
        """Bring the databases up to date without starting anything. Raises CannotRun."""
        with self._home() as settings:
            self._prepare(settings)

    @contextmanager
    def _home(self) -> Iterator[Wiring]:
        """Make the folder ours and wire the services in it."""
        preflight.create_home(self._options.home)
        with preflight.alone(self._options.home):
            yield Wiring(self._options, keys.master_key(self._options.home), self._environ)

    def _prepare(self, wiring: Wiring) -> list[str]:
        """Keys and databases; returns the services whose databases were not known to be prepared."""
        home = self._options.home
        urls = {service: wiring.database_url(service) for service in self._options.stateful}
        unprepared = [service for service, url in urls.items() if not preparation.is_current(home, service, url)]
        self._create_keys(wiring, KEYRINGS & urls.keys())
        if unprepared:
            self._say(f"Bringing the databases of {', '.join(unprepared)} up to date")
            commands.run([wiring.command(service, "db", "upgrade") for service in unprepared], self._stop)
            for service in set(unprepared) - {"identity"}:
                preparation.remember(home, service, urls[service])
        return unprepared

    def _create_keys(self, wiring: Wiring, services: AbstractSet[str]) -> None:
        """All that do not exist yet, before any database does: one without its keyring cannot be told from a loss."""
        missing = sorted(service for service in services if not wiring.keyring(service).exists())
        for service in missing:
            found = preparation.revision(wiring.database_url(service))
            preflight.check_keyring_may_be_new(wiring.keyring(service), service, found)
        needed = [wiring.command(service, "keyring", "create") for service in missing]
        if missing:
            self._say(f"Creating the keys of {', '.join(missing)}")
        if self._options.service in {None, "gateway"} and not wiring.sealing_keys.exists():
            needed.append(wiring.command("gateway", "keys", "rotate"))
        commands.run(needed, self._stop)

    def _serve(self, wiring: Wiring, *, first_run: bool) -> None:
        options = self._options
        planned = wiring.plan()
        planned += nginx.processes(options, wiring.address("gateway"))
        self._say(
            f"Starting {len(planned)} process{'es' if len(planned) > 1 else ''}"
            + (", nginx in front" if options.nginx else "")
        )
        supervisor = Supervisor.start(options.home, planned, processes.common(self._environ))
        try:
            supervisor.wait_until_up()
            self._first_run(wiring, needed=first_run)
            self._wait_until_ready(supervisor, planned)
            self._announce()
            self._watch(supervisor)
        except Stopped:
            pass
        finally:
            self._shut_down(supervisor, planned)

    def _first_run(self, wiring: Wiring, *, needed: bool) -> None:
        """While the processes start: the first administrator, if the database has none."""
        home = self._options.home
        if needed:
            command = wiring.command("identity", "first-run", "--url", self._options.url, "--out", str(home.first_run))
            commands.run([command], self._stop)
            preparation.remember(home, "identity", wiring.database_url("identity"))
        refresh(home.first_run, self._options.url, newest_sealing_key(wiring.sealing_keys))

    def _wait_until_ready(self, supervisor: Supervisor, planned: list[Process]) -> None:
        # A gateway alone has nobody behind it: alive is all that it can be.
        public = "/healthz" if self._options.service == "gateway" else "/readyz"
        endpoints = [
            readiness.Endpoint(each.name, each.address) for each in planned if each.address and each.layer is Layer.WEB
        ]
        door = addresses.on_loopback(self._options.port)
        endpoints.append(readiness.Endpoint(self._options.service or "gateway", door, public))
        readiness.wait(endpoints, supervisor.states, supervisor.last_words, self._stop)

    def _announce(self) -> None:
        if self._options.service is None and self._options.home.first_run.exists():
            self._say(f"The first administrator: {self._options.home.first_run}")
        name = f"Signet {self._options.service}" if self._options.service else "Signet"
        self._say(f"{name} is ready: {self._options.url}")

    def _watch(self, supervisor: Supervisor) -> None:
        """Stay until asked to stop, and say which process supervisord had to bring back. Raises StartFailed."""
        troubled: set[str] = set()
        while not self._stop.wait(WATCH_SECONDS):
            if not supervisor.alive():
                raise StartFailed("supervisord died, and every process with it: start again")
            fallen = {name for name, state in supervisor.states().items() if state not in ("RUNNING", "STARTING")}
            for name in sorted(fallen - troubled):
                self._say(f"{name} is down and is being restarted: {supervisor.last_words(name)}")
            troubled = fallen

    def _shut_down(self, supervisor: Supervisor, planned: list[Process]) -> None:
        """From the outside inwards: no new request, then no web process, then no relay or consumer."""
        if self._stop.is_set():
            self._say("Stopping")
        for layer in sorted(Layer, reverse=True):
            if layer is Layer.WEB:
                self._await_drained(planned)
            supervisor.stop([process.name for process in planned if process.layer is layer])
        supervisor.end()

    def _await_drained(self, planned: list[Process]) -> None:
        """Give the relays a moment to publish what is left; while the bus is down it stays safe in the database."""
        deadline = time.monotonic() + DRAIN_SECONDS
        webs = [process.address for process in planned if process.address and process.layer is Layer.WEB]
        while any(map(readiness.pending_events, webs)) and time.monotonic() < deadline:
            time.sleep(0.1)
