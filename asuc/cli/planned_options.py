"""Options for doses that were planned and never given."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

PlannedFile = Annotated[
    str | None,
    typer.Option(metavar="PLANNED.csv", help="Doses that were planned for after the event: ID TIME AMT [DUR|RATE]."),
]
Plan = Annotated[
    Literal["label"] | None,
    typer.Option(help="What was planned for after the event, where there is no file: 5 mg/kg on days 0, 14 and 42."),
]
