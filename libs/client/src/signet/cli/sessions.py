"""`signet login`, `signet logout` and `signet sessions`."""

from typing import Annotated

import typer

from signet.cli.options import OfUser, Page, PerPage
from signet.cli.output import note, print_done, print_json, print_page
from signet.cli.passwords import ask_name, ask_password
from signet.cli.profiles import Profile
from signet.cli.state import AsJson, state_of
from signet.credentials import TokenCredential
from signet.errors import AuthenticationFailed

app = typer.Typer(no_args_is_help=True, help="List and end sessions.")

_COLUMNS = ["session_id", "user_id", "created_at", "last_used_at", "expires_at", "client_ip"]


@app.command("list")
def list_(
    ctx: typer.Context, *, user_id: OfUser = None, page: Page = 1, per_page: PerPage = 20, as_json: AsJson = False
) -> None:
    """List open sessions."""
    with state_of(ctx).client() as client:
        found = client.sessions.list(user_id=user_id, page=page, per_page=per_page)
    print_page("sessions", found, _COLUMNS, as_json=as_json)


@app.command()
def end(
    ctx: typer.Context,
    *,
    session_id: Annotated[int, typer.Argument(help="The session_id.", min=0)],
    as_json: AsJson = False,
) -> None:
    """End one session."""
    with state_of(ctx).client() as client:
        client.sessions.end(session_id)
    print_done(f"Session {session_id} is over.", {"session_id": session_id}, as_json=as_json)


@app.command("end-all")
def end_all(
    ctx: typer.Context,
    *,
    user_id: Annotated[int | None, typer.Option(help="Of this user; by default your own.", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """End every session of a user, this one too."""
    with state_of(ctx).client() as client:
        client.sessions.end_all(user_id=user_id)
    print_done("The sessions are over.", {"user_id": user_id}, as_json=as_json)


def login(
    ctx: typer.Context,
    *,
    login: Annotated[str | None, typer.Argument(help="User name, e-mail address or phone number.")] = None,
    user: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sign in and keep the session in the profile; the password is asked for, or read from standard input.

    With --first-run, the administrator of that file signs in, and is not asked for a password. The gateway is the one
    of the profile where none is named.
    """
    if login and user and login != user:
        raise typer.BadParameter(f"two users to sign in: {login} and {user}")
    user = login or user
    state = state_of(ctx)
    first_run = state.first_run_file()
    kept = state.profiles.load(state.profile_name)
    known = first_run.url if first_run else kept.url if kept else None
    url = state.gateway_url() or known or ask_name("Gateway URL", "--url")
    if first_run and user in {None, first_run.user_name}:
        name, password = first_run.user_name, first_run.password
    else:
        name = user or ask_name("User", "the user")
        password = ask_password("Password")
    with state.client_for(url, None) as client:
        session = client.sessions.create(name, password)
    path = state.profiles.save(state.profile_name, Profile(url, session.credential, name))
    if as_json:
        print_json({"url": url, "user_id": session.user_id, "expires_at": session.expires_at, "profile": str(path)})
    else:
        note(f"Signed in as {name} until {session.expires_at:%Y-%m-%d %H:%M:%SZ}; kept in {path}")


def logout(ctx: typer.Context) -> None:
    """End the kept session, and forget the profile."""
    state = state_of(ctx)
    kept = state.profiles.load(state.profile_name)
    if kept is None:
        note(f"There is no profile {state.profile_name!r}.")
        return
    if isinstance(kept.credential, TokenCredential):
        with state.client_for(state.gateway_url() or kept.url, kept.credential) as client:
            try:
                client.sessions.end_current()
            except AuthenticationFailed:
                note("The session was over already.")
    state.profiles.remove(state.profile_name)
    note("Signed out.")
