"""What an evaluation of a table finds without replicates: labels, held-out outcomes, labels without covariates, and the value of the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.ablation import Ablation, ablation
from crohns_srs.evaluation.comparison import label_shares, labelled, no_preference
from crohns_srs.evaluation.concordance import Concordance, concordance
from crohns_srs.evaluation.held_out import HeldOut, leave_folds_out, leave_trials_out
from crohns_srs.evaluation.performance import Interval, Performance, mean_interval, performance
from crohns_srs.evaluation.resampling import UNCERTAINTIES
from crohns_srs.evaluation.rows import matrix
from crohns_srs.evaluation.rule_value import RuleValue, rule_value
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence
from pkpd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.predict.effects import Uncertainty
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_BINS = 10
_FEW_TRIALS = 3


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm of a trial, predicted by models of the other trials.

    Parameters
    ----------
    trial, arm : str
        Which.
    n : int
        Participants.
    n_trials_left : int
        Trials that the arm's model was fitted to without it.
    residual : Interval
        Outcome less prediction; NaN where there is none.
    observed, predicted, responses, expected_responses : float
        Mean outcome and its prediction, and share with a response and its prediction.
    said : str
        Why it could not be evaluated, or what is doubtful; empty where nothing is.
    """

    trial: str
    arm: str
    n: int
    n_trials_left: int
    residual: Interval
    observed: float
    predicted: float
    responses: float
    expected_responses: float
    said: str


@dataclass(frozen=True, slots=True)
class HeldOutResult:
    """Held-out outcomes by one way of holding out.

    Parameters
    ----------
    active, placebo : Performance or str
        Of all participants of classes, and of placebo arms; a sentence where nothing could be predicted.
    by_class : dict of str to Performance or str
        Of each class.
    n_missing : int
        Participants without a prediction.
    """

    active: Performance | str
    placebo: Performance | str
    by_class: dict[str, Performance | str]
    n_missing: int


@dataclass(frozen=True, slots=True)
class Labeling:
    """Labels of all participants by one uncertainty.

    Parameters
    ----------
    shares : dict of str to float
        Share of each label.
    no_preference : float
        Share of the label that says nothing.
    """

    shares: dict[str, float]
    no_preference: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What needs no replicates.

    Parameters
    ----------
    groups : dict
        Labels of all participants by each uncertainty, (n_rows, n_classes).
    effect : (n_rows, n_classes) array
        What each class adds, by the linear models.
    labels : dict of str to Labeling
        The same as shares.
    by_uncertainty : dict of (str, str) to Concordance
        Agreement of the uncertainties' labels.
    trials, folds : HeldOutResult
        Held-out trials, and folds.
    arms : tuple of ArmResult
        Held-out trials one by one.
    ablations : tuple of Ablation
        Labels without some covariates.
    rule : RuleValue or str
        Value of the rule, or why there is none.
    """

    groups: dict[Uncertainty, IntArray]
    effect: FloatArray
    labels: dict[str, Labeling]
    by_uncertainty: dict[tuple[str, str], Concordance]
    trials: HeldOutResult
    folds: HeldOutResult
    arms: tuple[ArmResult, ...]
    ablations: tuple[Ablation, ...]
    rule: RuleValue | str


def evaluate(
    participants: Participants,
    ablated: Sequence[tuple[str, ...]],
    *,
    n_folds: int,
    seed: int,
    tell: Callable[[float], None] = lambda _: None,
) -> Evaluation:
    """Evaluate the two-stage models of a table, but for what needs replicates.

    Parameters
    ----------
    participants : Participants
        The table.
    ablated : sequence of tuples of str
        Sets of covariates to leave out.
    n_folds, seed : int
        Folds, and what they are drawn from.
    tell : callable
        Is told the share that is done.

    Raises
    ------
    InputError
        Where the models of the whole table cannot be fitted.
    """
    models = fitted_models(fit_sequence(participants))
    ids = [one.id for one in participants.config.classes]
    groups = {one: labelled(models, participants, one) for one in UNCERTAINTIES}
    x = matrix(participants, models.classes[0].terms)
    by_trial = leave_trials_out(participants, lambda share: tell(0.4 * share))
    by_fold = leave_folds_out(participants, n_folds, seed, lambda share: tell(0.4 + 0.3 * share))
    try:
        rule: RuleValue | str = rule_value(participants, n_folds=n_folds, seed=seed)
    except InputError as error:
        rule = "; ".join(f"{one}" for one in error.problems)
    tell(0.9)
    pairs = [(a, b) for i, a in enumerate(UNCERTAINTIES) for b in UNCERTAINTIES[i + 1 :]]
    return Evaluation(
        groups,
        np.column_stack([x @ one.estimate for one in models.classes]),
        {one.value: Labeling(label_shares(group, ids), no_preference(group)) for one, group in groups.items()},
        {(a.value, b.value): concordance(groups[a], groups[b]) for a, b in pairs},
        _result(participants, by_trial),
        _result(participants, by_fold),
        tuple(_arms(participants, by_trial)),
        tuple(ablation(participants, one, groups) for one in ablated),
        rule,
    )


def _result(participants: Participants, found: HeldOut) -> HeldOutResult:
    is_placebo: BoolArray = participants.arm == PLACEBO
    by_class = {
        one.id: _performance(participants, found, participants.arm == one.id) for one in participants.config.classes
    }
    return HeldOutResult(
        _performance(participants, found, ~is_placebo),
        _performance(participants, found, is_placebo),
        by_class,
        int(np.isnan(found.predicted).sum()),
    )


def _performance(participants: Participants, found: HeldOut, rows: BoolArray) -> Performance | str:
    known = rows & ~np.isnan(found.predicted)
    if not known.any():
        return "None of them could be predicted by models fitted without them."
    threshold = participants.config.outcome.response[0]
    y = participants.outcome[known]
    return performance(y, found.predicted[known], y >= threshold, found.chance(threshold)[known], n_bins=_BINS)


def _arms(participants: Participants, found: HeldOut) -> list[ArmResult]:
    threshold = participants.config.outcome.response[0]
    chance = found.chance(threshold)
    arms: list[ArmResult] = []
    titles = {PLACEBO: "placebo", **{one.id: one.title for one in participants.config.classes}}
    for k, trial in enumerate(found.names):
        for arm, title in titles.items():
            rows = (found.part == k) & (participants.arm == arm)
            if not rows.any():
                continue
            left = np.unique(participants.trial[(participants.arm == arm) & (participants.trial != trial)]).size
            y, p = participants.outcome[rows], found.predicted[rows]
            is_known = not np.isnan(p).any()
            said = _remark(found.refused[k], title, left, is_known=is_known)
            arms.append(
                ArmResult(
                    trial,
                    arm,
                    int(rows.sum()),
                    left,
                    mean_interval(y - p) if is_known else Interval(float("nan")),
                    float(y.mean()),
                    float(p.mean()),
                    float((y >= threshold).mean()),
                    float(chance[rows].mean()),
                    said,
                )
            )
    return arms


def _remark(refused: Sequence[str], title: str, left: int, *, is_known: bool) -> str:
    """Return what a reader should know of one arm of a held-out trial."""
    if not is_known:
        own = [text for text in refused if text.startswith((f"{title}: ", f"{PLACEBO}: "))]
        return f"Not evaluated. {'; '.join(own or refused)}"
    if left < _FEW_TRIALS:
        return f"Only {left} other trials of {title} are left, so that what trials differ by is hardly known."
    return ""
