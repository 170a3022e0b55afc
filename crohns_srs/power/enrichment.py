"""Trials of patients who are chosen by what the models expect of them: what the publication proposes for covariates with effects of opposite signs on placebo and on the drug.

Everything here takes the models' coefficients as true. Assurance, which draws them from their distribution while patients are chosen by the estimates, says how much of
the gain is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.power.exact import exact_power, least_size, mean_chances
from crohns_srs.power.population import chosen_patients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.power.chances import ArmModel
    from crohns_srs.power.population import Population
    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from pkpd.arrays import FloatArray, IntArray

SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Shares of the population that are eligible."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A covariate in the models of both arms; that of a class holds what the class adds to placebo.

    Parameters
    ----------
    term, title : str
        Covariate.
    first, second : float
        Coefficients.
    first_error, second_error : float
        Their standard errors.
    """

    term: str
    title: str
    first: float
    second: float
    first_error: float
    second_error: float

    @property
    def is_opposite(self) -> bool:
        """Whether the signs differ."""
        return self.first * self.second < 0.0


@dataclass(frozen=True, slots=True)
class Selection:
    """A trial among the patients of whom the models expect the greatest difference.

    Parameters
    ----------
    share : float
        Share of the population that is eligible.
    n_patients : int
        How many patients of the population that are.
    least : float
        Least predicted difference of the chances of a response among them.
    first, second : float
        Mean chances of a response.
    power : tuple of float
        At each size of an arm, by the chi-square test without correction, the estimates taken as true.
    assurance : tuple of float
        The same, over the parameters' distribution.
    least_size : int or None
        Participants in each arm for the power asked for; None where no number is enough.
    """

    share: float
    n_patients: int
    least: float
    first: float
    second: float
    power: tuple[float, ...]
    assurance: tuple[float, ...]
    least_size: int | None

    @property
    def screened(self) -> float | None:
        """Patients of the population that have to be looked at to fill both arms of `least_size`."""
        return None if self.least_size is None else 2.0 * self.least_size / self.share


def both_coefficients(models: ModelSet, first: ClassModel, second: ClassModel) -> tuple[Coefficients, ...]:
    """Return the covariates of two models with their coefficients, those with opposite signs first; `second` has all terms of `first`."""
    titles = {one.name: one.title for one in models.config.covariates}
    found: list[Coefficients] = []
    for i, term in enumerate(first.terms):
        if term in titles:
            j = second.terms.index(term)
            error, other = (float(np.sqrt(one.covariance[k, k])) for one, k in ((first, i), (second, j)))
            estimates = float(first.estimate[i]), float(second.estimate[j])
            found.append(Coefficients(term, titles[term], *estimates, error, other))
    return tuple(sorted(found, key=lambda one: not one.is_opposite))


def by_contrast(arms: tuple[ArmModel, ArmModel], population: Population) -> tuple[Population, IntArray]:
    """Return the patients in the order of their predicted difference of chances, the greatest first, and the order."""
    order = np.argsort(arms[1].chances() - arms[0].chances(), kind="stable").astype(np.int64)
    return chosen_patients(population, order), order


def counts_of(n_patients: int) -> IntArray:
    """Return how many patients each share is, at least one."""
    return np.maximum(1, np.rint(np.array(SHARES) * n_patients)).astype(np.int64)


def selections(
    arms: tuple[ArmModel, ArmModel],
    order: IntArray,
    sizes: Sequence[int],
    *,
    target: float,
    alpha: float,
    assured: FloatArray,
) -> tuple[Selection, ...]:
    """Return trials among ever fewer patients.

    Parameters
    ----------
    arms : tuple of ArmModel
        Both arms, of the whole population.
    order : (n_patients,) array
        Patients, the greatest predicted difference first.
    sizes : sequence of int
        Participants of each arm.
    target, alpha : float
        Power asked for, and level of the test.
    assured : (n_shares, n_sizes) array
        Assurance.
    """
    first, second = (one.chances() for one in arms)
    contrast = (first - second)[order]
    found: list[Selection] = []
    for k, count in enumerate(counts_of(order.size).tolist()):
        rows = order[:count]
        a, b = (mean_chances(_of(arm, rows)) for arm in arms)
        found.append(
            Selection(
                SHARES[k],
                count,
                float(contrast[count - 1]),
                float(first[rows].mean()),
                float(second[rows].mean()),
                tuple(exact_power(a, b, n, corrected=False, alpha=alpha) for n in sizes),
                tuple(assured[k].tolist()),
                least_size(a, b, target, corrected=False, alpha=alpha),
            )
        )
    return tuple(found)


def _of(arm: ArmModel, rows: IntArray) -> ArmModel:
    """Return an arm of some of the patients."""
    return replace(arm, mean=arm.mean[rows])
