"""Shrinkage of a run at its final estimates in NONMEM's conventions, one column for each ETA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.blocks import read_blocks
from nonmem_ref.comparison.check import Check, compared, compared_all, skipped
from nonmem_ref.control.tokens import is_short_for
from nonmem_ref.listing import read_listing
from pkpd.diagnostics.residuals import residuals
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nonmem_ref.comparison.run_files import RunFiles
    from nonmem_ref.control.read import ControlProblem
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.estimation.fit import Fit

_TOLERANCE = 0.05  # percentage points
# Rows of .shk files, with their names in listings.
_ROWS = {4: "ETASHRINKSD", 6: "EBVSHRINKSD", 8: "ETASHRINKVR", 9: "EBVSHRINKVR"}
_EPS_SD = 5
# Of -1/2 d log p(y | eta)/d eta in units of the prior's standard deviation: the search ends this near.
_NO_SLOPE = 1e-7


@dataclass(frozen=True, slots=True)
class _Etas:
    """The random effects as NONMEM has them, a column for each ETA.

    Parameters
    ----------
    numbers : list of int
        Numbers of ETA.
    eta, conditional : (n_subjects, n) arrays
        Estimates and conditional variances; those of the prior, 0 and OMEGA, for the ETA of a category that is not the subject's.
    omega2 : (n,) array
        Variances.
    has_slope : (n_subjects, n) array
        Whether the likelihood of the subject's data changes with the ETA.
    """

    numbers: list[int]
    eta: FloatArray
    conditional: FloatArray
    omega2: FloatArray
    has_slope: BoolArray


def checks_of_shrinkage(run: RunFiles, at: Fit, order: IntArray, control: ControlProblem) -> list[Check]:
    """Return the checks of shrinkage in NONMEM's conventions, from the .shk file or the listing.

    Parameters
    ----------
    run : RunFiles
        The run's files.
    at : Fit
        The engine's evaluation at the final estimates.
    order : (n_subjects, n_eta) array
        Number in NONMEM of each random effect of each subject.
    control : ControlProblem
        The run's control stream. With ETASTYPE=1 in its last $ESTIMATION those subjects count whose likelihood changes with an ETA,
        otherwise all.
    """
    etas = _etas(at, order)
    printed = _printed(run, etas.numbers)
    if isinstance(printed, str):
        return [skipped("shrinkage", printed)]
    if not printed:
        return [skipped("shrinkage", "There is no .shk file and no listing that prints it.")]
    options = control.estimations[-1].options
    has_few = any(is_short_for(name, "ETASTYPE", 5) and value == "1" for name, value in options.items())
    counts = etas.has_slope if has_few else np.ones_like(etas.has_slope)
    found = [
        compared_all(
            name,
            np.maximum(printed[name], 0.0),
            np.maximum(own, 0.0),
            _TOLERANCE,
            explain=_how_many_differ,
        )
        for name, own in _ours(etas, counts).items()
        if name in printed
    ]
    iwres = residuals(at).iwres
    iwres = iwres[np.isfinite(iwres)]
    if at.population.model.residual.by_assay and sum(len(block.rows) for block in control.sigma) > 1:
        found.append(skipped("EPSSHRINKSD", "NONMEM counts each EPS over the observations that have it."))
    elif "EPSSHRINKSD" in printed and iwres.size:
        own = 100.0 * (1.0 - float(np.sqrt(np.mean(iwres**2))))
        theirs = float(printed["EPSSHRINKSD"][0])
        found.append(compared("EPSSHRINKSD", max(theirs, 0.0), max(own, 0.0), _TOLERANCE, why="The residuals differ."))
    return found


def _etas(at: Fit, order: IntArray) -> _Etas:
    factor = at.population.packed.omega_cholesky
    prior = np.einsum("nij,nij->ni", factor, factor)
    # At a mode the slope of the data is that of the prior.
    slope = np.linalg.solve(np.swapaxes(factor, 1, 2), at.evaluation.white[..., None])[..., 0] * np.sqrt(prior)
    conditional = np.einsum("nii->ni", at.evaluation.covariance)
    numbers: list[int] = np.unique(order).tolist()
    n = len(order)
    found = _Etas(
        numbers,
        np.zeros((n, len(numbers))),
        np.empty((n, len(numbers))),
        np.empty(len(numbers)),
        np.zeros((n, len(numbers)), dtype=np.bool_),
    )
    for column, number in enumerate(numbers):
        subject, place = np.nonzero(order == number)
        found.omega2[column] = prior[subject[0], place[0]]
        found.conditional[:, column] = found.omega2[column]
        found.eta[subject, column] = at.evaluation.eta[subject, place]
        found.conditional[subject, column] = conditional[subject, place]
        found.has_slope[subject, column] = np.abs(slope[subject, place]) > _NO_SLOPE
    return found


def _how_many_differ(difference: FloatArray) -> str:
    n = int((np.abs(difference) > _TOLERANCE).sum())
    return f"{'That' if n == 1 else 'Those'} of {counted(n, 'random effect')} {'differs' if n == 1 else 'differ'}."


def _ours(etas: _Etas, counts: BoolArray) -> dict[str, FloatArray]:
    """Return the four kinds of shrinkage, each (n_eta,), NaN where no two subjects count: the spread of ETA is centred, with N - 1."""
    spread, mean = np.full(len(etas.numbers), np.nan), np.full(len(etas.numbers), np.nan)
    for column, those in enumerate(counts.T):
        if those.sum() > 1:
            spread[column] = etas.eta[those, column].var(ddof=1)
            mean[column] = etas.conditional[those, column].mean()
    ebv = mean / etas.omega2
    return {
        "ETASHRINKSD": 100.0 * (1.0 - np.sqrt(spread / etas.omega2)),
        "ETASHRINKVR": 100.0 * (1.0 - spread / etas.omega2),
        "EBVSHRINKVR": 100.0 * ebv,
        "EBVSHRINKSD": 100.0 * (1.0 - np.sqrt(np.maximum(1.0 - ebv, 0.0))),
    }


def _printed(run: RunFiles, order: Sequence[int]) -> dict[str, FloatArray] | str:
    """Return NONMEM's shrinkage by its name, of the random effects in our order, of residuals the first; or why it is of no use."""
    if run.shk is not None:
        every = [one for one in read_blocks(run.shk).blocks if one.lines.size and run.has(one.problem)]
        blocks = [block for block in every if "TYPE" in block.names]
        if blocks:
            lacking = [f"ETA({i})" for i in (1, *order) if f"ETA({i})" not in blocks[-1].names]
            if lacking:
                return f"The .shk file has no column of {lacking[0]}."
            places = [blocks[-1].names.index(f"ETA({i})") for i in order]
            by_type = {int(row[0]): row for row in blocks[-1].values if np.isfinite(row[0])}
            of_etas = {name: by_type[kind][places] for kind, name in _ROWS.items() if kind in by_type}
            # Those of residuals stand in the first columns, of whatever name.
            first = blocks[-1].names.index("ETA(1)")
            return of_etas | ({"EPSSHRINKSD": by_type[_EPS_SD][[first]]} if _EPS_SD in by_type else {})
    if run.listing is None:
        return {}
    step = read_listing(run.listing).last_step_of(run.problem)
    found: dict[str, FloatArray] = {}
    for written, numbers in (step.shrinkage if step is not None else {}).items():
        # Before NONMEM 7.4 the one of each kind is that of standard deviations.
        name = written if written.endswith(("SD", "VR")) else f"{written}SD"
        wanted = [1] if name == "EPSSHRINKSD" else order
        if name in {*_ROWS.values(), "EPSSHRINKSD"} and len(numbers) >= max(wanted):
            found[name] = np.array([numbers[i - 1] for i in wanted])
    return found
