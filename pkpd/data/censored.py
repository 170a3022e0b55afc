"""Cohorts with censored levels: what is said where all are, and the two shortcuts of methods without their likelihood."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from pkpd.data.cohort import select_samples
from pkpd.data.records import Censoring
from pkpd.errors import input_error

if TYPE_CHECKING:
    from pkpd.arrays import IntArray
    from pkpd.data.cohort import Cohort


_KINDS = (
    (Censoring.BELOW, "below a lower limit"),
    (Censoring.ABOVE, "above an upper limit"),
    (Censoring.BETWEEN, "between two limits"),
)


def all_censored(censoring: IntArray) -> str | None:
    """Return what a reader should know of a cohort without a single measured level; None where there is one.

    Parameters
    ----------
    censoring : (n_samples,) array
        A ``Censoring`` for each sample.
    """
    if not censoring.size or (censoring == int(Censoring.NONE)).any():
        return None
    counts = [(int((censoring == int(kind)).sum()), words) for kind, words in _KINDS]
    found = [(n, words) for n, words in counts if n]
    where = found[0][1] if len(found) == 1 else ", ".join(f"{n} {words}" for n, words in found)
    return (
        f"Every level is censored ({where}) and none has a value: the size of the residual error, and with it the scale of "
        "clearance and volume, is hardly identified; expect estimates at a bound or without standard errors."
    )


def without_censored(cohort: Cohort, how: Literal["drop", "half"]) -> Cohort:
    """Return a cohort in which every level is a number.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    how : "drop" or "half"
        Leave every censored level out (Beal's M1); or take half the lower limit for one below it and leave the others out
        (M5). Objectives of the two and of the likelihood cannot be compared.

    Raises
    ------
    InputError
        Where that leaves no level.
    """
    is_below = cohort.censoring == int(Censoring.BELOW)
    is_level = cohort.censoring == int(Censoring.NONE)
    kept = is_level | is_below if how == "half" else is_level
    if not kept.any():
        message = f"{how} leaves none of the {kept.size} levels, which are all censored; take --method laplace or exact without it"
        raise input_error("--censored", message)
    level = np.where(is_below, 0.5 * cohort.lloq, cohort.level)
    quantified = np.zeros(cohort.level.size, dtype=np.int64)
    return select_samples(replace(cohort, level=level, censoring=quantified), kept)
