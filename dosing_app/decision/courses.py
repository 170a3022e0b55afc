"""The different courses of the drug that explain a patient's samples: the modes of the posterior that count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.advance import subject_at
from pkpd.kernels.objective import objective

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior

# A mode counts whose density is at least this share of the deepest one's.
_COUNTS = 0.05


def etas_of_courses(posterior: Posterior) -> FloatArray:
    """Return the random effects at every mode that counts, the deepest first.

    Parameters
    ----------
    posterior : Posterior
        One patient's posterior.

    Returns
    -------
    (n_modes, n_eta) array
        One row where there is a single course; none where no parameters explain the samples.
    """
    modes = posterior.mode.modes[0]
    modes = modes[np.isfinite(modes[:, 0])]
    subject = subject_at(posterior.problem.subjects, 0)
    deepest = float(posterior.mode.objective[0])
    counts = [objective(subject, z) <= deepest - 2.0 * math.log(_COUNTS) for z in modes]
    return np.asarray(modes[counts] @ posterior.problem.subjects.omega_cholesky[0].T, dtype=np.float64)
