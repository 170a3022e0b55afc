"""The threshold of the largest Youden J, and how optimistic it is: the threshold is chosen anew in drawn subjects.

J = sensitivity + specificity − 1 (Youden WJ. Cancer 1950;3:32-35). Of thresholds with the same J the one of the highest sensitivity is
taken. The optimism is that of Efron B, Gong G. Am Stat 1983;37:36-48, doi:10.1080/00031305.1983.10483087: the mean, over draws, of what the
threshold of the draw reaches in the draw minus what it reaches in the subjects as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.diagnostics.prediction_errors import Measured, measured
from tte.evaluation.roc import check_both
from tte.evaluation.stratified_draws import counts_below, stratified_counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from tte.evaluation.roc import Direction, Roc

_CELLS = 4_000_000


class YoudenStatus(Enum):
    """What the threshold is worth; the value is the sentence the user reads."""

    FOUND = "The threshold has the largest Youden J of all."
    USELESS = "No threshold does better than calling everybody alike: the largest Youden J is zero."


class Youden(NamedTuple):
    """The best threshold.

    Attributes
    ----------
    threshold : float
        Midway between two values of the marker; infinite where the status says that no threshold is of use.
    j, sensitivity, specificity : float
        On the subjects that it was chosen on.
    status : YoudenStatus
        Whether there is one.
    """

    threshold: float
    j: float
    sensitivity: float
    specificity: float
    status: YoudenStatus


class Corrected(NamedTuple):
    """A number on the subjects it was chosen on, how optimistic that is, and what is left; NaN without draws."""

    apparent: float
    optimism: float
    corrected: float


@dataclass(frozen=True, slots=True)
class DrawnThresholds:
    """What drawn subjects say of area and threshold.

    Parameters
    ----------
    n_draws, n_useless, n_reversed : int
        Draws, those in which no threshold is of use, and those in which the other direction was chosen.
    auroc : Measured
        Area, with percentiles of the draws.
    threshold : Measured
        With percentiles of the draws that have one; NaN where none has.
    sensitivity, specificity, j : Corrected
        Of the threshold, with their optimism.
    """

    n_draws: int
    n_useless: int
    n_reversed: int
    auroc: Measured
    threshold: Measured
    sensitivity: Corrected
    specificity: Corrected
    j: Corrected


def youden(curve: Roc) -> Youden:
    """Return the threshold with the largest J; of several the one with the highest sensitivity."""
    # Whole numbers, so that ties are ties.
    gain = curve.true_positive * curve.n_controls - curve.false_positive * curve.n_cases
    best = gain.size - 1 - int(np.argmax(gain[::-1]))
    if gain[best] <= 0.0:
        end = curve.threshold[0]
        return Youden(float(end), 0.0, 0.0, 1.0, YoudenStatus.USELESS)
    sensitivity = curve.true_positive[best] / curve.n_cases
    specificity = 1.0 - curve.false_positive[best] / curve.n_controls
    j = gain[best] / (curve.n_cases * curve.n_controls)
    return Youden(float(curve.threshold[best]), float(j), float(sensitivity), float(specificity), YoudenStatus.FOUND)


def drawn_thresholds(
    marker: FloatArray,
    is_case: BoolArray,
    direction: Direction,
    *,
    n_draws: int,
    seed: int,
    is_free: bool = False,
    tell: Callable[[float], object] = lambda _: None,
) -> DrawnThresholds:
    """Choose the threshold anew in drawn subjects, as many with the event as there are (stratified bootstrap).

    Parameters
    ----------
    marker, is_case, direction
        As ``roc.roc_curve``.
    n_draws, seed : int
        How often subjects are drawn, 0 for not at all, and from what.
    is_free : bool
        Whether the direction was chosen from these subjects too, so that each draw chooses its own. The area is then that of the
        given direction still.
    tell : callable
        Told the share that is done.
    """
    # For "higher" subjects are mirrored, so that high risk is always the lower end of the marker.
    is_mirrored = direction == "higher"
    mirrored = -marker if is_mirrored else marker
    values, code = np.unique(mirrored, return_inverse=True)
    check_both(is_case)
    totals = counts_below(np.ones((1, code.size), dtype=np.int64), code, is_case, values.size)
    found: list[FloatArray] = []
    block = max(1, _CELLS // max(code.size, 1))
    for first in range(0, n_draws, block):
        counts = stratified_counts(is_case, min(block, n_draws - first), seed, first)
        drawn = counts_below(counts, code, is_case, values.size)
        found.append(_drawn(drawn, totals, values, is_free=is_free, is_mirrored=is_mirrored))
        tell(min(first + block, n_draws) / n_draws)
    apparent = _drawn(totals, totals, values, is_free=False, is_mirrored=is_mirrored)[:, 0]
    return _summary(
        np.concatenate([np.empty((apparent.size, 0)), *found], axis=1), apparent, -1.0 if is_mirrored else 1.0
    )


def _drawn(
    drawn: tuple[FloatArray, FloatArray],
    original: tuple[FloatArray, FloatArray],
    values: FloatArray,
    *,
    is_free: bool,
    is_mirrored: bool,
) -> FloatArray:
    """Return rows with a column for each draw.

    Area, threshold, sensitivity and specificity in the draw, both in the original, and whether the direction is the other one.
    """
    cases, controls = drawn
    n_cases, n_controls = cases[:, -1:], controls[:, -1:]
    area = ((cases[:, 1:] + cases[:, :-1]) * np.diff(controls, axis=1)).sum(axis=1) / (2.0 * n_cases * n_controls)[:, 0]
    gain = cases * n_controls - controls * n_cases
    is_upper = np.zeros(area.size, dtype=np.bool_)
    if is_free:
        is_upper = area < 0.5  # high risk is the upper end in this draw
        gain = np.where(is_upper[:, None], -gain, gain)
    rows: IntArray = np.arange(area.size, dtype=np.int64)
    from_end = gain.shape[1] - 1 - np.argmax(gain[:, ::-1], axis=1)
    from_start: IntArray = np.argmax(gain, axis=1).astype(np.int64)
    best = np.where(is_upper, from_start, from_end)
    is_useful = gain[rows, best] > 0.0
    threshold = np.where(is_useful, _midway(cases + controls, values, best), np.nan)
    parts: list[FloatArray] = [area, threshold]
    # The threshold itself belongs to the upper group of the marker, which is the lower one where that is mirrored.
    place: IntArray = np.searchsorted(values, threshold, side="right" if is_mirrored else "left")
    none = np.zeros_like(rows)
    for (a, b), number, at in ((drawn, rows, best), (original, none, place)):
        of_cases: FloatArray = a[number, at] / a[number, -1]
        of_controls: FloatArray = b[number, at] / b[number, -1]
        sensitivity = np.where(is_upper, 1.0 - of_cases, of_cases)
        specificity = np.where(is_upper, of_controls, 1.0 - of_controls)
        parts += [np.where(is_useful, sensitivity, 0.0), np.where(is_useful, specificity, 1.0)]
    return np.stack([*parts, is_upper.astype(np.float64)])


def _midway(below: FloatArray, values: FloatArray, best: IntArray) -> FloatArray:
    """Return the middle between the drawn values on either side of a place; infinite at the ends."""
    here = below[np.arange(best.size), best][:, None]
    low = (below < here).sum(axis=1) - 1  # the value whose subjects fill the last step below
    high = (below <= here).sum(axis=1) - 1
    ends = np.concatenate((values, [np.inf]))
    return 0.5 * (np.where(low < 0, -np.inf, values[np.maximum(low, 0)]) + ends[np.minimum(high, values.size)])


def _summary(drawn: FloatArray, apparent: FloatArray, sign: float) -> DrawnThresholds:
    area, threshold, sens_in, spec_in, sens_out, spec_out, is_reversed = drawn
    useful = sign * threshold[np.isfinite(threshold)]
    own = float(sign * apparent[1]) if np.isfinite(apparent[1]) else np.nan
    j_in, j_out = sens_in + spec_in - 1.0, sens_out + spec_out - 1.0
    return DrawnThresholds(
        n_draws=area.size,
        n_useless=int(area.size - useful.size),
        n_reversed=int(is_reversed.sum()),
        auroc=measured(float(apparent[0]), area),
        threshold=measured(own, useful),
        sensitivity=_corrected(float(apparent[2]), sens_in, sens_out),
        specificity=_corrected(float(apparent[3]), spec_in, spec_out),
        j=_corrected(float(apparent[2] + apparent[3] - 1.0), j_in, j_out),
    )


def _corrected(apparent: float, inside: FloatArray, outside: FloatArray) -> Corrected:
    optimism = float((inside - outside).mean()) if inside.size else np.nan
    return Corrected(apparent, optimism, apparent - optimism)
