"""Every sample of a cohort with what was known before it: what a forecast may use, and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import Cohort, select_samples, select_subjects

if TYPE_CHECKING:
    from pkpd.arrays import IntArray


@dataclass(frozen=True, slots=True)
class Histories:
    """A cohort whose subjects are samples of another one.

    Parameters
    ----------
    cohort : Cohort
        Subject j has the doses and covariates of the subject that sample j was drawn from, its samples of earlier times, and
        sample j itself as the last.
    n_before : (n_samples,) array
        How many samples were drawn earlier. One of the same time is none of them, since both were unknown then.
    subject : (n_samples,) array
        Place of the subject in the other cohort.
    """

    cohort: Cohort
    n_before: IntArray
    subject: IntArray


def sample_histories(cohort: Cohort) -> Histories:
    """Return every sample of a cohort with its subject's earlier ones."""
    counts = np.diff(cohort.sample_start)
    subject = np.repeat(np.arange(cohort.n_subjects), counts)
    repeated = select_subjects(cohort, subject)
    # Of the repeated cohort: which sample each of its samples is there for, and which of the first cohort it is.
    purpose = np.repeat(np.arange(subject.size), np.diff(repeated.sample_start))
    within = np.arange(purpose.size) - repeated.sample_start[:-1][purpose]
    is_own = cohort.sample_start[subject][purpose] + within == purpose
    is_before = repeated.sample_time < cohort.sample_time[purpose]
    n_before = np.bincount(purpose[is_before], minlength=subject.size).astype(np.int64)
    return Histories(select_samples(repeated, is_own | is_before), n_before, subject)


def without_last_samples(cohort: Cohort, n_kept: IntArray) -> Cohort:
    """Return a cohort with the first samples of each subject alone, (n_subjects,) many."""
    starts = cohort.sample_start
    place = np.arange(cohort.level.size) - np.repeat(starts[:-1], np.diff(starts))
    return select_samples(cohort, place < np.repeat(n_kept, np.diff(starts)))
