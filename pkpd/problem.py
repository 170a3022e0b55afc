"""The only crossing from objects to arrays: a model bound to subjects, packed for the kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import cohort_of
from pkpd.errors import input_error
from pkpd.kernels.codes import (
    ABSORPTION_RATE,
    ADDITIVE,
    CENSORED,
    ERROR_KIND,
    EXPONENT,
    LEVEL,
    LLOQ,
    N_OBSERVATION_COLUMNS,
    PROPORTIONAL,
    TERM_OCCASION_ETA,
    ULOQ,
    Censored,
    Disposition,
    ErrorKind,
    EtaShape,
    PackedSubjects,
)
from pkpd.kernels.timeline import pack_events
from pkpd.model.parameters import log_typical_terms, occasion_matrix, omega_matrix
from pkpd.model.residual import residual_sd_parameters
from pkpd.model.spec import PARAMETER_NAMES, Parameterization, RandomEffectShape, ResidualKind, is_oral

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec

_ERROR_KIND = {
    ResidualKind.VARIANCES_ADD: ErrorKind.VARIANCES_ADD,
    ResidualKind.SDS_ADD: ErrorKind.SDS_ADD,
    ResidualKind.LOGARITHMIC: ErrorKind.LOGARITHMIC,
}
_SHAPE = {
    RandomEffectShape.EXPONENTIAL: EtaShape.EXPONENTIAL,
    RandomEffectShape.BOX_COX: EtaShape.BOX_COX,
    RandomEffectShape.T_DISTRIBUTED: EtaShape.T_DISTRIBUTED,
    RandomEffectShape.PROPORTIONAL: EtaShape.PROPORTIONAL,
    RandomEffectShape.ADDITIVE: EtaShape.ADDITIVE,
}
_BESIDE_ONE = 1e-12
_DISPOSITION = {
    Parameterization.CL_V: Disposition.ONE_COMPARTMENT_CL,
    Parameterization.KE_V: Disposition.ONE_COMPARTMENT_KE,
    Parameterization.CL_V1_Q_V2: Disposition.TWO_COMPARTMENT,
    Parameterization.CL_V_KA: Disposition.ONE_COMPARTMENT_CL,
    Parameterization.KE_V_KA: Disposition.ONE_COMPARTMENT_KE,
    Parameterization.CL_V1_Q_V2_KA: Disposition.TWO_COMPARTMENT,
}
# Parameters that have a column of their own in kernels, whichever the parameterization; the others stand in its order.
_COLUMN = {"ka": ABSORPTION_RATE}
_RATE_CONSTANTS = frozenset({"ke", "ka"})


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
        """Return the number of random effects of a subject, those of its occasions included."""
        return self.subjects.omega_cholesky.shape[1]


def bind(model: ModelSpec, subjects: Sequence[Subject], *, times: Sequence[float] | FloatArray = ()) -> Problem:
    """Bind a model to subjects as they are on an average occasion in an average centre (``bind_cohort``); models that forecasts refuse are refused."""
    refuse_forecasts(model)
    return bind_cohort(without_occasions(model), cohort_of(subjects), times=times)


def refuse_forecasts(model: ModelSpec) -> None:
    """Refuse a model of oral doses, or in other units than days, mg and L, where areas and forecasts are computed.

    Raises
    ------
    InputError
        For such a model, and one without a random effect on the clearance (or the elimination rate constant).
    """
    first = PARAMETER_NAMES[model.parameterization][0]
    if all(term.eta is None for term in model.terms if term.parameter == first):
        message = f"no random effect on {first}, along which forecasts integrate the posterior; give it a variance"
        raise input_error(model.id, message)
    if is_oral(model.parameterization):
        message = "is of oral doses: it can be fitted and checked; forecasts and exposure are of infusions"
        raise input_error(model.id, message)
    if model.has_own_units:
        message = (
            "is in the units of its data: it can be fitted and checked; forecasts and exposure are in days, mg and L"
        )
        raise input_error(model.id, message)


def without_occasions(model: ModelSpec) -> ModelSpec:
    """Return a model whose random effects of occasions are all 0."""
    if not model.occasion_variances:
        return model
    kept = tuple(entry for entry in model.correlations if entry[0] in model.etas)
    terms = tuple(replace(term, occasion_eta=None) for term in model.terms)
    return replace(model, terms=terms, occasion_variances=(), correlations=kept)


def bind_cohort(model: ModelSpec, cohort: Cohort, *, times: Sequence[float] | FloatArray = ()) -> Problem:
    """Bind a model to a cohort.

    Parameters
    ----------
    model : ModelSpec
        The model.
    cohort : Cohort
        At least one subject, each with at least one covariate row; no covariate of the model is missing.
    times : sequence of float
        Further times [day] at which predictions are wanted, of every subject.

    Returns
    -------
    Problem
        Packed arrays; observations are each subject's samples, then the wanted times. Random effects are those of the
        subject, then those of its first occasion, and so on to the last occasion of any subject; random effects of centres are 0.

    Raises
    ------
    InputError
        For a model without a random effect of the subjects; for a level or limit of 0 mg/L or less where the error is logarithmic.
    """
    _check(model)
    wanted = np.asarray(times, dtype=np.float64)
    n_rows = cohort.row_time.size
    event_start, events, event_index = pack_events(
        cohort.dose_start,
        cohort.dose_time,
        cohort.dose_amount,
        cohort.dose_duration,
        cohort.row_start,
        cohort.row_time,
        cohort.sample_start,
        cohort.sample_time,
        wanted,
    )
    covariates = {name: cohort.covariates[name] for name in model.covariates}
    cholesky = _omega_factors(model, covariates, cohort)
    frame, line_scale = line_frames(model, cholesky)
    log_typical = np.broadcast_to(log_typical_terms(model, covariates).T, (n_rows, len(model.terms)))
    packed = PackedSubjects(
        disposition=int(_DISPOSITION[model.parameterization]),
        event_start=event_start,
        observation_start=cohort.sample_start,
        epoch_start=cohort.row_start,
        events=events,
        event_index=event_index,
        observations=_observations(model, cohort),
        log_typical=np.array(log_typical, order="C"),
        terms=_terms(model, cohort.occasion),
        shape=shape_parameters(model),
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
        terms=packed.terms[epochs],
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
        if wanted == 1.0 and (term.eta is None or term.shape is not RandomEffectShape.EXPONENTIAL):
            return None
        if term.eta is None:
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
    if not model.etas:
        raise input_error(model.id, "has no random effect of the subjects; expected at least one variance")


def _terms(model: ModelSpec, occasion: IntArray) -> IntArray:
    """Return parameter, random effects and shape of each term under each covariate row."""
    names, n_own, n_each = PARAMETER_NAMES[model.parameterization], len(model.etas), len(model.occasion_etas)
    rows = [
        (
            _COLUMN.get(term.parameter, names.index(term.parameter)),
            -1 if term.eta is None else model.etas.index(term.eta),
            -1,
            _SHAPE[term.shape],
        )
        for term in model.terms
    ]
    terms = np.repeat(np.array(rows, dtype=np.int64)[None], occasion.size, axis=0)
    for t, term in enumerate(model.terms):
        if term.occasion_eta is not None:
            terms[:, t, TERM_OCCASION_ETA] = n_own + n_each * occasion + model.occasion_etas.index(term.occasion_eta)
    return terms


def shape_parameters(model: ModelSpec) -> FloatArray:
    """Return the parameter of each term's shape, (n_terms,)."""
    return np.array([term.shape_parameter for term in model.terms])


