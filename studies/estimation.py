"""Simulation-estimation study: bias, precision, coverage and likelihood-ratio tests of every method at the paper's design."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from studies.estimates import ESTIMATED, METHODS, TRUTHS, Row, drawn_cohort, estimated, true_values
from studies.rows import made, run_tasks, share_with_interval, study_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray

QUESTION = (
    "Do Laplace, exact and SAEM give the truth back, do intervals cover it, do tests of covariates keep their level?"
)
_FOLDER = Path(__file__).parent.parent / "docs" / "validation"
_USED = ("converged", "within_noise", "at_bound")
_Z = 1.959963984540054
_LEVELS = (0.05, 0.01)


def main(words: list[str]) -> None:
    """Run the study and write ``estimation.csv`` and ``estimation.md``."""
    parser = argparse.ArgumentParser(prog="python -m studies estimation", description=QUESTION)
    study_options(parser, folder=_FOLDER)
    parser.add_argument("--n-saem", type=int, default=40, help="cohorts that SAEM is run on as well")
    options = parser.parse_args(words)
    tasks = [
        (number, truth, method)
        for number in range(1, options.n + 1)
        for truth in TRUTHS
        for method in METHODS
        if method != "saem" or number <= options.n_saem
    ]
    rows = run_tasks(
        estimated,
        tasks,
        Row,
        key=lambda row: (row.cohort, row.truth, row.method),
        file=options.folder / "estimation.csv",
        options=options,
        name="Estimation",
    )
    (options.folder / "estimation.md").write_text(page(rows, options), encoding="utf-8")


def page(rows: Sequence[Row], options: argparse.Namespace) -> str:
    """Return the page on the study."""
    words = f"--n {options.n} --n-saem {options.n_saem} --seed {options.seed}"
    return "\n".join(
        [
            *_introduction(options.n),
            *_summary(rows, options.seed),
            "",
            *_endings(rows),
            "",
            *_estimates(rows, options.seed),
            "",
            *_tests(rows),
            "",
            *_offsets(rows),
            "",
            *made(f"python -m studies estimation {words}", "estimation.csv"),
            "",
        ]
    )


def _introduction(n: int) -> list[str]:
    return [
        "# What estimates are worth at the paper's design",
        "",
        (
            f"{n} cohorts of 72 patients are drawn as `asuc cohort simulate` does from the published model, and {n} from the same model "
            "without an effect of CRP on the clearance. Each is fitted from the published values, with the effect and without it. Missing covariates are "
            "their median, as in the paper. SAEM is run on the first of the cohorts only, since it takes longer."
        ),
        "",
        (
            "`laplace` often ends as `flat_mode` or `several_modes` on such data "
            "([why](../theory/population-likelihood.md#where-laplace-breaks-down)). Those fits have no standard errors, and tables say how "
            "many are left; what is said of Laplace is then said of the cohorts on which it works."
        ),
        "",
    ]


def _summary(rows: Sequence[Row], seed: int) -> list[str]:
    """Return a sentence for each method: on how many cohorts it works, its largest bias, its coverage and the level of its tests."""
    truths = _truths(seed)
    lines = ["## In short", ""]
    for method in METHODS:
        every = _own(rows, "effect", method)
        own = [row for row in every if _is_used(row)]
        if not own:
            continue
        bias = {name: 100.0 * (np.mean([getattr(row, name) for row in own]) / truths[name] - 1.0) for name in ESTIMATED}
        worst = max(bias, key=lambda name: abs(bias[name]))
        shares = [float(np.mean(_covered(own, name, truths[name]))) for name in ESTIMATED]
        falls = _falls(rows, "none", method)
        level = f"{100.0 * float(np.mean(falls > chi2.isf(0.05, 1))):.1f} %" if falls.size else "–"
        lines.append(
            f"- `{method}` ends at an optimum on {len(own)} of {len(every)} cohorts. Largest bias of a mean {bias[worst]:+.1f} % (`{worst}`); 95 % intervals cover "
            f"{100.0 * min(shares):.0f} to {100.0 * max(shares):.0f} %; a test at 5 % finds an effect that is not there in {level} of {falls.size} cohorts."
        )
    return lines


def _truths(seed: int) -> dict[str, float]:
    population = drawn_cohort(1, "effect", seed=seed)
    names = [one.name for one in population.parameters]
    published = true_values(population, "effect")
    return {name: float(published[names.index(name)]) for name in ESTIMATED}


def _covered(own: Sequence[Row], name: str, truth: float) -> BoolArray:
    """Return which 95 % intervals of a parameter hold the truth, of the fits that have one."""
    found = np.array([getattr(row, name) for row in own])
    se = np.array([getattr(row, f"se_{name}") for row in own])
    is_known = np.isfinite(se)
    return _covers(found[is_known], se[is_known], truth, is_positive=name.startswith(("omega2", "sigma")))


def _falls(rows: Sequence[Row], truth: str, method: str) -> FloatArray:
    """Return by how much the effect lowers the objective, where both fits ended at an optimum."""
    own = [row for row in _own(rows, truth, method) if _is_used(row) and row.status_without in _USED]
    return np.array([row.ofv_without - row.ofv for row in own])


def _is_used(row: Row) -> bool:
    return row.status in _USED


def _own(rows: Sequence[Row], truth: str, method: str) -> list[Row]:
    return [row for row in rows if row.truth == truth and row.method == method]


def _endings(rows: Sequence[Row]) -> list[str]:
    lines = ["## Endings", "", "| truth | method | fits | how they ended |", "|---|---|---|---|"]
    for truth in TRUTHS:
        for method in METHODS:
            own = _own(rows, truth, method)
            statuses = [row.status for row in own]
            told = ", ".join(
                f"{statuses.count(one)} `{one}`" for one in sorted(set(statuses), key=statuses.count, reverse=True)
            )
            lines.append(f"| {_truth(truth)} | {method} | {len(own)} | {told} |")
    return lines


def _truth(truth: str) -> str:
    return "published" if truth == "effect" else "no effect of CRP"


def _estimates(rows: Sequence[Row], seed: int) -> list[str]:
    truths = _truths(seed)
    lines = [
        "## Estimates, truth as published",
        "",
        (
            "Bias of the mean and of the median, and root mean square error, in percent of the truth; coverage of 95 % intervals from the sandwich "
            "(of omegas and sigma on the logarithmic scale) with its exact 95 % interval. Fits that converged or ended at a bound."
        ),
        "",
        "| parameter | truth | method | fits | bias of the mean | of the median | RMSE | coverage |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in ESTIMATED:
        for method in METHODS:
            own = [row for row in _own(rows, "effect", method) if _is_used(row)]
            if own:
                lines.append(_estimate_line(name, truths[name], method, own))
    return lines


def _estimate_line(name: str, truth: float, method: str, own: Sequence[Row]) -> str:
    found = np.array([getattr(row, name) for row in own])
    relative = 100.0 * (found - truth) / truth
    error = float(relative.std(ddof=1) / np.sqrt(relative.size)) if relative.size > 1 else float("nan")
    covered = _covered(own, name, truth)
    return (
        f"| `{name}` | {truth:.4g} | {method} | {len(own)} | {relative.mean():+.1f} ± {error:.1f} % | {np.median(relative):+.1f} % | "
        f"{np.sqrt((relative**2).mean()):.1f} % | {share_with_interval(covered)} |"
    )


def _covers(found: FloatArray, se: FloatArray, truth: float, *, is_positive: bool) -> BoolArray:
    """Return which 95 % intervals hold the truth."""
    if is_positive:
        return np.abs(np.log(found / truth)) <= _Z * se / found
    return np.abs(found - truth) <= _Z * se


def _tests(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## Likelihood-ratio test of the effect of CRP on the clearance",
        "",
        (
            "Share of cohorts on which the fall of the objective is beyond the chi-square quantile with one degree of freedom. Without an effect it should be the "
            "level; with the published one it is the power. Both fits converged or ended at a bound."
        ),
        "",
        "| truth | method | p < 0.05 | p < 0.01 |",
        "|---|---|---|---|",
    ]
    for truth in TRUTHS:
        for method in METHODS:
            falls = _falls(rows, truth, method)
            cells = [share_with_interval(falls > chi2.isf(level, 1)) for level in _LEVELS]
            lines.append(f"| {_truth(truth)} | {method} | {cells[0]} | {cells[1]} |")
    return lines


def _offsets(rows: Sequence[Row]) -> list[str]:
    """Return how far the methods lie apart on the cohorts that both fitted."""
    lines = [
        "## Laplace and SAEM beside exact, cohort by cohort",
        "",
        (
            "Mean and standard deviation over the cohorts, truth as published, on which both converged or ended at a bound. Objectives of SAEM are exact ones at its "
            "estimates."
        ),
        "",
        "| method | cohorts | OFV above exact's | " + " | ".join(f"`{name}`, %" for name in ESTIMATED) + " |",
        "|---|---|---|" + "---|" * len(ESTIMATED),
    ]
    exact = {row.cohort: row for row in _own(rows, "effect", "exact") if _is_used(row)}
    for method in METHODS[1:]:
        own = [row for row in _own(rows, "effect", method) if _is_used(row) and row.cohort in exact]
        if not own:
            lines.append(f"| {method} | 0 | – |" + " – |" * len(ESTIMATED))
            continue
        above = np.array([row.ofv - exact[row.cohort].ofv for row in own])
        cells = [_spread(above)]
        for name in ESTIMATED:
            ratio = [getattr(row, name) / getattr(exact[row.cohort], name) for row in own]
            cells.append(_spread(100.0 * (np.array(ratio) - 1.0)))
        lines.append(f"| {method} | {len(own)} | " + " | ".join(cells) + " |")
    return lines


def _spread(values: FloatArray) -> str:
    return f"{values.mean():+.2f} ± {values.std():.2f}"
