"""Options of the commands on event times, and how they read their data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.fit_options import pairs
from asuc.cli.output import report
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tte.data.events import Events, Landmark
    from tte.estimation.model import EventTimeModel

HazardName = Literal["exponential", "weibull", "gompertz", "loglogistic", "lognormal", "surge"]
EventsFile = Annotated[
    str,
    typer.Argument(
        metavar="EVENTS.csv",
        help="Event times (CSV or Parquet): ID TIME EVENT [ENTRY] [TIME2], or ID START STOP EVENT, and covariates.",
    ),
]
Covariates = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[PARAMETER:]NAME", help="Covariate on the hazard, or on a parameter by name; may be repeated."
    ),
]
References = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Value of a covariate at which the parameters hold; 0 otherwise."),
]
ModelFile = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE.toml", help="Event model, or model.toml of a fit, instead of a hazard."),
]
LandmarkDay = Annotated[
    float | None,
    typer.Option(
        metavar="DAY",
        help="Only those who are free of the event and watched after this day; all, and those at day 28 beside, without it.",
    ),
]


@dataclass(frozen=True, slots=True)
class TteInputs:
    """What is to be fitted.

    Parameters
    ----------
    events : Events
        The data, of those at the landmark where one is given.
    landmark : Landmark or None
        The landmark.
    data_sha256 : str
        Hash of the file.
    """

    events: Events
    landmark: Landmark | None
    data_sha256: str


def read_event_times(
    path: str,
    covariates: Sequence[str],
    landmark_day: float | None,
    *,
    is_estimated: bool = True,
    needs_event: bool = True,
) -> TteInputs:
    """Read event times, and say on standard error what a reader should know.

    Raises
    ------
    InputError
        With every problem of the file; a wrong file never produces a fit.
    """
    from tte.data.events import landmark  # noqa: PLC0415 - the engine loads after the words are read
    from tte.data.events_file import read_events  # noqa: PLC0415

    reading = read_events(path, covariates, is_estimated=is_estimated, needs_event=needs_event)
    events = reading.checked()
    for note in reading.notes:
        report(f"{path}: {note}")
    if landmark_day is None:
        return TteInputs(events, None, reading.table.sha256)
    found = landmark(events, landmark_day)
    report(f"{path}: {found.sentence()}")
    return TteInputs(found.events, found, reading.table.sha256)


def read_event_time_model(
    hazard: str | None,
    file: str | None,
    *,
    covariates: Sequence[str] | None,
    references: Sequence[str] | None,
    initial: Sequence[str] | None,
    fixed: Sequence[str] | None,
) -> tuple[EventTimeModel, dict[str, Any] | None]:
    """Return the model that options describe, and what its file is where there is one.

    Raises
    ------
    InputError
        With what does not fit together.
    """
    from dataclasses import replace  # noqa: PLC0415

    from tte.estimation.model import event_time_model  # noqa: PLC0415
    from tte.estimation.model_file import read_model_file  # noqa: PLC0415

    if (hazard is None) == (file is None):
        found = "both are given" if hazard else "neither is given"
        raise input_error("--hazard, --model", f"{found}; expected one of them")
    starts, held = pairs("--init", initial), pairs("--fix", fixed)
    if file is None:
        model = event_time_model(
            hazard or "", covariates or (), references=pairs("--reference", references), initial=starts, fixed=held
        )
        return model, None
    if covariates or references:
        raise input_error("--model", "names its covariates itself; leave --covariate and --reference out")
    reading = read_model_file(file)
    spoken = [f"{effect.parameter}:{effect.covariate}" for effect in reading.model.effects]
    changed = event_time_model(
        reading.model.hazard,
        spoken,
        initial=_named(reading.model, starts),
        fixed=_named(reading.model, held),
    )
    # What the file says was checked with the file.
    model = replace(
        changed,
        effects=reading.model.effects,
        initial={**reading.model.initial, **changed.initial},
        fixed=reading.model.fixed | changed.fixed,
    )
    return model, {"file": file, "sha256": reading.sha256, "origin": reading.origin}


def check_typed(
    model: EventTimeModel,
    events: Events,
    *,
    references: Sequence[str] | None = None,
    initial: Sequence[str] | None = None,
    fixed: Sequence[str] | None = None,
) -> None:
    """Refuse what was typed behind `--reference`, `--init` and `--fix` where it has no sense for the covariates of the data.

    Raises
    ------
    InputError
        With every value that lies beyond what ``tte.estimation.domain`` allows.
    """
    from tte.estimation.typed_values import check_in_data  # noqa: PLC0415 - the engine loads after the words are read

    typed = {**pairs("--init", initial), **pairs("--fix", fixed)}
    spoken = {name.upper(): value for name, value in pairs("--reference", references).items()}
    check_in_data(model, events, values=_named(model, typed), references=spoken)


def _named(model: EventTimeModel, values: dict[str, float]) -> dict[str, float]:
    from tte.estimation.model import coefficient_name  # noqa: PLC0415

    return {coefficient_name(model, word) or word: value for word, value in values.items()}
