"""`asuc tte evaluate`: how well the risks of a fit come true, in its own subjects or in others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import forget_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.remarks import RESEARCH_USE
from asuc.cli.tte_kept_fit import at_values, kept_fit
from asuc.cli.tte_landmark import beside_entry, draw_side_by_side, forget_beside, populations, side_by_side
from asuc.cli.tte_options import EventsFile, LandmarkDay
from pkpd.errors import InputError, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asuc.cli.tte_landmark import EventPopulation
    from asuc.validation.report_table import ReportTable
    from pkpd.figures.sheet import Drawing
    from tte.estimation.fit import EventFit
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.optimism import OptimismResult
    from tte.evaluation.risk_evaluation import PredictedRisk, RiskEvaluation

SCHEMA = "tte-evaluate/1"
_APPARENT = (
    "These are the subjects that the fit was made with: its numbers look better than they will be in others. Corrected ones, where there are any, are what "
    "is left after fitting anew in drawn subjects."
)
_INTERVALS = (
    "Some events are known by an interval (TIME2): ranks, areas, groups and scores take the day on which the event was found, observed over expected, "
    "slope and Cox–Snell residuals the interval itself; what needs the day of each event is not computed."
)
_OF_ALL = (_APPARENT, _INTERVALS)
_REFUSAL, _TABLE = "Not evaluated in", "evaluation.csv"
# Share of the work that the evaluation is where the optimism follows.
_SHARE_RISK = 0.5


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for: a day, draws of subjects, fits anew, and what is drawn from."""

    horizon: float
    n_draws: int
    optimism: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """What was found in one population.

    Parameters
    ----------
    start : float
        Day from which on risks are meant, 0 or that of a landmark.
    is_own : bool
        Whether these are the subjects that the fit was made with.
    risk, times, predicted : RiskEvaluation, EventTimes, PredictedRisk
        The evaluation and what it is of.
    corrected : OptimismResult or None
        Performance with its optimism.
    said : tuple of (str, str)
        What a reader should know, as a word and in sentences.
    """

    start: float
    is_own: bool
    risk: RiskEvaluation
    times: EventTimes
    predicted: PredictedRisk
    corrected: OptimismResult | None
    said: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """Return who the subjects are."""
        return counted(self.times.n, "subject") + (f" at risk after day {self.start:g}" if self.start else "")


