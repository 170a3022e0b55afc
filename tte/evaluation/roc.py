"""Empirical ROC curve of a marker, its area with the interval of DeLong, and the test of two paired areas.

DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845, doi:10.2307/2531595, by midranks as in Sun X, Xu W. IEEE Signal
Process Lett 2014;21:1389-1393, doi:10.1109/LSP.2014.2337313.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from pkpd.diagnostics.prediction_errors import Measured
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray

Direction = Literal["lower", "higher"]
"""Which values of a marker mean the event."""
_NORMAL = float(norm.ppf(0.975))


class AurocStatus(Enum):
    """What an area's interval is; the value is the sentence the user reads."""

    WALD = "The interval is symmetric on the scale of the area."
    LOGIT = "The interval is symmetric on the logit scale, since it would leave 0 to 1 otherwise."
    SEPARATED = "The marker parts subjects with and without the event completely: DeLong's variance is zero, and there is no interval."
    TOO_FEW = "Fewer than two subjects with the event, or without it: DeLong's variance is not defined, and there is no interval."
    CONSTANT = "The marker has one value only: the area is one half, and there is no interval."


@dataclass(frozen=True, slots=True)
class Roc:
    """ROC curve: every way in which one threshold parts the subjects.

    Parameters
    ----------
    direction : "lower" or "higher"
        Subjects below the threshold are called high risk, or those at and above it.
    threshold : (k,) array
        Midway between neighbouring values; minus and plus infinity at the ends. Ordered so that the curve rises.
    true_positive, false_positive : (k,) arrays
        How many with and without the event are called high risk.
    n_cases, n_controls : int
        Subjects with and without the event.
    """

    direction: Direction
    threshold: FloatArray
    true_positive: FloatArray
    false_positive: FloatArray
    n_cases: int
    n_controls: int

    @property
    def sensitivity(self) -> FloatArray:
        """Return the share called high risk of those with the event."""
        return self.true_positive / self.n_cases

    @property
    def false_positive_rate(self) -> FloatArray:
        """Return the share called high risk of those without it."""
        return self.false_positive / self.n_controls


class Auroc(NamedTuple):
    """Area under a ROC curve.

    Attributes
    ----------
    area : Measured
        With DeLong's 95 % interval; NaN where there is none.
    se : float
        DeLong's standard error; NaN where there is none.
    status : AurocStatus
        Which interval it is, or why there is none.
    """

    area: Measured
    se: float
    status: AurocStatus


class PairedAreas(NamedTuple):
    """DeLong's test of two markers of the same subjects.

    Attributes
    ----------
    difference : Measured
        First minus second area, with its 95 % interval.
    z, p : float
        Statistic and two-sided p; NaN where the difference has no variance.
    """

    difference: Measured
    z: float
    p: float


def roc_curve(marker: FloatArray, is_case: BoolArray, direction: Direction) -> Roc:
    """Return the ROC curve of a marker.

    Parameters
    ----------
    marker : (n,) array
        Finite.
    is_case : (n,) array
        Whether each subject had the event.
    direction : "lower" or "higher"
        Which values mean the event.

    Raises
    ------
    InputError
        Where nobody had the event, or everybody.
    """
    check_both(is_case)
    values, code = np.unique(marker, return_inverse=True)
    cases, controls = (np.bincount(code, weights=part, minlength=values.size) for part in (is_case, ~is_case))
    # Halves first, so that nothing overflows; between neighbouring numbers there is no middle but the upper one.
    middle = np.maximum(0.5 * values[1:] + 0.5 * values[:-1], np.nextafter(values[:-1], np.inf))
    threshold = np.concatenate(([-np.inf], middle, [np.inf]))
    below = [np.concatenate(([0.0], np.cumsum(counts))) for counts in (cases, controls)]
    if direction == "lower":
        return Roc(direction, threshold, below[0], below[1], int(is_case.sum()), int((~is_case).sum()))
    above = [(counts[-1] - counts)[::-1] for counts in below]
    return Roc(direction, threshold[::-1], above[0], above[1], int(is_case.sum()), int((~is_case).sum()))


