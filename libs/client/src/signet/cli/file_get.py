"""`signet files get`: from the platform into a folder of this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from signet.api.files import File, Files
from signet.cli.batches import Batch, called
from signet.cli.fetching import Fetcher
from signet.cli.local_names import LocalNames
from signet.cli.options import FileIds
from signet.cli.output import note, print_json, print_table
from signet.cli.part_files import NotWritten
from signet.cli.progress import bar
from signet.cli.state import PATIENCE, AsJson, state_of

HERE = Path()


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file that is whole on this machine; `fetched` unless it was there already."""

    file: File
    path: Path
    fetched: bool


def get(
    ctx: typer.Context,
    *,
    file_ids: FileIds = None,
    everything: Annotated[bool, typer.Option("--all", help="All active files that you may read.")] = False,
    into: Annotated[Path, typer.Option(help="The folder, made if need be.")] = HERE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to, name included; one file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what has the name already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Download files, each whole and proven by its SHA-256, or not at all.

    Until then what has come lies beside it as .part, and the same command goes on from there. A file that is there
    already with the same content is left as it is; another one is not replaced without --force. Names become safe:
    no paths, nothing hidden, and with the file_id in it where two files are called the same.
    """
    if bool(file_ids) == everything:
        raise typer.BadParameter("give file_ids, or --all")
    if output is not None and (len(file_ids or ()) != 1 or into != HERE):
        raise typer.BadParameter("--output is for one file, and not beside --into")
    batch, copies, names = Batch(as_json), list[_Copy](), LocalNames()
    with state_of(ctx).client(patience=PATIENCE) as client:
        try:
            with bar(as_json=as_json) as shown:
                fetcher = Fetcher(client.files, shown, force=force)
                _make(into)

                def bring(file: File) -> None:
                    path = output or into / names.give(file.file_name, file.file_id)
                    copies.append(_Copy(file, path, fetcher.fetch(file, path)))

                if everything:
                    batch.each(_all(client.files), called, bring)
                else:
                    batch.each(file_ids or (), "file {}".format, lambda one: bring(client.files.get(one)))
        except KeyboardInterrupt:
            note("Run it again: it goes on where it stopped.")
            raise
        finally:
            _show(copies, batch)
    batch.end()


def _all(files: Files) -> Iterator[File]:
    """All at once: while files are fetched the pages would move."""
    return iter({file.file_id: file for file in files.iterate()}.values())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritten(f"{folder} is no folder that can be written to: {error.strerror or error}.") from error


def _show(copies: list[_Copy], batch: Batch) -> None:
    if batch.as_json:
        files = [{"path": str(copy.path), "fetched": copy.fetched, "file": copy.file} for copy in copies]
        print_json({"files": files, "failed": batch.failed})
        return
    if copies:
        print_table(["file_id", "size", "path"], [(copy.file.file_id, copy.file.size, copy.path) for copy in copies])
    there = sum(not copy.fetched for copy in copies)
    counts = [f"{len(copies) - there} fetched"]
    counts += [f"{there} there already"] if there else []
    counts += [f"{len(batch.failed)} failed"] if batch.failed else []
    note(", ".join(counts))
