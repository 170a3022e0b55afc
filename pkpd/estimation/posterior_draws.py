"""Draws of a subject's random effects from its exact posterior.

A line is drawn by the mass of its neighbours, the place between lines by linear interpolation of their masses, and the point on it from
the density along it, which is integrated on that very line. What interpolation gets wrong is mended by rejection: a place is kept with
probability mass / (bound · interpolated mass). Where a mass exceeds the bound, the bound is raised and all is drawn again (Caffo, Booth
and Davis 2002, doi:10.1093/biomet/89.4.745, who go on with the draws they have).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import QuadratureStatus
from pkpd.kernels.line_draws import draw_on_lines
from pkpd.likelihood.marginal import reach_of

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.posterior import Posterior

_BOUND, _RAISED = 1.3, 1.25
_FEWEST = 32


def draw_random_effects(posterior: Posterior, n: int, seed: tuple[int, ...]) -> FloatArray:
    """Return independent draws of the random effects.

    Parameters
    ----------
    posterior : Posterior
        Of one subject, with mass.
    n : int
        How many.
    seed : tuple of int
        The same numbers give the same draws.

    Returns
    -------
    (n, n_eta) array
        Random effects.

    Raises
    ------
    ValueError
        For a posterior without mass.
    """
    if posterior.status is QuadratureStatus.NO_MASS:
        raise ValueError("a posterior without mass has no draws")
    lattice = _Lattice(posterior)
    bound = _BOUND
    while True:
        white, largest = _drawn(lattice, n, bound, np.random.default_rng(seed))
        if largest <= bound:
            return white @ posterior.problem.subjects.omega_cholesky[0].T
        bound = _RAISED * largest


class _Lattice:
    """The lines of a posterior as points of a lattice with their masses."""

    def __init__(self, posterior: Posterior) -> None:
        self.posterior = posterior
        self.mass: FloatArray = posterior.integral[:, -1]
        offset = posterior.outer - posterior.outer[0]
        steps = np.asarray(np.linalg.solve(posterior.axes, offset.T), dtype=np.float64).T
        place = np.rint(steps).astype(np.int64)
        self.n_axes = place.shape[1]
        # A rim without mass, so that every neighbour of a line has a place.
        self.low: IntArray = place.min(axis=0, initial=0) - 2
        self.shape = tuple((place.max(axis=0, initial=0) - self.low + 3).tolist())
        self.place = place - self.low
        self.key = self._keys(self.place)
        self.order = np.argsort(self.key)
        self.cumulative: FloatArray = np.cumsum(self.mass) / self.mass.sum()

    def _keys(self, place: IntArray) -> IntArray:
        if not self.n_axes:
            return np.zeros(len(place), dtype=np.int64)
        return np.asarray(np.ravel_multi_index(tuple(place.T), self.shape), dtype=np.int64)

    def mass_at(self, place: IntArray) -> FloatArray:
        """Return the mass of the lines at some points of the lattice, 0 where there is none."""
        key = self._keys(place)
        at = np.minimum(np.searchsorted(self.key, key, sorter=self.order), self.key.size - 1)
        line = self.order[at]
        return np.where(self.key[line] == key, self.mass[line], 0.0)

    def interpolated(self, place: FloatArray) -> FloatArray:
        """Return the mass between lines, linear along every axis."""
        whole = np.floor(place)
        part = place - whole
        total = np.zeros(len(place))
        for corner in product((0, 1), repeat=self.n_axes):
            ends = np.array(corner, dtype=np.int64)
            weight = np.where(ends == 1, part, 1.0 - part).prod(axis=1)
            total += weight * self.mass_at(whole.astype(np.int64) + ends)
        return total

    def positions(self, place: FloatArray) -> FloatArray:
        """Return where points of the lattice lie, whitened."""
        moved: FloatArray = place + self.low
        return np.ascontiguousarray(self.posterior.outer[0] + moved @ self.posterior.axes.T)


def _drawn(lattice: _Lattice, n: int, bound: float, rng: np.random.Generator) -> tuple[FloatArray, float]:
    """Return whitened draws, and the largest ratio of a mass to the interpolated one that was met."""
    posterior = lattice.posterior
    frame = posterior.problem.subjects.frame[0]
    scale = 1.0 / _masses(posterior, posterior.outer[[int(lattice.mass.argmax())]], np.array([0.5]))[1][0]
    scale *= lattice.mass.max()
    kept: list[FloatArray] = []
    n_kept, largest = 0, 0.0
    while n_kept < n:
        tried = max(_FEWEST, int(1.1 * bound * (n - n_kept)))
        line = np.searchsorted(lattice.cumulative, rng.random(tried), side="right").clip(max=lattice.mass.size - 1)
        # The sum of two uniform numbers has the triangular density that linear interpolation is made of.
        shift = rng.random((tried, lattice.n_axes)) + rng.random((tried, lattice.n_axes)) - 1.0
        place: FloatArray = lattice.place[line] + shift
        outer = lattice.positions(place)
        along, mass = _masses(posterior, outer, rng.random(tried))
        ratio = scale * mass / lattice.interpolated(place)
        largest = max(largest, float(ratio.max()))
        is_kept = rng.random(tried) * bound < ratio
        white = np.column_stack((along, outer))[is_kept] @ frame.T
        kept.append(white)
        n_kept += len(white)
        if largest > bound:
            break
    return np.concatenate(kept)[:n], largest


def _masses(posterior: Posterior, outer: FloatArray, uniform: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a point drawn on each of some lines, and the lines' masses."""
    subjects, mode = posterior.problem.subjects, posterior.mode
    along, mass = np.empty(uniform.size), np.empty(uniform.size)
    reach = float(reach_of(subjects.frame, mode.white)[0])
    n_nodes = posterior.density.shape[1]
    draw_on_lines(
        posterior.subject, np.ascontiguousarray(outer), uniform, reach, float(mode.objective[0]), n_nodes, along, mass
    )
    return along, mass
