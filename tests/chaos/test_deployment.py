"""One service is deployed alone, and contracts are replaced, while clients go on: none of them notices."""

import json
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from signet import Client, SignetError
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.process import descendants
from signet_testing.profiles import embedded_settings
from signet_testing.raw_http import RawRequest, send
from signet_testing.root import ROOT
from signet_testing.signed_api import SignedApi

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

CLIENTS = 4
RETRIES = 30
DEMOS = "/api/v1/demos"


class Load:
    """Clients that create a demo and read it, over and over, and repeat nothing that failed unless given `retries`."""

    def __init__(self, platform: Platform, retries: int = 0) -> None:
        self._platform = platform
        self._retries = retries
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        self.answers = 0
        self.failures: list[str] = []

    def _work(self) -> None:
        with self._platform.client(retries=self._retries, timeout=60) as client:
            while not self._stop.is_set():
                try:
                    self._create_and_read(client)
                except SignetError as error:
                    self.failures.append(f"{type(error).__name__}: {error}")

    def _create_and_read(self, client: Client) -> None:
        made = client.demos.create(f"d{secrets.token_hex(6)}")
        assert client.demos.get(made.demo_id) == made
        self.answers += 2

    def go_on(self, answers: int = 50) -> None:
        """Wait until so many more have come."""
        wanted = self.answers + answers
        eventually(lambda: self.answers >= wanted or self.failures, 60, f"{answers} more answers")

    @contextmanager
    def running(self) -> Iterator["Load"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(70)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["restart", "reload"])
def test_a_service_restarts_three_times_and_no_request_fails(platform: Platform, number: signal.Signals) -> None:
    """SIGTERM ends the process and supervisord starts the next one; SIGHUP replaces its worker behind one socket."""
    with Load(platform).running() as load:
        for _ in range(3):
            load.go_on()
            master = platform.process("resources-web")
            old = set(descendants(master))
            os.kill(master, number)
            eventually(
                lambda master=master, old=old: replaced(platform, "resources-web", master, old), 60, "a new worker"
            )
            load.go_on()
    assert load.failures == []


def test_the_gateway_restarts_three_times_and_no_client_that_asks_again_fails(platform: Platform) -> None:
    """There is nobody before it who could wait: what it has accepted is answered, the rest is worth a repetition."""
    with Load(platform, RETRIES).running() as load:
        for _ in range(3):
            load.go_on()
            master = platform.process("gateway-web")
            old = set(descendants(master))
            os.kill(master, signal.SIGTERM)
            eventually(lambda master=master, old=old: replaced(platform, "gateway-web", master, old), 60, "new workers")
            load.go_on()
    assert load.failures == []


def replaced(platform: Platform, name: str, master: int, workers: set[int]) -> bool:
    """Whether other processes serve now than those."""
    now = platform.process(name)
    serving = set(descendants(now))
    return now != master or (bool(serving) and not workers & serving)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of contracts that a test may change; it leaves them as they were."""
    folder = tmp_path_factory.mktemp("changing") / "contracts"
    shutil.copytree(ROOT / "contracts", folder)
    return folder


@pytest.fixture(scope="module")
def reloading(contracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose gateway and identity read them: one, since neither bus nor database takes part in reading."""
    settings = {
        **embedded_settings(),
        "GATEWAY_CONTRACTS_DIR": str(contracts),
        "IDENTITY_CONTRACTS_DIR": str(contracts),
    }
    with Platform(tmp_path_factory.mktemp("reloading"), settings) as running:
        yield running


