"""Options of `asuc tte recalibrate`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Method = Annotated[
    Literal["intercept", "slope", "refit", "bayes"],
    typer.Option(
        help="What is estimated anew: the baseline; baseline and effect; all three parameters; all three with the old model as prior."
    ),
]
OldModel = Annotated[
    str,
    typer.Option("--event-model", "--model", metavar="NAME|FILE.toml", help="Event model that is brought up to date."),
]
ExposureColumn = Annotated[str, typer.Option(metavar="COLUMN", help="Column with ln(AUC/CL).")]
NewName = Annotated[
    str | None,
    typer.Option("--id", metavar="NAME", help="Name of the new model; old name and method where left out."),
]
NewVersion = Annotated[str, typer.Option("--model-version", help="Version of the new model.")]
Population = Annotated[str, typer.Option(help="Whom the patients are, in words, for the model card.")]
Penalised = Annotated[
    bool,
    typer.Option("--penalize", help="Penalise the likelihood (Firth, Jeffreys): finite where it has no maximum."),
]
PriorWeight = Annotated[
    float, typer.Option(help="With bayes: power of the prior, above 0; 1 takes the old model at its word.")
]
ShapeSd = Annotated[
    float | None,
    typer.Option(help="With bayes: prior standard deviation of ln shape; what the file says of it where left out."),
]
NewThreshold = Annotated[
    Literal["auto", "data", "old"],
    typer.Option(
        help="Maximum Youden J where there are ten events and ten without; wherever it is of use; the old one."
    ),
]
Level = Annotated[float, typer.Option(help="Probability of the intervals, above 0.5 and below 1.")]
PatientDraws = Annotated[
    int,
    typer.Option("--n", min=2, max=100_000, help="Draws of patients behind optimism and the threshold's interval."),
]
