"""FOCE with interaction of one patient in plain NumPy and SciPy: the formula, with derivatives by differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

if TYPE_CHECKING:
    from asuc.qualification.plain_patient import PlainPatient
    from pkpd.arrays import FloatArray

_STEP = 1e-5
_LOG_2PI = float(np.log(2.0 * np.pi))


def focei_objective(patient: PlainPatient) -> float:
    """Return -2 log L without log 2π of a patient whose levels are all quantified, by FOCE with interaction.

    At the mode of the whitened random effects z, J + log |I + Σ (a'a / r + c'c / 2)| with a = df/dz, r the residual variance
    and c = dr/dz / r.
    """

    def joint(z: FloatArray) -> float:
        return float(patient.objective(z[0], z[1]))

    starts = [np.array(start) for start in ((0.0, 0.0), (1.5, 0.0), (-1.5, 0.0), (0.0, 1.5), (0.0, -1.5))]
    options: Any = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000}
    found: Any = min(
        (optimize.minimize(joint, start, method="Nelder-Mead", options=options) for start in starts),
        key=lambda one: float(one.fun),
    )
    mode = np.asarray(found.x, dtype=np.float64)
    prediction = patient.predictions(mode[0], mode[1])
    slope = np.column_stack(
        [
            (patient.predictions(*(mode + shift)) - patient.predictions(*(mode - shift))) / (2.0 * _STEP)
            for shift in _STEP * np.eye(2)
        ]
    )
    relative = slope / prediction[:, None]
    # Of a proportional error r = σ² f², so that a'a / r = (a/f)'(a/f) / σ² and c = 2 a / f.
    curvature = np.eye(2) + relative.T @ relative * (1.0 / patient.proportional**2 + 2.0)
    return float(found.fun) - _LOG_2PI * prediction.size + float(np.linalg.slogdet(curvature)[1])
