"""Options of `asuc exposure`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from asuc.cli.exposure_table import Source

Windows = Annotated[
    list[str] | None,
    typer.Option(metavar="FROM TO", help="Window of an area, in days; may be repeated. [default: 14 28]"),
]
Troughs = Annotated[
    list[str] | None,
    typer.Option(metavar="DAY|doses", help="Concentration on a day, or before each dose; may be repeated."),
]
Extremes = Annotated[
    bool, typer.Option("--extremes", help="Also the lowest and the highest concentration in each window.")
]
ExposureFrom = Annotated[
    Source, typer.Option("--from", help="Exposures at the mode alone (fast), or from the posterior too.")
]
PosteriorDraws = Annotated[int, typer.Option(min=0, max=1_000_000, help="Draws from the posterior of each subject.")]
DrawsAs = Annotated[Literal["csv", "parquet"], typer.Option(help="What the draws are written as.")]
HypotheticalRegimen = Annotated[
    str | None,
    typer.Option(metavar="label|FILE.csv", help="Hypothetical regimen in place of the doses given."),
]
EventsBeside = Annotated[
    str | None,
    typer.Option(metavar="EVENTS.csv", help="Event times, which are written with the exposures beside them."),
]
MarkedLandmark = Annotated[
    float | None, typer.Option(metavar="DAY", help="Mark who is free of the event and watched at this day.")
]
Comparators = Annotated[
    bool, typer.Option("--comparators", help="Also the clearances of Battat (a priori) and Li Wai Suen (day 7).")
]
