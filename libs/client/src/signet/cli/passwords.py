"""Ask for a secret: hidden at a terminal, one line of standard input otherwise, never an argument."""

import sys

import typer


def ask_password(prompt: str, *, confirm: bool = False) -> str:
    """Return the password. Ends the command with a usage error when none is given."""
    return _ask(prompt, "password", confirm=confirm)


def ask_token() -> str:
    """Return the token of a mail. Ends the command with a usage error when none is given."""
    return _ask("Token", "token", confirm=False).strip()


def ask_name(prompt: str, instead: str) -> str:
    """Return what is typed at a terminal; elsewhere ends with a usage error: that line of input may be a password."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"there is no terminal to ask at: give {instead}")
    answer: str = typer.prompt(prompt, err=True)
    return answer


def _ask(prompt: str, what: str, *, confirm: bool) -> str:
    if sys.stdin.isatty():
        secret: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise typer.BadParameter(f"no {what} on standard input")
    return secret
