"""Ask for a password: hidden at a terminal, one line of standard input otherwise, never an argument."""

import sys

import typer


def ask_password(prompt: str, *, confirm: bool = False) -> str:
    """Return the password. Ends the command with a usage error when none is given."""
    if sys.stdin.isatty():
        password: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise typer.BadParameter("no password on standard input")
    return password
