"""Sealed requests from the outside: what opens, what is refused, and what the answer looks like."""

import json
import time

import gevent
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from signet_gateway.adapters.outbound.key_file import KeyFile
from signet_gateway.adapters.outbound.seal_opener import FileSealOpener, open_seal
from signet_gateway.application.errors import UpstreamUnavailable
from signet_gateway.application.key_ring import KeyRing
from signet_gateway.application.ports import SealedPart, UpstreamAnswer
from signet_protocol import sealing
from signet_protocol.sealing_keys import read_jwk, trusted

NOW = 1_767_225_600
DEMOS = "/api/v1/demos"
SESSIONS = "/api/v1/sessions"
JSON = {"Content-Type": "application/json"}
BODY = b'{"demo_name":"first"}'


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture
def ring(key):
    return KeyRing().rotated(key, NOW - 1000, wait=0, overlap=0)


@pytest.fixture
def file(tmp_path, ring):
    made = KeyFile(tmp_path / "keys.json")
    made.save(ring)
    return made


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def seals(file, tmp_path, clock):
    assert file.exists()
    return FileSealOpener(tmp_path / "keys.json", lambda: clock[0])


@pytest.fixture
def sealed_house(make_house, seals):
    """The house with a real key file; seals are enforced."""
    return make_house(seals)


class SealedRequest:
    """A request as a client seals it; every part can be told a lie about before it is signed."""

    def __init__(self, house, method="POST", target=DEMOS, *, key_id=None, public=False, credential=None):
        self.house = house
        self.jwk = house.send("GET", "/api/v1/keys").document["data"]["keys"][0]
        self.method, self.target, self.public = method, target, public
        self.content_key = sealing.new_content_key()
        self.x_key = sealing.wrap(read_jwk(self.jwk), self.content_key)
        self.key_id = self.jwk["kid"] if key_id is None else key_id
        self.headers = dict(JSON)
        self.bound = {"timestamp": str(NOW), "nonce": f"sealed-{id(self):012d}-{time.monotonic_ns()}"}
        self.bound |= {"credential": "" if public else credential or "ak_7Q2mJ0vS4kXn8bTz"}
        self.nonce = self.bound["nonce"]

    def text(self, plaintext=BODY, **lies):
        parts = {"method": self.method, "target": self.target, **self.bound} | lies.pop("parts", {})
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers |= {"x-key": self.x_key, "x-key-id": self.key_id} | lies.pop("headers", {})
        return sealing.seal_request(self.content_key, plaintext, sealing.request_binding(**parts, headers=headers))

    def send(self, body):
        content = body if isinstance(body, bytes) else json.dumps({"data": body}).encode()
        headers = {**self.headers, "X-Key": self.x_key, "X-Key-Id": self.key_id}
        if self.public:
            fresh = {"X-Timestamp": str(NOW), "X-Nonce": self.nonce}
            return self.house.send(self.method, self.target, headers | fresh, content)
        return self.house.signed(self.method, self.target, headers, content, nonce=self.nonce)

    def data_of(self, answer):
        binding = sealing.answer_binding(self.nonce, answer.code)
        return json.loads(sealing.open_answer(self.content_key, answer.document["data"], binding))


def test_a_sealed_body_reaches_the_service_open_and_under_the_passport(sealed_house):
    """The service knows nothing of seals: it gets plain JSON, whose digest is in the passport."""
    request = SealedRequest(sealed_house)
    assert request.send(request.text()).code == 200
    _, _, headers, body = sealed_house.resources.sent[-1]
    assert body == BODY
    assert not {"x-key", "x-key-id"} & headers.keys()
    sealed_house.passport(sealed_house.resources)


@pytest.mark.parametrize("data", ["null", '{"secret":"s"}', '[1,"\u00e9"]'])
def test_the_answer_is_sealed_too(sealed_house, data):
    """Null included: whether there was anything to say is nobody's business."""
    body = f'{{"return_code":200,"return_msg":"","data":{data}}}'.encode()
    sealed_house.resources.answer = UpstreamAnswer(200, [("content-type", "application/json"), ("etag", '"1"')], body)
    request = SealedRequest(sealed_house)
    answer = request.send(request.text())
    assert data == "null" or data.encode() not in answer.body
    assert request.data_of(answer) == json.loads(data)
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["ETag"] == '"1"'


def test_a_refusal_of_the_service_is_sealed_as_well(sealed_house):
    """Its `data` may name what somebody typed into a form."""
    told = b'{"return_code":400002,"return_msg":"m","data":{"errors":[{"field":"f","message":"m"}]}}'
    sealed_house.resources.answer = UpstreamAnswer(400, [("content-type", "application/json")], told)
    request = SealedRequest(sealed_house)
    answer = request.send(request.text())
    assert answer.code == 400002
    assert request.data_of(answer) == {"errors": [{"field": "f", "message": "m"}]}


