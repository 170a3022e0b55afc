"""A run of event times at NONMEM's estimates and fitted again: objectives, optimum, THETA, standard errors of the same matrix."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.blocks import read_blocks
from nonmem_ref.comparison.at_estimates import OBJ, OFV, SubjectNumbers
from nonmem_ref.comparison.check import Check, Verdict, compared, compared_all, skipped
from nonmem_ref.comparison.engine import other_method
from nonmem_ref.comparison.refit import (
    ABOVE,
    CONDITION_RELATIVE,
    SE_RELATIVE,
    THETA_RELATIVE,
    ElementNumbers,
    matrix_of_run,
)
from nonmem_ref.ext import CONDITION, SE
from nonmem_ref.recognition.recognize_events import coefficient_values
from pkpd.errors import InputError, input_error
from pkpd.estimation.covariance import CovarianceKind
from pkpd.wording import counted
from tte.data.events_file import read_events
from tte.estimation.fit import AT_A_MAXIMUM, FitOptions, fit
from tte.estimation.row_likelihood import subject_log_likelihoods

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nonmem_ref.comparison.run_files import RunFiles
    from nonmem_ref.ext import EstimationTable
    from nonmem_ref.translation.event_translation import EventTranslation
    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.fit import EventFit
    from tte.estimation.model import EventTimeModel

_STEP, _MOST_STEPS, _CLOSE = 1e-6, 50, 1e-10


@dataclass(frozen=True, slots=True)
class _Estimates:
    """Our optimum as NONMEM's elements of THETA.

    Parameters
    ----------
    values : (n,) array
        Those that are estimated.
    covariance : (n, n) array
        Of these, by the matrix that the run asks for.
    """

    values: FloatArray
    covariance: FloatArray


def checks_of_events(
    run: RunFiles,
    translation: EventTranslation,
    table: EstimationTable,
    final: Mapping[str, float],
    *,
    is_refitted: bool,
) -> tuple[list[Check], SubjectNumbers | None, tuple[ElementNumbers, ...]]:
    """Return the checks of a run of event times, the subjects' objectives where there is a .phi file, and the elements of both optima.

    Parameters
    ----------
    run : RunFiles
        Its files.
    translation : EventTranslation
        The run in the engine's terms.
    table : EstimationTable
        The last table of the .ext file.
    final : mapping of str to float
        NONMEM's estimates by element.
    is_refitted : bool
        Whether NONMEM searched.

    Raises
    ------
    InputError
        Where NONMEM's objective is not that of the likelihood, or the engine refuses the event times.
    """
    _check_method(translation)
    events = _events_of(translation)
    thetas = np.array([final[f"THETA{i}"] for i in range(1, len(translation.control.thetas) + 1)])
    at = fit(events, _at(translation, thetas), FitOptions(0))
    ofv, ours = table.ofv, -2.0 * at.log_likelihood
    checks = [
        skipped("ofv at NONMEM's estimates", "NONMEM printed no objective.")
        if ofv is None or not np.isfinite(ofv)
        else compared("ofv at NONMEM's estimates", ofv, ours, OFV, why="The objectives of the subjects say where.")
    ]
    by_subject = _phi(run, translation, at)
    if isinstance(by_subject, str):
        checks.append(skipped("objective of each subject", by_subject))
    else:
        checks.append(_of_subjects(by_subject))
    elements: tuple[ElementNumbers, ...] = ()
    if is_refitted:
        fitted = fit(events, translation.model)
        found, elements = _of_refit(translation, fitted, table, thetas)
        checks += found
    else:
        checks.append(skipped("optimum", "NONMEM evaluated the objective and searched nothing (MAXEVAL=0)."))
    return checks, None if isinstance(by_subject, str) else by_subject, elements


def _check_method(translation: EventTranslation) -> None:
    """Refuse methods whose objective is another, though there are no random effects."""
    last = translation.control.estimations[-1] if translation.control.estimations else None
    if last is None:
        raise input_error("$ESTIMATION", "is missing, so that there is no objective")
    if last.method not in {"FO", "FOCE"}:
        raise input_error(
            f"line {last.line}, $ESTIMATION",
            other_method(last.method),
        )


def _events_of(translation: EventTranslation) -> Events:
    """Return the event times of a run, by the file that `asuc nonmem import` writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(translation.head)
            writer.writerows(["" if value != value else value for value in row] for row in translation.rows)  # noqa: PLR0124 - NaN
        reading = read_events(str(file), translation.model.covariates, is_estimated=False)
    if reading.events is None:
        raise InputError(reading.problems)
    return reading.events


