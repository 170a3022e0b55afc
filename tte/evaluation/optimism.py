"""How optimistic a model's performance on its own subjects is, by repeating all that made it in drawn subjects.

Optimism: Harrell FE, Lee KL, Mark DB. Stat Med 1996;15:361-387. The .632 and .632+ estimates: Efron B, Tibshirani R. J Am Stat Assoc
1997;92:548-560, doi:10.1080/01621459.1997.10474007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, input_error
from tte.evaluation.brier import brier_value
from tte.evaluation.censoring_weights import CensoringWeights, censoring_weights
from tte.evaluation.concordance import concordance_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from tte.evaluation.event_times import EventTimes

_OUTSIDE = 0.632


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of performance.

    Parameters
    ----------
    name : str
        Its name.
    value : callable
        From predicted risks, (n,), and how often each subject counts, (n,); NaN where there is none.
    uninformed : callable
        From predicted risks: what they would reach if they said nothing of their subjects.
    is_error : bool
        Whether less is better.
    """

    name: str
    value: Callable[[FloatArray, FloatArray], float]
    uninformed: Callable[[FloatArray], float]
    is_error: bool


@dataclass(frozen=True, slots=True)
class Optimism:
    """A measure on a model's own subjects, and what is left of it; NaN where no draw says anything.

    Parameters
    ----------
    name : str
        Of the measure.
    apparent : float
        On the subjects that the model was made with.
    optimism, corrected : float
        Mean gain on the drawn subjects over all subjects, and apparent minus that.
    outside : float
        Mean on the subjects that a draw leaves out.
    p632, p632_plus : float
        0.368 apparent + 0.632 outside, and with the weight that grows with overfitting.
    n_used : int
        Draws in which the measure has a value.
    """

    name: str
    apparent: float
    optimism: float
    corrected: float
    outside: float
    p632: float
    p632_plus: float
    n_used: int


@dataclass(frozen=True, slots=True)
class OptimismResult:
    """Measures with their optimism.

    Parameters
    ----------
    measures : tuple of Optimism
        In the order asked for.
    n_draws, n_failed : int
        Draws, and those whose refit ended without a model; they are in no mean.
    failures : tuple of str
        What refits said that raised, each once.
    """

    measures: tuple[Optimism, ...]
    n_draws: int
    n_failed: int
    failures: tuple[str, ...]


def optimism(
    refit: Callable[[FloatArray], FloatArray | None],
    counts: IntArray,
    measures: Sequence[Measure],
    *,
    tell: Callable[[float], object] = lambda _: None,
) -> OptimismResult:
    """Make the model anew in each draw and compare what it reaches there, in all subjects, and in those left out.

    Parameters
    ----------
    refit : callable
        From how often each subject counts, (n,), the predicted risks of all n subjects by a model made with every step that made the
        original (selection of covariates and thresholds included); None, or an ``InputError``, ``ArithmeticError`` or
        ``LinAlgError``, where it finds none.
    counts : (n_draws, n) array
        Draws of subjects.
    measures : sequence of Measure
        What is measured.
    tell : callable
        Told the share that is done.

    Raises
    ------
    InputError
        Where the model cannot be made with all subjects.
    """
    everybody = np.ones(counts.shape[1])
    own = refit(everybody)
    if own is None:
        raise input_error("refit", "finds no model with all subjects; there is nothing to correct")
    rows, failures = list[list[tuple[float, float, float]]](), dict[str, None]()
    for b, drawn in enumerate(counts.astype(np.float64)):
        risk = _tried(refit, drawn, failures)
        if risk is not None:
            left_out = (drawn == 0.0).astype(np.float64)
            rows.append([tuple(one.value(risk, w) for w in (drawn, everybody, left_out)) for one in measures])  # type: ignore[misc]
        tell((b + 1) / counts.shape[0])
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(measures), 3)
    found = tuple(_corrected(one, own, everybody, table[:, k]) for k, one in enumerate(measures))
    return OptimismResult(found, counts.shape[0], counts.shape[0] - len(rows), tuple(failures))


