"""Study of labels: how often patients are told that one class is better, where none is and where classes differ as published."""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import crohns_srs
from crohns_srs.data.config import PLACEBO
from crohns_srs.data.ipd_file import Participants
from crohns_srs.evaluation.comparison import labelled
from crohns_srs.evaluation.resampling import UNCERTAINTIES, ordered_share
from crohns_srs.evaluation.rows import matrix
from crohns_srs.power.population import synthetic_population
from crohns_srs.predict.library import DEFAULT_MODELS, shipped_models
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence
from studies.rows import made, run_tasks, study_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray, IntArray

QUESTION = "How often are patients with Crohn's disease told that one class is better where none is?"
TRUTHS = ("none", "published")
_FOLDER = Path(__file__).parent.parent / "docs" / "validation"
_LIBRARY = Path(crohns_srs.__file__).parent / "library"
_SAME = "anti_tnf"
_WORDS = {"none": "no class differs", "published": "classes differ as published"}


@dataclass(frozen=True)
class Row:
    """Labels of one cohort: shares of patients with any order, of pairs of classes in one, and of pairs in the wrong one."""

    cohort: int
    seed: int
    truth: str
    coherent_labelled: float
    paper_labelled: float
    dashboard_labelled: float
    coherent_ordered: float
    paper_ordered: float
    dashboard_ordered: float
    coherent_wrong: float
    paper_wrong: float
    dashboard_wrong: float


def main(words: list[str]) -> None:
    """Run the study and write ``labels.csv`` and ``labels.md``."""
    parser = argparse.ArgumentParser(prog="python -m studies labels", description=QUESTION)
    study_options(parser, folder=_FOLDER)
    options = parser.parse_args(words)
    tasks = [(number, truth) for number in range(1, options.n + 1) for truth in TRUTHS]
    rows = run_tasks(
        labels_of,
        tasks,
        Row,
        key=lambda row: (row.cohort, row.truth),
        file=options.folder / "labels.csv",
        options=options,
        name="Labels",
    )
    (options.folder / "labels.md").write_text(page(rows, options), encoding="utf-8")


def labels_of(number: int, truth: str, *, seed: int) -> Row:
    """Return the row of one cohort."""
    cohort, effects = drawn_trials(number, truth, seed=seed)
    models = fitted_models(fit_sequence(cohort))
    groups = [labelled(models, cohort, one) for one in UNCERTAINTIES]
    return Row(
        number,
        seed,
        truth,
        *(float(group.any(axis=1).mean()) for group in groups),
        *(ordered_share(group) for group in groups),
        *(wrong_share(group, effects) for group in groups),
    )


def drawn_trials(number: int, truth: str, *, seed: int) -> tuple[Participants, FloatArray]:
    """Return a cohort with the arms of the published one, outcomes drawn from the published models, and the true effects of its classes.

    Without a difference every class has the coefficients of anti-TNF; trials differ by each class's published variance either way.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, TRUTHS.index(truth))))
    models = shipped_models()
    arms: dict[str, Any] = tomllib.loads((_LIBRARY / f"{DEFAULT_MODELS}_models.toml").read_text(encoding="utf-8"))[
        "models"
    ]
    trial, arm, year = [], [], []
    for key, model in arms.items():
        for name, one in model["trials"].items():
            trial += [name] * one["n_obs"]
            arm += [key] * one["n_obs"]
            year += [float(one["year"]) - 2000.0] * one["n_obs"]
    people = synthetic_population(models, len(trial), int(rng.integers(2**31)))
    covariates = {**people.covariates, "Year_Cent": np.array(year)}
    cohort = Participants(models.config, "drawn", "", np.array(trial), np.array(arm), np.zeros(len(trial)), covariates)
    by_id = {one.id: one for one in models.classes}
    x = matrix(cohort, models.classes[0].terms)
    effects = np.column_stack([x @ (one if truth == "published" else by_id[_SAME]).estimate for one in models.classes])
    mean = matrix(cohort, models.placebo.terms) @ models.placebo.estimate
    for k, one in enumerate((models.placebo, *models.classes)):
        rows = cohort.arm == one.id
        if one.id != PLACEBO:
            mean[rows] += effects[rows, k - 1]
        names, code = np.unique(cohort.trial[rows], return_inverse=True)
        mean[rows] += np.sqrt(one.var_trial) * rng.standard_normal(names.size)[code]
        mean[rows] += np.sqrt(one.var_residual) * rng.standard_normal(int(rows.sum()))
    cohort.outcome[:] = mean
    return cohort, effects


def wrong_share(group: IntArray, effects: FloatArray) -> float:
    """Return the share of pairs of classes, over patients, that are put in an order which is not the true one."""
    wrong = [
        (group[:, a] < group[:, b]) & ~(effects[:, a] > effects[:, b])
        for a in range(group.shape[1])
        for b in range(group.shape[1])
        if a != b
    ]
    n_pairs = len(wrong) / 2
    return float(np.sum(wrong) / (n_pairs * group.shape[0]))


def page(rows: Sequence[Row], options: argparse.Namespace) -> str:
    """Return the page on the study."""
    lines = [
        "# How often patients are told that one class is better",
        "",
        (
            f"{options.n} cohorts with the 15 trials and 5,703 participants of the published analysis are drawn from its models: once with classes that differ as published, and once "
            "with the same coefficients for every class (those of anti-TNF), so that no class is better for anybody. Trials differ by each class's published variance either way. Covariates are "
            "synthetic, drawn like the participants of all trials, and independent of the trial. Both stages are fitted, and all participants labelled, by every choice of uncertainty "
            "([what they are](../how-to/crohns.md#one-patient)). Means over cohorts with their standard errors."
        ),
        "",
        "| truth | uncertainty | patients with any order | pairs of classes in an order | pairs in a wrong order | cohorts with more than half of patients in an order |",
        "|---|---|---|---|---|---|",
    ]
    for truth in TRUTHS:
        own = [row for row in rows if row.truth == truth]
        for one in UNCERTAINTIES:
            shares = [
                _mean([getattr(row, f"{one.value}_{what}") for row in own]) for what in ("labelled", "ordered", "wrong")
            ]
            many = [getattr(row, f"{one.value}_labelled") > 0.5 for row in own]
            share = f"{100.0 * np.mean(many):.0f} %" if many else "–"
            lines.append(f"| {_WORDS[truth]} | `{one.value}` | {' | '.join(shares)} | {share} |")
    lines += [
        "",
        (
            "Tests are at 5 %: of all pairs by `coherent`, which parts classes only where every one before is better than every one after; of neighbours in rank by the other two. "
            "`paper` holds the trials' effects, so that what a class's few trials happen to have in common counts as the class's. `dashboard` lets trials differ, "
            "but tests with thousands of degrees of freedom what three trials say. Where no class differs every order is a wrong one."
        ),
        "",
        *made(f"python -m studies labels --n {options.n} --seed {options.seed}", "labels.csv"),
        "",
    ]
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "–"
    return f"{100.0 * np.mean(values):.1f} ± {100.0 * np.std(values, ddof=1) / np.sqrt(len(values)):.1f} %"
