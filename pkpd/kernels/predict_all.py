"""Predictions and parameters of whole populations, on all threads."""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import parallel_kernel, prange
from pkpd.kernels.advance import clearance, individual_parameters, predict, subject_at, terminal_half_life
from pkpd.kernels.codes import ABSORPTION_RATE, N_PARAMETERS, PackedSubjects


@parallel_kernel
def predict_all(subjects: PackedSubjects, eta: FloatArray, prediction: FloatArray) -> None:
    """Write the predicted concentration [mg/L] of every observation of every subject.

    Parameters
    ----------
    eta : (n_subjects, n_eta) array
        Random effects.
    prediction : (n_observations,) array
        Overwritten.
    """
    for i in prange(eta.shape[0]):
        first, last = subjects.observation_start[i], subjects.observation_start[i + 1]
        predict(subject_at(subjects, i), eta[i], prediction[first:last])


@parallel_kernel
def parameters_all(subjects: PackedSubjects, eta: FloatArray, parameters: FloatArray) -> None:
    """Write the parameters of every subject under its first covariate row.

    Parameters
    ----------
    eta : (n_subjects, n_eta) array
        Random effects.
    parameters : (n_subjects, 7) array
        Overwritten with the first four of ``individual_parameters``, CL [L/day], the terminal half-life [day] and the absorption
        rate constant [1/day].
    """
    for i in prange(eta.shape[0]):
        subject, own = subject_at(subjects, i), np.empty(N_PARAMETERS)
        individual_parameters(subject, 0, eta[i], own)
        parameters[i, :ABSORPTION_RATE] = own[:ABSORPTION_RATE]
        parameters[i, 4] = clearance(subject, own)
        parameters[i, 5] = terminal_half_life(subject, own)
        parameters[i, 6] = own[ABSORPTION_RATE]
