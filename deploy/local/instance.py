"""One instance from its first step to its last: prepared, started, watched, stopped in order."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from threading import Event

from deploy.local import commands, keys, nginx, ports, preflight, processes, readiness
from deploy.local.commands import Command
from deploy.local.errors import StartFailed, Stopped
from deploy.local.options import SERVICES, Options
from deploy.local.processes import Layer, Process
from deploy.local.supervision import Supervisor, last_words

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
        with ExitStack() as held:
            self._enter(held)
            preflight.check_port(self._options.port)
            master = keys.master_key(self._options.home)
            chosen = self._choose_ports()
            self._create_keyring(master, chosen)
            self._migrate(master, chosen)
            self._serve(master, chosen)

    def migrate(self) -> None:
        """Bring the databases up to date without starting anything. Raises CannotRun."""
        with ExitStack() as held:
            self._enter(held)
            master = keys.master_key(self._options.home)
            chosen = self._choose_ports()
            self._create_keyring(master, chosen)
            self._migrate(master, chosen)

    def _enter(self, held: ExitStack) -> None:
        preflight.create_home(self._options.home)
        held.enter_context(preflight.alone(self._options.home))

    def _choose_ports(self) -> dict[str, int]:
        """A port for every web process; the public one goes to whoever stands outermost."""
        chosen = dict(zip(SERVICES, ports.choose(len(SERVICES), avoid=self._options.port), strict=True))
        outermost = self._options.service or ("gateway" if self._options.nginx is None else None)
        return chosen | ({outermost: self._options.port} if outermost else {})

    def _command(self, service: str, master: bytes, chosen: Mapping[str, int], *arguments: str) -> Command:
        own = processes.settings(service, self._options, master, chosen, self._environ)
        return Command(service, arguments, {**processes.common(self._environ), **own})

    def _create_keyring(self, master: bytes, chosen: Mapping[str, int]) -> None:
        if "identity" in self._options.stateful and not self._options.home.keyring.exists():
            self._say("Creating the keys of this installation")
            commands.run([self._command("identity", master, chosen, "keyring", "create")], self._stop)

    def _migrate(self, master: bytes, chosen: Mapping[str, int]) -> None:
        stateful = self._options.stateful
        if stateful:
            self._say(f"Bringing the databases of {', '.join(stateful)} up to date")
            commands.run([self._command(each, master, chosen, "db", "upgrade") for each in stateful], self._stop)

    def _first_run(self, master: bytes, chosen: Mapping[str, int]) -> list[Command]:
        """Always asked, because only the database knows whether it has an administrator."""
        if "identity" not in self._options.stateful:
            return []
        target = str(self._options.home.first_run)
        return [self._command("identity", master, chosen, "first-run", "--url", self._options.url, "--out", target)]

    def _serve(self, master: bytes, chosen: Mapping[str, int]) -> None:
        options = self._options
        planned = processes.plan(options, master, chosen, self._environ)
        planned += nginx.processes(options, chosen["gateway"])
        front = ", nginx in front" if options.nginx else ""
        self._say(f"Starting {len(planned)} processes{front}")
        supervisor = Supervisor.start(options.home, planned, processes.common(self._environ))
        try:
            supervisor.wait_until_up()
            with commands.running(self._first_run(master, chosen)) as first_run:
                first_run.wait(self._stop)
                self._wait_until_ready(supervisor, planned)
            self._announce()
            self._watch(supervisor)
        except Stopped:
            pass
        finally:
            self._shut_down(supervisor, planned)

    def _wait_until_ready(self, supervisor: Supervisor, planned: list[Process]) -> None:
        # A gateway alone has nobody behind it: alive is all that it can be.
        public = "/healthz" if self._options.service == "gateway" else "/readyz"
        endpoints = [
            readiness.Endpoint(each.name, each.port) for each in planned if each.port and each.layer is Layer.WEB
        ]
        endpoints.append(readiness.Endpoint(self._options.service or "gateway", self._options.port, public))
        home = self._options.home
        readiness.wait(endpoints, supervisor.states, lambda name: last_words(home, name), self._stop)

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
                self._say(f"{name} is down and is being restarted: {last_words(self._options.home, name)}")
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
        webs = [process.port for process in planned if process.port and process.layer is Layer.WEB]
        while any(map(readiness.pending_events, webs)) and time.monotonic() < deadline:
            time.sleep(0.1)