class Contract:
    """The contract of resources, to be changed and put before the gateway."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._platform = platform
        self._path = folder / "openapi" / "resources.yaml"
        self._original = self._path.read_text()

    def original(self) -> Any:
        return yaml.safe_load(self._original)

    def publish(self, document: Any, *readers: str) -> None:
        self._path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
        for reader in readers or ("gateway-web",):
            os.kill(self._platform.process(reader), signal.SIGHUP)


def test_contracts_are_replaced_in_every_worker_and_no_request_fails(reloading: Platform, contracts: Path) -> None:
    """Deploy the service, then its contract, then HUP: operations go and come, and ask for another permission."""
    contract = Contract(reloading, contracts)
    with reloading.client() as admin:
        # At the gateway's own door: nginx would ask one worker again and again, on a connection that it keeps.
        person = SignedApi(reloading.door_of("gateway-web"), add_person(admin, "user").credential)

    def codes(method: str, path: str = DEMOS) -> set[int]:
        return {person.call(method, path).code for _ in range(30)}

    workers = set(descendants(reloading.process("gateway-web")))
    with Load(reloading).running() as load:
        load.go_on()
        changed = contract.original()
        changed["paths"][DEMOS]["get"]["x-permission"] = "audit:query"
        del changed["paths"][f"{DEMOS}/{{demo_id}}"]["delete"]
        contract.publish(changed)
        eventually(lambda: codes("GET") == {ReturnCode.RESOURCE_ACCESS_FORBIDDEN}, 15, "the other permission")
        # Thirty requests may still have passed a worker by.
        deleted = f"{DEMOS}/1"
        eventually(lambda: codes("DELETE", deleted) == {ReturnCode.METHOD_NOT_ALLOWED}, 15, "the operation to be gone")
        load.go_on()
        contract.publish(contract.original())
        eventually(lambda: codes("GET") == {ReturnCode.SUCCESS}, 15, "the first permission")
        eventually(lambda: codes("DELETE", deleted) == {ReturnCode.RESOURCE_NOT_FOUND}, 15, "the operation again")
        load.go_on()
    assert load.failures == []
    assert set(descendants(reloading.process("gateway-web"))) == workers


def test_identity_learns_new_permissions_in_place_and_no_request_fails(reloading: Platform, contracts: Path) -> None:
    """A permission that a new contract asks for is the administrator's, and may be granted, within moments."""
    contract = Contract(reloading, contracts)
    admin = SignedApi(reloading.port, reloading.first_run.credential)
    role = {"role_name": "inspector", "permissions": [{"permission": "demo:inspect", "scope": "any"}]}
    changed = contract.original()
    changed["paths"][DEMOS]["get"]["x-permission"] = "demo:inspect"
    workers = set(descendants(reloading.process("identity-web")))

    def explained() -> bool:
        return bool(admin.call("GET", "/api/v1/access/explain?permission=demo:inspect").envelope["data"]["allowed"])

    with Load(reloading).running() as load:
        load.go_on()
        contract.publish("paths: [", "identity-web")
        eventually(lambda: "resources.yaml is no OpenAPI document" in reloading.log("identity-web"), 15, "a complaint")
        assert not explained()
        load.go_on()
        assert admin.call("POST", "/api/v1/roles", role).code == ReturnCode.DATA_PARAM_ERROR
        contract.publish(changed, "identity-web")
        eventually(explained, 15, "the new permission")
        assert admin.call("POST", "/api/v1/roles", role).code == ReturnCode.SUCCESS
        contract.publish(changed, "gateway-web")
        with reloading.client() as client:
            person = SignedApi(reloading.port, add_person(client, "user").credential)
        forbidden = ReturnCode.RESOURCE_ACCESS_FORBIDDEN
        eventually(lambda: {person.call("GET", DEMOS).code for _ in range(20)} == {forbidden}, 15, "the new contract")
        # The gateway lets the administrator through; it is resources that knows no such permission in a passport.
        unavailable = ReturnCode.UPSTREAM_UNAVAILABLE
        eventually(lambda: {admin.call("GET", DEMOS).code for _ in range(20)} == {unavailable}, 15, "it at all workers")
        load.go_on()
        contract.publish(contract.original(), "identity-web", "gateway-web")
        eventually(
            lambda: {admin.call("GET", DEMOS).code for _ in range(20)} == {ReturnCode.SUCCESS}, 15, "the old one"
        )
    assert load.failures == []
    assert set(descendants(reloading.process("identity-web"))) == workers


@pytest.mark.parametrize(
    "rubbish", ["paths: [", "openapi: 3.1.0\ninfo: {x-service: nobody}\npaths: {/api/v1/x: {get: {x-public: true}}}\n"]
)
def test_invalid_contracts_change_nothing_and_are_complained_of(
    reloading: Platform, contracts: Path, rubbish: str
) -> None:
    """A slip of the pen must neither open a door nor close the house."""
    contract = Contract(reloading, contracts)

    def check() -> str:
        answer = send(reloading.door_of("gateway-web"), RawRequest("GET", "/readyz"))
        return str(json.loads(answer.body)["checks"]["contracts"]["status"])

    with Load(reloading).running() as load:
        contract.publish(rubbish)
        eventually(lambda: check() == "degraded", 15, "a complaint")
        load.go_on()
    assert load.failures == []
    eventually(lambda: "the contracts were not reloaded" in reloading.log("gateway-web"), 15, "a line in the log")
    contract.publish(contract.original())
    eventually(lambda: {check() for _ in range(20)} == {"ok"}, 15, "satisfaction")
