"""The SDK seals by itself: secrets wherever it can, anything on demand, and only to a key that it may believe."""

import json
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from signet import ApiKeyCredential, Client
from signet.cli.pins import FilePins
from signet.cli.profiles import ProfileInvalid
from signet.errors import AnswerInvalid, KeyNotTrusted, NotFound, Refused
from signet.sealing import MemoryPins
from signet_protocol.sealing_keys import announce, thumbprint

SESSION = {"session_id": 9, "user_id": 1, "token": "st_x", "secret": "s", "expires_at": "2026-01-01T12:00:00Z"}
DEMO = {
    "demo_id": 7, "demo_name": "a", "demo_state": "active", "version": 1, "created_at": "2026-01-01T12:00:00Z",
}  # fmt: skip


@cache
def key(name: str) -> RSAPrivateKey:
    assert name
    return generate_private_key(65537, 3072)


def named(name: str) -> str:
    return thumbprint(key(name).public_key())


@pytest.fixture
def pins() -> MemoryPins:
    return MemoryPins()


@pytest.fixture
def client(options: dict[str, Any], pins: MemoryPins) -> Iterator[Client]:
    credential = ApiKeyCredential("ak_7Q2mJ0vS4kXn8bTz", "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE")
    with Client("http://gateway.test", credential, pins=pins, **options) as made:
        yield made


def test_a_password_is_sealed_before_anybody_demands_it(gateway: Any, client: Client, options: dict[str, Any]) -> None:
    """Once it has travelled in the clear it is too late."""
    gateway.seal_to(key("a"))
    gateway.reply(SESSION)
    with Client("http://gateway.test", **options) as public:
        assert public.sessions.create("ada", "hunter2").token == "st_x"
    [request] = gateway.received
    assert b"hunter2" not in request.body
    assert json.loads(gateway.opened[0]) == {"login": "ada", "password": "hunter2"}


def test_what_is_demanded_is_sealed_under_the_same_idempotency_key(gateway: Any, client: Client) -> None:
    """The refused request changed nothing; from then on the operation is sealed at once."""
    gateway.seal_to(key("a"))
    gateway.demands.add("/api/v1/demos")
    gateway.reply(DEMO)
    assert client.demos.create("a").demo_id == 7
    refused, sealed = gateway.received
    assert refused.headers["idempotency-key"] == sealed.headers["idempotency-key"]
    assert refused.headers["x-nonce"] != sealed.headers["x-nonce"]
    gateway.reply(DEMO)
    client.demos.create("a")
    assert len(gateway.received) == 3


def test_what_was_demanded_of_one_object_is_sealed_for_the_next(gateway: Any, client: Client) -> None:
    """Otherwise the first body about every object would be sent open."""
    gateway.seal_to(key("a"))
    gateway.demands.update(("/api/v1/demos/7", "/api/v1/demos/8"))
    for demo_id in (7, 8):
        gateway.reply(DEMO)
        client.demos.update(demo_id, demo_name="a")
    assert ["x-key" in request.headers for request in gateway.received] == [False, True, True]


def test_everything_can_be_sealed(gateway: Any, options: dict[str, Any]) -> None:
    """Reads, too: their answers come back sealed."""
    gateway.seal_to(key("a"))
    gateway.reply(DEMO)
    credential = ApiKeyCredential("ak_7Q2mJ0vS4kXn8bTz", "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE")
    with Client("http://gateway.test", credential, seal_always=True, **options) as client:
        assert client.demos.get(7).demo_name == "a"
    assert gateway.received[0].body == b""
    assert "x-key" in gateway.received[0].headers


def test_a_sealed_refusal_is_the_same_error(gateway: Any, options: dict[str, Any]) -> None:
    """Its data is read from under the seal."""
    gateway.seal_to(key("a"))
    gateway.reply({"errors": []}, code=404001)
    credential = ApiKeyCredential("ak_7Q2mJ0vS4kXn8bTz", "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE")
    with (
        Client("http://gateway.test", credential, seal_always=True, **options) as client,
        pytest.raises(NotFound) as error,
    ):
        client.demos.get(7)
    assert error.value.data == {"errors": []}


@pytest.mark.parametrize("data", [json.dumps(DEMO), "null", '"AAAA"'])
def test_an_open_or_foreign_success_is_refused(gateway: Any, client: Client, data: str) -> None:
    """Whoever answers without the key is not the gateway."""
    gateway.seal_to(key("a"))
    gateway.demands.add("/api/v1/demos")
    gateway.reply(raw=f'{{"return_code":200,"return_msg":"","data":{data}}}'.encode())
    with pytest.raises(AnswerInvalid):
        client.demos.create("a")


def test_a_new_key_is_taken_when_a_pinned_one_announces_it(gateway: Any, client: Client, pins: MemoryPins) -> None:
    """In the middle of a client's life: the old key is refused, the new one found, and nobody is asked."""
    gateway.seal_to(key("a"))
    gateway.demands.add("/api/v1/demos")
    gateway.reply(DEMO)
    client.demos.create("a")
    assert pins.load() == {named("a")}
    gateway.seal_to(key("b"), (announce(key("b").public_key(), key("a")),))
    gateway.reply(DEMO)
    assert client.demos.create("a").demo_id == 7
    assert pins.load() == {named("b")}


@pytest.mark.parametrize("announcer", ["b", "c"])
def test_a_key_that_no_pin_leads_to_is_not_sealed_to(
    gateway: Any, client: Client, pins: MemoryPins, announcer: str
) -> None:
    """Neither one that announces itself nor one that a stranger does; the password stays here."""
    pins.save({named("a")})
    gateway.seal_to(key("b"), (announce(key("b").public_key(), key(announcer)),))
    with pytest.raises(KeyNotTrusted):
        client.users.create("ada", password="hunter2")
    assert not gateway.received


@pytest.mark.parametrize("shown", [None, {"keys": [], "announcements": []}])
def test_a_gateway_that_hides_its_keys_gets_no_secret_in_the_clear(
    gateway: Any, client: Client, pins: MemoryPins, shown: Any
) -> None:
    """It had one before: somebody may be in between."""
    pins.save({named("a")})
    gateway.shown = shown
    with pytest.raises(KeyNotTrusted):
        client.users.create("ada", password="hunter2")
    assert not gateway.received


def test_a_demand_without_any_key_is_an_error(gateway: Any, client: Client) -> None:
    """Nothing is tried for ever."""
    gateway.demands.add("/api/v1/demos")
    with pytest.raises(KeyNotTrusted):
        client.demos.create("a")


def test_a_seal_that_never_opens_ends(gateway: Any, client: Client) -> None:
    """Once more with fresh keys, and no further."""
    gateway.seal_to(key("a"))
    gateway.demands.add("/api/v1/demos")
    gateway.sealing_key = key("b")
    with pytest.raises(Refused) as error:
        client.demos.create("a")
    assert error.value.code == 400003
    assert len(gateway.received) == 3


def test_pins_are_kept_for_each_gateway_and_for_their_owner_alone(tmp_path: Path) -> None:
    """A file that others may write is as good as none."""
    path = tmp_path / "signet" / "pins.json"
    one, other = FilePins(path, "http://one.test"), FilePins(path, "http://two.test/")
    assert one.load() == set()
    one.save({"a", "b"})
    other.save({"c"})
    assert (one.load(), other.load()) == ({"a", "b"}, {"c"})
    assert FilePins(path, "http://two.test").load() == {"c"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(ProfileInvalid):
        one.load()