def evaluate(
    events: EventsFile,
    out: OutFolder,
    fit: Annotated[str, typer.Option(metavar="DIR", help="Folder of a fit, whose model and estimates are taken.")],
    horizon: Annotated[float, typer.Option(metavar="DAY", help="Risks are those by this day.")] = 90.0,
    landmark: LandmarkDay = None,
    n: Annotated[int, typer.Option("--n", min=2, max=100_000, help="Draws of subjects behind intervals.")] = 1000,
    optimism: Annotated[
        int,
        typer.Option(
            min=0, max=100_000, help="Draws in which the model is fitted anew, for its own subjects; 0 for none."
        ),
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same subjects.")] = 1,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Compare the risks that a fit predicts with what became of the subjects: discrimination, calibration, net benefit, residuals."""
    folder = check_folder(out, force=force)
    kept, given = kept_fit(fit, events, landmark)
    people = populations(given.events, given.landmark, refusal=_REFUSAL)
    asked = _Asked(horizon, n, optimism, seed)

    def evaluated(one: EventPopulation, tell: Callable[[float], None]) -> _Evaluation:
        found = at_values(kept, one.events) if one.is_beside else kept
        return _evaluated(found, one, asked, _origin(fit, given.data_sha256, one.day), tell)

    with shown_progress("Evaluating") as tell:
        found = side_by_side(people, evaluated, refusal=_REFUSAL, tell=tell)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "hazard": kept.model.hazard.value,
        "equation": kept.model.hazard.facts.equation,
        "horizon_day": horizon,
        "n_draws": n,
        "seed": seed,
        "data": {"file": events, "sha256": given.data_sha256},
        "fit": fit,
        **_entry(found[0][1]),
        "beside": beside_entry(found, "evaluation", _entry),
    }
    make_folder(folder)
    write_json(folder / "evaluation.json", document)
    forget_beside(folder, [one for one, _ in found], _TABLE)
    for one, result in found:
        table = _table(result)
        write_csv(one.file(folder, _TABLE), table.file_head(), table.file_rows())
    forget_figures(folder)
    if not no_figures:
        draw_side_by_side(folder, found, lambda one, result: _figures(one, result, n, seed))
    if as_json:
        print_json(document)
    else:
        sheets = [part for one, result in found for part in _sheets(one, result)]
        write_output(laid_out([*sheets, RESEARCH_USE, f"Written to {folder}."]))


def _evaluated(
    found: EventFit, people: EventPopulation, asked: _Asked, origin: tuple[bool, bool], tell: Callable[[float], None]
) -> _Evaluation:
    """Return what becomes of a fit's predictions in some subjects, and what is left in others where these are its own.

    Raises
    ------
    InputError
        For a horizon at or before the landmark, or after the last day under observation.
    """
    from tte.evaluation.event_times import check_horizon  # noqa: PLC0415 - the engine loads after the words are read
    from tte.evaluation.fitted_risk import fitted_optimism, fitted_risk  # noqa: PLC0415
    from tte.evaluation.found_events import check_known_at, found_times, is_interval  # noqa: PLC0415
    from tte.evaluation.risk_evaluation import evaluate_risk  # noqa: PLC0415
    from tte.evaluation.threshold import until  # noqa: PLC0415

    start, horizon = people.day, asked.horizon
    whole = found_times(found.events)
    if not start < horizon:
        raise input_error("--horizon", f"is {horizon:g}; expected a day after the landmark {start:g}, or after 0")
    check_known_at(found.events, horizon)
    check_horizon(whole, horizon)
    times = until(whole, horizon)
    predicted = fitted_risk(found, times, horizon_day=horizon, start_day=start)
    has_same_data, is_own = origin
    share = _SHARE_RISK if is_own and asked.optimism else 1.0
    risk = evaluate_risk(
        times,
        predicted,
        horizon_day=horizon,
        n_draws=asked.n_draws,
        seed=asked.seed,
        tell=lambda part: tell(share * part),
    )
    corrected: OptimismResult | None = None
    said = [("apparent", _APPARENT)] if has_same_data else []
    if is_interval(found.events).any():
        said.append(("intervals", _INTERVALS))
    if has_same_data and not is_own:
        said.append(("optimism", "Optimism: not computed, since the fit was made at another landmark, or at none."))
    if is_own and asked.optimism:
        try:
            corrected = fitted_optimism(
                found,
                times,
                horizon_day=horizon,
                start_day=start,
                n_draws=asked.optimism,
                seed=asked.seed,
                tell=lambda part: tell(share + (1.0 - share) * part),
            )
        except InputError as error:
            said.append(("optimism", f"Optimism: not computed. {error}."))
    return _Evaluation(start, is_own, risk, times, predicted, corrected, tuple(said))


def _entry(one: _Evaluation) -> dict[str, Any]:
    from tte.evaluation.risk_document import optimism_entry, risk_entry  # noqa: PLC0415

    return {
        "landmark_day": one.start or None,
        "own_subjects": one.is_own,
        **risk_entry(one.risk, one.predicted),
        "optimism": None if one.corrected is None else optimism_entry(one.corrected),
        "warnings": [{"code": code, "text": text} for code, text in one.said],
    }


def _table(one: _Evaluation) -> ReportTable:
    from asuc.validation.summary_tables import evaluation_table  # noqa: PLC0415

    return evaluation_table(one.risk, one.words, one.corrected)


def _origin(fit: str, sha256: str, start: float) -> tuple[bool, bool]:
    """Return whether the file is that of the fit, and whether the subjects are: the same file and the same landmark."""
    document: Any = json.loads((Path(fit) / "fit.json").read_text(encoding="utf-8"))
    at = document["landmark"]
    is_same = bool(document["data"]["sha256"] == sha256)
    return is_same, is_same and (0.0 if at is None else float(at["day"])) == start


def _figures(people: EventPopulation, one: _Evaluation, n_draws: int, seed: int) -> Iterator[Drawing | str]:
    from tte.figures.risk_evaluation import risk_figures  # noqa: PLC0415 - loads Matplotlib

    key = "all" if people.landmark is None else f"landmark-{people.day:g}"
    population = (key, one.words)
    return risk_figures(one.risk, one.times, one.predicted, cut=None, population=population, n_draws=n_draws, seed=seed)


def _sheets(people: EventPopulation, one: _Evaluation) -> list[Sheet | str]:
    table = _table(one)
    shown: list[Sheet | str] = []
    if people.is_beside and people.landmark is not None:
        shown.append(people.landmark.sentence())
    shown.append(Sheet(table.caption, table.head, tuple(map(tuple, table.shown())), wraps=0))
    if (corrected := one.corrected) is not None and corrected.n_failed:
        shown.append(
            f"{corrected.n_failed:,} of {corrected.n_draws:,} fits anew ended without a model; they are in no mean."
        )
    # What is said of all is said once.
    return [*shown, *(text for _, text in one.said if not (people.is_beside and text in _OF_ALL))]
