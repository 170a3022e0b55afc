"""What a run says at its final estimates, recomputed there: objectives, random effects, predictions, residuals, shrinkage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.blocks import read_blocks
from nonmem_ref.comparison.check import Check, compared, compared_all, skipped
from nonmem_ref.comparison.record_tables import PREDICTIONS, RecordNumbers, record_numbers
from nonmem_ref.comparison.shrinkage import checks_of_shrinkage
from nonmem_ref.ext import FINAL
from nonmem_ref.recognition.values import coefficient_value
from nonmem_ref.translation.covariates import case_name_of
from nonmem_ref.translation.terms import named_terms
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nonmem_ref.blocks import Block
    from nonmem_ref.comparison.run_files import RunFiles
    from nonmem_ref.ext import EstimationTable
    from nonmem_ref.translation.translate import Translation
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.fit import Fit

OFV, OBJ, ETA, ETC_RELATIVE, CWRES = 1e-3, 1e-3, 5e-4, 1e-4, 5e-4
"""Tolerances at NONMEM's printed estimates, which have six digits."""
PREDICTION = 2e-4
"""Relative tolerance of predictions in tables, which have five digits."""
# Times the prior's variance.
_NEARLY_SINGULAR = 50.0


@dataclass(frozen=True, slots=True)
class SubjectNumbers:
    """What a .phi file says of each subject, and ours.

    Parameters
    ----------
    ids : tuple of str
        Subjects.
    nonmem_ofv_i, ofv_i : (n,) arrays
        Objectives, theirs and ours.
    etas : tuple of str
        Random effects that are on a parameter, as NONMEM calls them; none where the file has PHI in place of ETA.
    nonmem_eta, eta : (n, n_eta) arrays
        Their values, theirs and ours.
    """

    ids: tuple[str, ...]
    nonmem_ofv_i: FloatArray
    ofv_i: FloatArray
    etas: tuple[str, ...]
    nonmem_eta: FloatArray
    eta: FloatArray


@dataclass(frozen=True, slots=True)
class AtEstimates:
    """A run recomputed at its final estimates.

    Parameters
    ----------
    checks : list of Check
        Every quantity.
    subjects : SubjectNumbers or None
        None without a .phi file.
    records : tuple of RecordNumbers
        Of each table file; none without one of the run's $TABLE.
    """

    checks: list[Check]
    subjects: SubjectNumbers | None
    records: tuple[RecordNumbers, ...]


def checks_at_estimates(run: RunFiles, translation: Translation, at: Fit, table: EstimationTable) -> AtEstimates:
    """Return the checks of a run at its final estimates, with the numbers of the subjects and records that they are of.

    Parameters
    ----------
    run : RunFiles
        Its files.
    translation : Translation
        The run in the engine's terms.
    at : Fit
        The engine's evaluation at the final estimates.
    table : EstimationTable
        The last table of the .ext file.
    """
    ofv = table.ofv
    checks = [
        skipped("ofv at NONMEM's estimates", "NONMEM printed no objective.")
        if ofv is None or not np.isfinite(ofv)
        else compared("ofv at NONMEM's estimates", ofv, at.ofv, OFV, why=_of_the_total(at))
    ]
    phi, order, subjects = _phi(run, at), _eta_numbers(translation, at), None
    scale = _eta_scales(translation, at, table)
    if isinstance(phi, str):
        checks.append(skipped("objective of each subject", phi))
    else:
        subjects = _subjects(phi, at, order, scale)
        checks += _by_subject(phi, subjects, at, order, scale)
    records, lacking = record_numbers(run, translation, at)
    checks += [check for one in records for check in _of_records(one)]
    checks += [skipped(what, why) for what, why in lacking]
    checks += checks_of_shrinkage(run, at, order, translation.control)
    return AtEstimates(checks, subjects, records)


def _of_the_total(at: Fit) -> str:
    names = _singular(at)
    if names:
        return f"The Hessian of subject {', '.join(names)} is nearly singular, so that its determinant is noise."
    return "The objectives of the subjects say where."


def _singular(at: Fit) -> list[str]:
    """Return the subjects whose Hessian is nearly singular or not positive definite, the first five.

    The conditional variance of some direction is then that many times the prior's, or none.
    """
    is_flat = ~(at.evaluation.flatness < _NEARLY_SINGULAR)
    return [at.population.cohort.ids[i] for i in np.flatnonzero(is_flat)[:5]]


def _phi(run: RunFiles, at: Fit) -> Block | str:
    """Return the last table of the .phi file, or why there is none to compare."""
    if run.phi is None:
        return "There is no .phi file."
    blocks = [one for one in read_blocks(run.phi).blocks if one.lines.size and run.has(one.problem)]
    if not blocks or "OBJ" not in blocks[-1].names:
        return "The .phi file holds no objective of the subjects."
    n = at.population.n_subjects
    if blocks[-1].lines.size != n:
        return f"The .phi file has {counted(blocks[-1].lines.size, 'subject')}, the data {n}."
    return blocks[-1]


def _eta_numbers(translation: Translation, at: Fit) -> IntArray:
    """Return the number in NONMEM of each random effect of each subject, (n_subjects, n_eta): that of the subject's category where these have their own."""
    cohort = at.population.cohort
    by_eta = {
        one.eta: one.term.random
        for one in named_terms(translation.recognized.parameters)
        if one.term.random is not None
    }
    found = np.empty((at.population.n_subjects, len(at.population.model.etas)), dtype=np.int64)
    for place, eta in enumerate(at.population.model.etas):
        random = by_eta[eta]
        found[:, place] = random.eta
        if random.category is not None:
            codes = cohort.covariates[case_name_of(random.category)][cohort.row_start[:-1]]
            for code, number in random.etas:
                found[codes == code, place] = number
    return found