def _at(translation: EventTranslation, thetas: FloatArray) -> EventTimeModel:
    """Return the model at some THETA."""
    linear = coefficient_values(translation.recognized, thetas[None])[0].tolist()
    return replace(translation.model, initial=dict(zip(translation.model.names, linear, strict=True)))


# ---------------------------------------------------------------------------------------------------------------- subjects


def _phi(run: RunFiles, translation: EventTranslation, at: EventFit) -> SubjectNumbers | str:
    """Return the objectives of the last table of the .phi file beside ours, or why there are none."""
    if run.phi is None:
        return "There is no .phi file."
    blocks = [one for one in read_blocks(run.phi).blocks if one.lines.size and run.has(one.problem)]
    if not blocks or "OBJ" not in blocks[-1].names:
        return "The .phi file holds no objective of the subjects."
    names, block = translation.dataset.names, blocks[-1]
    if block.lines.size != len(names):
        return f"The .phi file has {counted(block.lines.size, 'subject')}, the data {len(names)}."
    own = dict(zip(at.events.ids, (-2.0 * subject_log_likelihoods(at)[0]).tolist(), strict=True))
    # A subject none of whose records says anything has the likelihood 1.
    ours = np.array([own.get(name, 0.0) for name in names])
    none = np.empty((len(names), 0))
    return SubjectNumbers(names, block.values[:, block.names.index("OBJ")], ours, (), none, none)


def _of_subjects(numbers: SubjectNumbers) -> Check:
    def explain(difference: FloatArray) -> str:
        off = np.flatnonzero(~(np.abs(difference) <= OBJ))
        names = ", ".join(numbers.ids[int(i)] for i in off[:5]) + (" and more" if off.size > 5 else "")
        return f"{off.size} of {counted(len(numbers.ids), 'subject')} differ: {names}."

    return compared_all("objective of each subject", numbers.nonmem_ofv_i, numbers.ofv_i, OBJ, explain=explain)


# ------------------------------------------------------------------------------------------------------------------ refit


def _of_refit(
    translation: EventTranslation, fitted: EventFit, table: EstimationTable, thetas: FloatArray
) -> tuple[list[Check], tuple[ElementNumbers, ...]]:
    """Return the checks of a free fit from NONMEM's initial estimates, and the elements that they are of."""
    ours = -2.0 * fitted.log_likelihood
    checks = [_optimum(table, ours, fitted.status.value)]
    if fitted.status not in AT_A_MAXIMUM:
        checks.append(skipped("estimates", f"Our fit did not end at an optimum: {fitted.status.value}"))
        return checks, ()
    found = _estimates(translation, fitted, thetas)
    if isinstance(found, str):
        checks.append(skipped("estimates", found))
        return checks, ()
    free = translation.recognized.free
    is_lower = table.ofv is not None and ours < table.ofv - ABOVE
    why = "Our optimum is another one." if is_lower else "The optima differ though their objectives do not."
    checks += [
        compared(f"THETA{i}", thetas[i - 1], value, THETA_RELATIVE, is_relative=True, why=why)
        for i, value in zip(free, found.values.tolist(), strict=True)
    ]
    checks += _standard_errors(translation, found, table)
    printed = dict(
        zip(table.names, [] if table.standard_errors is None else table.standard_errors.tolist(), strict=False)
    )
    elements = tuple(
        ElementNumbers(f"THETA{i}", "", float(thetas[i - 1]), value, printed.get(f"THETA{i}", float("nan")), se)
        for i, value, se in zip(free, found.values.tolist(), np.sqrt(np.diag(found.covariance)).tolist(), strict=True)
    )
    return checks, elements


