"""Who is counted, when, and what a client is told about it."""

import pytest

from signet_gateway.application.errors import ContractInvalid

DEMOS = "/api/v1/demos"
SIGN_IN = "/api/v1/sessions"
FRESH = {"X-Timestamp": "1767225600", "X-Nonce": "n" * 16}


@pytest.fixture
def limiters(house):
    return {name: type(house.limiter)(name) for name in ("address", "credential", "createDemo", "signIn")}


@pytest.fixture
def limited(make_house, limiters):
    operations = {name: limiters[name] for name in ("createDemo", "signIn")}
    return make_house(address=limiters["address"], credential=limiters["credential"], operations=operations)


def test_every_limit_counts_by_what_it_is_named_after(limited, limiters):
    """The credential by its id, which is no secret; a public operation has only an address."""
    assert limited.signed("POST", DEMOS, body=b"{}").code == 200
    assert limited.signed("GET", DEMOS).code == 200
    assert limited.send("POST", SIGN_IN, FRESH, b"{}").code == 200
    assert limiters["address"].taken == ["192.0.2.1"] * 3
    assert limiters["credential"].taken == ["api_key/7"] * 2
    assert limiters["createDemo"].taken == ["api_key/7"]
    assert limiters["signIn"].taken == limited.limiter.taken == ["192.0.2.1"]


@pytest.mark.parametrize("name", ["address", "credential", "createDemo"])
def test_one_too_many_is_refused_and_may_be_sent_again_as_it_is(limited, limiters, name):
    """Nothing was spent: neither the nonce nor the service's time."""
    headers = limited.signed_headers("POST", DEMOS, body=b"{}")
    limiters[name].wait = 1.2
    answer = limited.send("POST", DEMOS, headers, b"{}")
    assert (answer.code, answer.headers["Retry-After"]) == (429001, "2")
    assert f'"{name}";r=0;t=2' in answer.headers["RateLimit"]
    assert not limited.resources.sent
    limiters[name].wait = 0.0
    assert limited.send("POST", DEMOS, headers, b"{}").code == 200


def test_nobody_uses_up_what_belongs_to_a_credential_without_its_secret(limited, limiters):
    """An API key is no secret: counting what it did not sign would lock its owner out."""
    forged = limited.signed_headers("GET", DEMOS, secret="another")
    assert limited.send("GET", DEMOS, forged).code == 401006
    assert limiters["credential"].taken == []
    assert limiters["address"].taken == ["192.0.2.1"]


def test_an_answer_tells_what_is_left(limited):
    """Structured fields of the IETF's draft: quota and window, remaining and seconds."""
    answer = limited.signed("POST", DEMOS, body=b"{}")
    policies = [f'"{name}";q=60;w=60' for name in ("address", "credential", "createDemo")]
    assert answer.headers["RateLimit-Policy"] == ", ".join(policies)
    assert answer.headers["RateLimit"].split(", ")[1] == '"credential";r=59;t=30'


KEYS = "/api/v1/keys"


def test_the_sealing_keys_are_counted_like_any_public_operation(make_house, limiters):
    """The gateway answers them itself, and an address that asks without end is told so all the same."""
    own = type(limiters["address"])("listSealingKeys")
    house = make_house(address=limiters["address"], operations={"listSealingKeys": own})
    assert house.send("GET", KEYS).code == 200
    assert house.limiter.taken == []
    assert limiters["address"].taken == own.taken == ["192.0.2.1"]
    for limiter in (own, limiters["address"]):
        limiter.wait = 1.2
        answer = house.send("GET", KEYS)
        assert (answer.code, answer.headers["Retry-After"]) == (429001, "2")
        limiter.wait = 0.0
    assert house.send("GET", KEYS).code == 200


@pytest.mark.parametrize("target", ["/openapi.json", "/docs", "/docs/swagger-ui-bundle.js"])
def test_documents_are_counted_by_address(limited, limiters, target):
    """A megabyte for a line: nobody gets it as often as they like. A proxy in front is not relied on."""
    assert limited.send("GET", target).status == 200
    assert limiters["address"].taken == ["192.0.2.1"]
    limiters["address"].wait = 1.2
    assert limited.send("GET", target).code == 429001


@pytest.mark.parametrize("target", ["/healthz", "/readyz"])
def test_health_is_never_limited(limited, limiters, target):
    """Who watches must not take a limit for a failure; both answers are remembered and cost nothing."""
    limiters["address"].wait = 1.2
    assert limited.send("GET", target).status == 200
    assert limiters["address"].taken == []


def test_without_limits_nothing_is_told(house):
    """The default: a signed request meets no limit."""
    answer = house.signed("GET", DEMOS)
    assert answer.code == 200
    assert not {"RateLimit", "RateLimit-Policy"} & answer.headers.keys()


def test_a_limit_for_an_operation_that_nobody_has_is_a_mistake(make_house, limiters):
    """A typing error must not leave an operation open to everybody."""
    with pytest.raises(ContractInvalid, match="signin"):
        make_house(operations={"signin": limiters["signIn"]})
