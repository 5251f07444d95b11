"""`signet sign`: a signed request for curl, and the fifteen lines behind it."""

import shlex
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer

from signet.cli.output import note, print_json
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
    explain: Annotated[bool, typer.Option("--explain", help="Show the fifteen lines that are signed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a request and print it as a curl line that can be run once, within five minutes.

    The secret is never printed. With --explain, the lines come first, as comments of the shell.
    """
    identity = state_of(ctx).identity()
    verb = method.upper()
    headers = [_header(text) for text in header or []]
    body = _body(data)
    if data is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    timestamp = int(time.time())
    signature = sign_request(
        identity.credential,
        method=verb,
        target=target,
        headers=headers,
        body=body,
        timestamp=timestamp,
        nonce=new_nonce(),
    )
    sent = [*headers, *signature.headers]
    curl = _curl(verb, str(httpx.URL(identity.url)).rstrip("/") + target, sent, data)
    if as_json:
        lines = {"string_to_sign": signature.text} if explain else {}
        print_json({"method": verb, "target": target, "headers": dict(sent), "curl": curl, **lines})
        return
    if explain:
        _explain(signature, utc_day(timestamp))
    typer.echo(curl)
    note("Valid once, for five minutes.")


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
