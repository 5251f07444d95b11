"""`signet files put`: files of this machine, and whole folders of them."""

import hashlib
import os
import unicodedata
from dataclasses import dataclass, field
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from signet.api.files import File, FileQuery
from signet.cli.batches import Batch
from signet.cli.local_files import Source, Watch, opened, sources
from signet.cli.output import note, print_json, print_table
from signet.cli.progress import Bar, bar
from signet.cli.state import PATIENCE, AsJson, state_of
from signet.client import Client
from signet.errors import ArgumentInvalid, RequestInvalid, SignetError

_ANOTHER_NAME = "Rename it, or put it alone with another --name."


@dataclass(slots=True)
class _Sent:
    """What has become of the files until now."""

    stored: list[tuple[Path, File]] = field(default_factory=list)
    there: list[tuple[Path, File]] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)


def put(
    ctx: typer.Context,
    *,
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders with all that is in them.")],
    name: Annotated[str | None, typer.Option("--name", help="Another file_name, for one file.")] = None,
    skip_stored: Annotated[
        bool, typer.Option("--skip-stored", help="Pass over what you have stored already: same name, same content.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Upload files; what is stored is compared with what was sent, by its SHA-256.

    A file is called by the last part of its path: folders leave no trace, names need not be unique, and the answer says
    which file_id belongs to which path. Symbolic links inside a folder are passed over, and counted. One file that
    fails does not stop the others; the same command again sends all of them again, unless --skip-stored.
    """
    if name is not None and (len(paths) != 1 or paths[0].is_dir()):
        raise typer.BadParameter("--name is for one file")
    batch, sent = Batch(as_json), _Sent()
    with state_of(ctx).client(patience=PATIENCE) as client:
        try:
            with bar(as_json=as_json) as shown:
                sender = _Sender(client, shown, sent, skip_stored=skip_stored)
                found = chain.from_iterable(map(sources, paths))
                batch.each(found, lambda source: str(source.path), lambda source: sender.send(source, name))
        finally:
            _show(sent, batch)
    batch.end()


class _Sender:
    """Sends one file after the other."""

    def __init__(self, client: Client, shown: Bar, sent: _Sent, *, skip_stored: bool) -> None:
        self._client = client
        self._shown = shown
        self._sent = sent
        self._owner = client.users.me().user_id if skip_stored else None

    def send(self, source: Source, name: str | None) -> None:
        """Send one. Raises ArgumentInvalid for what cannot be sent as it stands, and what an upload raises."""
        if source.error is not None:
            raise source.error
        if source.link:
            self._sent.links.append(source.path)
            return
        name = name or source.path.name
        self._shown.begin(f"reading {name}")
        with opened(source) as file:
            there = self._stored(name, file)
            if there is not None:
                self._sent.there.append((source.path, there))
                return
            watch = Watch(file)
            stored = self._upload(name, file, watch)
            self._sent.stored.append((source.path, stored))
            if watch.changed:
                raise ArgumentInvalid(
                    f"It changed while it was sent: file {stored.file_id} holds what was read first. Put it again."
                )

    def _upload(self, name: str, file: BufferedReader, watch: Watch) -> File:
        try:
            return self._client.files.upload(
                file,
                file_name=_sendable(name),
                measured=lambda size, _: self._shown.begin(f"sending {name}", size),
                progress=self._shown.move,
            )
        except (ArgumentInvalid, RequestInvalid) as error:
            if watch.changed:
                raise ArgumentInvalid("It changed while it was sent, and nothing is stored. Put it again.") from error
            _explain_name(error)
            raise

    def _stored(self, name: str, file: BufferedReader) -> File | None:
        """The file of one's own that has this name and this content, if those are to be passed over."""
        if self._owner is None:
            return None
        size = os.fstat(file.fileno()).st_size
        stored_name = unicodedata.normalize("NFC", _sendable(name))
        which = FileQuery(file_name=stored_name, size_min=size, size_max=size, created_by=self._owner)
        alike = [found for found in self._client.files.iterate(which) if found.file_name == stored_name]
        if not alike:
            return None
        try:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
        except OSError as error:
            raise ArgumentInvalid(f"It cannot be read: {error.strerror or error}.") from error
        return next((found for found in alike if found.sha256 == sha256), None)


def _sendable(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        # Not chained: what cannot be encoded need not be quoted either.
        raise ArgumentInvalid(f"Its name is not UTF-8. {_ANOTHER_NAME}") from None
    return name


def _explain_name(error: SignetError) -> None:
    """Raise ArgumentInvalid with what is wrong with the name, if the platform has refused that."""
    faults = error.errors if isinstance(error, RequestInvalid) else []
    wrong = next((fault.get("message") for fault in faults if fault.get("field") == "file_name"), None)
    if wrong is not None:
        raise ArgumentInvalid(f"Its name {wrong}. {_ANOTHER_NAME}") from error


def _show(sent: _Sent, batch: Batch) -> None:
    if batch.as_json:
        print_json(
            {
                "files": [{"path": str(path), "file": file} for path, file in sent.stored],
                "stored_already": [{"path": str(path), "file": file} for path, file in sent.there],
                "links": [str(path) for path in sent.links],
                "failed": batch.failed,
            }
        )
        return
    if sent.stored:
        print_table(["file_id", "size", "path"], [(file.file_id, file.size, path) for path, file in sent.stored])
    counts = [f"{len(sent.stored)} stored"]
    counts += [f"{len(sent.there)} stored already"] if sent.there else []
    counts += [f"links passed over: {len(sent.links)}"] if sent.links else []
    counts += [f"{len(batch.failed)} failed"] if batch.failed else []
    note(", ".join(counts))
