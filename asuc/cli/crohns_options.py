"""Options that every command has which reads pooled trials of Crohn's disease."""

from __future__ import annotations

from typing import Annotated

import typer

ParticipantsFile = Annotated[
    str, typer.Argument(metavar="IPD.csv", help="One row for each participant of every trial (CSV or Parquet).")
]
Described = Annotated[
    str | None,
    typer.Option(metavar="FILE.toml", help="What its columns are; without it those of the published analysis."),
]