def _eta_scales(translation: Translation, at: Fit, table: EstimationTable) -> FloatArray:
    """Return what each ETA is multiplied by in the code at the final estimates, (n_eta,)."""
    final: dict[str, float | FloatArray] = {}
    if FINAL in table.rows:
        values = dict(zip(table.names, table.rows[FINAL].values.tolist(), strict=False))
        final = {f"THETA({name[5:]})": value for name, value in values.items() if name.startswith("THETA")}
    terms = named_terms(translation.recognized.parameters)
    scales = {one.eta: one.term.random.scale for one in terms if one.term.random is not None}
    return np.array([coefficient_value(scales[eta], final) for eta in at.population.model.etas])


def _subjects(phi: Block, at: Fit, order: IntArray, scale: FloatArray) -> SubjectNumbers:
    every = ["/".join(f"ETA({number})" for number in sorted(set(one))) for one in order.T.tolist()]
    theirs = _elements(phi, [[f"ETA({number})" for number in one] for one in order.tolist()])
    names = () if theirs is None else tuple(every)
    if theirs is None:
        theirs = np.empty((at.population.n_subjects, 0))
    ids, evaluation = at.population.cohort.ids, at.evaluation
    objective = phi.values[:, phi.names.index("OBJ")]
    return SubjectNumbers(
        ids, objective, evaluation.ofv_i, names, theirs, evaluation.eta[:, : len(names)] / scale[: len(names)]
    )


def _elements(phi: Block, names: list[list[str]]) -> FloatArray | None:
    """Return some columns of each subject's row, or None where the file lacks one."""
    place = {name: i for i, name in enumerate(phi.names)}
    if any(name not in place for row in names for name in row):
        return None
    return np.array([[phi.values[i, place[name]] for name in row] for i, row in enumerate(names)])


def _by_subject(phi: Block, numbers: SubjectNumbers, at: Fit, order: IntArray, scale: FloatArray) -> Iterator[Check]:
    """Yield the checks of a .phi file."""
    ids = numbers.ids

    def subjects(difference: FloatArray, tolerance: float) -> str:
        by_subject = np.abs(difference).reshape(len(ids), -1).max(axis=1)
        off: list[int] = np.flatnonzero(~(by_subject <= tolerance)).tolist()
        names = ", ".join(ids[i] for i in off[:5]) + (" and more" if len(off) > 5 else "")
        found = [name for name in _singular(at) if name in {ids[i] for i in off}]
        why = f" The Hessian of {', '.join(found)} is nearly singular: its determinant is noise." if found else ""
        return f"{len(off)} of {counted(len(ids), 'subject')} differ: {names}.{why}"

    yield compared_all(
        "objective of each subject",
        numbers.nonmem_ofv_i,
        numbers.ofv_i,
        OBJ,
        explain=lambda one: subjects(one, OBJ),
    )
    if not numbers.etas:
        yield skipped("eta", "The .phi file has PHI in place of ETA: they are of a method that samples.")
        return
    yield compared_all(
        "eta", numbers.nonmem_eta.ravel(), numbers.eta.ravel(), ETA, explain=lambda one: subjects(one, ETA)
    )
    pairs = [(a, b) for a in range(order.shape[1]) for b in range(a + 1)]
    etc = _elements(
        phi, [[f"ETC({max(row[a], row[b])},{min(row[a], row[b])})" for a, b in pairs] for row in order.tolist()]
    )
    if etc is None:
        yield skipped("conditional variances of eta (ETC)", "The .phi file lacks some of them.")
        return
    n_own = scale.size
    covariance = at.evaluation.covariance[:, :n_own, :n_own] / np.outer(scale, scale)
    ours = np.column_stack([covariance[:, a, b] for a, b in pairs])
    # A covariance may be 0: it is measured by the variances that it belongs to.
    size = np.column_stack([np.sqrt(np.abs(covariance[:, a, a] * covariance[:, b, b])) for a, b in pairs])
    yield compared_all(
        "conditional variances of eta (ETC)",
        etc.ravel(),
        ours.ravel(),
        ETC_RELATIVE,
        size=size.ravel(),
        explain=lambda one: subjects(one, ETC_RELATIVE),
    )


def _of_records(records: RecordNumbers) -> Iterator[Check]:
    """Yield the checks of predictions and residuals."""
    n = len(records.ids)

    def rows(difference: FloatArray, tolerance: float) -> str:
        off = np.flatnonzero(np.abs(np.nan_to_num(difference)) > tolerance)
        return f"{off.size} of {n} rows of {records.file} differ, the first in line {records.lines[off[0]] if off.size else 0}."

    for name, (theirs, ours) in records.columns.items():
        if name in PREDICTIONS:
            size = np.maximum(np.abs(theirs), 1.0 if records.is_log else 1e-30)
            yield compared_all(name, theirs, ours, PREDICTION, size=size, explain=lambda one: rows(one, PREDICTION))
        else:
            yield compared_all(name, theirs, ours, CWRES, explain=lambda one: rows(one, CWRES))
