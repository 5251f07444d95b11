"""Seal a request that somebody else will send."""

import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from signet.client import Client
from signet.contract import sealing_of
from signet.errors import ArgumentInvalid, SignetError, Unreachable
from signet.retries import SAFE_METHODS
from signet.signature import check_spelling

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


def sealed_draft(client: Client, draft: Draft, *, timestamp: int, nonce: str, demanded: bool) -> Draft | None:
    """Return the request sealed, or None where nobody demands it: neither the caller nor the gateway's contract.

    Raises KeyNotTrusted, ArgumentInvalid, SealingUnknown.
    """
    check_spelling(draft.method, draft.target, draft.headers)
    if not (demanded or _required(client, draft)):
        return None
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


def _required(client: Client, draft: Draft) -> bool:
    """Whether the contract wants a seal, and the gateway has a key for it; reading is never asked for one."""
    if draft.method in SAFE_METHODS:
        return False
    try:
        document = client.connection.contract()
    except SignetError as error:
        raise SealingUnknown(
            f"{error}; so nobody knows whether this must be sealed. --no-seal signs it as it is.",
            applied=False,
        ) from error
    return sealing_of(document, draft.method, draft.target) == "required" and client.connection.sealer.possible()
