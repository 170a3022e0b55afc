"""The M-step of SAEM: the parameters that make random effects as drawn most likely.

Thetas that shift random effects by weighted least squares, Omega by second moments, both in closed form; what changes predictions at fixed
random effects by a few quasi-Newton steps. Variances may not fall faster than annealing lets them, so that chains first explore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.minimize import Point, minimize
from pkpd.estimation.scale import jacobian, to_free, to_values
from pkpd.likelihood.complete import misfit, shift, shift_slopes
from pkpd.likelihood.population import model_at, occasions_of, packed_at
from pkpd.model.population import ParameterKind

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.scale import Piece, Scale
    from pkpd.likelihood.complete import CompleteData
    from pkpd.likelihood.population import Population

_LONGEST = 1.0
_MOST_CUTS = 30
_EVALUATIONS, _TOLERANCE = 6, 1e-3
_LEAST_VARIANCE = 1e-8


def maximized(
    data: CompleteData, scale: Scale, values: FloatArray, phi: FloatArray, *, least_ratio: float
) -> FloatArray:
    """Return the values of all parameters that make some random effects most likely.

    Parameters
    ----------
    scale : Scale
        Which parameters are free, and on which scale.
    values : (n_parameters,) array
        Where the step begins.
    phi : (n_subjects, n_chains, n_eta) array
        Random effects with their shifts.
    least_ratio : float
        Least ratio of a new variance to the one before; 0 where it may fall at once.
    """
    found = _with_shifts(data, scale, values, phi)
    found = _with_omega(data, scale, found, phi, least_ratio=least_ratio)
    found = _with_others(data, scale, found, phi)
    for i, one in enumerate(data.population.parameters):
        if one.kind is ParameterKind.SIGMA:
            found[i] = max(found[i], values[i] * np.sqrt(least_ratio))
    return found


def stepped(data: CompleteData, scale: Scale, free: FloatArray, step: FloatArray) -> FloatArray:
    """Return the place that a step leads to, cut to a length of 1 and until all typical values are positive there."""
    length = min(1.0, _LONGEST / max(float(np.abs(step).max(initial=0.0)), 1e-300))
    for _ in range(_MOST_CUTS):
        place = free + length * step
        if is_possible(data, to_values(scale, place)):
            return place
        length *= 0.5
    return free


def is_possible(data: CompleteData, values: FloatArray) -> bool:
    """Return whether typical values and Omega can be computed."""
    if not np.isfinite(values).all():
        return False
    with np.errstate(all="ignore"):
        try:
            packed = packed_at(data.population, model_at(data.population, values))
        except np.linalg.LinAlgError:
            return False
    return bool(np.isfinite(packed.log_typical).all() and np.isfinite(packed.omega_cholesky).all())


def _columns(scale: Scale, places: IntArray) -> IntArray:
    """Return which free coordinates some parameters are."""
    return np.flatnonzero(np.isin(scale.free, places))


def _with_shifts(data: CompleteData, scale: Scale, values: FloatArray, phi: FloatArray) -> FloatArray:
    columns = _columns(scale, np.flatnonzero(data.is_shift))
    if not columns.size:
        return values
    model = model_at(data.population, values)
    free = to_free(scale, values)
    places = np.array(scale.free)[columns]
    slopes = shift_slopes(data, model)[places] * jacobian(scale, free)[places, columns][:, None, None]
    inverse = np.linalg.inv(packed_at(data.population, model).omega_cholesky)
    white = np.einsum("nij,knj->kni", inverse, slopes)
    eta = np.einsum("nij,nj->ni", inverse, phi.mean(axis=1) - shift(data, values))
    step = np.zeros(free.size)
    step[columns] = np.linalg.lstsq(white.reshape(columns.size, -1).T, eta.ravel(), rcond=1e-10)[0]
    return to_values(scale, stepped(data, scale, free, step))


def _with_omega(
    data: CompleteData, scale: Scale, values: FloatArray, phi: FloatArray, *, least_ratio: float
) -> FloatArray:
    eta = phi - shift(data, values)[:, None, :]
    found = values.copy()
    for piece in scale.pieces:
        if data.population.parameters[piece.places[0]].kind is ParameterKind.OMEGA:
            _write_moments(data, piece, eta, found, least_ratio=least_ratio)
    # Draws of a block that hardly vary in some direction have no Cholesky factor: Omega then stays.
    return found if is_possible(data, found) else values


def _write_moments(
    data: CompleteData, piece: Piece, eta: FloatArray, values: FloatArray, *, least_ratio: float
) -> None:
    population = data.population
    old = values.copy()
    of_diagonal: dict[str, int] = {}
    for i in piece.places:
        what, first, second = population.parameters[i].place
        is_variance = what == "omega2"
        rows, columns = _effects(population, str(first), second if is_variance else None)
        others = columns if is_variance else _effects(population, str(second))[1]
        if is_variance:
            of_diagonal[str(first)] = i
        if rows.size:
            values[i] = (eta[rows, :, columns] * eta[rows, :, others]).mean()
    grown = {
        name: np.sqrt(max(least_ratio * old[i], _LEAST_VARIANCE, values[i]) / values[i])
        for name, i in of_diagonal.items()
    }
    for i in piece.places:
        what, first, second = population.parameters[i].place
        values[i] *= grown[str(first)] * grown[str(first if what == "omega2" else second)]


def _effects(population: Population, name: str, category: float | str | None = None) -> tuple[IntArray, IntArray]:
    """Return where random effects of a name stand, as subjects and columns: once for each subject, or for each occasion that it has.

    Parameters
    ----------
    name : str
        Random effect of the subject or of its occasions.
    category : float, optional
        Code that the covariate has of which the variance depends; those subjects alone.
    """
    model = population.model
    if name in model.occasion_etas:
        subjects, occasions = np.nonzero(occasions_of(population))
        return subjects, len(model.etas) + len(model.occasion_etas) * occasions + model.occasion_etas.index(name)
    column = model.etas.index(name)
    subjects = np.arange(population.n_subjects)
    covariate = model.variances[column].covariate
    if category is not None and covariate is not None:
        subjects = subjects[population.covariates[covariate][population.first_rows] == category]
    return subjects, np.full(subjects.size, column)


def _with_others(data: CompleteData, scale: Scale, values: FloatArray, phi: FloatArray) -> FloatArray:
    population = data.population
    kinds = np.array([one.kind is not ParameterKind.OMEGA for one in population.parameters])
    places = np.flatnonzero(kinds)[data.is_direction]
    columns = _columns(scale, places)
    if not columns.size:
        return values
    whole = to_free(scale, values)
    own = np.array(scale.free)[columns]
    of_direction = np.flatnonzero(data.is_direction)

    def objective(place: FloatArray, _: None) -> Point[None]:
        free = whole.copy()
        free[columns] = place
        at = to_values(scale, free)
        if not is_possible(data, at):
            return Point(place, np.nan, np.zeros(place.size), np.zeros((1, place.size)), None)
        value, slopes = misfit(data, at, phi)
        scores = slopes[:, of_direction] * jacobian(scale, free)[own, columns]
        is_finite = bool(np.isfinite(value) and np.isfinite(scores).all())
        return Point(place, value if is_finite else np.nan, scores.sum(axis=0), scores, None)

    start = objective(whole[columns], None)
    if not np.isfinite(start.value):
        return values
    found = minimize(objective, start, tolerance=_TOLERANCE, most_evaluations=_EVALUATIONS)
    whole[columns] = found.point.place
    return to_values(scale, whole)
