"""The command line: what each command is called; the commands themselves import what they need when they run."""

from __future__ import annotations

import typer
from typer.exceptions import TyperException

from asuc.cli.app import app as app_command
from asuc.cli.forecast import forecast as forecast_command
from asuc.cli.models import models as models_command
from asuc.cli.optimize import optimize as optimize_command
from pkpd.errors import InputError

EXIT_DONE, EXIT_INTERNAL, EXIT_BAD_INPUT = 0, 1, 2

commands = typer.Typer(
    name="asuc",
    help="Infliximab in acute severe ulcerative colitis: exposure, risk of colectomy and regimens. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.command("app")(app_command)
commands.command("forecast")(forecast_command)
commands.command("optimize")(optimize_command)
commands.command("models")(models_command)


def run(arguments: list[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str
        What stands behind ``asuc``.

    Returns
    -------
    int
        0 where the command did its work, 2 where the input is wrong (each problem is one line on standard error), 1
        where the program itself failed or was interrupted.
    """
    try:
        result = commands(arguments, standalone_mode=False)
    except InputError as error:
        for problem in error.problems:
            typer.echo(f"{problem}", err=True)
        return EXIT_BAD_INPUT
    except TyperException as error:
        if message := error.format_message():
            typer.echo(f"asuc: {message.rstrip('.')}. Try `asuc --help`.", err=True)
        return EXIT_BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("asuc: interrupted.", err=True)
        return EXIT_INTERNAL
    except BrokenPipeError:
        return EXIT_DONE
    except Exception as error:  # noqa: BLE001 - the last wall: a user never sees a traceback
        typer.echo(f"asuc: internal error, please report it: {type(error).__name__}: {error}", err=True)
        return EXIT_INTERNAL
    return int(result or EXIT_DONE)
