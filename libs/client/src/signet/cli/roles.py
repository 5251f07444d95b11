"""`signet roles`."""

from typing import Annotated

import typer

from signet.api.roles import Permission, Role
from signet.cli.options import IfMatch, Page, PerPage
from signet.cli.output import print_done, print_json, print_page, print_rows, print_table
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Manage roles.")

_COLUMNS = ["role_id", "role_name", "description", "permissions"]
_SCOPES = ("own", "any")

RoleId = Annotated[int, typer.Argument(help="The role_id.", min=0)]
Description = Annotated[str | None, typer.Option(help="What it is for.")]
Permissions = Annotated[
    list[str] | None,
    typer.Option(
        "--permission", help="resource:operation, with :own or :any behind it (own by itself); may be repeated."
    ),
]


@app.command("list")
def list_(ctx: typer.Context, *, page: Page = 1, per_page: PerPage = 20, as_json: AsJson = False) -> None:
    """List roles."""
    with state_of(ctx).client() as client:
        found = client.roles.list(page=page, per_page=per_page)
    if as_json:
        print_page("roles", found, _COLUMNS, as_json=True)
    else:
        print_rows(_COLUMNS, found, [_row(role) for role in found.items])


@app.command()
def get(ctx: typer.Context, *, role_id: RoleId, as_json: AsJson = False) -> None:
    """Show a role."""
    with state_of(ctx).client() as client:
        _show(client.roles.get(role_id), as_json=as_json)


@app.command()
def create(
    ctx: typer.Context,
    *,
    role_name: Annotated[str, typer.Argument(help="A name that no role has.")],
    permission: Permissions = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Create a role that holds no more than you do."""
    held = _permissions(permission or [])
    with state_of(ctx).client() as client:
        _show(client.roles.create(role_name, held, description=description), as_json=as_json)


@app.command()
def update(
    ctx: typer.Context,
    *,
    role_id: RoleId,
    permission: Permissions = None,
    description: Description = None,
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a role; permissions that are given take the place of those that it has."""
    if permission is None and description is None:
        raise typer.BadParameter("nothing to change: give --permission or --description")
    held = None if permission is None else _permissions(permission)
    with state_of(ctx).client() as client:
        role = client.roles.update(role_id, permissions=held, description=description, if_match=if_match)
    _show(role, as_json=as_json)


@app.command()
def delete(ctx: typer.Context, *, role_id: RoleId, if_match: IfMatch = None, as_json: AsJson = False) -> None:
    """Remove a role."""
    with state_of(ctx).client() as client:
        client.roles.delete(role_id, if_match=if_match)
    print_done(f"Role {role_id} is deleted.", {"role_id": role_id}, as_json=as_json)


def _permissions(texts: list[str]) -> list[Permission]:
    return [_permission(text) for text in texts]


def _permission(text: str) -> Permission:
    """`demo:query` (own) or `demo:query:any`."""
    name, _, scope = text.rpartition(":")
    if scope not in _SCOPES:
        name, scope = text, _SCOPES[0]
    if name.count(":") != 1:
        raise typer.BadParameter(f"{text!r} is not resource:operation, with :own or :any behind it")
    return Permission(name, scope)


def _show(role: Role, *, as_json: bool) -> None:
    if as_json:
        print_json(role)
    else:
        print_table(["field", "value"], zip([*_COLUMNS, "version"], [*_row(role), role.version], strict=True))


def _row(role: Role) -> list[object]:
    held = tuple(f"{permission.name}:{permission.scope}" for permission in role.permissions)
    return [role.role_id, role.role_name, role.description, held]
