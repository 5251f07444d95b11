"""How far it has come: a bar on standard error, for people at a terminal, and nothing for anybody else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column

from signet.cli.output import plain


class Bar:
    """One bar, which shows one thing after the other."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, text: str, total: int | None = None) -> None:
        """Show another thing, of which nothing is done; without `total` nobody knows how much it is."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(plain(text), total=total)

    def move(self, done: int, total: int | None = None) -> None:
        """Show how much is done now, and, if it is known, of how much."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)


@contextmanager
def bar(*, as_json: bool, counts: bool = False) -> Iterator[Bar]:
    """Show a bar, of bytes unless it `counts` things, for as long as the `with` lasts; then no trace of it is left."""
    label = TextColumn("{task.description}", markup=False, table_column=Column(ratio=2, no_wrap=True))
    amount: tuple[ProgressColumn, ...] = (
        (MofNCompleteColumn(),) if counts else (DownloadColumn(), TransferSpeedColumn())
    )
    shown = sys.stderr.isatty() and not as_json
    console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
    columns = (label, BarColumn(bar_width=None, table_column=Column(ratio=1)), *amount, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, expand=True, disable=not shown) as progress:
        yield Bar(progress)
