"""Cox regression with delayed entry and weights, for curves that ask for no parametric form.

Cox DR. J R Stat Soc B 1972;34:187-220; ties and baseline hazard after Breslow N. Biometrics 1974;30:89-99. Newton's method on sums over
risk sets, so that 100,000 subjects take a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tte.evaluation.risk_sets import sums_at_risk

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes

_MOST_STEPS, _MOST_HALVINGS, _CLOSE = 40, 30, 1e-10
# Of a log hazard ratio between two subjects: beyond this the likelihood is rising without end.
_LARGEST = 50.0


def cox_cumulative_hazard(
    times: EventTimes, covariates: FloatArray, counts: FloatArray, places: FloatArray, *, day: float
) -> FloatArray | None:
    """Return the cumulative hazard by a day at some covariates; None where the regression has no finite estimate.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, delayed entry included.
    covariates : (n, n_covariates) array
        Of the subjects.
    counts : (n,) array
        How often each counts, 0 included.
    places : (k, n_covariates) array
        Covariates that are asked for.
    day : float
        Day.
    """
    used = counts > 0.0
    own, x, w = times.rows(used), covariates[used], counts[used]
    centre, spread = x.mean(axis=0), x.std(axis=0)
    if not own.event.any() or not (spread > 0.0).all():
        return None
    x = (x - centre) / spread
    days, which = np.unique(own.time_day[own.event], return_inverse=True)
    events = np.bincount(which, weights=w[own.event], minlength=days.size).astype(np.float64)
    found = _newton(own, x, w, (days, events))
    if found is None:
        return None
    beta, at_risk = found
    base = float((events / at_risk)[days <= day].sum())
    return base * np.exp((places - centre) / spread @ beta)


def _newton(
    times: EventTimes, x: FloatArray, w: FloatArray, table: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray] | None:
    """Return coefficients and Σ w·exp(xβ) of each risk set; None without a finite maximum."""
    (days, events), seen, p = table, w[times.event] @ x[times.event], int(x.shape[1])
    columns = np.column_stack([np.ones(x.shape[0]), x, (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], p * p)])

    def over_risk_sets(beta: FloatArray) -> tuple[FloatArray, float]:
        """Return sums of the columns, weighted by hazard, and the log partial likelihood."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            sums = sums_at_risk(times, columns * (w * np.exp(x @ beta))[:, None], days)
            return sums, float(seen @ beta) - float(events @ np.log(sums[:, 0]))

    beta = np.zeros(p)
    sums, height = over_risk_sets(beta)
    for _ in range(_MOST_STEPS):
        mean = sums[:, 1 : p + 1] / sums[:, :1]
        second: FloatArray = (events / sums[:, 0]) @ sums[:, p + 1 :]
        information = second.reshape(p, p) - (mean * events[:, None]).T @ mean
        score = seen - events @ mean
        if np.linalg.cond(information) > 1.0 / np.finfo(float).eps:
            return None
        step = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
        if float(step @ score) < _CLOSE:
            return beta, sums[:, 0]
        sums, value = over_risk_sets(beta + step)
        for _ in range(_MOST_HALVINGS):
            if value >= height - _CLOSE:
                break
            step = 0.5 * step
            sums, value = over_risk_sets(beta + step)
        beta, height = beta + step, value
        if not np.isfinite(value) or np.ptp(x @ beta) > _LARGEST:
            return None
    return None
