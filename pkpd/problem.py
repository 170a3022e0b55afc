"""The only crossing from objects to arrays: a model bound to subjects, packed for the kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import input_error
from pkpd.kernels.codes import Disposition, PackedSubjects
from pkpd.kernels.timeline import pack_events
from pkpd.model.parameters import log_typical_terms, omega_matrix
from pkpd.model.residual import residual_sd_parameters
from pkpd.model.spec import PARAMETER_NAMES, Parameterization

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.records import Sample, Subject
    from pkpd.model.spec import ModelSpec

_DISPOSITION = {
    Parameterization.CL_V: Disposition.ONE_COMPARTMENT_CL,
    Parameterization.KE_V: Disposition.ONE_COMPARTMENT_KE,
    Parameterization.CL_V1_Q_V2: Disposition.TWO_COMPARTMENT,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A model and the subjects it is applied to.

    Parameters
    ----------
    model : ModelSpec
        The model.
    subjects : PackedSubjects
        The packed arrays.
    n_wanted : int
        Number of times, after each subject's samples, at which only a prediction is wanted.
    """

    model: ModelSpec
    subjects: PackedSubjects
    n_wanted: int

    @property
    def n_subjects(self) -> int:
        """Return the number of subjects."""
        return self.subjects.event_start.size - 1

    @property
    def n_eta(self) -> int:
        """Return the number of random effects."""
        return len(self.model.etas)


def bind(model: ModelSpec, subjects: Sequence[Subject], *, times: Sequence[float] | FloatArray = ()) -> Problem:
    """Bind a model to subjects.

    Parameters
    ----------
    model : ModelSpec
        The model.
    subjects : sequence of Subject
        At least one; each with at least one covariate row that holds every covariate of the model.
    times : sequence of float
        Further times [day] at which predictions are wanted, of every subject.

    Returns
    -------
    Problem
        Packed arrays; observations are each subject's samples, then the wanted times.

    Raises
    ------
    InputError
        For a model without a random effect on the clearance (or the elimination rate constant), whose posterior this
        engine does not integrate, or a one-compartment model with a parameter that is a sum of terms.
    """
    _check(model)
    wanted = np.asarray(times, dtype=np.float64)
    doses = [dose for subject in subjects for dose in subject.doses]
    samples = [sample for subject in subjects for sample in subject.samples]
    rows = [row for subject in subjects for row in subject.covariates]
    row_offset = _offsets([len(subject.covariates) for subject in subjects])
    sample_offset = _offsets([len(subject.samples) for subject in subjects])
    event_start, events, event_index = pack_events(
        _offsets([len(subject.doses) for subject in subjects]),
        np.array([dose.time_day for dose in doses], dtype=np.float64),
        np.array([dose.amount_mg for dose in doses], dtype=np.float64),
        np.array([dose.duration_day for dose in doses], dtype=np.float64),
        row_offset,
        np.array([row.time_day for row in rows], dtype=np.float64),
        sample_offset,
        np.array([sample.time_day for sample in samples], dtype=np.float64),
        wanted,
    )
    covariates = {name: np.array([row.values[name] for row in rows]) for name in model.covariates}
    cholesky = _omega_factors(model, subjects)
    frame, line_scale = _line_frames(model, cholesky)
    names = PARAMETER_NAMES[model.parameterization]
    packed = PackedSubjects(
        disposition=int(_DISPOSITION[model.parameterization]),
        event_start=event_start,
        observation_start=sample_offset,
        epoch_start=row_offset,
        events=events,
        event_index=event_index,
        observations=_observations(model, samples),
        log_typical=np.array(
            np.broadcast_to(log_typical_terms(model, covariates).T, (len(rows), len(model.terms))), order="C"
        ),
        terms=np.array(
            [(names.index(term.parameter), _eta_index(model, term.eta)) for term in model.terms], dtype=np.int64
        ),
        omega_cholesky=cholesky,
        frame=frame,
        line_scale=line_scale,
    )
    return Problem(model, packed, wanted.size)


def take_subject(problem: Problem, index: int) -> Problem:
    """Return the problem of one subject alone."""
    packed = problem.subjects
    events = slice(packed.event_start[index], packed.event_start[index + 1])
    observed = slice(packed.observation_start[index], packed.observation_start[index + 1])
    epochs = slice(packed.epoch_start[index], packed.epoch_start[index + 1])
    alone = packed._replace(
        event_start=np.array([0, events.stop - events.start]),
        observation_start=np.array([0, observed.stop - observed.start]),
        epoch_start=np.array([0, epochs.stop - epochs.start]),
        events=packed.events[events],
        event_index=packed.event_index[events],
        observations=packed.observations[observed],
        log_typical=packed.log_typical[epochs],
        omega_cholesky=packed.omega_cholesky[index : index + 1],
        frame=packed.frame[index : index + 1],
        line_scale=packed.line_scale[index : index + 1],
    )
    return replace(problem, subjects=alone)


