"""A cohort without its censored levels, by the two shortcuts that methods without their likelihood need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from pkpd.data.cohort import select_samples
from pkpd.data.records import Censoring

if TYPE_CHECKING:
    from pkpd.data.cohort import Cohort


def without_censored(cohort: Cohort, how: Literal["drop", "half"]) -> Cohort:
    """Return a cohort in which every level is a number.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    how : "drop" or "half"
        Leave every censored level out (Beal's M1); or take half the lower limit for one below it and leave the others out
        (M5). Objectives of the two and of the likelihood cannot be compared.
    """
    is_below = cohort.censoring == int(Censoring.BELOW)
    is_level = cohort.censoring == int(Censoring.NONE)
    kept = is_level | is_below if how == "half" else is_level
    level = np.where(is_below, 0.5 * cohort.lloq, cohort.level)
    quantified = np.zeros(cohort.level.size, dtype=np.int64)
    return select_samples(replace(cohort, level=level, censoring=quantified), kept)
