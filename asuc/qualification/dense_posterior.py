"""The posterior on a dense grid, with a distribution function that is smooth enough to be the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

if TYPE_CHECKING:
    from asuc.qualification.plain_patient import PlainPatient
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.records import Dose

_N = 1001
_LOG_2 = float(np.log(2.0))


class DensePosterior:
    """A patient's posterior at a million nodes around its mode.

    A quantity that varies by d over a cell is spread evenly over d, so that its distribution function has no steps.
    """

    def __init__(self, patient: PlainPatient) -> None:
        self.patient = patient
        coarse = np.linspace(-12.0, 12.0, 481)
        values = patient.objective(coarse[:, None], coarse[None, :])
        held: IntArray = np.argwhere(values < values.min() + 40.0)
        low: FloatArray
        high: FloatArray
        low, high = coarse[np.maximum(held.min(axis=0) - 1, 0)], coarse[np.minimum(held.max(axis=0) + 1, 480)]
        z1: FloatArray = np.linspace(float(low[0]), float(high[0]), _N)[:, None]
        z2: FloatArray = np.linspace(float(low[1]), float(high[1]), _N)[None, :]
        objective = patient.objective(z1, z2)
        weight = np.exp(-0.5 * (objective - objective.min()))
        self.weight = weight / weight.sum()
        self.cl, self.v = (np.broadcast_to(p, weight.shape) for p in patient.parameters(z1, z2))

    def values(self, name: str, planned: tuple[Dose, ...] = ()) -> FloatArray:
        """Return a quantity at the nodes: ln of a parameter or of the area, or ln(AUC/CL)."""
        if name == "cl":
            return np.log(self.cl)
        if name == "v":
            return np.log(self.v)
        if name == "half_life":
            return np.log(_LOG_2 * self.v / self.cl)
        log_auc = self.patient.log_auc(self.cl, self.v, 14.0, 28.0, planned)
        return log_auc if name == "auc" else log_auc - np.log(self.cl)

    def probability_below(self, name: str, target: float, planned: tuple[Dose, ...] = ()) -> float:
        """Return the probability that a quantity lies below a target."""
        values = self.values(name, planned)
        return self._below(values, self._width(values), target)

    def quantiles(self, name: str, probabilities: FloatArray) -> FloatArray:
        """Return quantiles by Brent's method."""
        values = self.values(name)
        used = self.weight > 1e-18
        flat, width, weight = values[used], self._width(values)[used], self.weight[used]
        lowest, highest = float(flat.min()), float(flat.max())

        def excess(target: float, probability: float) -> float:
            share = np.clip((target - flat) / width + 0.5, 0.0, 1.0)
            return float(weight @ share) - probability

        return np.array([optimize.brentq(excess, lowest, highest, args=(float(p),), xtol=1e-7) for p in probabilities])

    def _below(self, values: FloatArray, width: FloatArray, target: float) -> float:
        return float((self.weight * np.clip((target - values) / width + 0.5, 0.0, 1.0)).sum())

    @staticmethod
    def _width(values: FloatArray) -> FloatArray:
        by_row, by_column = np.gradient(values)
        return np.maximum(np.abs(by_row) + np.abs(by_column), 1e-12)
