"""`signet files verify`, `keys` and `rotate-keys`: whether what is stored can be read, and under which keys it is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import typer

from signet.api.file_keys import Rotation
from signet.api.files import File, FileQuery, Files
from signet.cli.batches import Batch, called
from signet.cli.exit_codes import ExitCode
from signet.cli.options import FileIds
from signet.cli.output import note, print_json, print_table
from signet.cli.progress import Bar, bar
from signet.cli.state import PATIENCE, AsJson, state_of
from signet.errors import NotFound

_STATES = ("active", "deleted", "active")
"""The active ones twice: what was brought back in between was in neither list."""
_COLUMNS = ("file_id", "verdict", "size", "file_state", "file_name")


@dataclass(slots=True)
class _Found:
    """What re-reading has shown until now; `unfit` are those that do not hold what was stored."""

    verdicts: Counter[str] = field(default_factory=Counter)
    unfit: list[tuple[File, str]] = field(default_factory=list)


def verify(
    ctx: typer.Context,
    *,
    file_ids: FileIds = None,
    everything: Annotated[bool, typer.Option("--all", help="All files, as without any file_id.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have stored files re-read and decrypted, all of them or those given, and name each that is not what was stored.

    The platform reads, nothing is downloaded; deleted files are read, too. The exit status is 7 if a file is damaged,
    missing or beyond reading.
    """
    if file_ids and everything:
        raise typer.BadParameter("give file_ids, or --all")
    batch, found = Batch(as_json), _Found()
    with state_of(ctx).client(patience=PATIENCE) as client:
        files = client.files
        try:
            with bar(as_json=as_json) as shown:
                if file_ids:
                    batch.each(file_ids, "file {}".format, lambda one: _verify(files, files.get(one), found, shown))
                else:
                    batch.each(_all(files), called, lambda file: _verify_listed(files, file, found, shown))
        finally:
            _show(found, batch)
    if found.unfit:
        raise typer.Exit(ExitCode.DAMAGED)
    batch.end()


def keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the keys that the keys of files are wrapped under."""
    with state_of(ctx).client() as client:
        keyring = client.file_keys.list()
    if as_json:
        print_json(keyring)
        return
    columns = ("key_id", "standing", "data_keys", "superseded_at")
    print_table(columns, [[getattr(key, column) for column in columns] for key in keyring.keys])
    if keyring.rotating:
        note("A rotation is not finished: signet files rotate-keys")


def rotate_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring the keys of all files under a new key; files stay readable meanwhile, and none is rewritten.

    Broken off, it goes on where it was. The exit status is 7 if the key of a file does not open any more.
    """
    unreadable: set[int] = set()
    last: Rotation | None = None
    with state_of(ctx).client(patience=PATIENCE) as client:
        try:
            with bar(as_json=as_json, counts=True) as shown:
                shown.begin("keys")
                for last in client.file_keys.rotate():
                    unreadable.update(last.unreadable)
                    shown.move(last.done, last.total)
        finally:
            _show_rotation(last, sorted(unreadable), as_json=as_json)
    if unreadable:
        raise typer.Exit(ExitCode.DAMAGED)


def _all(files: Files) -> Iterator[File]:
    """Each one once, however it changes its state meanwhile."""
    seen: set[int] = set()
    for state in _STATES:
        for file in list(files.iterate(FileQuery(file_state=state))):
            if file.file_id not in seen:
                seen.add(file.file_id)
                yield file


def _verify_listed(files: Files, file: File, found: _Found, shown: Bar) -> None:
    """As `_verify`; what has been erased since it was listed is no loss."""
    try:
        _verify(files, file, found, shown)
    except NotFound:
        found.verdicts["erased meanwhile"] += 1


def _verify(files: Files, file: File, found: _Found, shown: Bar) -> None:
    shown.begin(called(file), file.size)
    verdict = "intact"
    for piece in files.verify(file.file_id):
        verdict = piece.verdict
        shown.move(piece.next_offset or file.size, file.size)
    found.verdicts[verdict] += 1
    if verdict != "intact":
        found.unfit.append((file, verdict))


def _show(found: _Found, batch: Batch) -> None:
    if batch.as_json:
        unfit = [{"verdict": verdict, "file": file} for file, verdict in found.unfit]
        print_json({"verdicts": found.verdicts, "unfit": unfit, "failed": batch.failed})
        return
    if found.unfit:
        rows = [(file.file_id, verdict, file.size, file.file_state, file.file_name) for file, verdict in found.unfit]
        print_table(_COLUMNS, rows)
    counts = [f"{count} {verdict}" for verdict, count in sorted(found.verdicts.items())]
    counts += [f"{len(batch.failed)} not verified"] if batch.failed else []
    note(", ".join(counts) or "nothing verified")


def _show_rotation(last: Rotation | None, unreadable: list[int], *, as_json: bool) -> None:
    if last is None:
        return
    if as_json:
        told = {"current": last.current, "done": last.done, "total": last.total, "finished": last.finished}
        print_json({**told, "unreadable": unreadable})
        return
    if last.finished:
        note(f"The keys of all files are under {last.current}{', but for some.' if unreadable else '.'}")
    else:
        note(f"{last.done} of {last.total}, and not finished. Run it again: it goes on where it stopped.")
    if unreadable:
        note(f"The keys of these blobs do not open: {', '.join(map(str, unreadable))}.")
        note("Which files are they? signet files verify")
