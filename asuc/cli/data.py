"""`asuc data`: what a cohort file holds, and everything that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from asuc.cli.output import print_json, write_output
from asuc.cli.source import read_model
from pkpd.data.records import Censoring
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import CovariateDomain

data = typer.Typer(help="Cohort files.", no_args_is_help=True)
_COHORT = typer.Argument(metavar="COHORT.csv", help="Cohort in NONMEM's convention (CSV or Parquet).")
_BAD_INPUT = 2


@data.command("check", epilog="Example: asuc data check cohort.csv --model niyigena_2026_asuc")
def check(
    cohort: Annotated[str, _COHORT],
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.toml", help="Model whose covariates are checked as well.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> int:
    """Print what was read and every problem with its line; exit code 2 where there is any."""
    from pkpd.data.cohort_file import read_cohort  # noqa: PLC0415 - loads Arrow, which other commands need not
    from pkpd.diagnostics.level_scale import far_from_predictions  # noqa: PLC0415
    from pkpd.likelihood.population import bind_population  # noqa: PLC0415
    from pkpd.model_cohort_file import read_model_cohort  # noqa: PLC0415
    from pkpd.model_covariates import with_model_covariates  # noqa: PLC0415

    spec = None if model is None else read_model(model)
    reading = read_cohort(cohort) if spec is None else read_model_cohort(cohort, spec)
    problems, notes = [str(problem) for problem in reading.problems], list(reading.notes)
    if reading.cohort is not None and spec is not None:
        ready = with_model_covariates(reading.cohort, spec)
        far = far_from_predictions(bind_population(spec, ready.cohort)) if spec.etas else None
        notes += [*ready.notes, *([far] if far else [])]
    document: dict[str, Any] = {
        "schema": "asuc-data-check/1",
        "file": cohort,
        "sha256": reading.table.sha256,
        "n_records": reading.table.n_rows,
        "columns": list(reading.table.columns),
        "cohort": _summary(reading.cohort, {} if spec is None else spec.covariates),
        "problems": problems,
        "notes": notes,
    }
    if as_json:
        print_json(document)
    else:
        write_output("\n".join(_lines(document)) + "\n")
    return _BAD_INPUT if problems else 0


def _summary(cohort: Cohort | None, domains: Mapping[str, CovariateDomain]) -> dict[str, Any] | None:
    """Return how many of what a cohort holds; ``domains`` are those of the model's covariates, by name."""
    if cohort is None:
        return None
    per_subject = np.diff(cohort.sample_start)
    return {
        "n_subjects": cohort.n_subjects,
        "n_doses": int(cohort.dose_time.size),
        "n_samples": int(cohort.level.size),
        "n_below": int((cohort.censoring == Censoring.BELOW).sum()),
        "n_above": int((cohort.censoring == Censoring.ABOVE).sum()),
        "n_between": int((cohort.censoring == Censoring.BETWEEN).sum()),
        "samples_per_subject": {str(n): int((per_subject == n).sum()) for n in np.unique(per_subject).tolist()},
        "n_centres": len(cohort.centres),
        "assays": [assay for assay in cohort.assays if assay],
        "covariates": {
            name: _covariate(values[cohort.row_start[:-1]], domains[name].categories if name in domains else ())
            for name, values in cohort.covariates.items()
        },
    }


def _covariate(first: FloatArray, categories: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Return the distribution of a covariate over the subjects' first rows; of one with categories, how many subjects have each."""
    has_any = bool(np.isfinite(first).any())
    n_missing = int(np.isnan(first).sum())
    if categories:
        counts = {label: int((first == code).sum()) for label, code in categories}
        return {"counts": counts, "n_missing": n_missing}
    return {
        "median": float(np.nanmedian(first)) if has_any else None,
        "q25": float(np.nanquantile(first, 0.25)) if has_any else None,
        "q75": float(np.nanquantile(first, 0.75)) if has_any else None,
        "n_missing": n_missing,
    }


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"{document['file']}: {document['n_records']:,} records, columns {', '.join(document['columns'])}."]
    cohort = document["cohort"]
    if cohort is not None:
        n = cohort["n_samples"]
        beyond = cohort["n_below"] + cohort["n_above"] + cohort["n_between"]
        lines.append(
            f"{counted(cohort['n_subjects'], 'subject')}, {counted(cohort['n_doses'], 'dose')}, {counted(n, 'level')}, of which {cohort['n_below']:,} below and "
            f"{cohort['n_above']:,} above a limit ({100.0 * beyond / max(n, 1):.0f} % censored)."
        )
        for name, one in cohort["covariates"].items():
            missing = f", missing in {one['n_missing']}" if one["n_missing"] else ""
            lines.append(f"  {name}: {_middle(one)}{missing}")
    lines += [f"Note: {note}" for note in document["notes"]]
    lines += [f"Problem: {problem}." for problem in document["problems"]]
    n = len(document["problems"])
    lines.append(f"{n} {'problem' if n == 1 else 'problems'}." if n else "No problem found.")
    return lines


def _middle(one: dict[str, Any]) -> str:
    if "counts" in one:
        return ", ".join(f"{label} {n:,}" for label, n in one["counts"].items())
    if one["median"] is None:
        return "nothing but missing values"
    return f"{one['median']:g} [{one['q25']:g} to {one['q75']:g}]"
