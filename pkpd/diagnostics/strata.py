"""Parts of a cohort that a check looks at one by one: centres, assays, or values of a covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.errors import input_error

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort

# A covariate of more distinct values is cut at its tertiles.
_MOST_VALUES = 5
_TERTILES = (1.0 / 3.0, 2.0 / 3.0)


class Stratum(NamedTuple):
    """Some of the samples: what they have in common, and which they are, (n_samples,)."""

    label: str
    rows: BoolArray


def strata(cohort: Cohort, by: str) -> tuple[Stratum, ...]:
    """Return the samples of a cohort in parts; one without a sample is left out.

    Parameters
    ----------
    cohort : Cohort
        The cohort.
    by : str
        "centre", "assay", or a covariate by its name in the model or its column in small letters. One of at most five values has a
        part for each, another is cut at the tertiles of its subjects' first values; subjects without a value are a part too.

    Raises
    ------
    InputError
        For a name that is none of the cohort's.
    """
    name = by.strip()
    if name.lower() == "assay":
        return _of_samples(cohort.assay.astype(np.float64), [assay or "no assay" for assay in cohort.assays])
    owner = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.sample_start))
    if name.lower() == "centre":
        return _of_samples(
            cohort.centre[owner].astype(np.float64), [centre or "no centre" for centre in cohort.centres]
        )
    known = next((one for one in cohort.covariates if one.lower() == name.lower()), None)
    if known is None:
        message = f"“{by}” is no part of this cohort, which has centre, assay, {', '.join(cohort.covariates)}"
        raise input_error("--stratify", message)
    return _of_covariate(known, cohort.covariates[known][cohort.row_start[:-1]], owner.astype(np.int64))


def _of_samples(codes: FloatArray, labels: list[str]) -> tuple[Stratum, ...]:
    return tuple(Stratum(labels[int(code)], codes == code) for code in np.unique(codes))


def _of_covariate(name: str, values: FloatArray, owner: IntArray) -> tuple[Stratum, ...]:
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if distinct.size <= _MOST_VALUES:
        parts = [(f"{name} {value:g}", values == value) for value in distinct]
    else:
        low, high = np.quantile(known, _TERTILES)
        parts = [
            (f"{name} up to {low:.3g}", values <= low),
            (f"{name} over {low:.3g} up to {high:.3g}", (values > low) & (values <= high)),
            (f"{name} over {high:.3g}", values > high),
        ]
    parts.append((f"{name} missing", np.isnan(values)))
    return tuple(Stratum(label, rows[owner]) for label, rows in parts if rows[owner].any())
