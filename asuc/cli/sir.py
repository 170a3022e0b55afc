"""`asuc sir`: sampling importance resampling around a fit, in a folder that keeps what is done."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, check_settings, kept_rows, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, write_figures
from asuc.cli.fit_options import (
    Bounded,
    CensoredName,
    CohortFile,
    Fixed,
    Initial,
    MethodName,
    OutFolder,
    bound_settings,
    bounds_of,
    pairs,
    read_inputs,
)
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.result_tables import write_iterations, write_parameters
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.sir import SirIteration, SirOptions

_SETTINGS, _EVALUATIONS, _RESULT, _TABLE = "settings.json", "evaluations.csv", "sir.json", "sir.csv"
_Kept = dict[tuple[int, int], float]


def sir(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its initial values.")],
    out: OutFolder,
    samples: Annotated[int, typer.Option(min=100, max=1_000_000, help="Vectors drawn in each iteration.")] = 1000,
    resamples: Annotated[int, typer.Option(min=50, help="Vectors kept of them, at most half.")] = 250,
    iterations: Annotated[int, typer.Option(min=1, max=20, help="Iterations, each proposing what the last kept.")] = 3,
    inflate: Annotated[float, typer.Option(min=0.1, max=10.0, help="Factor of the first proposal's variances.")] = 1.0,
    proposal_rse: Annotated[
        float | None,
        typer.Option(
            min=1.0, max=200.0, metavar="PERCENT", help="First proposal by this RSE, without covariance matrix."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same vectors.")] = 1,
    method: Annotated[MethodName, typer.Option(help="Objective that is minimised.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    bound: Bounded = None,
    censored: CensoredName = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Draw parameters around a fit, weigh them by their likelihood and draw again; write intervals and diagnostics."""
    from pkpd.estimation.fit import FitOptions  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.estimation.fit import fit as fit_population  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.estimation.sir import SirOptions, first_proposal  # noqa: PLC0415
    from pkpd.estimation.sir_document import sir_document  # noqa: PLC0415
    from pkpd.units import fraction_from_percent  # noqa: PLC0415

    if 2 * resamples > samples:
        message = f"{resamples} is more than half of {samples} samples; draw more samples, or keep fewer"
        raise input_error("--resamples", message)
    folder = check_folder(out, force=force or resume)
    initial, fixed, bounds = pairs("--init", init), pairs("--fix", fix), bounds_of(bound)
    given = read_inputs(cohort, model, initial=initial, fixed=fixed, bounds=bounds, censored=censored)
    rse = None if proposal_rse is None else fraction_from_percent(proposal_rse)
    options = SirOptions(samples, resamples, iterations, inflate, rse, seed)
    settings: dict[str, Any] = {
        "model_sha256": given.population.model.sha256,
        "data_sha256": given.data_sha256,
        "method": method,
        "seed": seed,
        "samples": samples,
        "resamples": resamples,
        "inflate": inflate,
        "proposal_rse": proposal_rse,
        "fix": fixed,
        "init": initial,
        "bound": bound_settings(bounds),
        "censored": censored,
    }
    if resume:
        check_settings(folder / _SETTINGS, settings)
    with shown_progress("Fitting"):
        original = fit_population(given.population, FitOptions(Method(method)), parameters=given.parameters)
    first_proposal(original, options)  # refuses before anything is written
    make_folder(folder)
    write_json(folder / _SETTINGS, settings)
    # An earlier result is none of the vectors that are now drawn.
    for name in (_RESULT, _TABLE):
        (folder / name).unlink(missing_ok=True)
    found, n_kept = _sampled(folder / _EVALUATIONS, original, options, resume=resume, out=out)
    document = sir_document(original, found, options) | {"n_resumed": n_kept, "settings": settings}
    write_json(folder / _RESULT, document)
    write_parameters(folder / _TABLE, document)
    write_iterations(folder / "iterations.csv", document)
    names = [one.name for one in original.parameters]
    write_csv(folder / "samples.csv", ("iteration", "number", "kept", "weight", "ofv_change", *names), _rows(found))
    _draw(folder, found, original)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _sampled(
    file: Path, original: Fit, options: SirOptions, *, resume: bool, out: str
) -> tuple[tuple[SirIteration, ...], int]:
    """Return the iterations, and how many objectives were there already; each new one is written as soon as it is known."""
    from pkpd.estimation.sir import evaluate_by, sample_parameters  # noqa: PLC0415

    kept: _Kept = _kept(file) if resume else {}
    n_kept = len(kept)
    total = options.n_samples * options.n_iterations
    with file.open("a" if kept else "w", encoding="utf-8", newline="") as stream, shown_progress("Sampling") as tell:
        writer = csv.writer(stream)
        if not kept:
            writer.writerow(("iteration", "number", "ofv"))
            stream.flush()
        evaluated = evaluate_by(original)

        def remembered(iteration: int, number: int, free: FloatArray) -> float:
            if (iteration, number) not in kept:
                kept[iteration, number] = evaluated(iteration, number, free)
                value = kept[iteration, number]
                writer.writerow((iteration, number, repr(value) if value == value else ""))  # noqa: PLR0124 - NaN
                stream.flush()
            tell(((iteration - 1) * options.n_samples + number) / total)
            return kept[iteration, number]

        try:
            return sample_parameters(original, options, evaluated=remembered), n_kept
        except KeyboardInterrupt:
            report(
                f"{out}: {len(kept)} of {total} vectors are kept; the same command with --resume goes on from there."
            )
            raise


def _kept(file: Path) -> _Kept:
    rows = kept_rows(file)
    return {(int(row["iteration"]), int(row["number"])): float(row["ofv"] or "nan") for row in rows}


def _rows(iterations: Sequence[SirIteration]) -> Iterator[tuple[object, ...]]:
    for number, one in enumerate(iterations, start=1):
        columns = zip(one.is_kept.tolist(), one.weight.tolist(), one.change.tolist(), one.values.tolist(), strict=True)
        for k, (is_kept, weight, change, values) in enumerate(columns, start=1):
            yield number, k, int(is_kept), weight, change, *values


def _draw(folder: Path, iterations: Sequence[SirIteration], original: Fit) -> None:
    from pkpd.figures.sir import sir_figure  # noqa: PLC0415 - loads Matplotlib

    with shown_progress("Drawing") as tell:
        write_figures(folder / FOLDER, [sir_figure(iterations, n_free=original.scale.n_free)], written=tell)


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    keys = ("mean", "se", "q025", "q50", "q975")
    rows = tuple(
        (name, f"{one['estimate']:.5g}", *(f"{one[key]:.4g}" for key in keys))
        for name, one in document["parameters"].items()
        if not one["fixed"]
    )
    steps = tuple(
        (
            str(number),
            f"{one['effective_size']:.0f}",
            f"{one['largest_weight']:.2g}",
            f"{one['degrees_of_freedom_samples']:.2f}",
            f"{one['degrees_of_freedom_resamples']:.2f}",
        )
        for number, one in enumerate(document["iterations"], start=1)
    )
    head = ("iteration", "effective vectors", "largest weight", "mean rise of drawn", "of kept")
    return [
        (
            f"{document['n_samples']} vectors drawn and {document['n_resamples']} kept in each of {len(document['iterations'])} iterations; the rise "
            f"of the OFV has a mean of {document['n_parameters']} where the likelihood is normal."
        ),
        *(warning["text"] for warning in document["warnings"]),
        Sheet("Iterations", head, steps),
        Sheet("Estimates", ("parameter", "estimate", "mean", "SE", "2.5 %", "50 %", "97.5 %"), rows, wraps=0),
        f"Written to {folder}.",
    ]
