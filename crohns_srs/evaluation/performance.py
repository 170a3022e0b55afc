"""How well predictions of held-out outcomes come true: calibration and discrimination, of the outcome and of the chance of a response.

References
----------
DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver operating characteristic curves.
Biometrics 1988;44:837-45. doi:10.2307/2531595
Van Calster B et al. A calibration hierarchy for risk models was defined. J Clin Epidemiol 2016;74:167-76. doi:10.1016/j.jclinepi.2015.12.005
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri, stdtrit
from scipy.stats import beta, rankdata

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray

_LEVEL = 0.95
_NAN = float("nan")
# Rows compared with all others at once.
_BLOCK = 512
_MOST_STEPS = 100
_CONVERGED = 1e-10
_FAR = 4.0
# A logit of a chance that is 0 or 1 to so many digits would be infinite.
_LEAST_CHANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % interval; NaN where there is none.

    Parameters
    ----------
    value, low, high : float
        Estimate and ends.
    """

    value: float
    low: float = _NAN
    high: float = _NAN


@dataclass(frozen=True, slots=True)
class Bin:
    """Participants with similar predictions.

    Parameters
    ----------
    n : int
        How many.
    predicted : float
        Their mean prediction.
    observed : Interval
        What became of them: the mean outcome, or the share with a response.
    """

    n: int
    predicted: float
    observed: Interval


@dataclass(frozen=True, slots=True)
class Performance:
    """How predictions came true.

    Parameters
    ----------
    n, n_responses : int
        Participants, and those with a response.
    intercept : Interval
        Mean of the outcome less the prediction: calibration in the large.
    slope : Interval
        Slope of the outcome on the prediction.
    r_squared, rmse : float
        1 - Σ(y - prediction)² / Σ(y - mean)², and the root mean square of y - prediction.
    concordance : float
        Share of pairs with different outcomes whose predictions have the same order; ties count half.
    bins : tuple of Bin
        The outcome by its prediction.
    c_statistic : Interval
        Chance that one with a response had the greater predicted chance than one without.
    response_intercept, response_slope : Interval
        Calibration of the chance of a response on the logit scale: intercept at slope 1, and slope.
    brier : float
        Mean square of response less predicted chance.
    response_bins : tuple of Bin
        Response by its predicted chance.
    """

    n: int
    n_responses: int
    intercept: Interval
    slope: Interval
    r_squared: float
    rmse: float
    concordance: float
    bins: tuple[Bin, ...]
    c_statistic: Interval
    response_intercept: Interval
    response_slope: Interval
    brier: float
    response_bins: tuple[Bin, ...]


