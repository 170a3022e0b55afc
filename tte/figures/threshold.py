"""The figures of a marker and its threshold in one population: ROC curve, density, Kaplan–Meier curves, area over time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError
from tte.evaluation.event_times import Known
from tte.evaluation.roc import is_high_risk, roc_curve
from tte.evaluation.roc_band import roc_band
from tte.evaluation.threshold import until
from tte.evaluation.time_dependent_roc import cumulative_dynamic_auc
from tte.figures.kaplan_meier import CurveGroup, kaplan_meier_figure
from tte.figures.marker_density import marker_density
from tte.figures.roc import roc_figure
from tte.figures.time_dependent_auc import time_dependent_auc_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Drawing
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.threshold import MarkerFinding, Rule

# Of many subjects fewer draws and days say as much.
_MOST_DAYS, _FEW_DAYS, _MANY_SUBJECTS = 60, 20, 10_000
_FEWEST_DRAWS, _MOST_DRAWS, _MOST_DRAWN = 100, 500, 10_000_000


def threshold_figures(
    found: MarkerFinding,
    times: EventTimes,
    marker: FloatArray,
    *,
    horizon_day: float,
    population: tuple[str, str],
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> Iterator[Drawing | str]:
    """Yield the figures of a marker, and a sentence for each that has nothing to show.

    Parameters
    ----------
    found : MarkerFinding
        What was found of the marker in this population.
    times : EventTimes
        Of n subjects.
    marker : (n,) array
        NaN where missing.
    horizon_day : float
        Horizon.
    population : tuple of str
        What ends the names of the files, and who the subjects are, in words.
    n_draws, seed : int
        How often subjects are drawn for bands, and from what.
    tell : callable
        Told the share of the draws behind the area over time that is done.
    """
    key, words = population
    name = f"{re.sub(r'[^a-z0-9]+', '-', found.marker.lower()).strip('-') or 'marker'}-{key}"
    if found.direction is None or found.auroc is None:
        yield f"{found.marker}, {words}: no figure. {found.status.value}"
        return
    own, values = times.rows(np.isfinite(marker)), marker[np.isfinite(marker)]
    known = own.known_at(horizon_day)
    decided = known != int(Known.UNKNOWN)
    x, is_case = values[decided], known[decided] == int(Known.EVENT)
    threshold = None if found.best is None else found.best.threshold
    yield roc_figure(
        roc_curve(x, is_case, found.direction),
        found.auroc,
        band=roc_band(x, is_case, found.direction, n_draws=n_draws, seed=seed),
        rule=found.best,
        marker_name=found.marker,
        name=f"roc-{name}",
        population=words,
    )
    yield marker_density(
        x, is_case, threshold=threshold, marker_name=found.marker, name=f"density-{name}", population=words
    )
    if found.best is None:
        yield f"{found.marker}, {words}: no Kaplan–Meier curves, since no threshold is of use."
    else:
        yield rule_figure(
            found, found.best, own, values, horizon_day=horizon_day, name=f"kaplan-meier-{name}", population=words
        )
    for one in found.given:
        file = f"kaplan-meier-{name}-at-{one.threshold:g}"
        yield rule_figure(found, one, own, values, horizon_day=horizon_day, name=file, population=words)
    days = np.unique(own.time_day[own.event & (own.time_day <= horizon_day)])
    most = _MOST_DAYS if own.n <= _MANY_SUBJECTS else _FEW_DAYS
    if days.size > most:
        days = days[np.linspace(0, days.size - 1, most).astype(np.int64)]
    days = np.union1d(days, [horizon_day])
    draws = min(n_draws, max(_FEWEST_DRAWS, min(_MOST_DRAWS, _MOST_DRAWN // own.n)))
    try:
        area = cumulative_dynamic_auc(own, values, found.direction, days, n_draws=draws, seed=seed, tell=tell)
    except InputError as error:
        yield f"{found.marker}, {words}: no area over time. {error}."
        return
    yield time_dependent_auc_figure(area, marker_name=found.marker, name=f"auc-over-time-{name}", population=words)


def rule_figure(
    found: MarkerFinding,
    one: Rule,
    times: EventTimes,
    marker: FloatArray,
    *,
    horizon_day: float,
    name: str,
    population: str,
) -> Drawing:
    """Return the Kaplan–Meier curves of the groups that a threshold of a marker parts.

    Parameters
    ----------
    found : MarkerFinding
        What was found of the marker.
    one : Rule
        The threshold.
    times : EventTimes
        Of n subjects.
    marker : (n,) array
        Finite.
    horizon_day : float
        Where the curves end.
    name, population : str
        Name of its files, and who the subjects are, in words.
    """
    is_high = is_high_risk(marker, one.threshold, found.direction or "lower")
    shown = until(times, horizon_day)
    low, high = ("≥", "<") if found.direction == "lower" else ("<", "≥")
    return kaplan_meier_figure(
        [CurveGroup("high risk", shown.rows(is_high)), CurveGroup("low risk", shown.rows(~is_high))],
        end_day=horizon_day,
        test=one.log_rank,
        name=name,
        title=f"Freedom of the event by {found.marker} at {one.threshold:.4g}",
        population=f"{population}; high risk is {high} {one.threshold:.4g}, low risk {low} {one.threshold:.4g}",
    )
