"""Whether the levels of a cohort have the size that a model predicts before anything is fitted: units of time, amount or level that were mistaken show at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.kernels.predict_all import predict_all

if TYPE_CHECKING:
    from pkpd.likelihood.population import Population

# Ratio of levels to predictions, in the median, that neither another population nor another structure explains.
_FAR = 5.0


def far_from_predictions(population: Population) -> str | None:
    """Return a sentence where the quantified levels are, in the median, far from the model's typical predictions; None where they are not.

    A cohort in units of its own, as of a model taken over from a run, is not judged.
    """
    if population.model.has_own_units:
        return None
    cohort, packed = population.cohort, population.packed
    prediction = np.empty(cohort.level.size)
    predict_all(packed, np.zeros((population.n_subjects, population.n_eta)), prediction)
    is_compared = (cohort.censoring == int(Censoring.NONE)) & (cohort.level > 0.0) & (prediction > 0.0)
    if not is_compared.any():
        return None
    ratio = float(np.exp(np.median(np.log(cohort.level[is_compared] / prediction[is_compared]))))
    if 1.0 / _FAR < ratio < _FAR:
        return None
    times = f"{ratio:,.0f}" if ratio >= _FAR else f"{ratio:.2g}"
    return (
        f"The levels are {times} times what {population.model.id} typically predicts, in the median: check the units of TIME, "
        "DUR and II (day), AMT (mg), RATE (mg/day) and DV (mg/L)."
    )
