"""`asuc tte`: times to an event."""

from __future__ import annotations

import typer

from asuc.cli.tte_compare import compare
from asuc.cli.tte_fit import fit
from asuc.cli.tte_joint import joint

tte = typer.Typer(help="Times to an event.", no_args_is_help=True)
tte.command("fit", epilog="Example: asuc tte fit events.csv --hazard weibull --covariate LOG_AUC_CL --out tte")(fit)
tte.command("compare", epilog="Example: asuc tte compare events.csv --covariate LOG_AUC_CL --out hazards")(compare)
tte.command(
    "joint",
    epilog="Example: asuc tte joint cohort.csv events.csv --model niyigena_2026_asuc --hazard weibull --plan label --out joint",
)(joint)
