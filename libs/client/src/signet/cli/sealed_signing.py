"""Make a request that somebody else will send what the contract wants: sealed, or with its hash declared."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from signet.client import Client
from signet.contract import sealing_of, uploads_to
from signet.errors import ArgumentInvalid, SignetError, Unreachable
from signet.retries import SAFE_METHODS
from signet.signature import check_spelling

_DECLARED = "X-Content-SHA256"
_LONGEST_ARGUMENT = 100_000  # Linux takes 128 KiB in one argument.


@dataclass(frozen=True, slots=True)
class Draft:
    """A request before it is signed."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


class SealingUnknown(Unreachable):
    """Whether the request has to be sealed could not be found out, and sending a secret in the clear is no guess."""


def contract_for(client: Client, draft: Draft) -> object:
    """Return the gateway's contract, or None for reading, of which it wants nothing. Raises SealingUnknown."""
    check_spelling(draft.method, draft.target, draft.headers)
    if draft.method in SAFE_METHODS:
        return None
    try:
        return client.connection.contract()
    except SignetError as error:
        raise SealingUnknown(
            f"{error}; so nobody knows whether this must be sealed. --no-seal signs it as it is.",
            applied=False,
        ) from error


def declared(draft: Draft, contract: object) -> Draft:
    """Return an upload with the SHA-256 of its body declared, unless that was done; anything else as it is."""
    told = any(name.lower() == _DECLARED.lower() for name, _ in draft.headers)
    if told or not uploads_to(contract, draft.method, draft.target):
        return draft
    return replace(draft, headers=[*draft.headers, (_DECLARED, hashlib.sha256(draft.body).hexdigest())])


def wants_seal(client: Client, draft: Draft, contract: object) -> bool:
    """Say whether the contract wants a seal, and the gateway has a key for it."""
    return sealing_of(contract, draft.method, draft.target) == "required" and client.connection.sealer.possible()


def sealed_draft(client: Client, draft: Draft, *, timestamp: int, nonce: str) -> Draft:
    """Return the request sealed. Raises KeyNotTrusted, ArgumentInvalid."""
    check_spelling(draft.method, draft.target, draft.headers)
    credential = client.credential
    headers, body = client.connection.sealer.begin(nonce).cover(
        method=draft.method,
        target=draft.target,
        headers=httpx.Headers(draft.headers),
        body=draft.body,
        timestamp=timestamp,
        credential="" if credential is None else credential.identifier,
    )
    added = [(name, headers[name]) for name in ("X-Key", "X-Key-Id")]
    return Draft(draft.method, draft.target, [*draft.headers, *added], body)


def stored(body: bytes, file: Path | None) -> str | None:
    """Return what curl is told to send: the sealed body, or the file of the owner's alone that holds it now."""
    if not body:
        return None
    if file is None and len(body) > _LONGEST_ARGUMENT:
        raise ArgumentInvalid("The sealed body is too long for a line of the shell: give it a file with --body-file.")
    if file is None:
        return body.decode("ascii")
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(body)
    except OSError as error:
        raise ArgumentInvalid(f"{file} cannot be written: {error.strerror}.") from error
    return f"@{file}"
