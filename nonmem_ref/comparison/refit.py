"""The engine's own fit of a run beside NONMEM's: objective, estimates, standard errors of the same matrix, condition number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.comparison.check import Check, Verdict, compared, skipped
from nonmem_ref.ext import CONDITION, SE
from pkpd.estimation.bootstrap import USED
from pkpd.estimation.covariance import CovarianceKind, uncertainty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nonmem_ref.comparison.correspondence import Correspondence
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.ext import EstimationTable
    from nonmem_ref.translation.translate import Translation
    from pkpd.estimation.fit import Fit

ABOVE, THETA_RELATIVE, VARIANCE_RELATIVE, SE_RELATIVE, CONDITION_RELATIVE = 0.01, 0.005, 0.02, 0.03, 0.05
"""Tolerances of a free fit: how far above NONMEM's objective it may end, and relative ones of estimates and standard errors."""


@dataclass(frozen=True, slots=True)
class ElementNumbers:
    """One element of THETA, OMEGA or SIGMA in the optima of both.

    Parameters
    ----------
    element, name : str
        NONMEM's name and the engine's.
    nonmem, ours : float
        The estimates.
    nonmem_se, se : float
        Standard errors of the same matrix; NaN where one of both has none.
    """

    element: str
    name: str
    nonmem: float
    ours: float
    nonmem_se: float = float("nan")
    se: float = float("nan")


def checks_of_refit(
    translation: Translation,
    fitted: Fit,
    table: EstimationTable,
    final: Mapping[str, float],
    same: Sequence[Correspondence],
) -> tuple[list[Check], tuple[ElementNumbers, ...]]:
    """Return the checks of a free fit, and the elements that they are of.

    Parameters
    ----------
    translation : Translation
        The run.
    fitted : Fit
        The engine's fit from NONMEM's initial estimates.
    table : EstimationTable
        The last table of the .ext file.
    final : mapping of str to float
        NONMEM's estimates by element.
    same : sequence of Correspondence
        Which parameter is which element.
    """
    checks = [_optimum(fitted, table)]
    if fitted.status not in USED:
        checks.append(skipped("estimates", f"Our fit did not end at an optimum: {fitted.status.value}"))
        return checks, ()
    own = {one.name: float(value) for one, value in zip(fitted.parameters, fitted.values, strict=True)}
    free = {fitted.parameters[i].name for i in fitted.scale.free}
    lower = table.ofv is not None and fitted.ofv < table.ofv - ABOVE
    elements = {
        one.element: ElementNumbers(one.element, one.name, final[one.element], one.value_of(own))
        for one in same
        if one.name in free and one.element in final
    }
    checks += [_estimate(one, is_lower=lower, ours=fitted.ofv, table=table) for one in elements.values()]
    ties = _tied(translation)
    if ties:
        checks.append(skipped("tied elements", f"The engine estimates a number for each place of {ties}."))
    errors, found = _standard_errors(translation, fitted, table, same)
    checks += found
    for element, (theirs, ours) in errors.items():
        if element in elements:
            elements[element] = replace(elements[element], nonmem_se=theirs, se=ours)
    return checks, tuple(elements.values())


def _tied(translation: Translation) -> str:
    return ", ".join(translation.recognized.shared)


def _optimum(fitted: Fit, table: EstimationTable) -> Check:
    theirs = table.ofv
    if theirs is None or not np.isfinite(theirs):
        return skipped("ofv of a free fit", "NONMEM printed no objective.")
    difference = fitted.ofv - theirs
    status = f"Our fit: {fitted.status.value}"
    if difference < -ABOVE:
        why = f"Our optimum is lower by {-difference:.4f}: NONMEM's run ended above it. {status}"
        return Check("ofv of a free fit", theirs, fitted.ofv, difference, ABOVE, False, Verdict.PASS, why)  # noqa: FBT003
    return compared(
        "ofv of a free fit", theirs, fitted.ofv, ABOVE, why=f"Our fit ended higher by {difference:.4f}. {status}"
    )


def _estimate(one: ElementNumbers, *, is_lower: bool, ours: float, table: EstimationTable) -> Check:
    why = (
        f"Our optimum is another one, lower by {(table.ofv or 0.0) - ours:.4f}."
        if is_lower
        else "The optima differ though their objectives do not."
    )
    tolerance = estimate_tolerance(one.element)
    return compared(f"{one.element} ({one.name})", one.nonmem, one.ours, tolerance, is_relative=True, why=why)


def estimate_tolerance(element: str) -> float:
    """Return how far two estimates of an element may be apart, relative to NONMEM's."""
    return THETA_RELATIVE if element.startswith("THETA") else VARIANCE_RELATIVE


def _standard_errors(
    translation: Translation, fitted: Fit, table: EstimationTable, same: Sequence[Correspondence]
) -> tuple[dict[str, tuple[float, float]], list[Check]]:
    """Return the standard errors of each element, theirs and ours, and their checks."""
    printed = table.standard_errors
    if printed is None or SE not in table.rows:
        return {}, [skipped("standard errors", "NONMEM printed none: there is no $COVARIANCE, or its step failed.")]
    kind, words = matrix_of_run(translation.control)
    known = uncertainty(fitted, kind)
    if known is None:
        return {}, [skipped("standard errors", f"Our fit has none: {fitted.status.value}")]
    places = {fitted.parameters[i].name: at for at, i in enumerate(fitted.scale.free)}
    values = {one.name: float(value) for one, value in zip(fitted.parameters, fitted.values, strict=True)}
    by_element = dict(zip(table.names, printed.tolist(), strict=False))
    found: list[Check] = []
    errors: dict[str, tuple[float, float]] = {}
    # The elements' derivatives by our parameters, whose matrix is theirs then; a parameter that is no element keeps its own.
    jacobian = np.eye(len(places))
    for one in same:
        if one.name not in places:
            continue
        row = np.zeros(len(places))
        for name, slope in one.slopes_of(values).items():
            if name in places:
                row[places[name]] = slope
        jacobian[places[one.name]] = row
    covariance = jacobian @ known.matrix @ jacobian.T
    for one in same:
        theirs = by_element.get(one.element, float("nan"))
        if one.name not in places or not np.isfinite(theirs) or theirs == 0.0:
            continue
        at = places[one.name]
        ours = float(np.sqrt(covariance[at, at]))
        errors[one.element] = theirs, ours
        why = "Both are of the same matrix; NONMEM takes its derivatives by differences."
        found.append(compared(f"SE of {one.element} ({words})", theirs, ours, SE_RELATIVE, is_relative=True, why=why))
    if CONDITION in table.rows:
        theirs = float(table.rows[CONDITION].values[0])
        sd = np.sqrt(np.diag(covariance))
        ours = float(np.linalg.cond(covariance / np.outer(sd, sd)))
        why = "The matrices differ where they are nearly singular."
        found.append(compared("condition number", theirs, ours, CONDITION_RELATIVE, is_relative=True, why=why))
    return errors, found


def matrix_of_run(control: ControlProblem) -> tuple[CovarianceKind, str]:
    """Return the matrix that $COVARIANCE asks for, and its name: the sandwich, unless MATRIX says R or S."""
    for step in control.steps:
        if step.name == "COVARIANCE":
            for option in step.options:
                if option.name.startswith("MAT") and option.value is not None:
                    return (CovarianceKind.R, "R") if option.value.upper().startswith("R") else (CovarianceKind.S, "S")
    return CovarianceKind.SANDWICH, "sandwich"
