"""`asuc fit`: a population model fitted to a cohort."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import DEFAULT_INDIVIDUALS, INDIVIDUALS, draw_fit, forget_figures, individuals_wanted
from asuc.cli.fit_options import CensoredName, CohortFile, Fixed, Initial, MethodName, OutFolder, pairs, read_inputs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.diagnostics.records import LevelRecords
    from pkpd.estimation.fit import Fit


def fit(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its initial values.")],
    out: OutFolder,
    method: Annotated[MethodName, typer.Option(help="Objective that is minimised.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    maxeval: Annotated[int, typer.Option(min=0, help="Evaluations allowed; 0 evaluates at the initial values.")] = 500,
    covariance: Annotated[
        Literal["r", "s", "rsr", "none"], typer.Option(help="Matrix of the standard errors.")
    ] = "rsr",
    censored: CensoredName = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulations behind NPDE.")] = 1,
    individuals: Annotated[str, INDIVIDUALS] = DEFAULT_INDIVIDUALS,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a model to a cohort; write estimates, random effects, residuals and figures."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.diagnostics.records import level_records  # noqa: PLC0415
    from pkpd.estimation.covariance import CovarianceKind  # noqa: PLC0415
    from pkpd.estimation.fit import FitOptions, Method  # noqa: PLC0415
    from pkpd.estimation.fit import fit as fit_population  # noqa: PLC0415
    from pkpd.estimation.result import fit_document  # noqa: PLC0415

    folder = check_folder(out, force=force)
    n_individuals = individuals_wanted(individuals)
    given = read_inputs(cohort, model, initial=pairs("--init", init), fixed=pairs("--fix", fix), censored=censored)
    options = FitOptions(Method(method), maxeval, with_covariance=covariance != "none")
    started = time.perf_counter()
    with shown_progress("Fitting"):
        result = fit_population(given.population, options, parameters=given.parameters)
    seconds = time.perf_counter() - started
    kind = CovarianceKind(covariance) if covariance != "none" else CovarianceKind.SANDWICH
    document = fit_document(result, kind, seconds=seconds, data_sha256=given.data_sha256)
    document["seed"] = seed
    document["censored"] = censored or "likelihood"
    make_folder(folder)
    write_json(folder / "fit.json", document)
    _write_etas(folder / "etas.csv", result)
    records = level_records(result, np.random.default_rng(seed))
    _write_records(folder / "table.csv", records)
    forget_figures(folder)
    drawn = "" if no_figures else _drawn(folder, result, records, n_individuals)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), *([drawn] if drawn else []), f"Written to {folder}."]))


def _drawn(folder: Path, result: Fit, records: LevelRecords, individuals: int | None) -> str:
    """Draw the figures of a fit, and return a sentence on it."""
    started = time.perf_counter()
    with shown_progress("Drawing") as tell:
        n = draw_fit(folder, result, records, individuals=individuals, progress=tell)
    return f"{n} figures drawn in {time.perf_counter() - started:.2f} s."


def _write_etas(file: Path, fit_: Fit) -> None:
    import numpy as np  # noqa: PLC0415

    from pkpd.diagnostics.individuals import individual_parameters  # noqa: PLC0415

    etas, parameters = fit_.population.model.etas, individual_parameters(fit_)
    se = np.sqrt(np.einsum("nii->ni", fit_.evaluation.covariance))
    head = ["id", *(f"eta_{name}" for name in etas), *(f"se_{name}" for name in etas), *parameters, "ofv_i"]
    rows = (
        (name, *map(float, eta), *map(float, error), *map(float, own), float(ofv))
        for name, eta, error, own, ofv in zip(
            fit_.population.cohort.ids,
            fit_.evaluation.eta,
            se,
            np.column_stack(tuple(parameters.values())),
            fit_.evaluation.ofv_i,
            strict=True,
        )
    )
    write_csv(file, head, rows)


def _write_records(file: Path, records: LevelRecords) -> None:
    words = ("", "below", "above", "between")
    columns = (records.pred, records.ipred, records.iwres, records.cwres, records.npde)
    rows = (
        (
            records.ids[i],
            int(records.line[i]),
            float(records.time[i]),
            float(records.level[i]),
            words[int(records.censoring[i])],
            *(float(column[i]) for column in columns),
        )
        for i in range(records.n_levels)
    )
    write_csv(file, ("id", "line", "time", "dv", "censored", "pred", "ipred", "iwres", "cwres", "npde"), rows)


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    rows = [
        (name, f"{entry['estimate']:.5g}", _percent(entry["rse_pct"]), _more(entry))
        for group in ("theta", "omega", "sigma")
        for name, entry in document[group].items()
    ]
    ofv = document["ofv"]
    return [
        f"{document['status_text']}",
        f"OFV {ofv:.4f} by {document['method']} ({document['n_subjects']} subjects, {document['n_observations']} levels), "
        f"{document['evaluations']} evaluations in {document['seconds']:.2f} s."
        if ofv is not None
        else "The objective is not finite.",
        *_integration(document["integration"]),
        Sheet("Estimates", ("parameter", "estimate", "RSE", ""), tuple(rows), wraps=3),
        *(warning["text"] for warning in document["warnings"] if warning["code"] != document["status"]),
    ]


def _integration(found: dict[str, Any] | None) -> list[str]:
    """Return how exact a sampled objective is."""
    if found is None or found["ofv_se"] is None:
        return []
    least = found["least_effective_sample_size"]
    return [
        f"Integrated by importance sampling: {found['points']:,} points, standard error of the OFV {found['ofv_se']:.2g}"
        + ("." if least is None else f", least effective sample size {least:.0f}.")
    ]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} %"


def _more(entry: dict[str, Any]) -> str:
    parts = ["fixed"] if entry["fixed"] else []
    if "cv_pct" in entry and entry["cv_pct"] is not None:
        parts.append(f"CV {entry['cv_pct']:.1f} %")
    if entry.get("shrinkage_pct") is not None:
        parts.append(f"shrinkage {entry['shrinkage_pct']:.0f} %")
    return ", ".join([*parts, *(["at a bound"] if entry["at_bound"] else [])])
