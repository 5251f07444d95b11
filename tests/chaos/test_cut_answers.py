"""SIGKILL after the change was committed and before anybody was told: asked again, it is not done again.

Every unsafe operation of every contract, on PostgreSQL; on SQLite one that creates and one that updates of each
service, whose operations all write the same row beside their change. What a service adds is covered as soon as it is in
its contract.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import Cast
from signet_testing.contract_operations import ContractOperation, read_operations
from signet_testing.cutting import CuttableWire
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.profiles import embedded_settings
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.repeats import REPEAT_REFUSED, changes, prepared
from signet_testing.signed_api import SignedApi

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

SERVICES = ("identity", "resources", "files", "audit", "scheduler")
OPERATIONS = list(read_operations(Path(__file__).parents[2] / "contracts" / "openapi"))
REPEATED = [operation for operation in OPERATIONS if operation.method != "GET" and not operation.public]
FIRST = {(operation.service, operation.method): operation for operation in reversed(REPEATED)}
TYPICAL = [operation for (_, method), operation in FIRST.items() if method in {"POST", "PATCH"}]
TYPICAL += [operation for operation in REPEATED if operation.uploads and operation not in TYPICAL]
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.servers)


@dataclass(frozen=True, slots=True)
class Scene:
    """A platform whose gateway reaches each service through a wire that can be cut."""

    platform: Platform
    wires: Mapping[str, CuttableWire]
    cast: Cast


# PostgreSQL comes first, as where it is alone: pytest keeps a platform for tests with the same place in this list.
@pytest.fixture(scope="module", params=[POSTGRESQL, "sqlite"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    settings = dict(embedded_settings())
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        settings |= {f"{service.upper()}_DATABASE_URL": server.create_database() for service in SERVICES}
    with ExitStack() as stack:
        wires = {
            name: stack.enter_context(CuttableWire(lambda name=name: platform.door_of(f"{name}-web")))
            for name in SERVICES
        }
        settings["GATEWAY_UPSTREAMS"] = ",".join(f"{name}=http://127.0.0.1:{wires[name].port}" for name in SERVICES)
        platform = Platform(tmp_path_factory.mktemp(f"cut-{request.param}"), settings)
        stack.enter_context(platform)
        yield Scene(platform, wires, Cast(SignedApi(platform.port, platform.first_run.credential), OPERATIONS))


@pytest.mark.parametrize("operation", TYPICAL, ids=lambda operation: operation.name)
def test_a_change_whose_service_died_before_it_answered_is_made_once(
    scene: Scene, operation: ContractOperation
) -> None:
    """The gateway asks again by itself, because the key makes that safe; then the client does, as if it had not."""
    answer_is_cut(scene, operation)


@pytest.mark.parametrize("scene", [POSTGRESQL], indirect=True)
@pytest.mark.parametrize(
    "operation",
    [operation for operation in REPEATED if operation not in TYPICAL],
    ids=lambda operation: operation.name,
)
def test_so_is_every_other_change(scene: Scene, operation: ContractOperation) -> None:
    """No operation may have a way of its own around the row."""
    answer_is_cut(scene, operation)


def answer_is_cut(scene: Scene, operation: ContractOperation) -> None:
    """Kill the service between its commit and its answer; ask twice; look for one change.

    Of a stream the gateway has nothing left that it could send again: its client hears that, and asks once more.
    """
    asked, key = prepared(scene.cast, operation), secrets.token_hex(16)
    wire = scene.wires[operation.service]
    wire.cut(f"{asked.method} {asked.target} ", lambda: scene.platform.kill_worker(f"{operation.service}-web"))
    answers = [first := send(asked.caller.port, asked.request(key))]
    assert not wire.armed, "the service was asked"
    refused = REPEAT_REFUSED.get(operation.name)
    if operation.uploads:
        assert first.code == ReturnCode.UPSTREAM_UNAVAILABLE, first
        answers.append(first := send(asked.caller.port, asked.request(key)))
    assert first.code in {ReturnCode.SUCCESS, refused}, first
    again = send(asked.caller.port, asked.request(key))
    assert again.code == (ReturnCode.SUCCESS if refused is None else refused) or again.body == first.body, again
    assert refused is not None or again.body == first.body
    told = changes(scene.cast, operation.service, [*answers, again])
    assert [set(change.values()) for change in told] == [{1}], told


@pytest.mark.parametrize(("name", "resource"), [("createDemo", "demo"), ("createUser", "user"), ("uploadFile", "file")])
def test_a_change_is_made_once_although_service_and_gateway_died(scene: Scene, name: str, resource: str) -> None:
    """Nobody is left who knows that it was made, but for the row that was committed with it."""
    (operation,) = [operation for operation in REPEATED if operation.name == name]
    asked, key = prepared(scene.cast, operation), secrets.token_hex(16)

    def everything_dies() -> None:
        scene.platform.kill("gateway-web")
        scene.platform.kill(f"{operation.service}-web")

    scene.wires[operation.service].cut(f"{asked.method} {asked.target} ", everything_dies)
    assert send(asked.caller.port, asked.request(key)).status == 0

    def answered() -> RawAnswer | None:
        answer = sent_or_nothing(asked.caller.port, asked.request(key))
        return None if answer.status in {0, 503} else answer

    answer = eventually(answered, 60, "an answer")
    assert answer is not None
    assert answer.code == ReturnCode.SUCCESS, answer
    repeated = send(asked.caller.port, asked.request(key))
    assert repeated.body == answer.body
    made = answer.envelope["data"][f"{resource}_id"]
    assert len(scene.cast.admin.records(resource=resource, object_id=made, operation="insert")) == 1


def sent_or_nothing(port: int, request: RawRequest) -> RawAnswer:
    """An answer of status 0 also where nobody listens yet."""
    try:
        return send(port, request)
    except ConnectionError:
        return RawAnswer(0)
