"""Study of imputation: what tests of a covariate are worth of which some is missing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pkpd.model import load_model
from pkpd.model.population import population_parameters
from studies.estimates import EFFECT, MODEL, TRUTHS
from studies.gaps import METHODS, Row, tested
from studies.rows import made, run_tasks, share_with_interval, study_options

if TYPE_CHECKING:
    from collections.abc import Sequence

QUESTION = "Does a test of a covariate keep its level and its power where some of it is missing?"
_FOLDER = Path(__file__).parent.parent / "docs" / "validation"
_LEVELS = (0.05, 0.01)
_NAMES = {
    "complete": "nothing missing",
    "median": "`--impute median`",
    "multiple": "`--impute multiple`",
}


def main(words: list[str]) -> None:
    """Run the study and write ``imputation.csv`` and ``imputation.md``."""
    parser = argparse.ArgumentParser(prog="python -m studies imputation", description=QUESTION)
    study_options(parser, folder=_FOLDER)
    parser.add_argument("--share", type=float, default=0.3, help="of subjects, those without CRP")
    parser.add_argument("--imputations", type=int, default=20)
    options = parser.parse_args(words)
    tasks = [
        (number, truth, method, options.share, options.imputations)
        for number in range(1, options.n + 1)
        for truth in TRUTHS
        for method in METHODS
    ]
    rows = run_tasks(
        tested,
        tasks,
        Row,
        key=lambda row: (row.cohort, row.truth, row.method, options.share, options.imputations),
        file=options.folder / "imputation.csv",
        options=options,
        name="Imputation",
    )
    (options.folder / "imputation.md").write_text(page(rows, options), encoding="utf-8")


def page(rows: Sequence[Row], options: argparse.Namespace) -> str:
    """Return the page on the study."""
    words = f"--n {options.n} --share {options.share:g} --imputations {options.imputations} --seed {options.seed}"
    return "\n".join(
        [
            *_introduction(rows, options),
            "",
            *_tests(rows),
            "",
            *_estimates(rows),
            "",
            *_beside_complete(rows),
            "",
            *made(f"python -m studies imputation {words}", "imputation.csv"),
            "",
        ]
    )


def _introduction(rows: Sequence[Row], options: argparse.Namespace) -> list[str]:
    gone = np.mean([row.n_missing for row in rows]) if rows else float("nan")
    return [
        "# What a test of a covariate is worth of which some is missing",
        "",
        (
            f"{options.n} cohorts of 72 patients are drawn as `asuc cohort simulate` does from the published model, and {options.n} from the same model "
            f"without an effect of CRP on the clearance. Then each patient's CRP goes missing with probability {options.share:g}, whatever it is "
            f"({gone:.1f} of 72 on average). The effect is tested as `asuc scm` does, by `exact` in the published form, the effects of weight staying as "
            f"they are: with CRP as it was, with the median for what is missing, and with {options.imputations} completed cohorts "
            "([how](../theory/missing-covariates.md))."
        ),
    ]


def _tests(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## Tests",
        "",
        (
            "Share of cohorts with p below a level, with its exact 95 % interval; without an effect it should be the level. Tests that failed are counted "
            "in the last column and nowhere else."
        ),
        "",
        "| truth | CRP | p < 0.05 | p < 0.01 | information missing, mean | failed |",
        "|---|---|---|---|---|---|",
    ]
    for truth in TRUTHS:
        for method in METHODS:
            own = [row for row in rows if row.truth == truth and row.method == method]
            p = np.array([row.p for row in own if np.isfinite(row.p)])
            lost = [row.missing_information for row in own if np.isfinite(row.p)]
            shares = " | ".join(share_with_interval(p < level) for level in _LEVELS)
            mean = f"{100.0 * float(np.mean(lost)):.0f} %" if method == "multiple" and lost else ""
            lines.append(f"| {_truth(truth)} | {_NAMES[method]} | {shares} | {mean} | {len(own) - p.size} |")
    return lines


def _estimates(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## Estimates",
        "",
        "Of the coefficient of CRP: mean minus truth with its standard error, standard deviation and root mean square error.",
        "",
        "| truth | CRP | fits | true coefficient | bias | SD | RMSE |",
        "|---|---|---|---|---|---|---|",
    ]
    for truth in TRUTHS:
        for method in METHODS:
            found = _known(rows, truth, method) - _true(truth)
            if found.size > 1:
                sd = float(found.std(ddof=1))
                lines.append(
                    f"| {_truth(truth)} | {_NAMES[method]} | {found.size} | {_true(truth):.3g} | {found.mean():+.3f} ± "
                    f"{sd / np.sqrt(found.size):.3f} | {sd:.3f} | {np.sqrt((found**2).mean()):.3f} |"
                )
    return lines


def _beside_complete(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## Beside the cohort with nothing missing",
        "",
        "Differences of the same cohort's coefficient to what it is with nothing missing: mean with its standard error, and standard deviation.",
        "",
        "| truth | CRP | cohorts | mean | SD |",
        "|---|---|---|---|---|",
    ]
    for truth in TRUTHS:
        whole = {row.cohort: row.estimate for row in rows if (row.truth, row.method) == (truth, "complete")}
        for method in METHODS[1:]:
            own = [row for row in rows if (row.truth, row.method) == (truth, method) and row.cohort in whole]
            away = np.array([row.estimate - whole[row.cohort] for row in own if np.isfinite(row.p)])
            if away.size > 1:
                sd = float(away.std(ddof=1))
                mean = f"{away.mean():+.3f} ± {sd / np.sqrt(away.size):.3f}"
                lines.append(f"| {_truth(truth)} | {_NAMES[method]} | {away.size} | {mean} | {sd:.3f} |")
    return lines


def _known(rows: Sequence[Row], truth: str, method: str) -> np.ndarray:
    """Return the estimates of fits that a test is of."""
    own = (row for row in rows if row.truth == truth and row.method == method and np.isfinite(row.p))
    return np.array([row.estimate for row in own])


def _true(truth: str) -> float:
    published = {one.name: one.value for one in population_parameters(load_model(MODEL))}
    return published[EFFECT] if truth == "effect" else 0.0


def _truth(truth: str) -> str:
    return "published" if truth == "effect" else "no effect of CRP"
