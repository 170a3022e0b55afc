"""`asuc crohns`: pooled trials of Crohn's disease."""

from __future__ import annotations

import typer

from asuc.cli.crohns_fit import fit

crohns = typer.Typer(help="Pooled trials of Crohn's disease: one model for each class of drugs.", no_args_is_help=True)


@crohns.callback()
def commands() -> None:
    """Pooled trials of Crohn's disease: one model for each class of drugs. Research use only."""


crohns.command("fit", epilog="Example: asuc crohns fit participants.csv --config trials.toml --out crohns")(fit)
