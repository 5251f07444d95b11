"""Keys and their announcements: a client may follow from a pinned key to a new one, and nowhere else."""

import base64
import hashlib
import json
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from signet_protocol import base64url
from signet_protocol.sealing_keys import (
    SealingKeyInvalid,
    announce,
    announced_by,
    public_jwk,
    read_jwk,
    thumbprint,
    trusted,
)


@cache
def made(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


def named(name: str) -> str:
    return thumbprint(made(name).public_key())


def test_thumbprint_is_that_of_rfc_7638() -> None:
    """The RFC's own example, whose key is too short to seal to but not to name."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz"
        "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8"
        "awapJzKnqDKgw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(n + "=="))
    key = rsa.RSAPublicNumbers(65537, number).public_key()
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    with pytest.raises(SealingKeyInvalid):
        read_jwk(public_jwk(key))


def test_a_jwk_is_read_back() -> None:
    """What the gateway shows is what the client seals to."""
    key = made("a").public_key()
    assert read_jwk(public_jwk(key)).public_numbers() == key.public_numbers()


@pytest.mark.parametrize("change", [{"kid": "x"}, {"kty": "EC"}, {"n": "AQAB"}, {"n": "="}, {"e": "Ag"}, {"e": ""}])
def test_a_strange_jwk_is_refused(change: dict[str, str]) -> None:
    """Among them one with a foreign thumbprint, which would pass for a pinned key."""
    with pytest.raises(SealingKeyInvalid):
        read_jwk(public_jwk(made("a").public_key()) | change)
    with pytest.raises(SealingKeyInvalid):
        read_jwk([])


def test_an_announcement_is_a_plain_jws() -> None:
    """Another library reads and proves it: RFC 7515, PS256."""
    announcement = announce(made("b").public_key(), made("a"))
    payload = jwt.api_jws.decode(announcement, made("a").public_key(), algorithms=["PS256"])
    assert json.loads(payload) == public_jwk(made("b").public_key())
    assert announced_by(announcement) == (named("a"), public_jwk(made("b").public_key()))


def test_trust_follows_announcements_from_a_pin() -> None:
    """A client that slept through two rotations still arrives."""
    chain = [announce(made("c").public_key(), made("b")), announce(made("b").public_key(), made("a"))]
    assert trusted([named("a")], chain) == {named("a"), named("b"), named("c")}
    assert trusted([named("b")], chain) == {named("b"), named("c")}
    assert trusted([], chain) == set()


def test_who_is_not_pinned_announces_nothing() -> None:
    """Anybody can make a key and sign with it."""
    assert trusted([named("a")], [announce(made("c").public_key(), made("b"))]) == {named("a")}


def test_a_forged_announcement_gives_no_trust_and_takes_none() -> None:
    """The pinned key named as signer, with another key's signature; and other things that are no announcements."""
    honest = announce(made("b").public_key(), made("a"))
    head, body, signature = honest.split(".")
    other_body = announce(made("c").public_key(), made("a")).split(".")[1]
    header = json.loads(base64url.decode(head))

    def altered(**change: object) -> str:
        return f"{base64url.encode(json.dumps(header | change).encode())}.{body}.{signature}"

    forged = [
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.{announce(made('b').public_key(), made('c')).split('.')[2]}",
        f"{head}.{body}.",
        f"{head}.{body}",
        altered(alg="none"),
        altered(typ="JWT"),
        altered(crit=["x"]),
        altered(jwk=None),
        "",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
    ]
    for announcement in forged:
        with pytest.raises(SealingKeyInvalid):
            announced_by(announcement)
    assert trusted([named("a")], [*forged, honest]) == {named("a"), named("b")}


def test_thumbprints_are_sha256() -> None:
    """43 characters, and of the three required members alone."""
    jwk = public_jwk(made("a").public_key())
    text = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    assert base64url.decode(jwk["kid"]) == hashlib.sha256(text.encode()).digest()
