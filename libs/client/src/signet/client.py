"""The client: one gateway, one credential, and the resources behind it.

with Client("https://signet.example", ApiKeyCredential("ak_…", "…")) as signet:
    demo = signet.demos.create("first")
    for record in signet.audit.search(resource="demo", object_id=str(demo.demo_id)).items:
        print(record.time, record.actor.user_name, record.operation)
"""

from functools import partial
from types import TracebackType
from typing import Self

import httpx

from signet.api.access import Access
from signet.api.api_keys import ApiKeys
from signet.api.audit import Audit
from signet.api.demos import Demos
from signet.api.file_keys import FileKeys
from signet.api.file_quotas import FileQuotas
from signet.api.files import Files
from signet.api.jobs import Jobs
from signet.api.roles import Roles
from signet.api.runs import Runs
from signet.api.schedules import Schedules
from signet.api.sessions import Sessions
from signet.api.users import Users
from signet.attempts import Time
from signet.connection import Connection
from signet.credentials import Credential
from signet.errors import ArgumentInvalid
from signet.retries import RetryPolicy
from signet.sealing import MemoryPins, Pins

USER_AGENT = "signet-python"

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Client:
    """The door to one gateway; close it, or use it in a `with`."""

    def __init__(
        self,
        url: str,
        credential: Credential | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 2,
        pins: Pins | None = None,
        seal_always: bool = False,
        transport: httpx.BaseTransport | None = None,
        clock: Time | None = None,
    ) -> None:
        """Open nothing yet: the first request connects.

        `url` is the gateway's origin. Without a credential only public operations work. `timeout` is in seconds,
        for each of connecting, sending and waiting for bytes. `retries` is how often a request is sent again when
        that is safe. `pins` keeps the thumbprints of the gateway's sealing keys, for the life of the client unless it
        is given; `seal_always` seals what need not be sealed, too. `transport` and `clock` are doors for tests.

        Raises ArgumentInvalid for a URL that is not an http(s) origin.
        """
        origin = _origin(url)
        self.credential = credential
        self._http = httpx.Client(
            base_url=origin,
            # A proxy of the environment cannot reach this machine's own gateway, and must not see its requests.
            trust_env=origin.host not in _LOOPBACK,
            timeout=timeout,
            transport=transport,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
        self.connection = Connection(
            self._http, credential, RetryPolicy(retries), clock or Time(), pins=pins, seal_always=seal_always
        )
        self.demos = Demos(self.connection)
        self.audit = Audit(self.connection)
        self.sessions = Sessions(self.connection)
        self.users = Users(self.connection)
        self.roles = Roles(self.connection)
        self.api_keys = ApiKeys(self.connection)
        self.access = Access(self.connection)
        self.files = Files(self.connection)
        self.file_keys = FileKeys(self.connection)
        self.file_quotas = FileQuotas(self.connection)
        self.jobs = Jobs(self.connection)
        self.runs = Runs(self.connection)
        self.schedules = Schedules(self.connection)

    @classmethod
    def login(
        cls,
        url: str,
        login: str,
        password: str,
        *,
        timeout: float = 10.0,
        retries: int = 2,
        pins: Pins | None = None,
        seal_always: bool = False,
        transport: httpx.BaseTransport | None = None,
        clock: Time | None = None,
    ) -> Self:
        """Sign in by user name, e-mail address or phone number; the client returned acts under that session.

        Raises CredentialsInvalid, and what else `sessions.create` raises.
        """
        known = pins or MemoryPins()

        made = partial(
            cls,
            url,
            timeout=timeout,
            retries=retries,
            pins=known,
            seal_always=seal_always,
            transport=transport,
            clock=clock,
        )
        with made() as public:
            session = public.sessions.create(login, password)
        return made(session.credential)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _origin(url: str) -> httpx.URL:
    """The gateway's origin. A user name in it would become a second, unsigned Authorization."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ArgumentInvalid(f"The gateway URL cannot be read: {error}") from error
    plain = not (parsed.userinfo or parsed.query or parsed.fragment) and parsed.path in {"", "/"}
    if parsed.scheme not in {"http", "https"} or not parsed.host or not plain:
        raise ArgumentInvalid("The gateway URL must look like https://host:port, with nothing behind it.")
    return parsed
