"""Study of the whole way from levels to a threshold and a hazard: how often it gives the truth back with eleven events."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studies.pipeline_cohorts import EVENT_MODEL, EVENTS, NEW, SIZE, Row, recovered, true_values
from studies.rows import made, run_tasks, share_with_interval, study_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray

QUESTION = "How often does the way from levels to hazard and threshold give the truth back with eleven events?"
_Z = 1.959963984540054
_FOLDER = Path(__file__).parent.parent / "docs" / "validation"


def main(words: list[str]) -> None:
    """Run the study and write ``pipeline.csv`` and ``pipeline.md``."""
    parser = argparse.ArgumentParser(prog="python -m studies pipeline", description=QUESTION)
    study_options(parser, folder=_FOLDER)
    options = parser.parse_args(words)
    rows = run_tasks(
        recovered,
        [(number,) for number in range(1, options.n + 1)],
        Row,
        key=lambda row: (row.cohort,),
        file=options.folder / "pipeline.csv",
        options=options,
        name="Whole way",
    )
    (options.folder / "pipeline.md").write_text(page(rows, options), encoding="utf-8")


def page(rows: Sequence[Row], options: argparse.Namespace) -> str:
    """Return the page on the study."""
    fitted = [row for row in rows if row.tte_status == "converged"]
    parts = [*_introduction(rows), *_short(rows, fitted), *_estimates(fitted), *_thresholds(rows), *_endings(rows)]
    return "\n".join(
        [*parts, "", *made(f"python -m studies pipeline --n {options.n} --seed {options.seed}", "pipeline.csv"), ""]
    )


def _introduction(rows: Sequence[Row]) -> list[str]:
    early = np.mean([row.n_early for row in rows])
    low, high = EVENT_MODEL.window_day
    return [
        f"# From levels to a threshold with {EVENTS} events",
        "",
        (
            f"{len(rows)} cohorts of {SIZE} patients are drawn by `asuc cohort simulate --events --planned` from the published models, each again until it has {EVENTS} colectomies by day "
            f"{EVENT_MODEL.horizon_day:g} ({early:.1f} of them before day {high:g}, on average). Each goes the way of the publication: an exact fit of the levels, exposures "
            f"x = ln(AUC/CL) of days {low:g} to {high:g} at the modes with planned doses, a Weibull hazard of all patients, and the threshold with the largest J among those at risk "
            f"on day {high:g}. The truth is β = {EVENT_MODEL.slope:g}; what a hazard or a threshold is worth is judged on {NEW:,} new patients with their true exposures."
        ),
        "",
    ]


def _short(rows: Sequence[Row], fitted: Sequence[Row]) -> list[str]:
    p, beta = _column(fitted, "p"), _column(fitted, "beta")
    j, j_new, best = _column(rows, "j"), _column(rows, "j_new"), _column(rows, "j_best")
    found = _column(rows, "threshold")
    found = found[np.isfinite(found)]
    low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
    return [
        "## In short",
        "",
        (
            f"- With exposures at the modes the mean of β is off by {_bias(fitted, 'beta')} of the truth, by the joint model by {_bias(fitted, 'beta_joint')}."
        ),
        f"- The effect of exposure is found (p < 0.05) in {share_with_interval(p < 0.05)}, with the right sign in {share_with_interval(beta < 0.0)}.",
        (
            f"- The chosen threshold lies anywhere from {low:.2f} to {high:.2f} (90 % of cohorts; median {middle:.2f}); its J looks like {np.nanmean(j):.2f} and is {np.nanmean(j_new):.2f} "
            f"in new patients, where the best threshold has {np.nanmean(best):.2f}."
        ),
        (
            f"- The re-fitted risk of a new patient is off by {100.0 * np.nanmean(_column(fitted, 'risk_error')):.1f} percentage points on average (mean of absolute errors), beside a true "
            "risk that eleven events can hardly tell better. A published threshold or risk from such a cohort needs validation on others, and recalibration more than replacement."
        ),
        "",
    ]


def _estimates(fitted: Sequence[Row]) -> list[str]:
    cl, v = true_values()
    lines = [
        "## Estimates",
        "",
        "Of cohorts whose hazard converged. Bias with its Monte-Carlo standard error.",
        "",
        "| parameter | truth | mean | bias | SD | 5 to 95 % of cohorts |",
        "|---|---|---|---|---|---|",
    ]
    known = (
        ("clearance, L/day", "cl", cl),
        ("volume, L", "v", v),
        ("β, exposures at the modes", "beta", EVENT_MODEL.slope),
        ("β, joint model", "beta_joint", EVENT_MODEL.slope),
        ("shape γ", "shape", EVENT_MODEL.shape),
    )
    for words, name, truth in known:
        values = _known(fitted, name)
        relative = 100.0 * (values / truth - 1.0)
        error = relative.std(ddof=1) / np.sqrt(values.size)
        low, high = np.quantile(values, [0.05, 0.95])
        lines.append(
            f"| {words} | {truth:.3g} | {values.mean():.3f} | {relative.mean():+.1f} ± {error:.1f} % | {values.std(ddof=1):.3f} | {low:.3f} to {high:.3f} |"
        )
    beta, se = _column(fitted, "beta"), _column(fitted, "se")
    lower, upper = _column(fitted, "lower"), _column(fitted, "upper")
    joint, joint_se = _known(fitted, "beta_joint"), _known(fitted, "se_joint")
    truth = EVENT_MODEL.slope
    return [
        *lines,
        "",
        (
            f"95 % intervals of β hold the truth: with exposures at the modes, by standard error {share_with_interval(np.abs(beta - truth) <= _Z * se)}, by profile "
            f"{share_with_interval((lower <= truth) & (truth <= upper))}; in the joint model, by standard error {share_with_interval(np.abs(joint - truth) <= _Z * joint_se)}. "
            "Here a colectomy ends the samples, so that the fewest levels are known of just those whose exposure was lowest, and their exposures at the modes lie nearest to the "
            "average; where samples go on after it, exposures at the modes draw β [less towards zero](joint.md). The joint model takes an exposure for as uncertain as it is, "
            "and learns from the event itself."
        ),
        "",
    ]


def _thresholds(rows: Sequence[Row]) -> list[str]:
    area, low, high = (_column(rows, name) for name in ("auroc", "auroc_low", "auroc_high"))
    known = np.isfinite(area)
    risk = 100.0 * _column(rows, "risk_at_threshold")
    risk = risk[np.isfinite(risk)]
    ends = np.quantile(risk, [0.05, 0.5, 0.95])
    width = (high - low)[known]
    return [
        "## Area and threshold",
        "",
        (
            f"- AUROC at the landmark: {area[known].mean():.2f} on average, 5 to 95 % of cohorts {np.quantile(area[known], 0.05):.2f} to {np.quantile(area[known], 0.95):.2f}; DeLong's interval is "
            f"{width.mean():.2f} wide and lies above 0.5 in {share_with_interval(low[known] > 0.5)}."
        ),
        f"- True risk by day {EVENT_MODEL.horizon_day:g} at the chosen threshold: median {ends[1]:.0f} %, 5 to 95 % of cohorts {ends[0]:.0f} to {ends[2]:.0f} %.",
        f"- Cohorts without a threshold of use: {int(np.isnan(_column(rows, 'threshold')).sum())} of {len(rows)}.",
        "",
    ]


def _endings(rows: Sequence[Row]) -> list[str]:
    lines = ["## Endings", "", "| fit | how they ended |", "|---|---|"]
    for words, column in (("levels", "pk_status"), ("hazard", "tte_status"), ("joint model", "joint_status")):
        statuses = [str(getattr(row, column)) for row in rows]
        counts = sorted(set(statuses), key=statuses.count, reverse=True)
        lines.append(f"| {words} | {', '.join(f'{statuses.count(one)} `{one}`' for one in counts)} |")
    drawn = sum(row.n_drawn for row in rows)
    return [*lines, "", f"{drawn:,} cohorts were drawn for the {len(rows)} with {EVENTS} events."]


def _bias(rows: Sequence[Row], name: str) -> str:
    relative = 100.0 * (_known(rows, name) / EVENT_MODEL.slope - 1.0)
    return f"{relative.mean():+.0f} ± {relative.std(ddof=1) / np.sqrt(relative.size):.0f} %"


def _known(rows: Sequence[Row], name: str) -> FloatArray:
    values = _column(rows, name)
    return values[np.isfinite(values)]


def _column(rows: Sequence[Row], name: str) -> FloatArray:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)
