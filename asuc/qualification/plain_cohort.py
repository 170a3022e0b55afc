"""A plain population fit that shares no code with the engine: a dense grid for each patient, SciPy's L-BFGS-B over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from asuc.qualification.plain_patient import PlainPatient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.data.records import Subject

# Whitened random effects; the trapezoidal rule on them errs by less than 1e-3 of an objective.
_NODES = np.linspace(-5.5, 5.5, 111)
_REFERENCE_KG, _REFERENCE_CRP, _FLOOR_CRP = 63.0, 30.0, 1.5


class PlainCohort:
    """The published model's marginal likelihood for a cohort, in NumPy.

    Parameters
    ----------
    subjects : sequence of Subject
        Patients with weight and CRP at the start.
    """

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.patients = [PlainPatient(subject) for subject in subjects]
        values = [subject.covariates[0].values for subject in subjects]
        self.weight: FloatArray = np.array([one["weight_kg"] for one in values]) / _REFERENCE_KG
        crp = np.maximum([one["crp_mg_per_L"] for one in values], _FLOOR_CRP)
        self.log_crp: FloatArray = np.log(np.log(crp) / np.log(_REFERENCE_CRP))
        self.grid = np.meshgrid(_NODES, _NODES, indexing="ij")
        self.step = float(_NODES[1] - _NODES[0])

    def objective(self, parameters: FloatArray) -> float:
        """Return -2 log L at ln CL, the effect of CRP, ln V, and the logarithms of both omega and of sigma."""
        log_cl, effect, log_v, *log_sds = parameters
        sd_cl, sd_v, sigma = np.exp(log_sds)
        total = 0.0
        for patient, weight, log_crp in zip(self.patients, self.weight, self.log_crp, strict=True):
            typical = (log_cl + 0.75 * np.log(weight) + effect * log_crp, log_v + np.log(weight))
            patient.log_typical = np.array(typical)
            patient.omega_sd = np.array((sd_cl, sd_v))
            patient.proportional = float(sigma)
            phi = patient.objective(*self.grid)
            least = float(phi.min())
            mass = float(np.exp(-0.5 * (phi - least)).sum()) * self.step**2 / (2.0 * np.pi)
            total += least - 2.0 * np.log(mass)
        return float(total)

    def fit(self, start: FloatArray) -> tuple[float, FloatArray]:
        """Return the least objective that SciPy finds, with gradients by differences, and where."""
        found = optimize.minimize(self.objective, start, method="L-BFGS-B")
        return float(found.fun), np.asarray(found.x, dtype=np.float64)
