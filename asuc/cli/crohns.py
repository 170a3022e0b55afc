"""`asuc crohns`: pooled trials of Crohn's disease."""

from __future__ import annotations

import typer

from asuc.cli.crohns_bootstrap import bootstrap
from asuc.cli.crohns_fit import fit
from asuc.cli.crohns_omop import omop
from asuc.cli.crohns_recommend import recommend
from asuc.cli.crohns_subgroups import subgroups

crohns = typer.Typer(help="Pooled trials of Crohn's disease: one model for each class of drugs.", no_args_is_help=True)

crohns.command("fit", epilog="Example: asuc crohns fit participants.csv --config trials.toml --out crohns")(fit)
crohns.command("recommend", epilog="Example: asuc crohns recommend case.json --uncertainty coherent")(recommend)
crohns.command("omop", epilog="Example: asuc crohns omop --url cdm.sqlite --person 1 --index-date 2024-06-30")(omop)
crohns.command("bootstrap", epilog="Example: asuc crohns bootstrap participants.csv --effects held --out crohns")(
    bootstrap
)
crohns.command("subgroups", epilog="Example: asuc crohns subgroups patients.csv --uncertainty paper --out subgroups")(
    subgroups
)