def auroc_measure(is_case: BoolArray) -> Measure:
    """Return the area under the ROC curve of subjects whose outcome is known."""

    def value(risk: FloatArray, counts: FloatArray) -> float:
        return _area(risk, np.where(is_case, counts, 0.0), np.where(is_case, 0.0, counts))

    return Measure("auroc", value, lambda _: 0.5, is_error=False)


def time_dependent_auc_measure(times: EventTimes, horizon_day: float) -> Measure:
    """Return the cumulative/dynamic area at a horizon, weighted for censoring."""

    def value(risk: FloatArray, counts: FloatArray) -> float:
        return _area(risk, *_weights(times, horizon_day, counts))

    return Measure("auc_t", value, lambda _: 0.5, is_error=False)


def concordance_measure(times: EventTimes, horizon_day: float | None = None) -> Measure:
    """Return Harrell's C, or Uno's up to a horizon."""

    def value(risk: FloatArray, counts: FloatArray) -> float:
        kept = counts > 0.0
        return concordance_value(times.rows(kept), risk[kept], counts[kept], horizon_day) if kept.any() else np.nan

    return Measure("c", value, lambda _: 0.5, is_error=False)


def brier_measure(times: EventTimes, horizon_day: float) -> Measure:
    """Return the Brier score at a horizon, weighted for censoring."""

    def value(risk: FloatArray, counts: FloatArray) -> float:
        return brier_value(_weights(times, horizon_day, counts), risk)

    def uninformed(risk: FloatArray) -> float:
        """Every outcome with every prediction."""
        case, control = (float(one.sum()) for one in _weights(times, horizon_day, np.ones(times.n)))
        return (case * float(((1.0 - risk) ** 2).mean()) + control * float((risk**2).mean())) / (case + control)

    return Measure("brier", value, uninformed, is_error=True)


def _tried(
    refit: Callable[[FloatArray], FloatArray | None], drawn: FloatArray, failures: dict[str, None]
) -> FloatArray | None:
    try:
        return refit(drawn)
    except (InputError, ArithmeticError, np.linalg.LinAlgError) as error:
        failures[str(error)] = None
        return None


def _corrected(measure: Measure, risk: FloatArray, everybody: FloatArray, drawn: FloatArray) -> Optimism:
    apparent = measure.value(risk, everybody)
    used = drawn[np.isfinite(drawn[:, :2]).all(axis=1)]
    gain = float((used[:, 0] - used[:, 1]).mean()) if used.shape[0] else np.nan
    left = drawn[np.isfinite(drawn[:, 2]), 2]
    outside = float(left.mean()) if left.size else np.nan
    # As errors, so that less is better in all.
    sign, zero = (1.0, 0.0) if measure.is_error else (-1.0, 1.0)
    inside_error, outside_error, nothing = (zero + sign * one for one in (apparent, outside, measure.uninformed(risk)))
    outside_error = min(outside_error, nothing) if np.isfinite(outside_error) else outside_error
    is_overfit = inside_error < outside_error and inside_error < nothing
    rate = (outside_error - inside_error) / (nothing - inside_error) if is_overfit else 0.0
    weight = _OUTSIDE / (1.0 - (1.0 - _OUTSIDE) * rate)
    plus = (1.0 - weight) * inside_error + weight * outside_error
    plain = (1.0 - _OUTSIDE) * apparent + _OUTSIDE * outside
    return Optimism(
        measure.name, apparent, gain, apparent - gain, outside, plain, sign * (plus - zero), int(used.shape[0])
    )


def _weights(times: EventTimes, horizon_day: float, counts: FloatArray) -> CensoringWeights:
    """Return weights of those who count; none where nobody does."""
    kept = counts > 0.0
    case, control = np.zeros(times.n), np.zeros(times.n)
    if kept.any():
        case[kept], control[kept] = censoring_weights(times.rows(kept), horizon_day, counts[kept])
    return CensoringWeights(case, control)


def _area(risk: FloatArray, case: FloatArray, control: FloatArray) -> float:
    """Return the area of weighted cases against weighted controls; NaN without both."""
    pairs = float(case.sum()) * float(control.sum())
    if pairs == 0.0:
        return np.nan
    code = np.unique(risk, return_inverse=True)[1]
    cases, controls = (np.bincount(code, weights=one) for one in (case, control))
    return float(cases @ (np.cumsum(controls) - 0.5 * controls)) / pairs
