"""A run recomputed at NONMEM's estimates and fitted again: every quantity beside NONMEM's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nonmem_ref.comparison.at_estimates import checks_at_estimates
from nonmem_ref.comparison.check import Check, Verdict, skipped
from nonmem_ref.comparison.correspondence import correspondences, with_values
from nonmem_ref.comparison.engine import cohort_of_run, evaluated, method_of, refitted
from nonmem_ref.comparison.event_run import checks_of_events
from nonmem_ref.comparison.refit import checks_of_refit
from nonmem_ref.control.printing import printed
from nonmem_ref.control.read import read_control
from nonmem_ref.control.tokens import is_short_for
from nonmem_ref.ext import FINAL, read_ext
from nonmem_ref.run_status import RunStatus
from nonmem_ref.translation.event_translation import translated_events
from nonmem_ref.translation.translate import read_run, translated
from pkpd.errors import InputError, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nonmem_ref.comparison.at_estimates import RecordNumbers, SubjectNumbers
    from nonmem_ref.comparison.refit import ElementNumbers
    from nonmem_ref.comparison.run_files import RunFiles
    from nonmem_ref.control.steps import StepRecord
    from nonmem_ref.ext import EstimationTable
    from nonmem_ref.translation.translate import Run, Translation

SCHEMA = "asuc-nonmem-compare/1"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared of one run.

    Parameters
    ----------
    name : str
        The run.
    verdict : str
        ``agree``, ``differ`` or ``not comparable``.
    reason : str
        Why, in one sentence.
    checks : tuple of Check
        Every quantity.
    subjects : SubjectNumbers or None
        The subjects' objectives and random effects at NONMEM's estimates; None without a .phi file.
    records : tuple of RecordNumbers
        Predictions and residuals of the observations there, of each table file.
    elements : tuple of ElementNumbers
        Estimates and standard errors of both optima.
    """

    name: str
    verdict: str
    reason: str
    checks: tuple[Check, ...]
    subjects: SubjectNumbers | None = None
    records: tuple[RecordNumbers, ...] = ()
    elements: tuple[ElementNumbers, ...] = ()


def compare(run: RunFiles, *, data: Path | None = None) -> Comparison:
    """Compare a run.

    Parameters
    ----------
    run : RunFiles
        Its files.
    data : Path, optional
        The data in place of the file that $DATA names; that is looked for beside the control stream, then in the folder of the run.

    Returns
    -------
    Comparison
        Whatever hinders it is its reason, in one sentence for each problem.
    """
    if run.control is None:
        return _not_comparable(run, "There is no control stream and no listing that echoes one (--control names one).")
    if run.ext is None:
        return _not_comparable(run, "There is no .ext file, which has NONMEM's estimates.")
    tables = [one for one in read_ext(run.ext).tables if run.has(one.problem)]
    table = tables[-1] if tables else None
    if table is None or FINAL not in table.rows:
        reason = f"It holds no estimation of $PROBLEM {run.problem}." if table is None else table.reason
        return _not_comparable(run, f"The .ext file has no final estimates. {reason}")
    try:
        read = _read(run, data)
        found = _events_compared(run, read, table) if read.has_event_times else _compared(run, translated(read), table)
    except InputError as error:
        return _not_comparable(run, " ".join(f"{problem}." for problem in error.problems).replace("..", "."))
    if found.verdict == "differ" and (records := _records_changed_since(run, read)):
        said = f"{' and '.join(records)} of the control stream is not what the listing says was run."
        return replace(found, reason=f"{found.reason} {said}")
    return found


def _read(run: RunFiles, data: Path | None) -> Run:
    assert run.control is not None, "looked at before"  # noqa: S101 (compare refuses a run without)
    found = read_run(run.control, problem=run.problem, data=data, folder=run.folder)
    simulations = [one for one in found.control.steps if one.name == "SIMULATION"]
    if any(not _only_simulates(one) for one in simulations):
        raise input_error(
            f"line {simulations[0].line}, $SIMULATION",
            "puts simulated levels in the place of DV before the estimation; expected a run whose data are those of the file",
        )
    return found


def _records_changed_since(run: RunFiles, read: Run) -> list[str]:
    """Return the routines of a control stream whose code is not that which the listing of the run echoes."""
    if run.listing is None or run.listing == read.path:
        return []
    echoed = read_control(run.listing).problems_read[run.problem - 1 : run.problem]
    return [
        f"${code.record}"
        for one in echoed
        for code in read.control.codes
        if (then := one.code(code.record)) is not None and printed(then.statements) != printed(code.statements)
    ]


def _only_simulates(step: StepRecord) -> bool:
    return any(is_short_for(one.name, "ONLYSIMULATION", 5) for one in step.options)


