"""Turn what went wrong into one line and an exit status: a traceback is no answer."""

from typing import Any

import typer
from typer.core import TyperGroup

from signet.cli.exit_codes import ExitCode, exit_code
from signet.cli.output import note, print_error
from signet.cli.state import State
from signet.errors import SignetError


class ReportingGroup(TyperGroup):
    """The root command: every error of the SDK ends here."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises typer.Exit with the status that the error stands for."""
        try:
            return super().invoke(ctx)
        except (typer.Abort, KeyboardInterrupt):
            note("Interrupted. A change that was on its way may have been made.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            raise typer.Exit(ExitCode.READER_GONE) from None
        except SignetError as error:
            state = ctx.find_object(State)
            print_error(error, as_json=state is not None and state.as_json)
            raise typer.Exit(exit_code(error)) from error