def test_a_service_that_is_down_is_told_under_the_seal(sealed_house):
    """Errors of the gateway itself after the opening are no exception."""
    sealed_house.resources.failure = UpstreamUnavailable("down")
    request = SealedRequest(sealed_house)
    answer = request.send(request.text())
    assert (answer.code, request.data_of(answer)) == (503001, None)


def test_a_read_can_ask_for_a_sealed_answer(sealed_house):
    """Without a body there is nothing to seal but what comes back."""
    request = SealedRequest(sealed_house, "GET")
    request.headers = {}
    assert request.data_of(request.send(b"")) is None
    assert sealed_house.resources.sent[-1][3] == b""


def test_head_and_304_have_nothing_to_seal(sealed_house):
    """The length of what GET would have answered is not known before it is sealed."""
    sealed_house.resources.answer = UpstreamAnswer(200, [("content-length", "50")], b"")
    request = SealedRequest(sealed_house, "HEAD")
    request.headers = {}
    answer = request.send(b"")
    assert (answer.status, answer.body) == (200, b"")
    assert "Content-Length" not in answer.headers
    sealed_house.resources.answer = UpstreamAnswer(304, [("etag", '"1"')], b"")
    request = SealedRequest(sealed_house, "GET")
    request.headers = {"If-None-Match": '"1"'}
    assert request.send(b"").status == 304


def test_an_answer_that_cannot_be_sealed_is_not_shown(sealed_house):
    """Rather an error than a secret in the clear."""
    sealed_house.resources.answer = UpstreamAnswer(200, [("content-type", "text/plain")], b"my secret")
    request = SealedRequest(sealed_house)
    answer = request.send(request.text())
    assert (answer.code, answer.status, request.data_of(answer)) == (500001, 500, None)
    assert b"my secret" not in answer.body


def test_a_form_carries_a_seal_as_well(sealed_house):
    """For clients that can send nothing else; what it holds is JSON for the service."""
    request = SealedRequest(sealed_house)
    request.headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert request.send(b"data=" + request.text().encode()).code == 200
    _, _, headers, body = sealed_house.resources.sent[-1]
    assert (headers["content-type"], body) == ("application/json", BODY)


