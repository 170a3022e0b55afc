"""The steps from levels and event times to an event model: each is a command of its own, with a folder of its own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WINDOWS_DAY = ((14, 28), (0, 7), (0, 14), (28, 42))
"""Windows of the areas in the supplement of Niyigena 2026; the first is that of its model."""
LANDMARK_DAY = 28
EXPOSURE = "LOG_AUC_CL"
"""Column of ln(AUC/CL) of the first window."""
# What is compared: column, and which values mean the event. The last two are clearances that others proposed.
_MARKERS = (
    (EXPOSURE, "lower"),
    ("AUC", "lower"),
    *((f"{name}_{start}_{end}", "lower") for start, end in WINDOWS_DAY[1:] for name in (EXPOSURE, "AUC")),
    ("TROUGH_14", "lower"),
    ("CL", "higher"),
    ("CL_DAY7", "higher"),
    ("CL_A_PRIORI_BATTAT", "higher"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the way is gone with.

    Parameters
    ----------
    cohort, events : str
        Files of levels and of event times.
    model, event_model : str
        Names or files of the published models.
    planned : sequence of str
        Options of planned doses, as words.
    hazard : str
        Hazard of the fit.
    method : str
        How the event model is brought up to date.
    new_id : str
        Name of the new event model.
    seed : int
        Of draws.
    n : int or None
        Draws of subjects behind intervals; None for the number that each command has by itself.
    has_figures : bool
        Whether figures are drawn.
    """

    cohort: str
    events: str
    model: str
    event_model: str
    planned: Sequence[str]
    hazard: str
    method: str
    new_id: str
    seed: int
    n: int | None
    has_figures: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One command.

    Parameters
    ----------
    name : str
        Its folder.
    question : str
        What it answers.
    words : tuple of str
        What stands behind ``asuc``, without the folder.
    """

    name: str
    question: str
    words: tuple[str, ...]


def first_steps(asked: Asked, folder: Path) -> tuple[Step, ...]:
    """Return the steps from levels to exposures; ``folder`` is where their folders are."""
    model, plain = ("--model", asked.model), _figures(asked)
    windows = [word for start, end in WINDOWS_DAY for word in ("--window", str(start), str(end))]
    exposure = (
        *("exposure", asked.cohort, *model, "--fit", str(folder / "fit"), *windows, "--trough", "14"),
        *("--events", asked.events, *asked.planned, "--landmark", str(LANDMARK_DAY), "--comparators", *plain),
    )
    return (
        Step("fit", "Pharmacokinetics of these patients", ("fit", asked.cohort, *model, *plain)),
        Step("exposure", "Exposure of each patient", exposure),
    )


def later_steps(asked: Asked, folder: Path, markers: Sequence[str], *, threshold: float) -> tuple[Step, ...]:
    """Return the steps from exposures to an event model.

    Parameters
    ----------
    asked : Asked
        What is asked for.
    folder : Path
        Where their folders are.
    markers : sequence of str
        Options of the markers that are compared.
    threshold : float
        Exposure ln(AUC/CL) at which the published model parts high from low risk.
    """
    model, plain, effect = ("--model", asked.model), _figures(asked), ("--covariate", EXPOSURE)
    events, at = str(events_with_exposure(folder)), f"{EXPOSURE}={threshold:g}"
    seed, hazard = ("--seed", str(asked.seed)), ("--hazard", asked.hazard)
    published, reference = ("--event-model", asked.event_model), ("--reference", at)
    thresholds = (
        *("tte", "threshold", events, *markers, "--landmark", str(LANDMARK_DAY), "--at", at),
        *(*_draws(asked, "--n"), *seed, *plain),
    )
    joint = (
        *("tte", "joint", asked.cohort, asked.events, *model, "--fit", str(folder / "fit")),
        *(*hazard, *reference, *asked.planned, *plain),
    )
    # The app computes exposures with the published pharmacokinetics, and so does the validation; the fit of these
    # patients' own would put the new event model on another scale.
    as_in_app = str(events_with_exposure(folder / "validation"))
    updated = (
        *("tte", "recalibrate", as_in_app, *published, "--method", asked.method, *effect),
        *("--id", asked.new_id, *_draws(asked, "--n"), *seed, *plain),
    )
    return (
        Step("hazards", "Which hazard fits best", ("tte", "compare", events, *effect, *reference, *plain)),
        Step(
            "hazard",
            "Effect of the exposure on the hazard",
            ("tte", "fit", events, *hazard, *effect, *reference, *plain),
        ),
        Step("threshold", "Which marker parts high from low risk, and where", thresholds),
        Step("joint", "The same effect with the uncertainty of the exposures", joint),
        Step(
            "validation",
            "How well the published models predict these patients",
            (
                *("validate", asked.cohort, asked.events, *model, *published, *asked.planned),
                *(*_draws(asked, "--bootstrap"), *seed, *plain),
            ),
        ),
        Step("event_model", "The event model brought up to date", updated),
    )


def events_with_exposure(folder: Path) -> Path:
    """Return the file of event times with exposures beside them, of a folder that has one of exposures."""
    return folder / "exposure" / "events_with_exposure.csv"


def markers_of(path: Path) -> list[str]:
    """Return the options of the markers of which a file of event times has a value."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    known = {name for row in rows for name, text in row.items() if text}
    return [word for name, side in _MARKERS if name in known for word in ("--marker", f"{name}:{side}")]


def _figures(asked: Asked) -> tuple[str, ...]:
    return () if asked.has_figures else ("--no-figures",)


def _draws(asked: Asked, option: str) -> tuple[str, ...]:
    return () if asked.n is None else (option, str(asked.n))
