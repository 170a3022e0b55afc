"""One subject's history: doses, samples and covariates, in the engine's units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Censoring(IntEnum):
    """How a sample was reported; the numbers are the ones that the kernels see."""

    NONE = 0
    BELOW = 1
    ABOVE = 2
    BETWEEN = 3


@dataclass(frozen=True, slots=True)
class Dose:
    """One infusion, or a bolus where the duration is zero.

    Parameters
    ----------
    time_day : float
        Start of the infusion [day].
    amount_mg : float
        Amount [mg].
    duration_day : float
        Duration [day]; 0 is a bolus.
    """

    time_day: float
    amount_mg: float
    duration_day: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One serum sample.

    Parameters
    ----------
    time_day : float
        Draw time [day]. A sample drawn at the very time of a dose is taken as drawn before it.
    level : float
        Measured concentration [mg/L]; not used for a censored sample.
    censoring : Censoring
        Whether the level is known, or only that it lies below ``lloq``, above ``uloq`` or between them.
    lloq, uloq : float
        Limits of quantification of this sample's assay [mg/L]; NaN where there is none.
    assay : str or None
        Name of the assay, for models with an error of its own for each.
    """

    time_day: float
    level: float
    censoring: Censoring
    lloq: float
    uloq: float
    assay: str | None = None


@dataclass(frozen=True, slots=True)
class CovariateRow:
    """Covariate values from one record.

    Parameters
    ----------
    time_day : float
        Time of the record [day].
    values : mapping of str to float
        Value of each covariate by its case name.
    """

    time_day: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything known about one subject, each tuple in time order.

    Parameters
    ----------
    doses, samples : tuple
        What was given and what was measured.
    covariates : tuple of CovariateRow
        At least one row. A row holds until the next one; the interval that ends at a record (dose, sample or covariate
        row) is driven by the covariates in force at that record, those of a row at that very time included (NONMEM's
        convention).
    """

    doses: tuple[Dose, ...]
    samples: tuple[Sample, ...]
    covariates: tuple[CovariateRow, ...]
