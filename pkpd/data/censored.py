"""A cohort without its censored levels, by the two shortcuts that methods without their likelihood need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

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
    subject = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.sample_start))[kept]
    counts = np.bincount(subject, minlength=cohort.n_subjects)
    return replace(
        cohort,
        sample_start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        sample_time=cohort.sample_time[kept],
        level=level[kept],
        censoring=np.zeros(int(kept.sum()), dtype=np.int64),
        lloq=cohort.lloq[kept],
        uloq=cohort.uloq[kept],
        assay=cohort.assay[kept],
        sample_line=cohort.sample_line[kept],
    )
