"""Predicted concentrations of one subject at given random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.advance import predict, subject_at
from pkpd.problem import Problem, bind

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec


def curve_problem(model: ModelSpec, subject: Subject, times: FloatArray) -> Problem:
    """Bind a subject for predictions at given times, its samples staying among the events."""
    return bind(model, [subject], times=times)


def predict_curve(problem: Problem, eta: FloatArray) -> FloatArray:
    """Return the concentrations [mg/L] at the wanted times of a bound subject for given random effects."""
    prediction = _predict_all(problem, eta)
    return prediction[prediction.size - problem.n_wanted :]


def predict_samples(problem: Problem, eta: FloatArray) -> FloatArray:
    """Return the concentrations [mg/L] predicted for the samples of a bound subject."""
    return _predict_all(problem, eta)[: problem.subjects.observations.shape[0]]


def _predict_all(problem: Problem, eta: FloatArray) -> FloatArray:
    prediction = np.empty(problem.subjects.observations.shape[0] + problem.n_wanted)
    predict(subject_at(problem.subjects, 0), eta, prediction)
    return prediction
