"""Options of `asuc validate`."""

from __future__ import annotations

from typing import Annotated

import typer

from asuc.cli.exposure_table import Source

PkModel = Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Pharmacokinetic model, with its values.")]
RiskModel = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE.toml", help="Event model. [default: niyigena_2026_asuc]", show_default=False),
]
RiskFrom = Annotated[
    Source,
    typer.Option("--from", help="Risks at the mode of each patient's exposure, or their mean over its posterior."),
]
PosteriorDraws = Annotated[
    int | None,
    typer.Option(
        min=2, max=1_000_000, help="Draws from each posterior that the mean risk is taken over. [default: 1000]"
    ),
]
AlsoLandmark = Annotated[
    float, typer.Option(metavar="DAY", help="Also evaluate those at risk after this day; 0 for all subjects alone.")
]
MarkerColumns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME:lower|NAME:higher",
        help="Column of EVENTS.csv to compare the risk with, and which values mean the event; may be repeated.",
    ),
]
MarkerThresholds = Annotated[
    list[str] | None, typer.Option(metavar="[NAME=]VALUE", help="Threshold of such a column; may be repeated.")
]
SubjectDraws = Annotated[int, typer.Option(metavar="N", min=2, max=100_000, help="Draws of subjects behind intervals.")]