def n_occasions_of(cohort: Cohort) -> int:
    """Return the largest number of occasions of a subject."""
    return int(cohort.occasion.max(initial=0)) + 1


def _observations(model: ModelSpec, cohort: Cohort) -> FloatArray:
    groups, group = error_groups(model, cohort)
    errors = group_errors(model, groups)[group]
    columns = np.empty((cohort.level.size, N_OBSERVATION_COLUMNS))
    columns[:, LEVEL], columns[:, CENSORED] = cohort.level, cohort.censoring
    columns[:, LLOQ], columns[:, ULOQ] = cohort.lloq, cohort.uloq
    columns[:, ADDITIVE : PROPORTIONAL + 1] = errors.reshape(-1, 2)
    columns[:, EXPONENT] = error_exponent(model)
    columns[:, ERROR_KIND] = float(_ERROR_KIND[model.residual.kind])
    if model.residual.kind is ResidualKind.LOGARITHMIC:
        # Between 0 and a limit lie all logarithms below that limit.
        is_from_zero = (columns[:, CENSORED] == Censored.BETWEEN) & (columns[:, LLOQ] == 0.0)
        columns[is_from_zero, CENSORED] = Censored.BELOW
        columns[is_from_zero, LLOQ] = columns[is_from_zero, ULOQ]
        logarithmic = (LEVEL, LLOQ, ULOQ)
        if (columns[:, logarithmic] <= 0.0).any():
            raise input_error(model.id, "has an error of the logarithm; expected levels and limits above 0 mg/L")
        columns[:, logarithmic] = np.log(columns[:, logarithmic])
    return columns


