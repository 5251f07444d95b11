"""Print answers: tables for people, JSON for machines, errors in one line.

What the platform answers was written by others: control characters never reach the terminal, and nothing is
read as markup.
"""

import dataclasses
import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from signet.cli.advice import advice
from signet.decoding import Page
from signet.errors import Refused, SignetError

_UNBOUNDED = 10_000
# Padding at the end of a line, before and after what rich writes to end a style.
_PADDING = re.compile(r" +((?:\x1b\[[0-9;]*m)*) *$", re.MULTILINE)


def print_json(value: object) -> None:
    """Print a value as JSON, in ASCII so that any terminal and any pipe takes it."""
    typewritten = json.dumps(value, indent=2, default=_jsonable)
    sys.stdout.write(f"{typewritten}\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, or say `none` on standard error; into a pipe, each row stays one line."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if not cells:
        note("none")
        return
    width = None if sys.stdout.isatty() else _UNBOUNDED
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*row)
    with console.capture() as printed:
        console.print(table)
    sys.stdout.write(_PADDING.sub(r"\1", printed.get()))


def print_fields(record: Any) -> None:
    """Print a dataclass, one field a line."""
    print_table(["field", "value"], fields_of(record).items())


def fields_of(record: Any) -> dict[str, Any]:
    """The fields of a dataclass, in their order; what they hold stays as it is."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def print_record(record: Any, *, as_json: bool) -> None:
    """Print a dataclass in the form that was asked for."""
    if as_json:
        print_json(record)
    else:
        print_fields(record)


def print_done(text: str, about: Mapping[str, object], *, as_json: bool) -> None:
    """Say that something without an answer is done: to people in words, to machines what it was about."""
    if as_json:
        print_json(about)
    else:
        note(text)


def print_page(
    plural: str, page: Page[Any], columns: Sequence[str], *, as_json: bool, without: Collection[str] = ()
) -> None:
    """Print one page of a list: the columns named, or as JSON everything but what no list answers, `without`."""
    if as_json:
        head = {"page": page.page, "per_page": page.per_page, "has_more": page.has_more}
        counted = {} if page.total is None else {"total": page.total}
        items = [{name: value for name, value in fields_of(item).items() if name not in without} for item in page.items]
        print_json({plural: items, **head, **counted})
        return
    print_rows(columns, page, [[getattr(item, column) for column in columns] for item in page.items])


def print_rows(columns: Sequence[str], page: Page[Any], rows: Iterable[Sequence[object]]) -> None:
    """Print one page of a list whose rows are given, and on standard error where it stands among the pages."""
    print_table(columns, rows)
    notes = [f"page {page.page}"] if page.has_more or page.page > 1 else []
    notes += [] if page.total is None else [f"{page.total} in all"]
    notes += ["more with --page"] if page.has_more else []
    if notes:
        note(", ".join(notes))


def note(text: str) -> None:
    """Say something beside the answer, on standard error."""
    sys.stderr.write(f"{plain(text)}\n")


def print_error(error: SignetError, *, as_json: bool, about: str = "") -> None:
    """Say what went wrong, on standard error; `about` says with which of many."""
    if as_json:
        code, said = (error.code, error.message) if isinstance(error, Refused) else (None, str(error))
        data, request_id = (error.data, error.request_id) if isinstance(error, Refused) else (None, "")
        fields = {"return_code": code, "return_msg": said, "data": data, "request_id": request_id}
        sys.stderr.write(json.dumps(fields | ({"about": about} if about else {})) + "\n")
        return
    note(f"signet: {about}: {error}" if about else f"signet: {error}")
    if isinstance(error, Refused):
        faults = [f"{fault.get('field', '')}: {fault.get('message', '')}" for fault in error.errors]
        for fault in faults:
            if fault != error.message:
                note(f"  {fault}")
        if error.request_id:
            note(f"  request {error.request_id}")
    if next_step := advice(error):
        note(f"  {next_step}")


def plain(value: object) -> str:
    """Return a value as text in which control characters are spelled out."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, tuple | list):
        return ", ".join(plain(item) for item in value)
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return fields_of(value)
