"""The survival that code gives records that are censored, and the linear predictors of its hazard's parameters at any data items and THETA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.recognition.hazard_shapes import hazard_of, linear_predictors
from nonmem_ref.recognition.likelihood_code import LikelihoodCode, log_likelihood, log_likelihood_slope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from tte.hazards.hazard import Hazard

# Records that are looked at, and the most values of an item that might say what became of a subject.
_MOST_RECORDS, _MOST_CODES, _SEED = 24, 12, 3
# A time as good as 0, at which logarithms and powers are finite still, and how near 1 the survival is there.
_SOON, _NOTHING = 1e-200, 1e-8
# Three growing times each, as shares of the longest, and times behind all of the data.
_SHARES = np.array([1.0, 1e-3, 1e-6])[:, None] * np.array([0.4, 0.7, 1.0])
_LATE = np.array([1.5, 3.0, 5.0, 8.0, 12.0, 20.0, 100.0, 500.0, 1e3])
# How far a cumulative hazard may be from that of a hazard that is known, relative.
_DIFFERENT = 1e-7


@dataclass(frozen=True, slots=True)
class SurvivalCode:
    """Code with some records turned into censored ones.

    Parameters
    ----------
    code : LikelihoodCode
        The code.
    stop : str
        Data item of the time until which a subject is free of the event.
    start : str or None
        Data item of the time from which it is watched.
    columns : mapping of str to (n,) array
        Data items of some records that count, with another value of the item that says what became of the subject where it had an event.
    status : set of str
        Items that were given other values.
    longest : float
        The longest time.
    """

    code: LikelihoodCode
    stop: str
    start: str | None
    columns: Mapping[str, FloatArray]
    status: frozenset[str]
    longest: float


def survival_code(code: LikelihoodCode, stop: str, start: str | None) -> SurvivalCode | None:
    """Return records as censored ones where a data item is the time, or None where it is not.

    Parameters
    ----------
    code : LikelihoodCode
        The code.
    stop, start : str and str or None
        Data items that may be the times.
    """
    time = code.columns[stop]
    counted = np.flatnonzero(code.is_counted & (time > 0.0))
    if not counted.size:
        return None
    places = _some(code, counted)
    own, longest = code.records(places), float(time[counted].max())
    columns = {name: values.copy() for name, values in own.items()}
    is_done, status = np.zeros(places.size, dtype=bool), set[str]()
    for item, value in _changes(code, counted):
        tried = own if item is None else {**own, item: np.full(places.size, value)}
        is_new = ~is_done & _is_survival(code, tried, stop, start, longest)
        if item is not None and is_new.any():
            columns[item] = np.where(is_new, value, columns[item])
            status.add(item)
        is_done |= is_new
        if is_done.all():
            break
    if not is_done.any():
        return None
    kept = {name: values[is_done] for name, values in columns.items()}
    if start is not None and not _begins(code, kept, stop, start, longest):
        return None
    return SurvivalCode(code, stop, start, kept, frozenset(status), longest)


def _some(code: LikelihoodCode, counted: IntArray) -> IntArray:
    """Return some of the records, with every value among them that an item of few values has."""
    rng = np.random.default_rng(_SEED)
    found = rng.permutation(counted)[:_MOST_RECORDS]
    for item in code.items:
        values, first = np.unique(code.columns[item][counted], return_index=True)
        if values.size <= _MOST_CODES:
            found = np.append(found, counted[first])
    return np.unique(found)


def _changes(code: LikelihoodCode, counted: IntArray) -> Iterator[tuple[str | None, float]]:
    """Yield what a record may have to be changed in to be a censored one: nothing, or an item of few values, DV before others."""
    yield None, 0.0
    items = sorted(code.items, key=lambda name: (name != "DV", name))
    for item in items:
        values = np.unique(code.columns[item][counted])
        if values.size <= _MOST_CODES:
            yield from ((item, float(value)) for value in values)
    if "DV" in items:
        yield "DV", 0.0


def _is_survival(
    code: LikelihoodCode, columns: Mapping[str, FloatArray], stop: str, start: str | None, longest: float
) -> BoolArray:
    """Return which records have a likelihood that falls from 1 on as their time grows."""
    n = columns[stop].size
    begun = columns if start is None else {**columns, start: np.zeros(n)}
    found = np.abs(log_likelihood(code, {**begun, stop: np.full(n, _SOON)}, code.thetas)) < _NOTHING
    if not found.any():
        return found
    times = longest * np.concatenate((_SHARES.ravel(), _LATE))
    tiled = {name: np.tile(values, times.size) for name, values in begun.items()}
    logs = log_likelihood(code, {**tiled, stop: np.repeat(times, n)}, code.thetas).reshape(times.size, n)
    growing, late = logs[: _SHARES.size].reshape(*_SHARES.shape, n), logs[_SHARES.size :]
    falls = (growing[:, 1:] < growing[:, :-1]).all(axis=1) & (growing[:, 0] < 0.0) & np.isfinite(growing[:, -1])
    # Where nobody is left at the longest time, in units in which computers count, an earlier one tells. What is left of an interval, which
    # begins near 1 as well where it ends late, is no number behind its end.
    return found & falls.any(axis=0) & ~np.isnan(late).any(axis=0)


def _begins(code: LikelihoodCode, columns: Mapping[str, FloatArray], stop: str, start: str, longest: float) -> bool:
    """Return whether the likelihood is 1 where a time ends when it begins."""
    same = np.full(columns[stop].size, 0.5 * longest)
    return bool((np.abs(log_likelihood(code, {**columns, start: same, stop: same}, code.thetas)) < _NOTHING).all())


def predictors(
    survival: SurvivalCode, columns: Mapping[str, FloatArray], thetas: FloatArray, hazard: Hazard | None = None
) -> tuple[Hazard | None, FloatArray]:
    """Return the hazard that every record has, and the linear predictors of its parameters.

    Parameters
    ----------
    survival : SurvivalCode
        The code.
    columns : mapping of str to (n,) array
        Data items of n records, times among them, which do not count.
    thetas : (n_theta, n) array
        THETA of each record.
    hazard : Hazard, optional
        The hazard where it is known.

    Returns
    -------
    Hazard or None, (n, n_parameters) array
        None where no hazard is that of all records; linear predictors are not a number where the hazard is another.
    """
    n = columns[survival.stop].size
    code = survival.code
    begun = columns if survival.start is None else {**columns, survival.start: np.zeros(n)}

    def given(time: FloatArray) -> tuple[dict[str, FloatArray], FloatArray]:
        """Return the records once for each of their times."""
        k = time.shape[0]
        records = {name: np.tile(values, k) for name, values in begun.items()}
        return {**records, survival.stop: time.ravel()}, np.tile(thetas, (1, k))

    def cumulative(time: FloatArray) -> FloatArray:
        return -log_likelihood(code, *given(time)).reshape(time.shape)

    def rate(time: FloatArray) -> FloatArray:
        return -log_likelihood_slope(code, *given(time), survival.stop).reshape(time.shape)

    longest = np.full(n, survival.longest)
    if hazard is None:
        found, off = linear_predictors(cumulative, rate, longest)
        first = hazard_of(off)
        return first, np.empty((n, 0)) if first is None else found[first]
    found, off = linear_predictors(cumulative, rate, longest, (hazard,))
    is_other = ~(off[hazard] < _DIFFERENT)
    return hazard, np.where(is_other[:, None], np.nan, found[hazard])
