"""`asuc performance`: how well a model predicts a cohort, before any sample and from the samples before each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, write_figures
from asuc.cli.fit_options import (
    CohortFile,
    FitFolder,
    Initial,
    OutFolder,
    ValuedModel,
    estimates_of,
    pairs,
    read_inputs,
)
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.result_tables import write_performance
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pkpd.diagnostics.performance import Performance

_QUANTILES = ("q025", "q05", "q25", "q50", "q75", "q95", "q975")
_STAGES = (("a_priori", "a priori"), ("a_priori_of_forecast", "the same, a priori"), ("forecast", "forecast"))
_ERRORS = (
    ("bias_mg_per_L", "bias [mg/L]"),
    ("rmse_mg_per_L", "RMSE [mg/L]"),
    ("mpe_pct", "mean error [%]"),
    ("median_pe_pct", "median error [%]"),
    ("rrmse_pct", "relative RMSE [%]"),
    ("within_30_pct", "within 30 % [%]"),
)


def performance(
    cohort: CohortFile,
    model: ValuedModel,
    out: OutFolder,
    fit: FitFolder = None,
    init: Initial = None,
    n: Annotated[int, typer.Option("--n", min=2, max=100_000, help="Draws of subjects behind the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same subjects.")] = 1,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Predict the levels of a cohort, a priori and from the samples before each; write errors, coverage and calibration."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.diagnostics.performance import performance as predictive_performance  # noqa: PLC0415
    from pkpd.diagnostics.performance import performance_document  # noqa: PLC0415

    folder = check_folder(out, force=force)
    initial = {**estimates_of(fit, model), **pairs("--init", init)}
    given = read_inputs(cohort, model, initial=initial, fixed={}, censored=None)
    values = np.array([one.value for one in given.parameters])
    with shown_progress("Predicting") as tell:
        found = predictive_performance(given.population, values, n_draws=n, seed=seed, tell=tell)
    document = performance_document(found) | {"seed": seed} | given.origin()
    for said in found.notes:
        report(f"{cohort}: {said}.")
    make_folder(folder)
    write_json(folder / "performance.json", document)
    write_performance(folder, document)
    write_predictions(folder / "predictions.csv", found)
    if not no_figures:
        _draw(folder, found)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _draw(folder: Path, found: Performance) -> None:
    from pkpd.figures.performance import performance_figures  # noqa: PLC0415 - loads Matplotlib

    drawings, left_out = performance_figures(found)
    with shown_progress("Drawing") as tell:
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=lambda done: tell(done / len(drawings)))


def write_predictions(file: Path, found: Performance) -> None:
    """Write every level with its predictions."""
    parts = ("point", *_QUANTILES, "place_low", "place_high", "p_below", "p_above", "log_score")
    head = ["id", "line", "time", "samples_before", "dv", "censored", "lloq", "uloq"]
    write_csv(file, [*head, *(f"{stage}_{part}" for stage in ("a_priori", "forecast") for part in parts)], _rows(found))


def _rows(found: Performance) -> Iterator[list[object]]:
    words, data = ("", "below", "above", "between"), found.cohort
    for i in range(data.level.size):
        predicted = [
            float(value)
            for one in (found.a_priori, found.forecast)
            for value in (
                one.point[i],
                *one.quantiles[i],
                *one.place[i],
                one.p_below[i],
                one.p_above[i],
                one.log_score[i],
            )
        ]
        known = (data.lloq[i], data.uloq[i])
        yield [
            data.ids[int(found.subject[i])],
            int(data.sample_line[i]),
            float(data.sample_time[i]),
            int(found.n_before[i]),
            float(data.level[i]),
            words[int(data.censoring[i])],
            *map(float, known),
            *predicted,
        ]


def _sheets(document: Mapping[str, Any], folder: Path) -> list[Sheet | str]:
    stages = [(document[name], words) for name, words in _STAGES if document[name]["n"]]
    errors = (
        ("levels", *(str(one["n_quantified"]) for one, _ in stages)),
        *((words, *(_cell(one["point"][name]) for one, _ in stages)) for name, words in _ERRORS),
    )
    inside = tuple(
        (words, str(one["n"]), *(_cell(part["inside_pct"]) for part in one["coverage"])) for one, words in stages
    )
    beyond = tuple(
        (f"{words}, {side}", str(one[key]["n"]), str(one[key]["seen"]), _expected(one[key]), _cell(one[key]["brier"]))
        for one, words in stages
        for key, side in (("below_lloq", "below"), ("above_uloq", "above"))
        if one[key]
    )
    said = (
        f"{counted(document['n_samples'], 'level')} of {counted(document['n_subjects'], 'subject')}, {document['n_below']:,} of them below and "
        f"{document['n_above']:,} above a limit. In brackets 95 % intervals."
    )
    wanted = [f"{part['interval_pct']:.0f} %" for part in document["a_priori"]["coverage"]]
    return [
        said,
        Sheet("Errors of the quantified levels", ("", *(words for _, words in stages)), errors, wraps=0),
        Sheet("Levels inside prediction intervals [%]", ("predictions", "levels", *wanted), inside, wraps=0),
        *(
            [Sheet("Beyond limits", ("predictions", "levels", "seen", "expected", "Brier score"), beyond, wraps=0)]
            if beyond
            else []
        ),
        *(warning["text"] for warning in document["warnings"]),
        f"Written to {folder}.",
    ]


def _cell(one: Mapping[str, float | None]) -> str:
    value, low, high = ("–" if one[part] is None else f"{one[part]:.3g}" for part in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _expected(one: Mapping[str, float]) -> str:
    return f"{one['expected']:.1f} ± {one['expected_sd']:.1f}"