def _final(table: EstimationTable) -> dict[str, float]:
    """Return NONMEM's final estimates by element."""
    values = dict(zip(table.names, table.rows[FINAL].values.tolist(), strict=False))
    return {_element(name): value for name, value in values.items()}


def _events_compared(run: RunFiles, read: Run, table: EstimationTable) -> Comparison:
    translation, final = translated_events(read), _final(table)
    if (reason := _of_another_model({"THETA": len(translation.control.thetas)}, final)) is not None:
        return _not_comparable(run, reason)
    estimations = translation.control.estimations
    is_refitted = _is_refitted(table, estimations[-1].n_evaluations if estimations else None)
    checks, subjects, elements = checks_of_events(run, translation, table, final, is_refitted=is_refitted)
    return Comparison(run.name, *_verdict(table, checks), tuple(checks), subjects, elements=elements)


def _compared(run: RunFiles, translation: Translation, table: EstimationTable) -> Comparison:
    method = method_of(translation)
    cohort = cohort_of_run(translation)
    final = _final(table)
    blocks = {"OMEGA": translation.control.omega, "SIGMA": translation.control.sigma}
    sizes = {"THETA": len(translation.control.thetas)} | {
        name: sum(block.size for block in of) for name, of in blocks.items()
    }
    if (reason := _of_another_model(sizes, final)) is not None:
        return _not_comparable(run, reason)
    at = evaluated(translation, with_values(translation.control, final), cohort, method)
    there = checks_at_estimates(run, translation, at, table)
    checks, elements = there.checks, ()
    same = correspondences(translation.control, translation.recognized)
    if _is_refitted(table, translation.control.estimations[-1].n_evaluations):
        fitted = refitted(translation, cohort, method, with_covariance=True)
        found, elements = checks_of_refit(translation, fitted, table, final, same)
        checks += found
    else:
        checks.append(skipped("optimum", "NONMEM evaluated the objective and searched nothing (MAXEVAL=0)."))
    verdict, reason = _verdict(table, checks)
    return Comparison(run.name, verdict, reason, tuple(checks), there.subjects, there.records, elements)


def _of_another_model(sizes: Mapping[str, int], final: Mapping[str, float]) -> str | None:
    """Return why final estimates are not those of a control stream with so many elements, as where it was changed after the run.

    None where they may be.
    """
    for array, n in sizes.items():
        names = [f"THETA{i}" if array == "THETA" else f"{array}({i},{i})" for i in range(1, n + len(final) + 1)]
        theirs = next(i for i, name in enumerate(names) if name not in final)
        if theirs != n:
            what = counted(theirs, "element" if array == "THETA" else "row")
            return f"The .ext file has {what} of {array}, but the control stream {n}: they are of different models."
    return None


def _element(name: str) -> str:
    """Return the element of a column of an .ext file, THETA(1) called THETA1 as well."""
    return name.replace("THETA(", "THETA").replace(")", "") if name.startswith("THETA(") else name


def _is_refitted(table: EstimationTable, n_evaluations: int | None) -> bool:
    return n_evaluations != 0 and table.iterations.size > 0


def _verdict(table: EstimationTable, checks: list[Check]) -> tuple[str, str]:
    failed = [check for check in checks if check.verdict is Verdict.FAIL]
    n = sum(check.verdict is Verdict.PASS for check in checks)
    if table.status is not RunStatus.SUCCESSFUL:
        return "not comparable", f"NONMEM's run did not end at an optimum: {table.reason} What differs is listed."
    if failed:
        names = ", ".join(check.quantity for check in failed[:3]) + (" and more" if len(failed) > 3 else "")
        return "differ", f"{len(failed)} of {n + len(failed)} quantities differ by more than their tolerance: {names}."
    return "agree", f"All {n} quantities that could be compared agree within their tolerances."


def _not_comparable(run: RunFiles, reason: str) -> Comparison:
    return Comparison(run.name, "not comparable", reason, (skipped("run", reason),))


def comparison_document(runs: list[Comparison], folder: str) -> dict[str, Any]:
    """Return the comparisons of a folder's runs as one document (`asuc-nonmem-compare/1`).

    The verdict is ``differ`` where one run does, else ``agree`` where one run does, else ``not comparable``.
    """
    verdicts = {one.verdict for one in runs}
    overall = next((word for word in ("differ", "agree") if word in verdicts), "not comparable")
    return {
        "schema": SCHEMA,
        "folder": folder,
        "verdict": overall,
        "runs": [{"run": one.name, "verdict": one.verdict, "reason": one.reason} for one in runs],
        "checks": [{"run": one.name, **_check(check)} for one in runs for check in one.checks],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "quantity": check.quantity,
        "nonmem": _finite(check.nonmem),
        "ours": _finite(check.ours),
        "difference": _finite(check.difference),
        "tolerance": check.tolerance,
        "relative": check.is_relative,
        "verdict": check.verdict.value,
        "why": check.why,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
