"""A signature is good for one request, all of it, by one caller.

Where others went wrong: signing a digest that nobody compares with the body, signing only some of the headers, sorting
or merging the query before it is signed, or letting the date of the signature and the date that is checked come from
different headers.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import Attacker
from signet_testing.raw_http import RawRequest, send

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
MINE = b'{"demo_name":"harmless"}'


def wanting(name: str) -> bytes:
    return json.dumps({"demo_name": name}).encode()


def digests(body: bytes) -> dict[str, str]:
    """The digest headers of several schemes, over the body that is really sent."""
    sha = hashlib.sha256(body)
    encoded = base64.b64encode(sha.digest()).decode()
    return {
        "X-Content-SHA256": sha.hexdigest(),
        "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
        "Digest": f"SHA-256={encoded}",
        "Content-Digest": f"sha-256=:{encoded}:",
        "Repr-Digest": f"sha-256=:{encoded}:",
        "Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode(),
    }


def test_body_swapped_under_a_signature_is_refused(stage: Any, loot: str) -> None:
    """Class: the signature covers the headers, and nobody hashes the body again."""
    swapped = stage.attacker.forge("POST", DEMOS, body=wanting(loot), signed_body=MINE)
    assert send(stage.port, swapped).code == ReturnCode.SIGN_INVALID
    assert not stage.exists(loot)


@pytest.mark.parametrize("name", digests(b""))
def test_digest_that_fits_the_body_but_is_not_signed_proves_nothing(stage: Any, loot: str, name: str) -> None:
    """Class: a digest header is compared with the body, while the signature does not cover that header."""
    body = wanting(loot)
    request = stage.attacker.forge("POST", DEMOS, body=body, signed_body=MINE).with_header(name, digests(body)[name])
    expected = ReturnCode.PARAM_ERROR if name == "X-Content-SHA256" else ReturnCode.SIGN_INVALID
    assert send(stage.port, request).code == expected
    assert not stage.exists(loot)


@pytest.mark.parametrize("alteration", [b" ", b"\n", b"\x00", b"{}", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["before", "behind"])
def test_body_with_something_added_is_refused(stage: Any, loot: str, alteration: bytes, end: str) -> None:
    """Class: the body is parsed and written anew before it is hashed, so that what JSON ignores is not signed."""
    body = wanting(loot)
    sent = alteration + body if end == "before" else body + alteration
    request = stage.attacker.forge("POST", DEMOS, body=sent, signed_body=body)
    assert send(stage.port, request).code == ReturnCode.SIGN_INVALID
    assert not stage.exists(loot)


@pytest.mark.parametrize("name", ["Date", "X-Date", "X-Amz-Date", "X-Signature-Timestamp", "Timestamp"])
def test_fresh_date_beside_a_stale_signed_timestamp_does_not_revive_it(stage: Any, name: str) -> None:
    """Class: freshness is read from one header and the signature from another."""
    stale = stage.attacker.forge("GET", DEMOS, timestamp=str(int(time.time()) - 900))
    for fresh in (str(int(time.time())), time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())):
        assert send(stage.port, stale.with_header(name, fresh)).code == ReturnCode.SIGN_EXPIRED


def test_fresh_timestamp_beside_the_stale_signed_one_is_refused_in_either_order(stage: Any) -> None:
    """Class: the first of two headers is checked, the last of them is signed."""
    stale = stage.attacker.forge("GET", DEMOS, timestamp=str(int(time.time()) - 900))
    fresh = ("X-Timestamp", str(int(time.time())))
    for headers in ((*stale.headers, fresh), (fresh, *stale.headers)):
        assert send(stage.port, replace(stale, headers=headers)).code == ReturnCode.PARAM_ERROR


QUERY = "page=1&per_page=5&demo_name=a"
OTHER_QUERIES = {
    "re-ordered": "per_page=5&page=1&demo_name=a",
    "repeated": f"{QUERY}&page=1",
    "added": f"{QUERY}&count=true",
    "added in front": f"count=true&{QUERY}",
    "shortened": "page=1&per_page=5",
    "emptied": "",
    "escaped": "page=1&per_page=5&demo_name=%61",
    "differently escaped": "page=%31&per_page=5&demo_name=a",
    "semicolons": "page=1;per_page=5;demo_name=a",
    "lone ampersand": f"{QUERY}&",
    "lone question mark": f"?{QUERY}",
    "equals added": f"{QUERY}=",
    "case of the name": "Page=1&per_page=5&demo_name=a",
    "array": "page[]=1&per_page=5&demo_name=a",
}


@pytest.mark.parametrize("what", OTHER_QUERIES)
def test_query_that_is_not_the_signed_one_is_refused(stage: Any, what: str) -> None:
    """Class: the query is sorted, merged or decoded before it is signed, so several queries share a signature."""
    request = stage.attacker.forge("GET", f"{DEMOS}?{QUERY}")
    other = OTHER_QUERIES[what]
    moved = replace(request, target=f"{DEMOS}?{other}" if other else DEMOS)
    assert send(stage.port, moved).code == ReturnCode.SIGN_INVALID


Move = Callable[[RawRequest], RawRequest]
MOVES: dict[str, tuple[Move, ReturnCode]] = {
    "another method": (lambda r: replace(r, method="PATCH"), ReturnCode.SIGN_INVALID),
    "a deletion": (lambda r: replace(r, method="DELETE", body=b""), ReturnCode.SIGN_INVALID),
    "another object": (lambda r: replace(r, target=r.target[:-1]), ReturnCode.SIGN_INVALID),
    "another resource": (lambda r: replace(r, method="PATCH", target="/api/v1/users/1"), ReturnCode.SIGN_INVALID),
    "the path as query": (lambda r: replace(r, target=f"{DEMOS}?demo_id=999999999"), ReturnCode.SIGN_INVALID),
    "another version": (lambda r: replace(r, target=r.target.replace("v1", "v2")), ReturnCode.RESOURCE_NOT_FOUND),
    "a method in lower case": (lambda r: replace(r, method="post"), ReturnCode.PARAM_ERROR),
}


@pytest.mark.parametrize("what", MOVES)
def test_signature_moved_to_another_request_is_refused(stage: Any, what: str) -> None:
    """Class: method or path stay outside of the signature, so a signed read becomes a change."""
    move, code = MOVES[what]
    request = stage.attacker.forge("POST", f"{DEMOS}/999999999", body=MINE)
    assert send(stage.port, request).code == ReturnCode.RESOURCE_NOT_FOUND, "the untouched one is let in"
    assert send(stage.port, move(stage.attacker.forge("POST", f"{DEMOS}/999999999", body=MINE))).code == code


def test_signature_shown_under_another_credential_is_refused(stage: Any) -> None:
    """Class: the signature does not cover whose it is, so who signs may say that it is somebody else."""
    request = stage.attacker.forge("GET", DEMOS)
    for stolen in (stage.victim.credential.identifier, stage.platform.first_run.api_key):
        assert send(stage.port, request.with_header("X-Api-Key", stolen)).code == ReturnCode.SIGN_INVALID
    as_token = request.without_header("X-Api-Key").with_header(
        "Authorization", f"Bearer {stage.attacker.credential.identifier}"
    )
    assert send(stage.port, as_token).code == ReturnCode.TOKEN_INVALID


def test_signature_of_another_day_or_key_is_refused(stage: Any) -> None:
    """Class: a derived key that outlives its day, or an empty secret that signs for everybody."""
    identifier = stage.attacker.credential.identifier
    for secret in ("", " ", stage.attacker.credential.secret[:-1], stage.victim.credential.secret):
        forger = Attacker(stage.port, type(stage.attacker.credential)(identifier, secret))
        assert send(stage.port, forger.forge("GET", DEMOS)).code == ReturnCode.SIGN_INVALID
    yesterday = stage.attacker.forge("GET", DEMOS, timestamp=str(int(time.time()) - 86_400))
    revived = yesterday.with_header("X-Timestamp", str(int(time.time())))
    assert send(stage.port, revived).code == ReturnCode.SIGN_INVALID


@pytest.mark.parametrize("algorithm", ["none", "SIGNET0-HMAC-SHA256", "HMAC-SHA1", ""])
def test_client_does_not_choose_how_it_is_checked(stage: Any, algorithm: str) -> None:
    """Class: `alg: none`; the signed message names the algorithm, and the server does as it is told."""
    request = stage.attacker.forge("GET", DEMOS).with_header("X-Sign", algorithm or "0")
    for name in ("X-Algorithm", "X-Sign-Method", "X-Signature-Version", "X-Signed-Headers"):
        answer = send(stage.port, request.with_header(name, algorithm or "none"))
        assert answer.code == ReturnCode.SIGN_INVALID


@pytest.mark.parametrize("feed", ["%0A", "\\n", "\x0b", "\x85"])
def test_header_value_cannot_pretend_to_be_further_signed_lines(stage: Any, loot: str, feed: str) -> None:
    """Class: fields are joined without saying where each ends, so two requests give one string to sign.

    The Idempotency-Key would have to swallow the lines that follow it; that takes a line feed, and none gets in.
    """
    request = stage.attacker.forge("POST", DEMOS, body=wanting(loot))
    joined = request.with_header("Idempotency-Key", f"a{feed}if-match:{feed}if-none-match:")
    answer = send(stage.port, joined)
    assert answer.code in {ReturnCode.SIGN_INVALID, ReturnCode.PARAM_ERROR}
    assert not stage.exists(loot)
