"""`signet sign`: a signed request for curl, and the fifteen lines behind it."""

import shlex
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer

from signet.cli.output import note, print_json
from signet.cli.sealed_signing import Draft, contract_for, declared, sealed_draft, stored, wants_seal
from signet.cli.state import AsJson, state_of
from signet.errors import ArgumentInvalid
from signet.signature import Signature
from signet.signature import sign as sign_request
from signet_protocol.headers import new_nonce
from signet_protocol.signing import SIGNED_HEADERS, utc_day

_LABELS = (
    "algorithm",
    "X-Timestamp",
    "X-Nonce",
    "credential",
    "method",
    "request target",
    *SIGNED_HEADERS,
    "SHA-256 of the body",
)


def sign(
    ctx: typer.Context,
    *,
    method: Annotated[str, typer.Argument(help="GET, POST, …")],
    target: Annotated[str, typer.Argument(help="Path and query as they will be sent: /api/v1/demos?page=1")],
    data: Annotated[str | None, typer.Option(help="The body; @FILE takes a file's bytes.")] = None,
    header: Annotated[list[str] | None, typer.Option(help="'Name: value', may be repeated.")] = None,
    seal: Annotated[
        bool | None, typer.Option("--seal/--no-seal", help="Seal it; by default where the contract requires it.")
    ] = None,
    body_file: Annotated[
        Path | None, typer.Option(help="Write the sealed body there instead of into the line.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the fifteen lines that are signed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a request and print it as a curl line that can be run once, within five minutes.

    The SHA-256 of an upload is declared by itself, unless --no-seal signs without asking the gateway what it wants.
    The secret is never printed. With --explain, the lines come first, as comments of the shell. The answer to a sealed
    request is sealed, too, and the key to it is not kept: only its return code can be read.
    """
    state = state_of(ctx)
    identity = state.identity()
    draft = Draft(method.upper(), target, _headers(header or [], data), _body(data))
    timestamp, nonce = int(time.time()), new_nonce()
    sealed = None
    if seal is not False:
        with state.client() as client:
            contract = None if seal else contract_for(client, draft)
            draft = declared(draft, contract)
            if seal or wants_seal(client, draft, contract):
                sealed = sealed_draft(client, draft, timestamp=timestamp, nonce=nonce)
    if sealed is not None:
        draft, data = sealed, stored(sealed.body, body_file)
    signature = sign_request(
        identity.credential,
        method=draft.method,
        target=target,
        headers=draft.headers,
        body=draft.body,
        timestamp=timestamp,
        nonce=nonce,
    )
    sent = [*draft.headers, *signature.headers]
    curl = _curl(draft.method, str(httpx.URL(identity.url)).rstrip("/") + target, sent, data)
    if as_json:
        lines = {"string_to_sign": signature.text} if explain else {}
        print_json({"method": draft.method, "target": target, "headers": dict(sent), "curl": curl, **lines})
        return
    if explain:
        _explain(signature, utc_day(timestamp))
    typer.echo(curl)
    note("Sealed, and valid once, for five minutes." if sealed else "Valid once, for five minutes.")


def _headers(texts: list[str], data: str | None) -> list[tuple[str, str]]:
    headers = [_header(text) for text in texts]
    if data is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return headers


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name or name != name.strip() or not value.strip(" \t"):
        raise ArgumentInvalid(f"A header is given as 'Name: value', not as {text!r}.")
    return name, value.strip(" \t")


def _body(data: str | None) -> bytes:
    if data is None:
        return b""
    if not data.startswith("@"):
        return data.encode("utf-8", "surrogateescape")
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise ArgumentInvalid(f"{data[1:]} cannot be read: {error.strerror}.") from error


def _curl(method: str, url: str, headers: list[tuple[str, str]], data: str | None) -> str:
    """The line for a POSIX shell; curl is told to leave the target as it is, and to add no body of its own."""
    words = ["curl", "--silent", "--show-error", "--globoff", "--path-as-is"]
    words += ["--head"] if method == "HEAD" else ["-X", method]
    for name, value in headers:
        words += ["-H", f"{name}: {value}"]
    if data is not None:
        words += ["--data-binary" if data.startswith("@") else "--data-raw", data]
    return shlex.join([*words, url])


def _explain(signature: Signature, day: str) -> None:
    for number, (label, line) in enumerate(zip(_LABELS, signature.text.split("\n"), strict=True), start=1):
        typer.echo(f"# {number:2}  {label:<19}  {line}".rstrip())
    typer.echo(f'# key = HMAC-SHA256(key "SIGNET1" + secret, message "{day}"); X-Sign = HMAC-SHA256(key, these lines)')
