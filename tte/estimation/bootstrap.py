"""Fits of event times to subjects drawn with replacement: percentile intervals, and how every fit ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tte.data.events import EventKind, resampling_counts
from tte.estimation.document import finite, fit_document, status_text
from tte.estimation.fit import AT_A_MAXIMUM, FitOptions, FitStatus, fit_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray, IntArray
    from tte.estimation.fit import EventFit

SCHEMA = "tte-bootstrap/1"
NO_EVENT, FAILED = "no_event", "failed"
_USED = tuple(status.name.lower() for status in AT_A_MAXIMUM)
_QUANTILES = {"q025": 0.025, "q50": 0.5, "q975": 0.975}
# Part of the fits without a maximum, from which on the intervals are called too narrow.
_MANY = 0.05
# Fits below which percentiles say nothing.
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Resampled:
    """The fit to one sample of the subjects.

    Parameters
    ----------
    number : int
        Which sample, from 1 on.
    status : str
        Name of a `FitStatus` in lower case, or `NO_EVENT` or `FAILED`.
    n_events : int
        Events in the sample.
    log_likelihood : float
        Its logarithm; NaN where there is none.
    theta : (n_coefficients,) array
        Estimates on the linear scale; NaN where there are none.
    """

    number: int
    status: str
    n_events: int
    log_likelihood: float
    theta: FloatArray

    @property
    def is_used(self) -> bool:
        """Return whether the estimates count."""
        return self.status in _USED


def sample_counts(original: EventFit, numbers: Sequence[int], *, seed: int) -> IntArray:
    """Return how often some samples hold each subject, (n_numbers, n_subjects).

    The same number and seed draw the same subjects, in whatever order and company samples are drawn.
    """
    n = original.events.n_subjects
    return np.vstack([resampling_counts(n, 1, np.random.default_rng([seed, number])) for number in numbers])


def resampled_fits(original: EventFit, numbers: Sequence[int], *, seed: int) -> tuple[Resampled, ...]:
    """Fit the model of a fit to samples of its subjects, from its estimates on where these are finite.

    Parameters
    ----------
    original : EventFit
        The fit to all subjects.
    numbers : sequence of int
        Which samples.
    seed : int
        Seed of the bootstrap.
    """
    counts = sample_counts(original, numbers, seed=seed)
    happened = np.bincount(original.events.subject, original.events.kind != EventKind.CENSORED)
    n_events = (counts @ happened).astype(np.int64)
    is_start = original.status in AT_A_MAXIMUM
    model = original.model_at_estimates if is_start else original.model
    found = fit_samples(original.events, model, counts, FitOptions())
    return tuple(
        _resampled(number, found.statuses[i], int(n_events[i]), float(found.log_likelihood[i]), found.theta[i])
        for i, number in enumerate(numbers)
    )


def failed_fit(original: EventFit, number: int, *, seed: int) -> Resampled:
    """Return what stands for a fit that was not made at all; it is counted, and its estimates are not known."""
    happened = np.bincount(original.events.subject, original.events.kind != EventKind.CENSORED)
    n_events = int(sample_counts(original, [number], seed=seed)[0] @ happened)
    return Resampled(number, FAILED, n_events, np.nan, np.full(original.theta.size, np.nan))


def _resampled(number: int, status: FitStatus, n_events: int, log_likelihood: float, theta: FloatArray) -> Resampled:
    if n_events == 0:
        return Resampled(number, NO_EVENT, 0, np.nan, np.full(theta.size, np.nan))
    return Resampled(number, status.name.lower(), n_events, log_likelihood, theta)


def bootstrap_document(original: EventFit, fits: Sequence[Resampled]) -> dict[str, Any]:
    """Return percentile intervals of every coefficient over the fits that ended at a maximum, and how all ended.

    Parameters
    ----------
    original : EventFit
        The fit to all subjects.
    fits : sequence of Resampled
        The fits to samples.

    References
    ----------
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap, 1993, chapters 6, 10 and 13, ISBN 978-0-412-04231-7.
    """
    entries = fit_document(original)["parameters"]
    values = used_values(original, fits)
    return {
        "schema": SCHEMA,
        "hazard": original.model.hazard.value,
        "equation": original.model.hazard.facts.equation,
        "n": len(fits),
        "n_used": values.shape[0],
        "statuses": dict(sorted(Counter(one.status for one in fits).items())),
        "original_status": original.status.name.lower(),
        "n_subjects": original.events.n_subjects,
        "n_events": original.events.n_events,
        "parameters": {
            name: {key: entries[name][key] for key in ("estimate", "limit", "unit", "fixed")}
            | _spread(entries[name]["estimate"], drawn, is_fixed=entries[name]["fixed"])
            for name, drawn in zip(original.model.names, values.T, strict=True)
        },
        "warnings": _warnings(original, fits),
    }


def used_values(original: EventFit, fits: Sequence[Resampled]) -> FloatArray:
    """Return the estimates of the fits that count, on the natural scale, (n_used, n_coefficients)."""
    theta = np.array([one.theta for one in fits if one.is_used]).reshape(-1, original.theta.size)
    return original.model.natural(theta)


def _spread(estimate: float | None, drawn: FloatArray, *, is_fixed: bool) -> dict[str, float | None]:
    if is_fixed or drawn.size < _FEWEST:
        return dict.fromkeys(("se", "bias", *_QUANTILES))
    with np.errstate(over="ignore", invalid="ignore"):
        bias = None if estimate is None else finite(float(drawn.mean()) - estimate)
        quantiles = np.quantile(drawn, list(_QUANTILES.values())).tolist()
        se = finite(float(drawn.std(ddof=1)))
    return {"se": se, "bias": bias, **dict(zip(_QUANTILES, map(finite, quantiles), strict=True))}


def _warnings(original: EventFit, fits: Sequence[Resampled]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    n, n_out = len(fits), sum(not one.is_used for one in fits)
    if n_out:
        text = f"{n_out:,} of {n:,} fits ended without a maximum; they are counted, and their estimates are in no interval."
        if n - n_out < _FEWEST:
            text += f" There are no intervals of fewer than {_FEWEST} fits; prefer those by profile."
        elif n_out > _MANY * n:
            text += " So many make the intervals too narrow; prefer intervals by profile."
        found.append({"code": "fits_without_maximum", "text": text})
    at_bound = sum(one.status == FitStatus.AT_BOUND.name.lower() for one in fits)
    if at_bound:
        text = f"{at_bound:,} of {n:,} fits ended at a bound; their estimates are in the intervals."
        found.append({"code": "fits_at_bound", "text": text})
    if original.status not in AT_A_MAXIMUM:
        text = f"The fit to all subjects: {status_text(original)}"
        found.append({"code": "original_without_maximum", "text": text})
    return found
