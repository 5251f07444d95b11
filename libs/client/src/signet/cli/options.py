"""Options that several commands share."""

from typing import Annotated

import typer

Page = Annotated[int, typer.Option(min=1)]
PerPage = Annotated[int, typer.Option(min=1, max=100)]
IfMatch = Annotated[
    int | None, typer.Option("--if-match", help="Only if this is still its version.", metavar="VERSION")
]
OfUser = Annotated[int | None, typer.Option("--user-id", help="Of this user; by default what you may see.", min=0)]
FileIds = Annotated[list[int] | None, typer.Argument(help="The file_ids.", min=0, metavar="[FILE_ID]")]