LIES = {
    "another target": {"parts": {"target": "/api/v1/demos/7"}},
    "another method": {"parts": {"method": "PATCH"}},
    "another timestamp": {"parts": {"timestamp": str(NOW - 1)}},
    "another nonce": {"parts": {"nonce": "n" * 20}},
    "another credential": {"parts": {"credential": "ak_other"}},
    "another content type": {"headers": {"content-type": "application/json; charset=utf-8"}},
    "another idempotency key": {"headers": {"idempotency-key": "k"}},
    "another key": {"headers": {"x-key": "A" * 512}},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_body_sealed_for_another_request_does_not_open(sealed_house, lie):
    """The signature is right in every one of these: whoever signs has the credential, not the content key."""
    request = SealedRequest(sealed_house)
    refused(sealed_house, request.send(request.text(**lie)))


def refused(house, answer):
    """One answer for everything, unsealed, and nothing of it at the service."""
    assert answer.status == 400
    assert answer.document == {"return_code": 400003, "return_msg": "The sealed body cannot be opened.", "data": None}
    assert not house.resources.sent
    assert not house.identity.sent


def test_a_damaged_body_is_refused(sealed_house):
    """Cut, changed, empty, of another shape, or not sealed at all."""
    whole = SealedRequest(sealed_house).text()
    bodies = [whole[:-4], whole[:-22], whole[4:], "", "=", "A" * len(whole), BODY, b"[]", b'"x"', b"{", b"\xff"]
    bodies += [json.dumps({"data": whole, "more": 1}).encode(), json.dumps({"data": [whole]}).encode(), b"data=" + b"A"]
    for body in bodies:
        request = SealedRequest(sealed_house)
        refused(sealed_house, request.send(body))


@pytest.mark.parametrize("name", ["data", "\\u0064ata"])
def test_a_body_with_two_sealed_texts_is_refused(sealed_house, name):
    """One would open; but readers of JSON differ in which of two members counts."""
    request = SealedRequest(sealed_house)
    refused(sealed_house, request.send(f'{{"data": "A", "{name}": "{request.text()}"}}'.encode()))


def test_a_damaged_key_is_refused(sealed_house, key):
    """Of the wrong size, of no number below the modulus, under another name, wrapped for somebody else."""
    stranger = rsa.generate_private_key(65537, 3072).public_key()
    changes = [
        {"x_key": "A"},
        {"x_key": "A" * 512},
        {"x_key": "_" * 512},
        {"x_key": "A" * 684},
        {"x_key": sealing.wrap(stranger, b"k" * 32)},
        {"key_id": "unknown"},
        {"key_id": "A" * 43},
    ]
    for method, body in (("POST", None), ("GET", b"")):
        for change in changes:
            request = SealedRequest(sealed_house, method)
            request.headers = dict(JSON) if method == "POST" else {}
            for name, value in change.items():
                setattr(request, name, value)
            refused(sealed_house, request.send(request.text() if body is None else body))


def test_half_a_seal_is_refused(sealed_house):
    """One of the two headers says nothing without the other; an empty one is malformed."""
    refused(sealed_house, sealed_house.signed("POST", DEMOS, {**JSON, "X-Key": "AAAA"}, BODY))
    refused(sealed_house, sealed_house.signed("POST", DEMOS, {**JSON, "X-Key-Id": "AAAA"}, BODY))
    assert sealed_house.signed("POST", DEMOS, {**JSON, "X-Key-Id": "AAAA", "X-Key": ""}, BODY).code == 400001


def test_the_seal_is_under_the_signature(sealed_house):
    """Whoever swaps key or name on the way is caught before any RSA."""
    request = SealedRequest(sealed_house)
    content = json.dumps({"data": request.text()}).encode()
    headers = sealed_house.signed_headers(
        "POST", DEMOS, {**JSON, "X-Key": request.x_key, "X-Key-Id": request.key_id}, content
    )
    for name in ("X-Key", "X-Key-Id"):
        assert sealed_house.send("POST", DEMOS, headers | {name: headers[name] + "A"}, content).code == 401006


def test_what_must_be_sealed_is_refused_open_and_before_its_body_is_read(sealed_house):
    """The password must not have been asked for."""

    class Unread:
        def read(self, *_):
            raise AssertionError("the body was read")

        read1 = read

    fresh = {"X-Timestamp": str(NOW), "X-Nonce": "n" * 20}
    answer = sealed_house.send("POST", SESSIONS, JSON | fresh, CONTENT_LENGTH="5", stream=Unread())
    assert answer.code == 400004
    assert not sealed_house.nonces.claimed


def test_a_deployment_decides_whether_seals_are_enforced(house):
    """On the same machine there is nobody between."""
    fresh = {"X-Timestamp": str(NOW), "X-Nonce": "n" * 20}
    assert house.send("POST", SESSIONS, JSON | fresh, b"{}").code == 200


def test_what_cannot_be_sealed_refuses_a_seal(sealed_house):
    """Streams: their bytes pass through."""
    request = SealedRequest(sealed_house, "POST", "/api/v1/blobs")
    refused(sealed_house, request.send(request.text()))


def test_a_public_operation_is_sealed_without_a_credential(sealed_house):
    """And its nonce is claimed in the name of its own key, so that no stranger can have used it up."""
    request = SealedRequest(sealed_house, target=SESSIONS, public=True)
    sealed_house.nonces.claimed["public", request.nonce] = NOW
    answer = request.send(request.text(b'{"login":"a"}'))
    assert (answer.code, request.data_of(answer)) == (200, None)
    assert sealed_house.identity.sent[-1][3] == b'{"login":"a"}'
    again = request.send(request.text(b'{"login":"a"}'))
    assert again.code == 401015


def test_a_stranger_who_is_too_busy_costs_no_rsa(sealed_house):
    """The rate limit stands before the expensive work, for reads as well."""
    for method, target in (("POST", SESSIONS), ("GET", "/api/v1/motd")):
        request = SealedRequest(sealed_house, method, target, public=True)
        request.headers = JSON if method == "POST" else {}
        sealed_house.limiter.wait = 3.0
        answer = request.send(request.text() if method == "POST" else b"")
        sealed_house.limiter.wait = 0.0
        assert answer.code == 429001
        assert not sealed_house.nonces.claimed


def test_a_sealed_body_may_be_as_long_as_an_open_one(sealed_house):
    """The limit is on what the service gets; base64 must not halve it."""
    just = b'"' + b"a" * 98 + b'"'
    request = SealedRequest(sealed_house)
    assert request.send(request.text(just)).code == 200
    request = SealedRequest(sealed_house)
    answer = request.send(request.text(just + b" "))
    assert (answer.code, request.data_of(answer)) == (413001, None)


def test_a_request_without_the_permission_costs_no_rsa(sealed_house):
    """Opening comes last."""
    sealed_house.regrant(permissions={})
    request = SealedRequest(sealed_house)
    request.x_key = "A" * 512
    assert request.send(request.text()).code == 403003


def test_whatever_is_wrong_costs_one_operation_with_a_key_of_the_same_size(ring, key):
    """No clock tells the reasons apart: the work is the same for all of them."""
    x_key = sealing.wrap(key.public_key(), b"k" * 32)
    good = sealing.seal_request(b"k" * 32, b"x", b"bound")
    kid = ring.keys[0].key_id
    work = []

    def counting(private, text):
        work.append(private.key_size)
        return sealing.unwrap(private, text)

    for key_id, wrapped, text, binding, opens in [
        (kid, x_key, good, b"bound", True),
        ("unknown", x_key, good, b"bound", False),
        (kid, "A", good, b"bound", False),
        (kid, "_" * 512, good, b"bound", False),
        (kid, x_key, good[:-2], b"bound", False),
        (kid, x_key, good, b"other", False),
        (kid, x_key, "", b"bound", False),
        (kid, x_key, None, b"", True),
        (kid, "A", None, b"", False),
        ("unknown", x_key, None, b"", False),
    ]:
        work.clear()
        opened = open_seal(ring, NOW, SealedPart(key_id, wrapped, text, binding), unwrap=counting)
        assert (opened is not None) is opens
        assert work == [3072]


def test_running_gateways_follow_the_key_file(sealed_house, file, clock):
    """Rotation is one command and no restart; what was sealed before it still opens for a while."""
    before = SealedRequest(sealed_house)
    old = before.key_id
    file.save(file.load().rotated(file.new_key(), NOW - 10, wait=0, overlap=60))
    directory = sealed_house.send("GET", "/api/v1/keys").document["data"]
    names = [jwk["kid"] for jwk in directory["keys"]]
    assert names[1:] == [old]
    assert trusted([old], directory["announcements"]) == set(names)
    assert before.send(before.text()).code == 200
    after = SealedRequest(sealed_house)
    assert after.key_id == names[0]
    assert after.send(after.text()).code == 200
    sealed_house.resources.sent.clear()
    late = SealedRequest(sealed_house)
    late.key_id, late.x_key = old, before.x_key
    late.content_key = before.content_key
    clock[0] = NOW + 50
    refused(sealed_house, late.send(late.text()))


def test_a_key_file_that_breaks_changes_nothing(sealed_house, tmp_path):
    """An operator's slip must not shut everybody out."""
    (tmp_path / "keys.json").write_text("{")
    request = SealedRequest(sealed_house)
    assert request.send(request.text()).code == 200


def test_one_caller_cannot_fill_the_queue(seals):
    """A flood is refused by 429 beyond its share, and others are still served."""
    part = SealedPart("unknown", "A" * 512, None, b"")

    def ask(owner):
        try:
            seals.open(owner, part)
        except Exception as error:  # noqa: BLE001 - the code is what is looked at
            return error.code
        return None

    flood = [gevent.spawn(ask, "one") for _ in range(40)]
    other = gevent.spawn(ask, "other")
    gevent.joinall([*flood, other], timeout=20)
    assert other.value == 400003
    assert {greenlet.value for greenlet in flood} == {400003, 429001}
    crowd = [gevent.spawn(ask, f"user {number}") for number in range(100)]
    gevent.joinall(crowd, timeout=20)
    assert {greenlet.value for greenlet in crowd} == {400003, 429001}
    assert ask("one") == 400003


def test_a_gateway_without_keys_shows_none_and_opens_nothing(house):
    """The two headers are then as wrong as any seal."""
    answer = house.send("GET", "/api/v1/keys")
    assert answer.document == {"return_code": 200, "return_msg": "", "data": {"keys": [], "announcements": []}}
    headers = {**JSON, "X-Key": "A" * 512, "X-Key-Id": "A" * 43}
    refused(house, house.signed("POST", DEMOS, headers, BODY))


def test_the_keys_keep_the_rules_of_every_path(sealed_house):
    """Methods, spelling and parameters are as strict as elsewhere."""
    assert sealed_house.send("POST", "/api/v1/keys").code == 405001
    assert sealed_house.send("OPTIONS", "/api/v1/keys").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert sealed_house.send("HEAD", "/api/v1/keys").body == b""
    assert sealed_house.send("GET", "/api/v1/keys?page=1").code == 400002
    assert sealed_house.send("GET", "/api/v1/keys/").code == 404001
    assert b"PRIVATE" not in sealed_house.send("GET", "/api/v1/keys").body
