"""The command line: what each command is called; the commands themselves import what they need when they run."""

from __future__ import annotations

import errno
import sys

import typer
from typer.exceptions import TyperException

from asuc.cli.app import app as app_command
from asuc.cli.bootstrap import bootstrap as bootstrap_command
from asuc.cli.cohort import cohort as cohort_commands
from asuc.cli.crohns import crohns as crohns_commands
from asuc.cli.data import data as data_commands
from asuc.cli.exposure import exposure as exposure_command
from asuc.cli.exposure_windows import WithWindows
from asuc.cli.fit import fit as fit_command
from asuc.cli.forecast import forecast as forecast_command
from asuc.cli.influence import influence as influence_command
from asuc.cli.models import models as models_command
from asuc.cli.nonmem import nonmem as nonmem_commands
from asuc.cli.optimize import optimize as optimize_command
from asuc.cli.output import OutputError, abandon, check_output, flush_output
from asuc.cli.output import report as print_error
from asuc.cli.performance import performance as performance_command
from asuc.cli.pipeline import pipeline as pipeline_command
from asuc.cli.profile import profile as profile_command
from asuc.cli.qualify import qualify as qualify_command
from asuc.cli.report import report as report_command
from asuc.cli.scm import scm as scm_command
from asuc.cli.simulate import simulate as simulate_command
from asuc.cli.sir import sir as sir_command
from asuc.cli.tte import tte as tte_commands
from asuc.cli.validate import validate as validate_command
from asuc.cli.vpc import vpc as vpc_command
from pkpd.errors import InputError

EXIT_DONE, EXIT_INTERNAL, EXIT_BAD_INPUT = 0, 1, 2
_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO})

commands = typer.Typer(
    name="asuc",
    help="Infliximab in acute severe ulcerative colitis: exposure, risk of colectomy and regimens. Research use only.",
    epilog="Example: asuc forecast dosing_app/examples/typical.json. A patient case: docs/how-to/patient-case.md",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.command("app", epilog="Example: asuc app case.json --port 8060")(app_command)
commands.command("forecast", epilog="Example: asuc forecast case.json --json > forecast.json")(forecast_command)
commands.command("optimize", epilog="Example: asuc optimize case.json")(optimize_command)
commands.command("report", epilog="Example: asuc report case.json --out report.pdf")(report_command)
commands.command("models", epilog="Example: asuc models niyigena_2026_asuc")(models_command)
commands.command("fit", epilog="Example: asuc fit cohort.csv --model niyigena_2026_asuc --out fit")(fit_command)
commands.command(
    "bootstrap", epilog="Example: asuc bootstrap cohort.csv --model niyigena_2026_asuc --n 1000 --out boot"
)(bootstrap_command)
commands.command("profile", epilog="Example: asuc profile cohort.csv --model niyigena_2026_asuc --out profile")(
    profile_command
)
commands.command("sir", epilog="Example: asuc sir cohort.csv --model niyigena_2026_asuc --out sir")(sir_command)
commands.command(
    "exposure",
    cls=WithWindows,
    epilog="Example: asuc exposure cohort.csv --model niyigena_2026_asuc --window 14 28 --window 0 7 --out exposure",
)(exposure_command)
commands.command("simulate", epilog="Example: asuc simulate cohort.csv --model niyigena_2026_asuc --n 10 --out drawn")(
    simulate_command
)
commands.command("vpc", epilog="Example: asuc vpc cohort.csv --model niyigena_2026_asuc --fit fit --out vpc")(
    vpc_command
)
commands.command("influence", epilog="Example: asuc influence cohort.csv --model niyigena_2026_asuc --out influence")(
    influence_command
)
commands.command(
    "performance", epilog="Example: asuc performance new.csv --model niyigena_2026_asuc --fit fit --out performance"
)(performance_command)
commands.command(
    "scm",
    epilog="Example: asuc scm cohort.csv --model niyigena_2026_asuc --covariate weight_kg --covariate crp_mg_per_L --out scm",
)(scm_command)
commands.command(
    "pipeline", epilog="Example: asuc pipeline cohort.csv events.csv --planned planned.csv --out study --app"
)(pipeline_command)
commands.command(
    "validate", epilog="Example: asuc validate cohort.csv events.csv --planned planned.csv --out validation"
)(validate_command)
commands.command("qualify", epilog="Example: asuc qualify --out qualification")(qualify_command)
commands.add_typer(data_commands, name="data")
commands.add_typer(cohort_commands, name="cohort")
commands.add_typer(tte_commands, name="tte")
commands.add_typer(nonmem_commands, name="nonmem")
commands.add_typer(crohns_commands, name="crohns")


def run(arguments: list[str]) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str
        What stands behind ``asuc``.

    Returns
    -------
    int
        0 where the command did its work or its reader left early, 2 where the input is wrong (each problem is one line
        on standard error), 1 where standard output or a file cannot be written, the program itself failed or was interrupted.
    """
    try:
        return _obey(arguments)
    except InputError as error:
        for problem in error.problems:
            print_error(f"{problem}")
        return EXIT_BAD_INPUT
    except TyperException as error:
        if message := error.format_message():
            print_error(_usage_problem(" ".join(message.split()), getattr(error, "ctx", None)))
        return EXIT_BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        print_error("asuc: interrupted.")
        return EXIT_INTERNAL
    except BrokenPipeError:
        abandon(sys.stdout)
        return EXIT_DONE
    except OutputError as error:
        abandon(sys.stdout)
        print_error(f"asuc: standard output cannot be written: {error}.")
        return EXIT_INTERNAL
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            print_error(_internal(error))
            return EXIT_INTERNAL
        where = f"{error.filename}" if error.filename else "the results"
        print_error(f"asuc: {where} cannot be written: {error.strerror}. What was written before is left as it is.")
        return EXIT_INTERNAL
    except Exception as error:  # noqa: BLE001 - the last wall: a user never sees a traceback
        print_error(_internal(error))
        return EXIT_INTERNAL


def _internal(error: Exception) -> str:
    return f"asuc: internal error, please report it: {type(error).__name__}: {error}"


_INTERRUPTED = 130  # what Typer makes of Ctrl-C


def _obey(arguments: list[str]) -> int:
    check_output()
    try:
        result = commands(arguments, prog_name="asuc", standalone_mode=False)
    except OSError:
        flush_output()  # says so where the help, which Typer writes itself, cannot be written
        raise
    if result == _INTERRUPTED:
        raise KeyboardInterrupt
    flush_output()
    return int(result or EXIT_DONE)


def _usage_problem(message: str, context: typer.Context | None) -> str:
    """Return what is wrong with the words behind ``asuc``, and which help lists the right ones."""
    plain = message.replace("Value error, ", "")  # how Pydantic, which Typer asks, begins
    sentence = plain if plain.endswith(("?", ".")) else f"{plain}."
    return f"asuc: {sentence} Try `{context.command_path if context else 'asuc'} --help`."
