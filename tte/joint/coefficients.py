"""The scale that coefficients of a hazard are searched on: multiples of what counts as one, over the range of a covariate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.start import units

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from tte.joint.data import JointData

FARTHEST = 30.0
"""An effect over the range of its covariate, as a power of e, beyond which no search goes."""


@dataclass(frozen=True, slots=True)
class CoefficientScale:
    """How the free coefficients of a hazard are searched.

    Parameters
    ----------
    theta : (n_coefficients,) array
        Values on the linear scale, those of the held ones for good.
    is_free : (n_coefficients,) array
        Which are searched.
    unit : (n_coefficients,) array
        What counts as one.
    is_effect : (n_coefficients,) array
        Which are effects of covariates.
    """

    theta: FloatArray
    is_free: BoolArray
    unit: FloatArray
    is_effect: BoolArray

    @property
    def place(self) -> FloatArray:
        """Return where the free ones lie, (n_free,)."""
        return (self.theta / self.unit)[self.is_free]

    def theta_at(self, place: FloatArray) -> FloatArray:
        """Return all coefficients at a place of the search."""
        theta = self.theta.copy()
        theta[self.is_free] = place * self.unit[self.is_free]
        return theta

    def is_far(self, place: FloatArray) -> bool:
        """Return whether an effect lies farther out than any that data show: there the likelihood rises without end."""
        return bool(np.abs(place[self.is_effect[self.is_free]]).max(initial=0.0) > FARTHEST)


def coefficient_scale(
    data: JointData, theta: FloatArray, exposure: FloatArray, *, held: frozenset[str] = frozenset()
) -> CoefficientScale:
    """Return the scale of a model's coefficients.

    Parameters
    ----------
    data : JointData
        Data and models.
    theta : (n_coefficients,) array
        Where the search begins, on the linear scale.
    exposure : (n_subjects,) array
        About the exposure of each subject, for its range.
    held : frozenset of str
        Names of coefficients that are held besides those that the model holds.
    """
    model = data.model
    columns = data.rows.design.copy()
    owner = np.repeat(np.arange(data.population.n_subjects), np.diff(data.row_start))
    columns[:, data.exposed] = exposure[owner]
    spread = np.ptp(np.where(np.isfinite(columns), columns, np.nan), axis=0)
    spread[~(spread > 0.0)] = 1.0
    unit = units(model, data.events)[model.parameter_index]
    is_effect = model.column_index >= 0
    unit[is_effect] /= spread[model.column_index[is_effect]]
    is_free = np.array([name not in model.fixed and name not in held for name in model.names])
    return CoefficientScale(theta, is_free, unit, is_effect)
