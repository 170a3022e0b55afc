"""`asuc fit`: a population model fitted to a cohort."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_json
from asuc.cli.figure_files import DEFAULT_INDIVIDUALS, INDIVIDUALS, draw_fit, forget_figures, individuals_wanted
from asuc.cli.fit_options import (
    Bounded,
    CensoredName,
    CohortFile,
    FitInputs,
    FitMethodName,
    Fixed,
    Initial,
    OutFolder,
    bounds_of,
    pairs,
    read_inputs,
)
from asuc.cli.fit_tables import write_estimates, write_pooling, write_tables
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from asuc.cli.fit_options import FitInputs
    from pkpd.diagnostics.records import LevelRecords
    from pkpd.estimation.covariance import CovarianceKind
    from pkpd.estimation.fit import Fit, FitOptions
    from pkpd.estimation.multi_start import StartedFit
    from pkpd.estimation.multiple_imputation import ImputationOptions
    from pkpd.estimation.saem import SaemFit


def fit(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its initial values.")],
    out: OutFolder,
    method: Annotated[FitMethodName, typer.Option(help="Objective that is minimised; saem samples.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    bound: Bounded = None,
    maxeval: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Evaluations allowed, of saem iterations; 0 evaluates at the initial values. [default: 500; saem 3000]",
        ),
    ] = None,
    covariance: Annotated[
        Literal["r", "s", "rsr", "none"], typer.Option(help="Matrix of the standard errors.")
    ] = "rsr",
    censored: CensoredName = None,
    impute: Annotated[
        Literal["median", "multiple"], typer.Option(help="What stands for covariates that a subject has no value of.")
    ] = "median",
    imputations: Annotated[int, typer.Option(min=2, max=1000, help="Completed cohorts of --impute multiple.")] = 20,
    starts: Annotated[
        int, typer.Option(min=1, max=1000, help="Starts: the given one and others scattered around it.")
    ] = 1,
    start_spread: Annotated[
        float, typer.Option(min=0.01, max=2.0, metavar="SD", help="How far they scatter, as a share of each value.")
    ] = 0.5,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Of the other starts, of the simulations behind NPDE, of saem, and of drawn covariates."
        ),
    ] = 1,
    individuals: Annotated[str, INDIVIDUALS] = DEFAULT_INDIVIDUALS,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a model to a cohort; write estimates, random effects, residuals and figures."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.diagnostics.records import level_records  # noqa: PLC0415
    from pkpd.estimation.covariance import CovarianceKind  # noqa: PLC0415
    from pkpd.estimation.fit import FitOptions  # noqa: PLC0415
    from pkpd.estimation.multi_start import starts_document  # noqa: PLC0415
    from pkpd.estimation.multiple_imputation import ImputationOptions  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415
    from pkpd.likelihood.population import check_occasions_and_centres  # noqa: PLC0415

    _check_together(method, maxeval, starts, impute)
    folder = check_folder(out, force=force)
    n_individuals = individuals_wanted(individuals)
    is_multiple = impute == "multiple"
    given = read_inputs(
        cohort,
        model,
        initial=pairs("--init", init),
        fixed=pairs("--fix", fix),
        bounds=bounds_of(bound),
        censored=censored,
        is_filled=not is_multiple,
    )
    check_occasions_and_centres(given.population.model, given.population.cohort)
    is_multiple = is_multiple and _is_missing(cohort, given, imputations)
    has_covariance = covariance != "none"
    kind = CovarianceKind(covariance) if has_covariance else CovarianceKind.SANDWICH
    begun: list[StartedFit] = []
    sampled = None
    if method == "saem":
        sampled, document = _sampled(given, kind, maxeval=maxeval, seed=seed, has_covariance=has_covariance)
        result = sampled.fit
    else:
        options = FitOptions(Method(method), with_covariance=has_covariance or is_multiple)
        options = options if maxeval is None else replace(options, most_evaluations=maxeval)
        begun = [] if starts == 1 else _started(given, options, starts, spread=start_spread, seed=seed)
        result, document = _searched(given, options, kind, begun, spread=start_spread, seed=seed)
        if is_multiple:
            drawn_as = ImputationOptions(imputations, seed)
            document, result = _imputed(result, given, drawn_as, kind if has_covariance else None)
    document["seed"] = seed
    document["censored"] = censored or "likelihood"
    if begun:
        agreement = starts_document(begun, result)
        document["warnings"] += agreement.pop("warnings")
        document["starts"] = agreement | {"spread": start_spread}
    make_folder(folder)
    write_json(folder / "fit.json", document)
    write_estimates(folder / "estimates.csv", document)
    write_pooling(folder / "imputation.csv", document)
    records = level_records(result, np.random.default_rng(seed))
    write_tables(folder, result, records, begun, sampled)
    forget_figures(folder)
    drawn = "" if no_figures else _drawn(folder, result, records, n_individuals, sampled)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), *([drawn] if drawn else []), f"Written to {folder}."]))


def _check_together(method: str, maxeval: int | None, starts: int, impute: str) -> None:
    """Refuse options that do not go together."""
    if starts > 1 and maxeval == 0:
        raise input_error(
            "--starts", f"{starts} starts with --maxeval 0, which searches nothing; leave one of them out"
        )
    if starts > 1 and method == "saem":
        raise input_error("--starts", f"{starts} starts of saem, which has one; leave it out or use another method")
    if impute != "multiple":
        return
    for is_given, other in (
        (maxeval == 0, "--maxeval 0"),
        (method == "saem", "--method saem"),
        (starts > 1, "--starts"),
    ):
        if is_given:
            raise input_error("--impute", f"multiple does not go with {other}; expected median, or leave that out")


def _started(given: FitInputs, options: FitOptions, n: int, *, spread: float, seed: int) -> list[StartedFit]:
    """Return what searches from several starts found."""
    from pkpd.estimation.multi_start import fit_from_start  # noqa: PLC0415

    found: list[StartedFit] = []
    with shown_progress("Searching from several starts") as tell:
        for number in range(1, n + 1):
            tell((number - 1) / n)
            found.append(
                fit_from_start(given.population, options, number, parameters=given.parameters, spread=spread, seed=seed)
            )
    return found


def _searched(
    given: FitInputs,
    options: FitOptions,
    kind: CovarianceKind,
    begun: Sequence[StartedFit],
    *,
    spread: float,
    seed: int,
) -> tuple[Fit, dict[str, Any]]:
    """Return the fit that a search for the minimum of an objective gives, from the best of several starts, and its document."""
    from pkpd.estimation.fit import fit as fit_population  # noqa: PLC0415
    from pkpd.estimation.multi_start import best_start, scattered  # noqa: PLC0415
    from pkpd.estimation.result import fit_document  # noqa: PLC0415

    parameters = given.parameters
    if begun:
        parameters = scattered(parameters, best_start(begun).number, spread=spread, seed=seed)
    started = time.perf_counter()
    with shown_progress("Fitting"):
        result = fit_population(given.population, options, parameters=parameters)
    seconds = time.perf_counter() - started
    return result, fit_document(result, kind, seconds=seconds, data_sha256=given.data_sha256)


def _sampled(
    given: FitInputs, kind: CovarianceKind, *, maxeval: int | None, seed: int, has_covariance: bool
) -> tuple[SaemFit, dict[str, Any]]:
    """Return the fit that SAEM gives, and its document."""
    from pkpd.estimation.saem import SaemOptions, fit_by_saem  # noqa: PLC0415
    from pkpd.estimation.saem_document import saem_document  # noqa: PLC0415

    options = SaemOptions(seed=seed, with_covariance=has_covariance)
    options = options if maxeval is None else replace(options, most_iterations=maxeval)
    started = time.perf_counter()
    with shown_progress("Fitting") as tell:
        result = fit_by_saem(given.population, options, parameters=given.parameters, progress=tell)
    seconds = time.perf_counter() - started
    return result, saem_document(result, kind, seconds=seconds, data_sha256=given.data_sha256)


def _is_missing(cohort: str, given: FitInputs, imputations: int) -> bool:
    """Return whether there is a covariate to draw, and say so, before anything is computed."""
    from pkpd.estimation.multiple_imputation import missing_covariates  # noqa: PLC0415
    from pkpd.model_covariates import imputed_columns  # noqa: PLC0415

    model = given.population.model
    missing = missing_covariates(given.incomplete, model)
    if not missing:
        report(f"{cohort}: no covariate of {model.id} is missing; one fit is made, and nothing is drawn.")
        return False
    imputed_columns(given.incomplete, model)  # what cannot be drawn is refused here
    for name, n in missing.items():
        whom = "subject" if n == 1 else "subjects"
        report(f"{cohort}: {name} is missing in {n} {whom}; it is drawn {imputations} times.")
    return True


def _imputed(
    start: Fit, given: FitInputs, options: ImputationOptions, kind: CovarianceKind | None
) -> tuple[dict[str, Any], Fit]:
    """Return the pooled fits to completed cohorts, and the model at their estimates."""
    from pkpd.estimation.imputed_result import imputed_document  # noqa: PLC0415
    from pkpd.estimation.multiple_imputation import fit_imputed  # noqa: PLC0415

    started = time.perf_counter()
    with shown_progress("Fitting completed cohorts") as tell:
        imputed = fit_imputed(start, given.incomplete, options, tell=tell)
    seconds = time.perf_counter() - started
    return imputed_document(imputed, options, kind, seconds=seconds, data_sha256=given.data_sha256)


def _drawn(folder: Path, result: Fit, records: LevelRecords, individuals: int | None, sampled: SaemFit | None) -> str:
    """Draw the figures of a fit, and return a sentence on it."""
    started = time.perf_counter()
    with shown_progress("Drawing") as tell:
        n = draw_fit(folder, result, records, individuals=individuals, sampled=sampled, progress=tell)
    return f"{n} figures drawn in {time.perf_counter() - started:.2f} s."


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    rows = [
        (name, f"{entry['estimate']:.5g}", _percent(entry["rse_pct"]), _more(entry))
        for group in ("theta", "omega", "sigma")
        for name, entry in document[group].items()
    ]
    ofv = document["ofv"]
    starts = document.get("starts")
    agreement = (
        f"{starts['n_agree']} of {starts['n']} starts ended at this optimum; start {starts['best']} is the one reported."
        if starts
        else ""
    )
    return [
        f"{document['status_text']}",
        *([agreement] if agreement else []),
        f"OFV {ofv:.4f} by {_objective(document)} ({counted(document['n_subjects'], 'subject')}, {counted(document['n_observations'], 'level')}), "
        f"{document['evaluations']} {'iterations' if 'saem' in document else 'evaluations'} in {document['seconds']:.2f} s."
        if ofv is not None
        else "The objective is not finite.",
        *_integration(document["integration"]),
        Sheet("Estimates", ("parameter", "estimate", "RSE", ""), tuple(rows), wraps=3),
        *(warning["text"] for warning in document["warnings"] if warning["code"] != document["status"]),
    ]


def _objective(document: dict[str, Any]) -> str:
    if "saem" not in document:
        return document["method"]
    by = document["saem"]["ofv_by"]
    return f"{by} at the estimates of saem" if document["saem"]["iterations"] else by


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
