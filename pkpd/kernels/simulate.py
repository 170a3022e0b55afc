"""Simulated measurements of whole populations, on all threads."""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import parallel_kernel, prange
from pkpd.kernels.advance import eta_from_white, predict, subject_at
from pkpd.kernels.codes import ERROR_KIND, ErrorKind, PackedSubjects
from pkpd.kernels.residual import residual_variance

_LOGARITHMIC = float(ErrorKind.LOGARITHMIC)


@parallel_kernel
def simulate_some(
    subjects: PackedSubjects, first_subject: int, white: FloatArray, noise: FloatArray, measured: FloatArray
) -> None:
    """Write what would be measured without limits [mg/L], in replicates; below zero too where the error is normal.

    Parameters
    ----------
    first_subject : int
        The subject of the first row of ``white``; the others follow it.
    white : (n_subjects, n_replicates, n_eta) array
        Standard normal draws, one for each random effect.
    noise : (n_observations, n_replicates) array
        Standard normal draws, one for each observation of these subjects.
    measured : (n_observations, n_replicates) array
        Overwritten; logarithms where the error is LOGARITHMIC.
    """
    offset = subjects.observation_start[first_subject]
    for i in prange(white.shape[0]):
        subject = subject_at(subjects, first_subject + i)
        n = subject.observations.shape[0]
        first = subjects.observation_start[first_subject + i] - offset
        eta, prediction = np.empty(white.shape[2]), np.empty(n)
        for k in range(white.shape[1]):
            eta_from_white(subject, white[i, k], eta)
            predict(subject, eta, prediction)
            for j in range(n):
                centre = prediction[j]
                if subject.observations[j, ERROR_KIND] == _LOGARITHMIC:
                    centre = np.log(centre)
                sd = np.sqrt(residual_variance(subject.observations[j], prediction[j]))
                measured[first + j, k] = centre + sd * noise[first + j, k]
