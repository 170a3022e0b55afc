"""Study of the effect of exposure on the hazard: plug-in, regression calibration, and likelihoods that know the exposure's uncertainty."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studies.joint_cohorts import EVENT_MODEL, METHODS, SIZE, Row, estimated
from studies.rows import made, run_tasks, share_with_interval, study_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray

QUESTION = (
    "What do exposures that are only estimated do to the effect of exposure on the hazard, and which fit mends it?"
)
_FOLDER = Path(__file__).parent.parent / "docs" / "validation"
_Z = 1.959963984540054
_NAMES = {
    "true": "true exposure",
    "plug_in": "plug-in",
    "calibration": "regression calibration",
    "held": "joint, PK held",
    "joint": "joint",
}


def main(words: list[str]) -> None:
    """Run the study and write ``joint.csv`` and ``joint.md``."""
    parser = argparse.ArgumentParser(prog="python -m studies joint", description=QUESTION)
    study_options(parser, folder=_FOLDER)
    parser.add_argument("--n-large", type=int, default=20, help="cohorts of ten times as many patients")
    options = parser.parse_args(words)
    tasks = [(SIZE, number) for number in range(1, options.n + 1)]
    tasks += [(10 * SIZE, number) for number in range(1, options.n_large + 1)]
    rows = run_tasks(
        estimated,
        tasks,
        Row,
        key=lambda row: (row.size, row.cohort),
        file=options.folder / "joint.csv",
        options=options,
        name="Joint models",
    )
    (options.folder / "joint.md").write_text(page(rows, options), encoding="utf-8")


def page(rows: Sequence[Row], options: argparse.Namespace) -> str:
    """Return the page on the study."""
    words = f"--n {options.n} --n-large {options.n_large} --seed {options.seed}"
    parts = [*_introduction(rows), *_short(rows)]
    for size in (SIZE, 10 * SIZE):
        if own := [row for row in rows if row.size == size]:
            parts += ["", *_table(size, own), "", *_apart(own)]
    return "\n".join([*parts, "", *_endings(rows), "", *made(f"python -m studies joint {words}", "joint.csv"), ""])


def _introduction(rows: Sequence[Row]) -> list[str]:
    sizes = [[row for row in rows if row.size == size] for size in (SIZE, 10 * SIZE)]
    told = " and ".join(
        f"{len(own)} cohorts of {own[0].size} patients ({np.mean([row.n_events for row in own]):.1f} events on average)"
        for own in sizes
        if own
    )
    low, high = EVENT_MODEL.window_day
    return [
        "# The effect of exposure on the hazard, from levels and event times",
        "",
        (
            f"{told} are drawn from the published models: doses, samples and assays as `asuc cohort simulate` draws them, levels from the pharmacokinetic model, and each "
            f"patient's event time from the Weibull model at the patient's true x = ln(AUC/CL) of days {low:g} to {high:g}, censored on day {EVENT_MODEL.horizon_day:g}. "
            "Doses of the label go on after the last record of a patient (of whom some dose before day "
            f"{high:g} is then a planned one: {100.0 * float(np.mean([row.n_planned / row.size for row in rows])):.0f} %). Missing covariates are their median. The truth is "
            f"β = {EVENT_MODEL.slope:g}."
        ),
        "",
        (
            "The pharmacokinetic parameters are estimated from the levels of each cohort by the exact likelihood; *true exposure* takes each patient's own x, as nobody can; "
            "*plug-in* the x at the mode of the random effects; *regression calibration* its posterior mean given the levels; *joint, PK held* integrates over the posterior "
            "of x with the pharmacokinetic parameters held (PPP&D); *joint* estimates everything at once ([theory](../theory/joint-model.md))."
        ),
        "",
    ]


def _short(rows: Sequence[Row]) -> list[str]:
    lines = ["## In short", ""]
    for size in (SIZE, 10 * SIZE):
        own = [row for row in rows if row.size == size]
        if not own:
            continue
        told = ", ".join(f"{_NAMES[method]} {_bias(own, method)}" for method in METHODS)
        covered = ", ".join(
            f"{_NAMES[method]} {100.0 * float(_covers(own, method).mean()):.0f} %" for method in METHODS
        )
        shrinkage = 100.0 * float(np.mean([row.shrinkage for row in own]))
        lines.append(
            f"- {size} patients: mean error of β {told}. 95 % intervals hold the truth in: {covered}. The variance of x at the modes is {shrinkage:.0f} % smaller than that "
            "of the true x, on average."
        )
    return lines


def _bias(own: Sequence[Row], method: str) -> str:
    error = 100.0 * (_betas(own, method) / EVENT_MODEL.slope - 1.0)
    return f"{error.mean():+.0f} ± {_monte_carlo(error):.0f} %"


def _betas(own: Sequence[Row], method: str) -> FloatArray:
    """Return the estimates of the fits that converged."""
    return np.array([getattr(row, f"beta_{method}") for row in own if _is_used(row, method)])


def _errors(own: Sequence[Row], method: str) -> FloatArray:
    return np.array([getattr(row, f"se_{method}") for row in own if _is_used(row, method)])


def _is_used(row: Row, method: str) -> bool:
    return getattr(row, f"status_{method}") == "converged" and np.isfinite(getattr(row, f"se_{method}"))


def _covers(own: Sequence[Row], method: str) -> BoolArray:
    return np.abs(_betas(own, method) - EVENT_MODEL.slope) <= _Z * _errors(own, method)


def _monte_carlo(values: FloatArray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else float("nan")


def _table(size: int, own: Sequence[Row]) -> list[str]:
    lines = [
        f"## {size} patients",
        "",
        (
            "Bias in percent of the truth (negative: attenuated) with its Monte-Carlo standard error; RMSE, standard deviation of the estimates and mean standard error in "
            "units of β; coverage of 95 % intervals by standard error, with its exact 95 % interval. Fits that converged."
        ),
        "",
        "| method | fits | bias of the mean | of the median | RMSE | SD of β | mean SE | coverage |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for method in METHODS:
        found, se = _betas(own, method), _errors(own, method)
        relative = 100.0 * (found / EVENT_MODEL.slope - 1.0)
        root = float(np.sqrt(np.mean((found - EVENT_MODEL.slope) ** 2)))
        lines.append(
            f"| {_NAMES[method]} | {found.size} | {relative.mean():+.1f} ± {_monte_carlo(relative):.1f} % | {np.median(relative):+.1f} % | {root:.3f} | "
            f"{found.std(ddof=1):.3f} | {se.mean():.3f} | {share_with_interval(_covers(own, method))} |"
        )
    return lines


def _apart(own: Sequence[Row]) -> list[str]:
    """Return how far the ways lie from the fit with the true exposures, cohort by cohort, where most of the noise is the same."""
    lines = [
        "Cohort by cohort beside the fit with the true exposures, in percent of the truth:",
        "",
        "| method | cohorts | β less that with the true exposures | SD of the difference |",
        "|---|---|---|---|",
    ]
    for method in METHODS[1:]:
        both = [row for row in own if _is_used(row, method) and _is_used(row, "true")]
        apart = 100.0 * (_betas(both, method) - _betas(both, "true")) / EVENT_MODEL.slope
        lines.append(
            f"| {_NAMES[method]} | {len(both)} | {apart.mean():+.1f} ± {_monte_carlo(apart):.1f} % | {apart.std(ddof=1):.1f} % |"
        )
    return lines


def _endings(rows: Sequence[Row]) -> list[str]:
    lines = ["## Endings", "", "| patients | method | fits | how they ended |", "|---|---|---|---|"]
    for size in sorted({row.size for row in rows}):
        for method in ("pk", *METHODS):
            column = "pk_status" if method == "pk" else f"status_{method}"
            statuses = [str(getattr(row, column)) for row in rows if row.size == size]
            counts = sorted(set(statuses), key=statuses.count, reverse=True)
            told = ", ".join(f"{statuses.count(one)} `{one}`" for one in counts)
            lines.append(
                f"| {size} | {'levels alone' if method == 'pk' else _NAMES[method]} | {len(statuses)} | {told} |"
            )
    return lines
