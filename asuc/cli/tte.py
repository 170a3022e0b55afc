"""`asuc tte`: times to an event."""

from __future__ import annotations

import typer

from asuc.cli.tte_bootstrap import bootstrap
from asuc.cli.tte_compare import compare
from asuc.cli.tte_fit import fit
from asuc.cli.tte_joint import joint
from asuc.cli.tte_recalibrate import recalibrate
from asuc.cli.tte_scm import scm
from asuc.cli.tte_threshold import threshold
from asuc.cli.tte_vpc import vpc

tte = typer.Typer(help="Times to an event.", no_args_is_help=True)
tte.command("fit", epilog="Example: asuc tte fit events.csv --hazard weibull --covariate LOG_AUC_CL --out tte")(fit)
tte.command("compare", epilog="Example: asuc tte compare events.csv --covariate LOG_AUC_CL --out hazards")(compare)
tte.command(
    "joint",
    epilog="Example: asuc tte joint cohort.csv events.csv --model niyigena_2026_asuc --hazard weibull --plan label --out joint",
)(joint)
tte.command(
    "threshold", epilog="Example: asuc tte threshold events.csv --marker LOG_AUC_CL:lower --at 5.79 --out threshold"
)(threshold)
tte.command(
    "bootstrap", epilog="Example: asuc tte bootstrap events.csv --hazard weibull --covariate LOG_AUC_CL --out bootstrap"
)(bootstrap)
tte.command("vpc", epilog="Example: asuc tte vpc events.csv --fit tte --by LOG_AUC_CL --at 5.79 --out vpc")(vpc)
tte.command("scm", epilog="Example: asuc tte scm events.csv --hazard weibull --covariate LOG_AUC_CL --out search")(scm)
tte.command(
    "recalibrate",
    epilog="Example: asuc tte recalibrate exposure/events_with_exposure.csv --method intercept --id my_hospital_2027 --out recalibrated",
)(recalibrate)
