"""The command `signet`."""

import io
import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from signet.cli import access, accounts, audit, demos, files, jobs, keys, roles, schedules, sessions, sign, users
from signet.cli.exit_codes import EPILOG, ExitCode
from signet.cli.failures import ReportingGroup
from signet.cli.output import note
from signet.cli.profiles import ProfileStore
from signet.cli.state import State

app = typer.Typer(
    name="signet",
    cls=ReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Talk to a Signet gateway; every request is signed.",
)
app.command()(sessions.login)
app.command()(sessions.logout)
app.command()(sign.sign)
app.add_typer(demos.app, name="demos")
app.add_typer(files.app, name="files")
app.add_typer(jobs.app, name="jobs")
app.add_typer(schedules.app, name="schedules")
app.add_typer(audit.app, name="audit")
app.add_typer(users.app, name="users")
app.add_typer(roles.app, name="roles")
app.add_typer(keys.app, name="keys")
app.add_typer(sessions.app, name="sessions")
app.add_typer(access.app, name="access")
app.add_typer(accounts.password, name="password")
app.add_typer(accounts.email, name="email")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_of("signet"))
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    *,
    url: Annotated[str | None, typer.Option(help="The gateway; or SIGNET_URL.")] = None,
    profile: Annotated[str | None, typer.Option(help="The profile; or SIGNET_PROFILE.")] = None,
    first_run: Annotated[
        Path | None, typer.Option(envvar="SIGNET_FIRST_RUN", help="Act by a platform's first-run.json.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.", min=0.1, max=3600)] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Talk to a Signet gateway; every request is signed.

    Who signs: --first-run, --profile, SIGNET_FIRST_RUN, SIGNET_API_KEY with SIGNET_SECRET, or the profile of
    SIGNET_PROFILE ("default").
    """
    source = ctx.get_parameter_source("first_run")
    if profile and source is not None and source.name == "ENVIRONMENT":
        first_run = None
    ctx.obj = State(
        profiles=ProfileStore.of_this_user(),
        url=url,
        profile=profile,
        first_run=first_run,
        timeout=timeout,
        as_json=as_json,
    )


def main() -> None:
    """Run the command; a defect is reported in one line, because this is the process's outermost frame."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # A terminal without a letter must not hide an answer.
    try:
        app()
    except SystemExit as end:
        sys.exit(_written(end.code))
    except Exception as error:  # noqa: BLE001 - nothing lies further out
        note(f"signet: a defect of this program: {type(error).__name__}: {error}")
        sys.exit(ExitCode.DEFECT)


def _written(status: str | int | None) -> str | int | None:
    """Flush what was printed, and return the exit status: another where it could not all be written."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer goes nowhere, lest the interpreter complain of it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return ExitCode.READER_GONE
        note(f"signet: the output cannot be written: {error.strerror}")
        return ExitCode.NOT_WRITTEN
    return status