def direction_of(model: ModelSpec, *parameters: str) -> FloatArray | None:
    """Return the eta direction that multiplies all of the given parameters alike and no other, or None without one."""
    direction = np.full(len(model.etas), np.nan)
    for term in model.terms:
        wanted = 1.0 if term.parameter in parameters else 0.0
        if term.eta is None:
            if wanted == 1.0:
                return None
            continue
        entry = model.etas.index(term.eta)
        if not np.isnan(direction[entry]) and direction[entry] != wanted:
            return None
        direction[entry] = wanted
    return direction


def half_life_direction(model: ModelSpec) -> FloatArray | None:
    """Return an eta direction that multiplies all rate constants of two compartments alike, or None without one.

    Either both volumes change alike along it, or both clearances.
    """
    volumes = direction_of(model, "v1", "v2")
    return direction_of(model, "cl", "q") if volumes is None else volumes


def _check(model: ModelSpec) -> None:
    first = PARAMETER_NAMES[model.parameterization][0]
    if all(term.eta is None for term in model.terms if term.parameter == first):
        raise input_error(
            model.id, f"no random effect on {first}; the posterior is integrated along it, so give it a variance"
        )
    n_terms = len(model.terms)
    if model.parameterization is not Parameterization.CL_V1_Q_V2 and n_terms != len({t.parameter for t in model.terms}):
        raise input_error(model.id, "a one-compartment parameter is a sum of terms, expected a single term for each")


def _offsets(counts: list[int]) -> IntArray:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _eta_index(model: ModelSpec, eta: str | None) -> int:
    return -1 if eta is None else model.etas.index(eta)


def _observations(model: ModelSpec, samples: list[Sample]) -> FloatArray:
    errors = {assay: residual_sd_parameters(model, assay) for assay in {sample.assay for sample in samples}}
    rows = [(s.level, float(s.censoring), s.lloq, s.uloq, *errors[s.assay]) for s in samples]
    return np.array(rows, dtype=np.float64).reshape(len(samples), 6)


def _omega_factors(model: ModelSpec, subjects: Sequence[Subject]) -> FloatArray:
    """Return the Cholesky factors of Omega, taken at each subject's first covariate row."""
    if not any(variance.covariate for variance in model.variances):
        factor = _cholesky(omega_matrix(model, subjects[0].covariates[0].values))
        return np.repeat(factor[None], len(subjects), axis=0)
    return np.stack([_cholesky(omega_matrix(model, s.covariates[0].values)) for s in subjects])


def _cholesky(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def _line_frames(model: ModelSpec, cholesky: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the basis whose first axis is the direction of the integration lines, and the scale along a line."""
    direction = _scale_direction(model)
    runs_along_scale = direction is not None
    if direction is None:
        direction = _clearance_direction(model)
    frame = np.empty_like(cholesky)
    scale = np.zeros(len(cholesky))
    previous = -1
    for i, factor in enumerate(cholesky):
        if previous >= 0 and np.array_equal(factor, cholesky[previous]):
            frame[i], scale[i] = frame[previous], scale[previous]
            continue
        frame[i], step = _frame(factor, direction)
        scale[i] = step if runs_along_scale else 0.0
        previous = i
    return frame, scale


def _scale_direction(model: ModelSpec) -> FloatArray | None:
    """Return the eta direction that multiplies every clearance and volume alike, or None where there is none."""
    return direction_of(model, *(name for name in PARAMETER_NAMES[model.parameterization] if name != "ke"))


def _clearance_direction(model: ModelSpec) -> FloatArray:
    first = PARAMETER_NAMES[model.parameterization][0]
    direction = np.zeros(len(model.etas))
    for term in model.terms:
        if term.parameter == first and term.eta is not None:
            direction[model.etas.index(term.eta)] = 1.0
    return direction


def _frame(factor: FloatArray, direction: FloatArray) -> tuple[FloatArray, float]:
    """Return an orthonormal basis with its first axis along inv(L) direction, and eta's change along it."""
    white = np.linalg.solve(factor, direction)
    length = float(np.linalg.norm(white))
    columns = np.column_stack((white / length, np.eye(len(white))))
    basis, triangle = np.linalg.qr(columns)
    basis = basis[:, : len(white)]
    if triangle[0, 0] < 0.0:
        basis[:, 0] = -basis[:, 0]
    return basis, 1.0 / length
