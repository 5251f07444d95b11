"""`signet access`."""

from typing import Annotated

import typer

from signet.cli.output import note, print_json, print_table
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Ask who may do what, and why.")


@app.callback()
def access() -> None:
    """Ask who may do what, and why."""


@app.command()
def explain(
    ctx: typer.Context,
    *,
    permission: Annotated[str, typer.Argument(help="resource:operation, such as demo:create.")],
    user_id: Annotated[int | None, typer.Option(help="Of this user; by default your own.", min=0)] = None,
    api_key_id: Annotated[int | None, typer.Option(help="Signing with this key of theirs.", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether somebody holds a permission, rule by rule."""
    with state_of(ctx).client() as client:
        explanation = client.access.explain(permission, user_id=user_id, api_key_id=api_key_id)
    if as_json:
        print_json(explanation)
        return
    print_table(["rule", "outcome", "detail"], [(step.rule, step.outcome, step.detail) for step in explanation.steps])
    note(f"Allowed, scope {explanation.scope}." if explanation.allowed else "Not allowed.")
