"""What a job is given, as it is typed: `--arg days=30`, or all of it as JSON."""

import json
from typing import Annotated, Any

import typer

Args = Annotated[
    list[str] | None,
    typer.Option(
        "--arg", metavar="NAME=VALUE", help='A value is JSON (30, true, ["a"]) where it can be read as such, else text.'
    ),
]
ArgsJson = Annotated[str | None, typer.Option("--args-json", metavar="JSON", help="All of them, as one JSON object.")]


def arguments_of(args: list[str] | None, args_json: str | None) -> dict[str, Any] | None:
    """The arguments; None where nothing is said of them. Raises typer.BadParameter for what has no meaning."""
    if args and args_json is not None:
        raise typer.BadParameter("give --arg or --args-json")
    if args_json is not None:
        return _object(args_json)
    if not args:
        return None
    found: dict[str, Any] = {}
    for arg in args:
        name, equals, value = arg.partition("=")
        if not (name and equals):
            raise typer.BadParameter("--arg wants NAME=VALUE, as in --arg days=30")
        if name in found:
            raise typer.BadParameter(f"--arg {name} is given twice")
        found[name] = _value(value)
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        value = _read(text)
    except ValueError:
        raise typer.BadParameter("--args-json is no JSON") from None
    if not isinstance(value, dict):
        raise typer.BadParameter('--args-json wants an object, as in {"days": 30}')
    return value


def _value(text: str) -> Any:
    try:
        return _read(text)
    except ValueError:
        return text


def _read(text: str) -> Any:
    """JSON, without what Python takes for it beyond that, NaN and Infinity. Raises ValueError."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
