"""A subject with one parameter set for each occasion, one compartment, in plain NumPy: prediction, joint density, approximations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

_STEP = 1e-4


@dataclass(frozen=True)
class OccasionSubject:
    """Bolus doses and levels [day, mg, mg/L]; occasion k begins at ``starts[k]``; typical values, Omega of all effects, error.

    Effects are those of clearance and volume, then one of the clearance for each occasion.
    """

    starts: tuple[float, ...]
    dose_times: tuple[float, ...]
    dose: float
    sample_times: tuple[float, ...]
    levels: tuple[float, ...]
    clearance: float
    volume: float
    omega: np.ndarray
    proportional: float

    def predict(self, eta: np.ndarray) -> np.ndarray:
        """Levels; what happens up to a record goes by the occasion in force at that record, as in NONMEM."""
        volume = self.volume * np.exp(eta[1])
        records = sorted({*self.starts, *self.dose_times, *self.sample_times})
        amount, now, found = 0.0, records[0], {}
        for time in records:
            occasion = sum(time >= start for start in self.starts) - 1
            clearance = self.clearance * np.exp(eta[0] + eta[2 + occasion])
            amount *= np.exp(-clearance / volume * (time - now))
            found[time] = amount / volume
            now = time
            amount += self.dose * sum(time == given for given in self.dose_times)
        return np.array([found[time] for time in self.sample_times])

    def joint(self, eta: np.ndarray) -> float:
        """-2 log of the density of levels and effects but for the log 2 pi of the levels and ln|2 pi Omega|."""
        f = self.predict(eta)
        variance = (self.proportional * f) ** 2
        data = np.log(variance) + (np.array(self.levels) - f) ** 2 / variance
        return float(data.sum() + eta @ np.linalg.solve(self.omega, eta))

    def mode(self) -> np.ndarray:
        found = minimize(self.joint, np.zeros(len(self.omega)), method="BFGS", options={"gtol": 1e-9})
        return minimize(self.joint, found.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x

    def laplace(self) -> float:
        """NONMEM's objective by the Laplacian method, the Hessian by differences."""
        mode, n = self.mode(), len(self.omega)
        hessian = np.empty((n, n))
        steps = np.eye(n) * _STEP * 5.0
        for i in range(n):
            for j in range(n):
                corners = [
                    self.joint(mode + a * steps[i] + b * steps[j]) * a * b for a in (1.0, -1.0) for b in (1.0, -1.0)
                ]
                hessian[i, j] = sum(corners) / (4.0 * (5.0 * _STEP) ** 2)
        return float(self.joint(mode) + np.linalg.slogdet(self.omega @ (0.5 * hessian))[1])

    def focei(self) -> float:
        """NONMEM's objective by FOCE with interaction, from its formula, the slopes by differences."""
        mode, n = self.mode(), len(self.omega)
        steps = np.eye(n) * _STEP
        slopes = np.array([(self.predict(mode + s) - self.predict(mode - s)) / (2.0 * _STEP) for s in steps])
        f = self.predict(mode)
        # r = (p f)^2, so that (r'/r)^2 / 2 = 2 / f^2.
        weight = 1.0 / (self.proportional * f) ** 2 + 2.0 / f**2
        hessian = np.linalg.inv(self.omega) + (slopes * weight) @ slopes.T
        return float(self.joint(mode) + np.linalg.slogdet(self.omega @ hessian)[1])