def error_groups(model: ModelSpec, cohort: Cohort) -> tuple[tuple[str | None, ...], IntArray]:
    """Return the groups of samples that the model may give an error of their own, and the group of each sample."""
    if model.residual.by_centre:
        return cohort.centres, np.repeat(cohort.centre, np.diff(cohort.sample_start))
    if model.residual.by_assay:
        return cohort.assays, cohort.assay
    return (None,), np.zeros(cohort.level.size, dtype=np.int64)


def group_errors(model: ModelSpec, groups: Sequence[str | None]) -> FloatArray:
    """Return additive and proportional error of each group of ``error_groups``, (n_groups, 2)."""
    if not model.residual.by_centre:
        return np.array([residual_sd_parameters(model, assay) for assay in groups])
    general = (model.residual.additive_sd, model.residual.proportional_sd)
    return np.array([model.residual.by_centre.get(str(centre), general) for centre in groups])


def error_exponent(model: ModelSpec) -> float:
    """Return the exponent of the residual error.

    One that is estimated is never exactly 1: there kernels take a shorter way, which has no derivative by the exponent.
    """
    exponent = model.residual.exponent
    return exponent + _BESIDE_ONE if model.residual.is_exponent_free and exponent == 1.0 else exponent


def _omega_factors(model: ModelSpec, covariates: Mapping[str, FloatArray], cohort: Cohort) -> FloatArray:
    """Return the Cholesky factors of Omega, taken at each subject's first covariate row."""
    first = cohort.row_start[:-1]
    at_first = {name: values[first] for name, values in covariates.items()}
    return omega_factors(model, at_first, cohort.n_subjects, n_occasions_of(cohort))


def omega_factors(model: ModelSpec, covariates: Mapping[str, FloatArray], n: int, n_occasions: int) -> FloatArray:
    """Return the Cholesky factors of Omega of some subjects, (n, n_eta, n_eta), from a covariate value of each.

    Omega has the block of the subject, then the same block for each occasion.
    """
    names = sorted({variance.covariate for variance in model.variances if variance.covariate})
    if not names:
        return np.repeat(_factor(model, {}, n_occasions)[None], n, axis=0)
    kinds, place = np.unique(np.array([covariates[name] for name in names]).T, axis=0, return_inverse=True)
    factors = [_factor(model, dict(zip(names, kind.tolist(), strict=True)), n_occasions) for kind in kinds]
    return np.array(factors)[place.ravel()]


def _factor(model: ModelSpec, covariates: Mapping[str, float], n_occasions: int) -> FloatArray:
    own = _cholesky(omega_matrix(model, covariates))
    if not model.occasion_variances:
        return own
    each, n = _cholesky(occasion_matrix(model)), len(own)
    whole = np.zeros((n + n_occasions * len(each),) * 2)
    whole[:n, :n] = own
    whole[n:, n:] = np.kron(np.eye(n_occasions), each)
    return whole


def _cholesky(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def line_frames(model: ModelSpec, cholesky: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the basis whose first axis is the direction of the integration lines, and the scale along a line."""
    direction = _scale_direction(model)
    runs_along_scale = direction is not None
    if direction is None:
        direction = _clearance_direction(model)
    direction = np.concatenate((direction, np.zeros(cholesky.shape[1] - direction.size)))
    is_new = np.ones(len(cholesky), dtype=np.bool_)
    is_new[1:] = (cholesky[1:] != cholesky[:-1]).any(axis=(1, 2))
    kinds = [_frame(factor, direction) for factor in cholesky[is_new]]
    which = np.cumsum(is_new) - 1
    frame = np.array([one for one, _ in kinds])[which]
    step = np.array([step for _, step in kinds])[which]
    return frame, step if runs_along_scale else np.zeros(len(cholesky))


def _scale_direction(model: ModelSpec) -> FloatArray | None:
    """Return the eta direction that multiplies every clearance and volume alike, or None where there is none."""
    return direction_of(
        model, *(name for name in PARAMETER_NAMES[model.parameterization] if name not in _RATE_CONSTANTS)
    )


def _clearance_direction(model: ModelSpec) -> FloatArray:
    first = PARAMETER_NAMES[model.parameterization][0]
    direction = np.zeros(len(model.etas))
    for term in model.terms:
        if term.parameter == first and term.eta is not None:
            direction[model.etas.index(term.eta)] = 1.0
    if not direction.any():
        # Any direction serves.
        direction[0] = 1.0
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
