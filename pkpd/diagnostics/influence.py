"""Case deletion: how much the estimates of a fit owe to single subjects, or to single centres.

Cook RD. Detection of influential observation in linear regression. Technometrics 1977;19:15-18, doi:10.1080/00401706.1977.10489493;
with covariance ratio as in Perl-speaks-NONMEM's cdd (Lindbom L, Pihlgren P, Jonsson EN. Comput Methods Programs Biomed
2005;79:241-257, doi:10.1016/j.cmpb.2005.04.005).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.cohort import select_subjects
from pkpd.estimation.bootstrap import USED, parameters_of
from pkpd.estimation.covariance import CovarianceKind, Uncertainty, uncertainty
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit
from pkpd.estimation.scale import jacobian, to_free, to_values
from pkpd.likelihood.population import bind_population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort

SCHEMA = "asuc-influence/1"


class DeletedUnit(Enum):
    """What is left out at a time."""

    SUBJECT = "subject"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Case:
    """Subjects that are left out together.

    Parameters
    ----------
    label : str
        Name of the subject or of the centre.
    places : (n,) array
        Their places in the cohort.
    """

    label: str
    places: IntArray


@dataclass(frozen=True, slots=True)
class Deletion:
    """A fit without a case.

    Parameters
    ----------
    number : int
        Which case, from 0.
    values : (n_parameters,) array
        Estimates, and what was fixed.
    ofv : float
        The objective of the other subjects there; NaN where it is not finite.
    log_det : float
        Logarithm of the determinant of the estimates' covariance matrix; NaN where there is none or it was not asked for.
    status : FitStatus
        How the fit ended.
    """

    number: int
    values: FloatArray
    ofv: float
    log_det: float
    status: FitStatus


@dataclass(frozen=True, slots=True)
class Influence:
    """What a case does to the estimates.

    Parameters
    ----------
    label : str
        Name of the subject or centre.
    n_subjects : int
        Subjects left out.
    deletion : Deletion
        The fit without them.
    cook : float
        sqrt((theta_i - theta)' C^-1 (theta_i - theta)) over the free parameters, C being their covariance matrix; NaN without one.
    covariance_ratio : float
        sqrt(det C_i / det C); above 1 where the case makes the estimates more certain. NaN where a matrix is missing.
    d_ofv : float
        By how much the objective of the other subjects falls from the estimates of all to their own.
    shift_se : (n_parameters,) array
        Change of each estimate in standard errors; NaN for fixed ones, or without standard errors.
    """

    label: str
    n_subjects: int
    deletion: Deletion
    cook: float
    covariance_ratio: float
    d_ofv: float
    shift_se: FloatArray


def cases(cohort: Cohort, unit: DeletedUnit) -> tuple[Case, ...]:
    """Return what is left out, one at a time: every subject, or every centre."""
    if unit is DeletedUnit.SUBJECT:
        return tuple(Case(name, np.array([i])) for i, name in enumerate(cohort.ids))
    return tuple(
        Case(cohort.centres[int(centre)], np.flatnonzero(cohort.centre == centre))
        for centre in np.unique(cohort.centre)
    )


def case_deletion(
    original: Fit,
    number: int,
    *,
    unit: DeletedUnit = DeletedUnit.SUBJECT,
    kind: CovarianceKind = CovarianceKind.SANDWICH,
    with_ratio: bool = False,
) -> Deletion:
    """Fit the model of a fit without one case, from its estimates on.

    Parameters
    ----------
    original : Fit
        The fit to all subjects.
    number : int
        Which of the ``cases``, from 0; results do not depend on the order in which cases are left out.
    unit : DeletedUnit
        What a case is.
    kind : CovarianceKind
        Which covariance matrix the ratio is of.
    with_ratio : bool
        Whether the covariance matrix of this fit is computed.
    """
    population = original.population
    left_out = cases(population.cohort, unit)[number].places
    others = np.setdiff1d(np.arange(population.n_subjects), left_out)
    rest = bind_population(population.model, select_subjects(population.cohort, others))
    options = FitOptions(original.options.method, original.options.most_evaluations, with_covariance=with_ratio)
    found = fit(rest, options, parameters=parameters_of(original))
    known = uncertainty(found, kind) if with_ratio else None
    return Deletion(number, found.values, found.ofv, _log_det(known), found.status)


def approximate_deletion(original: Fit, number: int, *, unit: DeletedUnit = DeletedUnit.SUBJECT) -> Deletion:
    """Return the estimates without one case after one Newton step, from the scores and the information of a fit.

    With the gradient zero for all, that of the others is minus the case's own scores s; half the Hessian is taken to stay R, so that
    the step is R^-1 s / 2, on the scale of the search (Cook and Weisberg 1982, ISBN 978-0-412-24280-9, chapter 5). The objective is
    that of the quadratic model. Nothing is fitted, so that the status is that of the fit.

    Raises
    ------
    ValueError
        For a fit without an information matrix.
    """
    if original.information is None:
        message = "the fit has no information matrix"
        raise ValueError(message)
    scale = original.scale
    left_out = cases(original.population.cohort, unit)[number].places
    free = to_free(scale, original.values)
    slopes = jacobian(scale, free)[scale.free]
    score = slopes.T @ original.scores[left_out].sum(axis=0)
    information = slopes.T @ original.information @ slopes
    step: FloatArray = 0.5 * np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    rest = original.ofv - float(original.evaluation.ofv_i[left_out].sum())
    # Where nothing holds a parameter, as at a bound, the step is beyond all numbers and the estimate infinite.
    with np.errstate(over="ignore"):
        values = to_values(scale, free + step)
    return Deletion(
        number,
        values,
        rest - float(step @ information @ step),
        np.nan,
        original.status,
    )


def influence(
    original: Fit, deletion: Deletion, *, unit: DeletedUnit, kind: CovarianceKind = CovarianceKind.SANDWICH
) -> Influence:
    """Return what a case does to the estimates of a fit."""
    case = cases(original.population.cohort, unit)[deletion.number]
    known = uncertainty(original, kind)
    free = original.scale.free
    shift = deletion.values - original.values
    shift_se = np.full(shift.size, np.nan)
    cook = ratio = np.nan
    if known is not None:
        shift_se[free] = shift[free] / known.se
        cook = float(np.sqrt(shift[free] @ np.linalg.solve(known.matrix, shift[free])))
        ratio = float(np.exp(0.5 * (deletion.log_det - _log_det(known))))
    rest = original.ofv - float(original.evaluation.ofv_i[case.places].sum())
    return Influence(case.label, case.places.size, deletion, cook, ratio, rest - deletion.ofv, shift_se)


def influence_document(
    original: Fit, found: Sequence[Influence], *, unit: DeletedUnit, kind: CovarianceKind, is_approximate: bool
) -> dict[str, Any]:
    """Return the influence of all cases as a JSON document; None where there is no number."""
    names = [one.name for one in original.parameters]
    return {
        "schema": SCHEMA,
        "method": original.options.method.value,
        "by": unit.value,
        "approximate": is_approximate,
        "covariance": kind.value if uncertainty(original, kind) else None,
        "n": len(found),
        "statuses": {
            status.name.lower(): sum(one.deletion.status is status for one in found)
            for status in FitStatus
            if any(one.deletion.status is status for one in found)
        },
        "original_status": original.status.name.lower(),
        "estimates": dict(zip(names, map(float, original.values), strict=True)),
        "free": [names[place] for place in original.scale.free],
        "cases": [_entry(one, names) for one in found],
        "warnings": _warnings(original, found, kind),
    }


def _entry(one: Influence, names: Sequence[str]) -> dict[str, Any]:
    return {
        "case": one.label,
        "n_subjects": one.n_subjects,
        "status": one.deletion.status.name.lower(),
        "cook": _number(one.cook),
        "covariance_ratio": _number(one.covariance_ratio),
        "d_ofv": _number(one.d_ofv),
        "estimates": dict(zip(names, map(_number, one.deletion.values.tolist()), strict=True)),
        "shift_se": {
            name: _number(shift)
            for name, shift in zip(names, one.shift_se.tolist(), strict=True)
            if not np.isnan(shift)
        },
    }


def _warnings(original: Fit, found: Sequence[Influence], kind: CovarianceKind) -> list[dict[str, str]]:
    said: list[dict[str, str]] = []
    failed = [one.label for one in found if one.deletion.status not in USED]
    if failed:
        text = f"{len(failed)} of {len(found)} fits did not converge, and their numbers mean little: {', '.join(failed[:10])}."
        said.append({"code": "fits_not_converged", "text": text})
    if original.status not in USED:
        text = f"The fit to all subjects did not converge: {original.status.value}"
        said.append({"code": "original_not_converged", "text": text})
    if uncertainty(original, kind) is None:
        text = "The fit to all subjects has no covariance matrix, so that there are no Cook scores and no shifts in standard errors."
        said.append({"code": "no_covariance", "text": text})
    return said


def _log_det(known: Uncertainty | None) -> float:
    return np.nan if known is None else float(np.linalg.slogdet(known.matrix)[1])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
