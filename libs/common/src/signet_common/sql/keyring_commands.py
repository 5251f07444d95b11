"""The `keyring` verbs of the command line of every service that keeps secrets at rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from signet_common.keyring.document import create_keyring, only_writer
from signet_common.keyring.rotation import KeyringState, Progress, Rotation
from signet_common.sql.one_line import one_line


def keyring_commands(
    service: str, keyring: Callable[[], Path], rotation: Callable[[str], Rotation], *refusals: type[Exception]
) -> typer.Typer:
    """`create`, `rotate`, `retire` and `list` for one service's keyring.

    `keyring` finds the file, `rotation` wires what runs in the name of a verb, and `refusals` are what that may raise
    beside errors of files, keyrings and databases.
    """
    commands = typer.Typer(help="The keyring that secrets at rest lie under.", no_args_is_help=True)
    setting = f"{service.upper()}_KEYRING"

    def tell(progress: Progress) -> None:
        typer.echo(f"{service}: {progress.table}: {progress.done} of {progress.total}")
        for row_id in progress.unreadable:
            typer.echo(f"{service}: {progress.table} {row_id} does not decrypt and is left as it is", err=True)

    @commands.command()
    def create(
        out: Annotated[Path | None, typer.Option(help=f"The file to write; {setting} without it.")] = None,
    ) -> None:
        """Create a keyring, mode 0600. An existing file is never overwritten: what lies under it would be lost."""
        path = out or keyring()
        with one_line(service, *refusals):
            create_keyring(path)
        typer.echo(f"{service}: created keyring {path}")

    @commands.command()
    def rotate() -> None:
        """Add a key and bring every secret under it, while the service runs; or finish an interrupted rotation."""
        path = keyring()
        with one_line(service, *refusals), only_writer(path):
            state = rotation("keyring rotate").rotate(tell)
        typer.echo(f"{service}: every readable secret lies under {state.current}")

    @commands.command()
    def retire(key_id: Annotated[str, typer.Argument(help="A key that `keyring list` shows as superseded.")]) -> None:
        """Forget a superseded key. Backups of the database from its time need it: keep the keyring's backup too."""
        path = keyring()
        with one_line(service, *refusals), only_writer(path):
            rotation("keyring retire").retire(key_id, tell)
        typer.echo(f"{service}: forgot {key_id}")

    @commands.command("list")
    def list_keys() -> None:
        """Show the keys, never their bytes, and how many secrets lie under each."""
        with one_line(service, *refusals):
            state, usage = rotation("keyring list").look()
        for key_id in sorted({state.current, *state.superseded, *usage}):
            typer.echo(f"{key_id or '(none)'}  {usage.get(key_id, 0)} secrets  {_standing(key_id, state)}")

    return commands


def _standing(key_id: str, state: KeyringState) -> str:
    if key_id == state.current:
        return "current, rotation not over" if state.rotating else "current"
    if key_id in state.superseded:
        return f"superseded {state.superseded[key_id]:%Y-%m-%d %H:%M:%S} UTC"
    return "MISSING: these secrets cannot be read"