def is_high_risk(marker: FloatArray, threshold: float, direction: Direction) -> BoolArray:
    """Return who is called high risk: below the threshold, or at it and above. The threshold itself belongs to the upper group."""
    return marker < threshold if direction == "lower" else marker >= threshold


def direction_of(marker: FloatArray, is_case: BoolArray) -> Direction:
    """Return the direction in which the area is at least one half; "higher" where it is one half."""
    check_both(is_case)
    return "lower" if _area(marker, is_case) < 0.5 else "higher"


def auroc(marker: FloatArray, is_case: BoolArray, direction: Direction) -> Auroc:
    """Return the area under the ROC curve, ties counting one half; parameters and errors as ``roc_curve``."""
    check_both(is_case)
    sign = -1.0 if direction == "lower" else 1.0
    in_cases, in_controls = _placements(sign * marker, is_case)
    area = float(in_cases.mean())
    none = Measured(area, np.nan, np.nan)
    if marker.min() == marker.max():
        return Auroc(none, np.nan, AurocStatus.CONSTANT)
    if min(in_cases.size, in_controls.size) < 2:
        return Auroc(none, np.nan, AurocStatus.TOO_FEW)
    se = float(np.sqrt(in_cases.var(ddof=1) / in_cases.size + in_controls.var(ddof=1) / in_controls.size))
    if area in {0.0, 1.0}:
        return Auroc(none, 0.0, AurocStatus.SEPARATED)
    low, high = area - _NORMAL * se, area + _NORMAL * se
    if low >= 0.0 and high <= 1.0:
        return Auroc(Measured(area, low, high), se, AurocStatus.WALD)
    step = _NORMAL * se / (area * (1.0 - area))
    low, high = (float(expit(logit(area) + side * step)) for side in (-1.0, 1.0))
    return Auroc(Measured(area, low, high), se, AurocStatus.LOGIT)


def compare_auroc(
    first: FloatArray, second: FloatArray, is_case: BoolArray, *, directions: tuple[Direction, Direction]
) -> PairedAreas:
    """Return DeLong's test of two markers of the same subjects; parameters and errors as ``roc_curve``."""
    check_both(is_case)
    signs = [-1.0 if direction == "lower" else 1.0 for direction in directions]
    (cases_1, controls_1), (cases_2, controls_2) = (
        _placements(sign * marker, is_case) for sign, marker in zip(signs, (first, second), strict=True)
    )
    difference = float(cases_1.mean() - cases_2.mean())
    if min(cases_1.size, controls_1.size) < 2:
        return PairedAreas(Measured(difference, np.nan, np.nan), np.nan, np.nan)
    parts = (cases_1 - cases_2, controls_1 - controls_2)
    se = float(np.sqrt(sum(part.var(ddof=1) / part.size for part in parts)))
    if se == 0.0:
        return PairedAreas(Measured(difference, np.nan, np.nan), np.nan, np.nan)
    z = difference / se
    ends = Measured(difference, difference - _NORMAL * se, difference + _NORMAL * se)
    return PairedAreas(ends, z, float(2.0 * norm.sf(abs(z))))


def check_both(is_case: BoolArray) -> None:
    """Refuse outcomes that no marker can tell apart.

    Raises
    ------
    InputError
        Where nobody had the event, or everybody.
    """
    n, n_cases = is_case.size, int(is_case.sum())
    if n_cases in {0, n}:
        raise input_error(
            "events", f"are {n_cases} among {counted(n, 'subject')}; expected subjects with and without the event"
        )


def _area(marker: FloatArray, is_case: BoolArray) -> float:
    n_cases = int(is_case.sum())
    return float((rankdata(marker)[is_case].sum() / n_cases - 0.5 * (n_cases + 1)) / (is_case.size - n_cases))


def _placements(marker: FloatArray, is_case: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return for each case the share of controls below it, and for each control the share of cases above it."""
    cases, controls = marker[is_case], marker[~is_case]
    rank = rankdata(marker)
    in_cases = (rank[is_case] - rankdata(cases)) / controls.size
    in_controls = 1.0 - (rank[~is_case] - rankdata(controls)) / cases.size
    return in_cases, in_controls