def performance(
    outcome: FloatArray, predicted: FloatArray, is_response: BoolArray, chance: FloatArray, *, n_bins: int
) -> Performance:
    """Compare held-out outcomes with their predictions.

    Parameters
    ----------
    outcome, predicted : (n,) array
        Outcome and its prediction.
    is_response : (n,) array
        Whether the outcome counts as a response.
    chance : (n,) array
        Predicted chance of a response.
    n_bins : int
        Groups of the calibration curves; fewer where there are fewer than ten participants for each.
    """
    residual = outcome - predicted
    spread = float(((outcome - outcome.mean()) ** 2).sum())
    k = max(1, min(n_bins, outcome.size // 10))
    intercept, slope = logistic_calibration(is_response, chance)
    return Performance(
        outcome.size,
        int(is_response.sum()),
        mean_interval(residual),
        slope_interval(predicted, outcome),
        1.0 - float(residual @ residual) / spread if spread > 0.0 else _NAN,
        float(np.sqrt(residual @ residual / residual.size)),
        pair_concordance(outcome, predicted),
        tuple(
            Bin(rows.size, float(predicted[rows].mean()), mean_interval(outcome[rows])) for rows in _bins(predicted, k)
        ),
        c_statistic(is_response, chance),
        intercept,
        slope,
        float(((is_response - chance) ** 2).mean()),
        tuple(Bin(rows.size, float(chance[rows].mean()), _share(is_response[rows])) for rows in _bins(chance, k)),
    )


def mean_interval(values: FloatArray) -> Interval:
    """Return a mean with its interval by t."""
    mean = float(values.mean())
    if values.size < 2:
        return Interval(mean)
    return _with_error(mean, float(values.std(ddof=1) / np.sqrt(values.size)), values.size - 1)


def slope_interval(x: FloatArray, y: FloatArray) -> Interval:
    """Return the slope of least squares with its interval by t; NaN where x does not vary or there are fewer than three."""
    centred = x - x.mean()
    square = float(centred @ centred)
    if x.size < 3 or square <= 0.0:
        return Interval(_NAN)
    slope = float(centred @ y) / square
    rest = y - y.mean() - slope * centred
    return _with_error(slope, float(np.sqrt(rest @ rest / (x.size - 2) / square)), x.size - 2)


def pair_concordance(outcome: FloatArray, predicted: FloatArray) -> float:
    """Return the share of pairs with different outcomes whose predictions have the same order, ties counting half; NaN where all outcomes are equal."""
    found = total = 0.0
    for first in range(0, outcome.size, _BLOCK):
        rows = slice(first, first + _BLOCK)
        order = np.sign(outcome[rows, None] - outcome)
        same = order * np.sign(predicted[rows, None] - predicted)
        n = float(np.count_nonzero(order))
        total += n
        found += 0.5 * (n + float(same.sum()))
    return found / total if total else _NAN


def c_statistic(is_case: BoolArray, marker: FloatArray) -> Interval:
    """Return the area under the ROC curve with DeLong's interval on the logit scale; NaN where all or none are cases."""
    case, control = marker[is_case], marker[~is_case]
    if not case.size or not control.size:
        return Interval(_NAN)
    ranks = rankdata(marker)
    own_case, own_control = rankdata(case), rankdata(control)
    above = (ranks[is_case] - own_case) / control.size
    below = 1.0 - (ranks[~is_case] - own_control) / case.size
    area = float(above.mean())
    if case.size < 2 or control.size < 2 or not 0.0 < area < 1.0:
        return Interval(area)
    error = float(np.sqrt(above.var(ddof=1) / case.size + below.var(ddof=1) / control.size))
    reach = float(ndtri(0.5 + 0.5 * _LEVEL)) * error / (area * (1.0 - area))
    return Interval(area, float(expit(logit(area) - reach)), float(expit(logit(area) + reach)))


def logistic_calibration(is_case: BoolArray, chance: FloatArray) -> tuple[Interval, Interval]:
    """Return intercept (at slope 1) and slope of logistic recalibration, with Wald's intervals; NaN where the likelihood has no maximum."""
    y = is_case.astype(np.float64)
    x = logit(np.clip(chance, _LEAST_CHANCE, 1.0 - _LEAST_CHANCE))
    ones: FloatArray = np.ones_like(x)
    if y.min() == y.max():
        return Interval(_NAN), Interval(_NAN)
    intercept = _logistic(ones[:, None], x, y)
    is_separated = x[is_case].min() >= x[~is_case].max() or x[is_case].max() <= x[~is_case].min()
    slope = Interval(_NAN) if is_separated else _logistic(np.column_stack([x, ones]), np.zeros_like(x), y)
    return intercept, slope


def _logistic(columns: FloatArray, offset: FloatArray, y: FloatArray) -> Interval:
    """Return the first coefficient of a logistic regression by Newton's steps."""
    n_columns: int = columns.shape[1]
    found: FloatArray = np.zeros(n_columns)
    for _ in range(_MOST_STEPS):
        p: FloatArray = expit(offset + columns @ found)
        information = (columns * (p * (1.0 - p))[:, None]).T @ columns
        step: FloatArray = np.array(np.linalg.solve(information, columns.T @ (y - p)), dtype=np.float64)
        # Far steps, which start where the chances hardly vary, are taken in parts.
        found = found + step / max(1.0, float(np.abs(step).max()) / _FAR)
        if np.abs(step).max() < _CONVERGED:
            reach = float(ndtri(0.5 + 0.5 * _LEVEL) * np.sqrt(np.linalg.inv(information)[0, 0]))
            return Interval(float(found[0]), float(found[0]) - reach, float(found[0]) + reach)
    return Interval(_NAN)


def _bins(values: FloatArray, n_bins: int) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return the rows of groups of similar values and nearly equal size."""
    return [rows for rows in np.array_split(np.argsort(values, kind="stable"), n_bins) if rows.size]


def _share(is_case: BoolArray) -> Interval:
    """Return a share with Clopper and Pearson's interval."""
    n, k = is_case.size, int(is_case.sum())
    tail = 0.5 - 0.5 * _LEVEL
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1.0 - tail, k + 1, n - k))
    return Interval(k / n, low, high)


def _with_error(value: float, error: float, df: int) -> Interval:
    reach = error * float(stdtrit(df, 0.5 + 0.5 * _LEVEL))
    return Interval(value, value - reach, value + reach)
