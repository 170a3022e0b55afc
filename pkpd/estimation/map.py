"""Maximum a posteriori estimates (empirical Bayes estimates) that find the deepest mode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import Status
from pkpd.estimation.lattice import lattice_points
from pkpd.kernels import mode

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.problem import Problem

_STATUS = {
    mode.CONVERGED: Status.CONVERGED,
    mode.STEP_LIMIT: Status.STEP_LIMIT,
    mode.NO_FINITE_START: Status.NO_FINITE_START,
}
N_STARTS, N_STARTS_LATTICE = 8, 128
_N_LATTICE = 256
# Distances along the outer coordinates, for samples that only the far tail of one of them explains.
_FAR = (2.0, 4.0, 6.0)
_MODES_KEPT = 8


@dataclass(frozen=True, slots=True)
class Scan:
    """Where the objective is looked at before the Newton steps: lines in whitened coordinates, nodes along each.

    Parameters
    ----------
    outer : (n_lines, n_eta - 1) array
        Positions of the lines, in standard deviations of the prior.
    is_grid : bool
        Whether consecutive lines are neighbours in space.
    low, step : float
        First node and node distance, in standard deviations of the prior.
    n_nodes : int
        Nodes of a line.
    """

    outer: FloatArray
    is_grid: bool
    low: float
    step: float
    n_nodes: int


@dataclass(frozen=True, slots=True)
class MapEstimates:
    """The deepest posterior mode of every subject of a problem.

    Parameters
    ----------
    eta, white : (n_subjects, n_eta) arrays
        Random effects, and the same in whitened coordinates.
    objective : (n_subjects,) array
        Sum of -2 log p(y | eta), with log 2 pi, plus eta' inv(Omega) eta.
    hessian : (n_subjects, n_eta, n_eta) array
        Second derivatives of the objective in whitened coordinates.
    gradient : (n_subjects,) array
        Largest absolute derivative at the estimate, whitened.
    n_modes : (n_subjects,) array
        Distinct modes that the search found.
    modes : (n_subjects, 8, n_eta) array
        The deepest of them, deepest first, whitened; NaN where there are fewer.
    status : tuple of Status
        How each search ended.
    """

    eta: FloatArray
    white: FloatArray
    objective: FloatArray
    hessian: FloatArray
    gradient: FloatArray
    n_modes: IntArray
    modes: FloatArray
    status: tuple[Status, ...]


@cache
def default_scan(n_eta: int) -> Scan:
    """Return the scan for a number of random effects.

    With two, lines a quarter of a standard deviation apart cover the prior to 6.5 on every side; with more, lines pass through
    the points of a lattice spread one and a half times and three times as wide as the prior, and along the axes.
    """
    if n_eta == 1:
        return Scan(np.zeros((1, 0)), is_grid=True, low=-8.0, step=0.25, n_nodes=65)
    if n_eta == 2:
        return Scan(np.linspace(-6.5, 6.5, 53)[:, None], is_grid=True, low=-6.5, step=0.5, n_nodes=27)
    points = lattice_points(_N_LATTICE, n_eta - 1)
    axes = np.vstack([distance * np.eye(n_eta - 1) for distance in _FAR])
    outer = np.vstack((np.zeros((1, n_eta - 1)), 1.5 * points, 3.0 * points, axes, -axes))
    return Scan(outer, is_grid=False, low=-6.5, step=0.5, n_nodes=27)


def scan_from_zero(n_eta: int) -> Scan:
    """Return the scan of a single start at eta = 0, which ends in the mode that NONMEM's search ends in.

    That mode need not be the deepest one. It is there to compare with other programs subject by subject.
    """
    return Scan(np.zeros((1, n_eta - 1)), is_grid=False, low=0.0, step=1.0, n_nodes=1)


def estimate_map(problem: Problem, *, scan: Scan | None = None) -> MapEstimates:
    """Return the maximum a posteriori estimate of every subject.

    Parameters
    ----------
    problem : Problem
        Model and subjects; no wanted times.
    scan : Scan, optional
        Where to look for starts; ``default_scan`` where left out.

    Returns
    -------
    MapEstimates
        A subject whose observations no parameters explain has NaN estimates, an infinite objective and that status.
    """
    n, n_eta = problem.n_subjects, problem.n_eta
    scan = scan or default_scan(n_eta)
    modes = np.empty((n, _MODES_KEPT, n_eta))
    objective = np.empty(n)
    hessian = np.empty((n, n_eta, n_eta))
    gradient = np.empty(n)
    outcome = np.empty(n, dtype=np.int64)
    n_modes = np.empty(n, dtype=np.int64)
    mode.find_all_modes(
        problem.subjects,
        scan.outer,
        scan.is_grid,
        scan.low,
        scan.step,
        scan.n_nodes,
        N_STARTS if n_eta <= 2 else N_STARTS_LATTICE,
        modes,
        objective,
        hessian,
        gradient,
        outcome,
        n_modes,
    )
    white = modes[:, 0].copy()
    eta = np.einsum("nij,nj->ni", problem.subjects.omega_cholesky, white)
    return MapEstimates(
        eta, white, objective, hessian, gradient, n_modes, modes, tuple(_STATUS[int(code)] for code in outcome)
    )
