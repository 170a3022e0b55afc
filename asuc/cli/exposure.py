"""`asuc exposure`: parameters and area over a window of every subject of a cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
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
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pkpd.data.cohort import Cohort
    from pkpd.exposure.cohort import SubjectExposure

_QUANTILES = ("q05", "q50", "q95")


def exposure(
    cohort: CohortFile,
    model: ValuedModel,
    out: OutFolder,
    window: Annotated[tuple[float, float], typer.Option(metavar="FROM TO", help="Window of the area, in days.")] = (
        14.0,
        28.0,
    ),
    fit: FitFolder = None,
    init: Initial = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Estimate each subject's clearance, volumes and area over a window from its levels, with 90 % intervals."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.estimation.posterior import QuadratureStatus  # noqa: PLC0415
    from pkpd.exposure.cohort import subject_exposure  # noqa: PLC0415
    from pkpd.likelihood.population import model_at  # noqa: PLC0415

    folder = check_folder(out, force=force)
    if not 0.0 <= window[0] < window[1] < float("inf"):
        raise input_error(
            "--window", f"{window[0]:g} to {window[1]:g} is no window; expected two days, the earlier first"
        )
    given = read_inputs(cohort, model, initial={**estimates_of(fit), **pairs("--init", init)}, fixed={}, censored=None)
    spec = model_at(given.population, np.array([one.value for one in given.parameters]))
    data = given.population.cohort
    if spec.occasion_variances or spec.centre_variances:
        report(
            f"{cohort}: effects of occasions and centres are 0 here: exposure is that of an average occasion and centre."
        )
    found: list[SubjectExposure] = []
    with shown_progress("Integrating") as tell:
        for place in range(data.n_subjects):
            tell(place / data.n_subjects)
            found.append(subject_exposure(spec, data, place, window))
    unexplained = [one.id for one in found if one.status is QuadratureStatus.NO_MASS]
    if unexplained:
        report(f"{cohort}: no parameters explain the levels of {', '.join(unexplained[:20])}; their cells are empty.")
    document = _document(found, window) | given.origin()
    make_folder(folder)
    write_json(folder / "exposure.json", document)
    _write_subjects(folder / "exposure.csv", found, data)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _write_subjects(file: Path, found: Sequence[SubjectExposure], data: Cohort) -> None:
    import numpy as np  # noqa: PLC0415

    levels = np.diff(data.sample_start)
    censored = np.diff(np.array([0, *np.cumsum(data.censoring != 0)])[data.sample_start])
    known = [one for one in found if one.parameters]
    names = list(known[0].parameters) if known else list[str]()
    head = ["id", "levels", "censored", "status"]
    head += [f"{name}_{part}" for name in (*names, "auc", "ln_auc_cl") for part in ("map", *_QUANTILES)]
    rows = (
        [one.id, int(n), int(c), one.status.name.lower(), *_cells(one, names)]
        for one, n, c in zip(found, levels, censored, strict=True)
    )
    write_csv(file, head, rows)


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    rows = tuple(
        (name, *(f"{one[key]:.4g}" for key in ("q05", "median", "q95"))) for name, one in document["subjects"].items()
    )
    start, end = document["window_day"]
    said = [f"{document['n_subjects']:,} subjects; area from day {start:g} to {end:g} in mg·day/L."]
    if document["n_without_drug_in_window"]:
        said.append(f"{document['n_without_drug_in_window']:,} have no drug there.")
    return [
        " ".join(said),
        Sheet("Medians of the subjects", ("", "5 %", "50 %", "95 %"), rows, wraps=0),
        f"Written to {folder}.",
    ]


def _document(found: Sequence[SubjectExposure], window: tuple[float, float]) -> dict[str, Any]:
    """Return the cohort's own distribution of the subjects' posterior medians."""
    import numpy as np  # noqa: PLC0415

    known = [one for one in found if one.parameters]
    medians = {
        **{
            name: [one.parameters[name].quantiles[1] for one in known]
            for name in (known[0].parameters if known else ())
        },
        "auc": [one.auc.quantiles[1] if one.auc else 0.0 for one in known],
        "ln_auc_cl": [one.log_auc_cl.quantiles[1] for one in known if one.log_auc_cl],
    }
    return {
        "schema": "asuc-exposure/1",
        "window_day": list(window),
        "n_subjects": len(found),
        "n_without_parameters": len(found) - len(known),
        "n_without_drug_in_window": sum(one.auc is None for one in known),
        "subjects": {
            name: dict(zip(("q05", "median", "q95"), map(float, np.quantile(values, (0.05, 0.5, 0.95))), strict=True))
            for name, values in medians.items()
            if values
        },
    }


def _cells(one: SubjectExposure, names: Sequence[str]) -> list[float | None]:
    """Return the cells of one subject; nothing where its levels have no explanation, or there is no drug in the window."""
    import math  # noqa: PLC0415

    if not one.parameters:
        return [None] * (4 * (len(names) + 2))
    cells: list[float | None] = []
    for name in names:
        cells += [one.at_mode[name], *map(float, one.parameters[name].quantiles)]
    if one.auc is None or one.log_auc_cl is None:
        return [*cells, 0.0, 0.0, 0.0, 0.0, *([None] * 4)]
    ratio = math.log(one.auc_at_mode) - math.log(one.at_mode["cl"])
    return [*cells, one.auc_at_mode, *map(float, one.auc.quantiles), ratio, *map(float, one.log_auc_cl.quantiles)]
