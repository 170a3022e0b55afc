"""The posterior of two random effects on a dense grid, with distribution functions that are smooth.

Each cell's mass is spread over the values that a quantity takes inside the cell (it is linear there to the second order of
the cell's width), so that no step function is summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.oracles.likelihood import objective
from tests.oracles.superposition import area, concentration, kinetics, prior_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec

_CUT = 46.0
_COARSE = 241


@dataclass(frozen=True)
class DenseGrid:
    """Cells of the plane with their random effects, masses that sum to one, and the log evidence."""

    model: ModelSpec
    subject: Subject
    n: int
    eta: np.ndarray
    mass: np.ndarray
    log_evidence: float

    def values(self, quantity: Callable[[np.ndarray], np.ndarray]) -> Spread:
        """The values of a quantity (a function of (n, 2) random effects) in every cell that carries mass."""
        table = quantity(self.eta).reshape(self.n, self.n)
        table = np.where(np.isfinite(table), table, -1e6)
        halves = [0.5 * np.abs(slope) for slope in np.gradient(table)]
        mass = self.mass.reshape(self.n, self.n)
        used = mass > 1e-13 * mass.max()
        return Spread.of(table[used], halves[0][used], halves[1][used], mass[used] / mass[used].sum())


@dataclass(frozen=True)
class Spread:
    """A quantity's value at cell centres, how far it varies inside the cells, and the running mass of the cells.

    Cells are in the order of the largest value inside them.
    """

    value: np.ndarray
    wide: np.ndarray
    narrow: np.ndarray
    mass: np.ndarray
    highest: np.ndarray
    mass_up_to: np.ndarray

    @classmethod
    def of(cls, value: np.ndarray, half1: np.ndarray, half2: np.ndarray, mass: np.ndarray) -> Spread:
        wide, narrow = np.maximum(half1, half2) + 1e-14, np.minimum(half1, half2)
        order = np.argsort(value + wide + narrow)
        value, wide, narrow, mass = value[order], wide[order], narrow[order], mass[order]
        return cls(value, wide, narrow, mass, value + wide + narrow, np.concatenate(([0.0], np.cumsum(mass))))

    def below(self, target: float) -> float:
        """Probability of a value below the target: each cell holds the sum of two uniform distributions."""
        n = int(np.searchsorted(self.highest, target))
        cut = n + np.flatnonzero(self.value[n:] - self.wide[n:] - self.narrow[n:] < target)
        share = _sum_of_uniforms(target - self.value[cut], self.wide[cut], self.narrow[cut])
        return float(self.mass_up_to[n] + self.mass[cut] @ share)

    def quantile(self, probability: float) -> float:
        """Value that the quantity lies below with a probability."""
        n = int(np.searchsorted(self.mass_up_to, probability))
        middle = float(self.highest[min(n, self.highest.size - 1)])
        width = 4.0 * float((self.wide + self.narrow).max())
        low, high = middle - width, middle + width
        while high - low > 1e-7:
            middle = 0.5 * (low + high)
            if self.below(middle) < probability:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def mean(self) -> float:
        return float(self.mass @ self.value)


def _sum_of_uniforms(x: np.ndarray, wide: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    def ramp(y: np.ndarray) -> np.ndarray:
        return 0.5 * np.square(np.maximum(y, 0.0))

    narrow = np.maximum(narrow, 1e-9 * wide)
    corners = ramp(x + wide + narrow) - ramp(x + wide - narrow) - ramp(x - wide + narrow) + ramp(x - wide - narrow)
    return np.clip(corners / (4.0 * wide * narrow), 0.0, 1.0)


def integrate(model: ModelSpec, subject: Subject, *, n: int = 500) -> DenseGrid:
    """Integrate on n by n cells over the part of the plane that carries mass, along the posterior's own axes."""
    omega, _ = prior_scale(model, subject.covariates[0].values)
    basis = np.diag(np.sqrt(np.diag(omega)))
    ranges = [(-16.0, 16.0), (-16.0, 16.0)]
    for margin in (25, 15, 5, 3):
        # A ridge may pass between the points of the first, coarse grids: their margins are wide.
        ranges, eta, phi = _narrowed(model, subject, basis, ranges, margin)
    share = np.exp(-0.5 * (phi - phi.min()))
    share /= share.sum()
    centred = eta - share @ eta
    turned = np.linalg.eigh((centred * share[:, None]).T @ centred)[1]
    high = eta[phi < phi.min() + _CUT] @ turned
    ranges = [(float(c.min()), float(c.max())) for c in high.T]
    ranges = [(low - 0.2 * (top - low), top + 0.2 * (top - low)) for low, top in ranges]
    ranges, _, _ = _narrowed(model, subject, turned, ranges, 3)
    axes = [np.linspace(*r, n) for r in ranges]
    eta = _points(axes) @ turned.T
    phi = objective(model, subject, eta)
    least = phi.min()
    mass = np.exp(-0.5 * (phi - least))
    cell = (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])
    log_evidence = np.log(mass.sum() * cell) - 0.5 * least - np.log(2.0 * np.pi) - 0.5 * np.linalg.slogdet(omega)[1]
    return DenseGrid(model, subject, n, eta, mass / mass.sum(), float(log_evidence))


def _narrowed(
    model: ModelSpec, subject: Subject, basis: np.ndarray, ranges: list[tuple[float, float]], margin: int
) -> tuple[list[tuple[float, float]], np.ndarray, np.ndarray]:
    """Ranges of the cells within the cut and some more around them; random effects and objective of all cells."""
    axes = [np.linspace(*r, _COARSE) for r in ranges]
    eta = _points(axes) @ basis.T
    phi = objective(model, subject, eta)
    high = (phi < phi.min() + _CUT).reshape(_COARSE, _COARSE)
    narrowed = []
    for i in (0, 1):
        used = np.flatnonzero(high.any(axis=1 - i))
        low, top = max(used[0] - margin, 0), min(used[-1] + margin, _COARSE - 1)
        narrowed.append((float(axes[i][low]), float(axes[i][top])))
    return narrowed, eta, phi


def _points(axes: list[np.ndarray]) -> np.ndarray:
    return np.stack([m.ravel() for m in np.meshgrid(*axes, indexing="ij")], axis=1)


def log_parameter(grid: DenseGrid, name: str) -> Spread:
    covariates = grid.subject.covariates[0].values
    return grid.values(lambda eta: np.log(kinetics(grid.model, covariates, eta).parameters[name]))


def log_area(
    grid: DenseGrid, window: tuple[float, float], *, over_clearance: bool, subject: Subject | None = None
) -> Spread:
    regimen = subject or grid.subject

    def quantity(eta: np.ndarray) -> np.ndarray:
        kin = kinetics(grid.model, regimen.covariates[0].values, eta)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(area(kin, regimen.doses, *window))
        return log - np.log(kin.parameters["cl"]) if over_clearance else log

    return grid.values(quantity)


def log_concentration(grid: DenseGrid, time: float, subject: Subject | None = None) -> Spread:
    regimen = subject or grid.subject

    def quantity(eta: np.ndarray) -> np.ndarray:
        kin = kinetics(grid.model, regimen.covariates[0].values, eta)
        with np.errstate(divide="ignore"):
            return np.log(concentration(kin, regimen.doses, time))

    return grid.values(quantity)
