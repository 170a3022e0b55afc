"""Plain implementations that share no code with the engine: SciPy's optimizer, and dense grids as the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize
from scipy.special import log_ndtr

from pkpd.data.records import Censoring
from pkpd.model import load_model, log_typical_terms, omega_matrix, residual_sd_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.data.records import Dose, Subject

# SciPy declares no type for it.
_log_ndtr: Callable[..., FloatArray] = log_ndtr
_LOG_2PI = np.log(2.0 * np.pi)
_IMPOSSIBLE = 1e300
_STARTS = ((0.0, 0.0), (1.5, 0.0), (-1.5, 0.0), (0.0, 1.5), (0.0, -1.5))


class PlainPatient:
    """One patient's objective in NumPy: -2 log likelihood with M3 plus the penalty of whitened random effects."""

    def __init__(self, subject: Subject) -> None:
        model = load_model("niyigena_2026_asuc")
        covariates = subject.covariates[0].values
        self.subject = subject
        self.log_typical = log_typical_terms(model, covariates)
        self.omega_sd = np.sqrt(np.diag(omega_matrix(model, covariates)))
        self.proportional = residual_sd_parameters(model)[1]

    def parameters(self, z1: FloatArray, z2: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return CL and V."""
        return np.exp(self.log_typical[0] + self.omega_sd[0] * z1), np.exp(self.log_typical[1] + self.omega_sd[1] * z2)

    def predictions(self, z1: float, z2: float) -> FloatArray:
        """Return the concentrations of the samples at one value of the whitened random effects."""
        cl, v = (float(one) for one in self.parameters(np.array(z1), np.array(z2)))
        return np.array([float(self._concentration(cl, v, sample.time_day)) for sample in self.subject.samples])

    def objective(self, z1: FloatArray, z2: FloatArray) -> FloatArray:
        """Return the objective at whitened random effects of any shape."""
        cl, v = self.parameters(z1, z2)
        total = z1 * z1 + z2 * z2
        with np.errstate(all="ignore"):
            for sample in self.subject.samples:
                f = self._concentration(cl, v, sample.time_day)
                sd = self.proportional * f
                if sample.censoring is Censoring.NONE:
                    part = _LOG_2PI + 2.0 * np.log(sd) + ((sample.level - f) / sd) ** 2
                elif sample.censoring is Censoring.BELOW:
                    part = -2.0 * _log_ndtr((sample.lloq - f) / sd)
                else:
                    part = -2.0 * _log_ndtr((f - sample.uloq) / sd)
                total = total + np.where(np.isfinite(part), part, _IMPOSSIBLE)
        return total

    def _concentration(self, cl: FloatArray | float, v: FloatArray | float, time_day: float) -> FloatArray | float:
        """Return the concentration, by superposition of the infusions."""
        k = cl / v
        f: FloatArray | float = 0.0 * k
        for dose in self.subject.doses:
            since = time_day - dose.time_day
            if since > 0.0:
                given = min(since, dose.duration_day)
                rate = dose.amount_mg / dose.duration_day
                f = f + rate / cl * -np.expm1(-k * given) * np.exp(-k * (since - given))
        return f

    def log_auc(
        self, cl: FloatArray, v: FloatArray, start: float, end: float, planned: tuple[Dose, ...] = ()
    ) -> FloatArray:
        """Return ln of the area under the curve between two times, with further doses."""
        k = cl / v

        def until(time: float) -> FloatArray:
            total = np.zeros(np.shape(k))
            for dose in (*self.subject.doses, *planned):
                since = time - dose.time_day
                if since <= 0.0:
                    continue
                given = min(since, dose.duration_day)
                rate = dose.amount_mg / dose.duration_day
                level = rate / cl * -np.expm1(-k * given)
                total = total + rate / cl * (given - -np.expm1(-k * given) / k)
                total = total + level * -np.expm1(-k * (since - given)) / k
            return total

        with np.errstate(all="ignore"):
            return np.log(np.maximum(until(end) - until(start), 1e-300))

    def map_by_scipy(self) -> float:
        """Return the least objective of L-BFGS-B from five starts, on an objective vectorised over samples and doses."""
        times = np.array([[sample.time_day] for sample in self.subject.samples])
        starts = np.array([dose.time_day for dose in self.subject.doses])
        since = times - starts
        durations = np.array([dose.duration_day for dose in self.subject.doses])
        rates = np.array([dose.amount_mg for dose in self.subject.doses]) / durations * (since > 0.0)
        given = np.clip(since, 0.0, durations)
        after = np.maximum(since - given, 0.0)
        level = np.array([sample.level for sample in self.subject.samples])
        is_below = np.array([sample.censoring is Censoring.BELOW for sample in self.subject.samples])
        is_above = np.array([sample.censoring is Censoring.ABOVE for sample in self.subject.samples])
        is_known = ~(is_below | is_above)
        limit = np.array([s.lloq if s.censoring is Censoring.BELOW else s.uloq for s in self.subject.samples])
        sign = np.where(is_below, 1.0, -1.0)

        def value(z: FloatArray) -> float:
            cl, v = np.exp(self.log_typical + self.omega_sd * z)
            k = cl / v
            f = (rates / cl * -np.expm1(-k * given) * np.exp(-k * after)).sum(axis=1)
            with np.errstate(all="ignore"):
                sd = self.proportional * f
                known = _LOG_2PI + 2.0 * np.log(sd) + ((level - f) / sd) ** 2
                censored = -2.0 * _log_ndtr(sign * (limit - f) / sd)
            total = float(z @ z + np.where(is_known, known, censored).sum())
            return total if np.isfinite(total) else _IMPOSSIBLE

        return min(float(optimize.minimize(value, start, method="L-BFGS-B").fun) for start in _STARTS)

    def map_by_grid(self) -> float:
        """Return the least objective of a dense grid over nine standard deviations, zoomed into its lowest places."""
        axis = np.linspace(-9.0, 9.0, 181)
        values = self.objective(axis[:, None], axis[None, :])
        best = float(values.min())
        inner = values[1:-1, 1:-1]
        is_low = np.ones(inner.shape, dtype=bool)
        for shift in ((0, 1), (2, 1), (1, 0), (1, 2), (0, 0), (0, 2), (2, 0), (2, 2)):
            is_low &= inner <= values[shift[0] : shift[0] + 179, shift[1] : shift[1] + 179]
        for i, j in np.argwhere(is_low & (inner < best + 12.0)) + 1:
            best = min(best, self._zoom(float(axis[i]), float(axis[j]), 0.1))
        return best

    def _zoom(self, z1: float, z2: float, step: float) -> float:
        best = np.inf
        while step > 1e-5:
            offsets = np.linspace(-2.0 * step, 2.0 * step, 21)
            values = self.objective(z1 + offsets[:, None], z2 + offsets[None, :])
            i, j = np.unravel_index(int(values.argmin()), values.shape)
            z1, z2 = z1 + offsets[i], z2 + offsets[j]
            best = min(best, float(values[i, j]))
            step /= 5.0
        return best
