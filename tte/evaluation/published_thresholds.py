"""Thresholds of other studies, as data: published_thresholds.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tte.evaluation.roc import Direction

_FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class PublishedThreshold:
    """A threshold of a typical parameter of a published model.

    Parameters
    ----------
    marker : str
        What the marker is called.
    column : str
        Column of a file of event times that holds it already.
    model, parameter : str
        Model of the engine, and which of its typical parameters.
    covariates : tuple of str
        Covariates of the model that a subject needs.
    held : mapping of str to float
        Covariates that are held.
    value, unit : float and str
        Threshold.
    direction : "lower" or "higher"
        Which values mean the event.
    sensitivity_pct, specificity_pct, n_subjects : float, float and int
        What the study printed.
    citation, doi, note : str
        Where it comes from.
    """

    marker: str
    column: str
    model: str
    parameter: str
    covariates: tuple[str, ...]
    held: Mapping[str, float]
    value: float
    unit: str
    direction: Direction
    sensitivity_pct: float
    specificity_pct: float
    n_subjects: int
    citation: str
    doi: str
    note: str


@cache
def published_thresholds() -> tuple[PublishedThreshold, ...]:
    """Return all of them."""
    tables: list[dict[str, Any]] = tomllib.loads(_FILE.read_text("utf-8"))["threshold"]
    return tuple(PublishedThreshold(covariates=tuple(one.pop("covariates")), **one) for one in tables)
