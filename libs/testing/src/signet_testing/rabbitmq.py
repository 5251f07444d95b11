"""A private RabbitMQ node with its own home, cookie, epmd and data, on loopback only.

epmd (Erlang's port mapper) is started here, in the foreground, because a node that finds none leaves a daemon behind
that nobody can tell apart from another node's.
"""

import secrets
import subprocess
import threading
from collections.abc import Mapping, Sequence

from signet_testing.free_ports import LOOPBACK, free_ports
from signet_testing.packages import RABBITMQ
from signet_testing.process import ServerFailed, ServerProcess, private_environment
from signet_testing.server import Server, exchange

AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME_ON_CHANNEL_0 = b"\x01\x00\x00"
ADMINISTRATOR = "signet"


class RabbitMqServer(Server):
    """One node; `url` is its administrator's, on the default virtual host.

    `create_vhost()` gives a test a broker that looks empty; users and topic permissions are made as production
    makes them, by rabbitmqctl. RabbitMQ 3.10 writes down that a quorum queue exists about a second after it has
    confirmed the declaration; killed before that, it comes back with a queue that is listed and dead. A test that
    kills the broker calls `settle()` after declaring.
    """

    name = "rabbitmq"

    def __init__(self) -> None:
        super().__init__()
        self._password = secrets.token_hex(16)
        self._distribution_port, self._epmd_port = free_ports(2)
        self._epmd: ServerProcess | None = None
        self._vhosts = 0
        self._vhosts_lock = threading.Lock()

    @property
    def url(self) -> str:
        """The administrator's URL on the virtual host `/`."""
        return self.url_of(ADMINISTRATOR, self._password)

    def url_of(self, user: str, password: str, vhost: str = "%2F") -> str:
        """The URL of any user."""
        return f"amqp://{user}:{password}@{LOOPBACK}:{self.port}/{vhost}"

    def create_vhost(self) -> str:
        """Make an empty virtual host that the administrator may use fully; returns its amqp URL."""
        with self._vhosts_lock:
            self._vhosts += 1
            vhost = f"test-{self._vhosts}"
        # One rabbitmqctl costs a second of CPU, so the two steps share one.
        self.control(
            "eval",
            f'rabbit_vhost:add(<<"{vhost}">>, <<"{ADMINISTRATOR}">>), '
            f'rabbit_auth_backend_internal:set_permissions(<<"{ADMINISTRATOR}">>, <<"{vhost}">>, '
            f'<<".*">>, <<".*">>, <<".*">>, <<"{ADMINISTRATOR}">>).',
        )
        return self.url_of(ADMINISTRATOR, self._password, vhost)

    def add_user(
        self, user: str, password: str, *, configure: str = "", write: str = "", read: str = "", vhost: str = "/"
    ) -> None:
        """Add a user whose rights are the given regular expressions over names; none by default."""
        self.control("add_user", user, password)
        self.control("set_permissions", "-p", vhost, user, configure or "^$", write or "^$", read or "^$")

    def limit_topics(self, user: str, exchange_name: str, *, write: str, read: str, vhost: str = "/") -> None:
        """Limit the routing keys that a user may publish to, and bind to, on a topic exchange."""
        self.control("set_topic_permissions", "-p", vhost, user, exchange_name, write, read)

    def settle(self) -> None:
        """Have it write down now what it writes down later by itself: queues just declared then survive a kill."""
        self.control("eval", "[dets:sync(Table) || Table <- dets:all()], mnesia:sync_log().")

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints for these arguments; raises ServerFailed when it fails."""
        result = subprocess.run(
            [str(RABBITMQ.find("rabbitmqctl")), "--quiet", *arguments],
            env=private_environment(self._environment()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if result.returncode:
            raise ServerFailed(f"rabbitmqctl {arguments[0]} failed:\n{result.stdout}{result.stderr}")
        return result.stdout

    def start(self) -> None:
        """Start epmd, unless it runs, and the node."""
        self._start_epmd()
        super().start()

    def close(self) -> None:
        """End the node and its epmd and remove the folder."""
        if self._epmd is not None:
            self._epmd.kill()
        super().close()

    def _start_epmd(self) -> None:
        if self._epmd is None:
            self._epmd = ServerProcess(
                name="epmd",
                command=[str(RABBITMQ.find("epmd")), "-port", str(self._epmd_port), "-address", LOOPBACK],
                log=self.folder / "epmd.log",
            )
        if not self._epmd.running:
            # "n" asks for the names of the registered nodes; the answer begins with epmd's own port.
            self._epmd.start(lambda: exchange(self._epmd_port, b"\x00\x01n", 4) != b"", timeout=20)

    def _prepare(self) -> None:
        RABBITMQ.find("rabbitmq-server")
        (self.folder / "home").mkdir()
        self._write_private("enabled_plugins", "[].\n")
        self._write_private("rabbitmq.conf", self._configuration())

    def _configuration(self) -> str:
        lines = {
            "listeners.tcp.1": f"{LOOPBACK}:{self.port}",
            "default_user": ADMINISTRATOR,
            "default_pass": self._password,
            "disk_free_limit.absolute": "1MB",
            "raft.wal_max_size_bytes": "67108864",
            "log.console": "true",
            "log.console.level": "warning",
            "log.file": "false",
        }
        return "".join(f"{key} = {value}\n" for key, value in lines.items())

    def _command(self) -> Sequence[str]:
        return [str(RABBITMQ.find("rabbitmq-server"))]

    def _environment(self) -> Mapping[str, str]:
        def inside(name: str) -> str:
            return str(self.folder / name)

        return {
            "HOME": inside("home"),
            "RABBITMQ_NODENAME": f"signet-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": inside("data"),
            "RABBITMQ_LOG_BASE": inside("logs"),
            "RABBITMQ_PID_FILE": inside("node.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": inside("enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": inside("rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": inside("advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            # Schedulers that wait busily would eat the cores that the tests share.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} "
            "+sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def _ready(self) -> bool:
        return exchange(self.port, AMQP_GREETING, 3) == METHOD_FRAME_ON_CHANNEL_0
