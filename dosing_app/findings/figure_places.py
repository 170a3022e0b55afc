"""Where marks stand on the figures: levels, doses, and the dots of the risk."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose, CaseSample, PatientCase
    from dosing_app.decision.view import View
    from pkpd.arrays import FloatArray

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_BIN_PERCENT = 4.0


def axis_top(view: View) -> float:
    """Return a round number at least a quarter above the highest peak of the middle curve and every level [mg/L]."""
    middle = view.prior_curve if view.bands is None else view.bands[:, 2]
    levels = [height(sample) for sample in view.forecast.case.samples if sample.exclude is None]
    wanted = 1.25 * max([float(np.max(middle)), float(np.max(view.prior_curve)) / 1.2, *levels, 1e-3])
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step for step in _STEPS if step * power >= wanted * (1.0 - 1e-9)) * power


def height(sample: CaseSample) -> float:
    """Return where a sample stands: at its level, or at the limit that it lies beyond [mg/L]."""
    limit = sample.uloq_mg_per_L if sample.censored == "above" else sample.lloq_mg_per_L
    return (limit if sample.censored else sample.concentration_mg_per_L) or 0.0


def samples_by_mark(case: PatientCase) -> dict[str, list[CaseSample]]:
    """Return the samples that are marked alike, by the name of the mark: levels, limits, and what is not used."""
    used = [sample for sample in case.samples if sample.exclude is None]
    return {
        "samples": [sample for sample in used if sample.censored is None],
        "samples beyond a limit": [sample for sample in used if sample.censored],
        "samples not used": [sample for sample in case.samples if sample.exclude is not None],
    }


def room_beside(doses: Sequence[CaseDose], span: float) -> list[float]:
    """Return the time from each dose to the next, which its label has room in [day]; for the last the whole axis."""
    return [later.time_day - dose.time_day for dose, later in pairwise(doses)] + [span]


def in_percent(fractions: FloatArray) -> FloatArray:
    """Return percentages from fractions."""
    return percent_from_fraction(1.0) * fractions


def stacked(values: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Return where dots stand: centres of bins whose edges include the threshold, and their place in the stack.

    Parameters
    ----------
    values : (n,) array
        What the dots stand for [%].
    threshold : float
        No bin lies on both sides of it [%].
    """
    bins = np.ceil((values - threshold) / _BIN_PERCENT) - 1
    seen: Counter[float] = Counter()
    heights = np.empty(values.size)
    for i, number in enumerate(bins.tolist()):
        seen[number] += 1
        heights[i] = seen[number]
    return threshold + (bins + 0.5) * _BIN_PERCENT, heights