def _optimum(table: EstimationTable, ours: float, status: str) -> Check:
    theirs = table.ofv
    if theirs is None or not np.isfinite(theirs):
        return skipped("ofv of a free fit", "NONMEM printed no objective.")
    difference = ours - theirs
    if difference < -ABOVE:
        why = f"Our optimum is lower by {-difference:.4f}: NONMEM's run ended above it. Our fit: {status}"
        return Check("ofv of a free fit", theirs, ours, difference, ABOVE, False, Verdict.PASS, why)  # noqa: FBT003
    return compared("ofv of a free fit", theirs, ours, ABOVE, why=f"Our fit ended higher by {difference:.4f}. {status}")


def _estimates(translation: EventTranslation, fitted: EventFit, thetas: FloatArray) -> _Estimates | str:
    """Return our optimum as elements of THETA, or why it is none: searched by Newton's method from NONMEM's estimates."""
    free = np.array(translation.recognized.free) - 1
    wanted = np.flatnonzero(fitted.is_free)
    if free.size != wanted.size:
        return f"{free.size} elements of THETA make the {wanted.size} parameters that our fit estimates freely."
    at = thetas.copy()
    for _ in range(_MOST_STEPS):
        steps = np.diag(_STEP * np.maximum(np.abs(at), _STEP))[free]
        linear = coefficient_values(translation.recognized, np.vstack((at, at + steps, at - steps)))[:, wanted]
        up, down = linear[1 : 1 + free.size], linear[1 + free.size :]
        jacobian = ((up - down) / (2.0 * steps.sum(axis=1)[:, None])).T
        off = fitted.theta[wanted] - linear[0]
        if np.linalg.matrix_rank(jacobian) != free.size:
            return "The elements of THETA cannot be told apart by the parameters of the hazard."
        if (np.abs(off) < _CLOSE * np.maximum(np.abs(linear[0]), 1.0)).all():
            back = _inverse(jacobian)
            return _Estimates(at[free], back @ _covariance(translation, fitted) @ back.T)
        at[free] += np.linalg.solve(jacobian, off)
    return "Our optimum lies where no THETA of the run leads."


def _covariance(translation: EventTranslation, fitted: EventFit) -> FloatArray:
    """Return the covariance matrix of what was estimated, on the scale of the linear predictors: R⁻¹, S⁻¹ or R⁻¹SR⁻¹.

    R is the information and S the sum of the subjects' squared scores, NONMEM's ½ d²OFV and ¼ Σ g g′.
    """
    kind, _ = matrix_of_run(translation.control)
    free = np.ix_(fitted.is_free, fitted.is_free)
    score = subject_log_likelihoods(fitted)[1][:, fitted.is_free]
    if kind is CovarianceKind.S:
        return _inverse(score.T @ score)
    inverse = _inverse(fitted.information[free])
    return inverse if kind is CovarianceKind.R else inverse @ (score.T @ score) @ inverse


def _inverse(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _standard_errors(translation: EventTranslation, found: _Estimates, table: EstimationTable) -> list[Check]:
    printed = table.standard_errors
    if printed is None or SE not in table.rows:
        return [skipped("standard errors", "NONMEM printed none: there is no $COVARIANCE, or its step failed.")]
    words = matrix_of_run(translation.control)[1]
    by_element = dict(zip(table.names, printed.tolist(), strict=False))
    ours = np.sqrt(np.diag(found.covariance))
    why = "Both are of the same matrix; NONMEM takes its derivatives by differences."
    checks = [
        compared(f"SE of THETA{i} ({words})", theirs, float(own), SE_RELATIVE, is_relative=True, why=why)
        for i, own in zip(translation.recognized.free, ours, strict=True)
        if np.isfinite(theirs := by_element.get(f"THETA{i}", float("nan"))) and theirs != 0.0
    ]
    if CONDITION in table.rows:
        values = np.linalg.eigvalsh(found.covariance / np.outer(ours, ours))
        theirs, own = float(table.rows[CONDITION].values[0]), float(values[-1] / values[0])
        why = "The matrices differ where they are nearly singular."
        checks.append(compared("condition number", theirs, own, CONDITION_RELATIVE, is_relative=True, why=why))
    return checks
