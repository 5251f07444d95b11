"""`signet-identity keyring …`: the keyring that secrets at rest lie under."""

from pathlib import Path
from typing import Annotated

import typer

from signet_common.keyring.document import create_keyring, only_writer
from signet_common.keyring.rotation import Progress
from signet_common.settings import load_or_exit
from signet_identity.bootstrap.commands import deployment, keyring_rotation
from signet_identity.entrypoints.one_line import refusals_in_one_line
from signet_identity.settings import Settings

app = typer.Typer(help="The keyring that secrets at rest lie under.", no_args_is_help=True)


@app.command()
def create(
    out: Annotated[Path | None, typer.Option(help="The file to write; IDENTITY_KEYRING without it.")] = None,
) -> None:
    """Create a keyring, mode 0600. An existing file is never overwritten: what lies under it would be lost."""
    path = out or load_or_exit(Settings).keyring
    with refusals_in_one_line():
        create_keyring(path)
    typer.echo(f"identity: created keyring {path}")


@app.command()
def rotate() -> None:
    """Add a key and bring every secret under it, while the service runs; or finish a rotation that was interrupted."""
    settings = load_or_exit(Settings)
    with refusals_in_one_line(), only_writer(settings.keyring):
        state = keyring_rotation(settings).rotate(deployment("keyring rotate"), _tell)
    typer.echo(f"identity: every readable secret lies under {state.current}")


@app.command()
def retire(key_id: Annotated[str, typer.Argument(help="A key that `keyring list` shows as superseded.")]) -> None:
    """Forget a superseded key. Backups of the database from its time need it: keep the keyring's backup with them."""
    settings = load_or_exit(Settings)
    with refusals_in_one_line(), only_writer(settings.keyring):
        keyring_rotation(settings).retire(deployment("keyring retire"), key_id, _tell)
    typer.echo(f"identity: forgot {key_id}")


@app.command("list")
def list_keys() -> None:
    """Show the keys, never their bytes, and how many secrets lie under each."""
    settings = load_or_exit(Settings)
    with refusals_in_one_line():
        state, usage = keyring_rotation(settings).look()
    for key_id in sorted({state.current, *state.superseded, *usage}):
        if key_id == state.current:
            standing = "current, rotation not over" if state.rotating else "current"
        elif key_id in state.superseded:
            standing = f"superseded {state.superseded[key_id]:%Y-%m-%d %H:%M:%S} UTC"
        else:
            standing = "MISSING: these secrets cannot be read"
        typer.echo(f"{key_id or '(none)'}  {usage.get(key_id, 0)} secrets  {standing}")


def _tell(progress: Progress) -> None:
    typer.echo(f"identity: {progress.table}: {progress.done} of {progress.total}")
    for row_id in progress.unreadable:
        typer.echo(f"identity: {progress.table} {row_id} does not decrypt and is left as it is", err=True)
