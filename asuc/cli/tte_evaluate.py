"""`asuc tte evaluate`: how well the risks of a fit come true, in its own subjects or in others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.remarks import RESEARCH_USE
from asuc.cli.tte_kept_fit import kept_fit
from asuc.cli.tte_options import EventsFile, LandmarkDay
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from asuc.validation.report_table import ReportTable
    from pkpd.figures.sheet import Drawing
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.optimism import OptimismResult
    from tte.evaluation.risk_evaluation import PredictedRisk, RiskEvaluation

SCHEMA = "tte-evaluate/1"
_APPARENT = (
    "These are the subjects that the fit was made with: its numbers look better than they will be in others. Corrected ones, where there are any, are what "
    "is left after fitting anew in drawn subjects."
)


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
    from asuc.validation.tables import evaluation_table  # noqa: PLC0415 - the engine loads after the words are read
    from tte.evaluation.event_times import check_horizon  # noqa: PLC0415
    from tte.evaluation.fitted_risk import fitted_risk  # noqa: PLC0415
    from tte.evaluation.risk_document import optimism_entry, risk_entry  # noqa: PLC0415
    from tte.evaluation.risk_evaluation import evaluate_risk  # noqa: PLC0415
    from tte.evaluation.threshold import until  # noqa: PLC0415
    from tte.evaluation.visual_check import times_of  # noqa: PLC0415

    folder = check_folder(out, force=force)
    found, given = kept_fit(fit, events, landmark)
    start = 0.0 if given.landmark is None else given.landmark.day
    whole = times_of(found.events)
    if not start < horizon:
        raise input_error("--horizon", f"is {horizon:g}; expected a day after the landmark {start:g}, or after 0")
    check_horizon(whole, horizon)
    times = until(whole, horizon)
    predicted = fitted_risk(found, times, horizon_day=horizon, start_day=start)
    with shown_progress("Drawing subjects") as tell:
        risk = evaluate_risk(times, predicted, horizon_day=horizon, n_draws=n, seed=seed, tell=tell)
    has_same_data, is_own = _origin(fit, given.data_sha256, start)
    words = f"{times.n:,} subjects" + (f" at risk after day {start:g}" if start else "")
    corrected: OptimismResult | None = None
    said = [_APPARENT] if has_same_data else []
    if has_same_data and not is_own:
        said.append("Optimism: not computed, since the fit was made at another landmark, or at none.")
    if is_own and optimism:
        try:
            with shown_progress("Fitting anew") as tell:
                from tte.evaluation.fitted_risk import fitted_optimism  # noqa: PLC0415

                corrected = fitted_optimism(
                    found, times, horizon_day=horizon, start_day=start, n_draws=optimism, seed=seed, tell=tell
                )
        except InputError as error:
            said.append(f"Optimism: not computed. {error}.")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "hazard": found.model.hazard.value,
        "equation": found.model.hazard.facts.equation,
        "horizon_day": horizon,
        "landmark_day": start or None,
        "n_draws": n,
        "seed": seed,
        "data": {"file": events, "sha256": given.data_sha256},
        "fit": fit,
        "own_subjects": is_own,
        **risk_entry(risk, predicted),
        "optimism": None if corrected is None else optimism_entry(corrected),
        "warnings": [{"code": "apparent" if k == 0 else "optimism", "text": text} for k, text in enumerate(said)],
    }
    table = evaluation_table(risk, words, corrected)
    make_folder(folder)
    write_json(folder / "evaluation.json", document)
    write_csv(folder / "evaluation.csv", table.file_head(), table.file_rows())
    forget_figures(folder)
    if not no_figures:
        _draw(folder, (risk, times, predicted), words, n, seed)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(table, corrected, said, folder)))


def _origin(fit: str, sha256: str, start: float) -> tuple[bool, bool]:
    """Return whether the file is that of the fit, and whether the subjects are: the same file and the same landmark."""
    document: Any = json.loads((Path(fit) / "fit.json").read_text(encoding="utf-8"))
    at = document["landmark"]
    is_same = bool(document["data"]["sha256"] == sha256)
    return is_same, is_same and (0.0 if at is None else float(at["day"])) == start


def _draw(
    folder: Path, found: tuple[RiskEvaluation, EventTimes, PredictedRisk], words: str, n_draws: int, seed: int
) -> None:
    from tte.figures.risk_evaluation import risk_figures  # noqa: PLC0415 - loads Matplotlib

    said: list[str] = []
    with shown_progress("Drawing figures") as tell:
        drawn = risk_figures(*found, cut=None, population=("all", words), n_draws=n_draws, seed=seed)
        kept: list[Drawing] = []
        for one in drawn:
            if isinstance(one, str):
                said.append(one)
                report(one)
            else:
                kept.append(one)
        write_figures(folder / FOLDER, kept, left_out=said, written=lambda k: tell(k / max(len(kept), 1)))


def _sheets(table: ReportTable, corrected: OptimismResult | None, said: list[str], folder: Path) -> list[Sheet | str]:
    shown: list[Sheet | str] = [Sheet(table.caption, table.head, tuple(map(tuple, table.shown())), wraps=0)]
    if corrected is not None and corrected.n_failed:
        shown.append(
            f"{corrected.n_failed:,} of {corrected.n_draws:,} fits anew ended without a model; they are in no mean."
        )
    return [*shown, *said, RESEARCH_USE, f"Written to {folder}."]
