"""From doses, samples and covariate rows to one ordered list of events for each subject.

An event closes an interval of constant infusion rate. The covariates in force at a record (dose start, sample, covariate
row) drive the whole interval since the record before it, as in NONMEM; the end of an infusion and a time at which only a
prediction is wanted are no records and take those of the record that follows, the last record's after the last.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from pkpd.kernels._jit import kernel
from pkpd.kernels.codes import BOLUS, EPOCH, OBSERVATION, RATE, STEP


@kernel
def count_events(
    dose_start: FloatArray, dose_duration: FloatArray, row_time: FloatArray, observed: FloatArray, wanted: FloatArray
) -> int:
    """Return the number of events of one subject (see ``fill_events``)."""
    return int(_event_times(dose_start, dose_duration, row_time, observed, wanted).size)


@kernel
def _event_times(
    dose_start: FloatArray, dose_duration: FloatArray, row_time: FloatArray, observed: FloatArray, wanted: FloatArray
) -> FloatArray:
    """Return the sorted event times: one for each sample and wanted time, one for any other distinct time."""
    n_dose = dose_start.size
    others = np.empty(2 * n_dose + row_time.size)
    for d in range(n_dose):
        others[d] = dose_start[d]
        others[n_dose + d] = dose_start[d] + dose_duration[d]
    others[2 * n_dose :] = row_time
    others.sort()
    times = np.empty(others.size + observed.size + wanted.size)
    n = 0
    for i in range(others.size):
        if i == 0 or others[i] != others[i - 1]:
            times[n] = others[i]
            n += 1
    times[n : n + observed.size] = observed
    n += observed.size
    times[n : n + wanted.size] = wanted
    n += wanted.size
    result = times[:n].copy()
    result.sort()
    return result


@kernel
def _epoch_at(row_time: FloatArray, time: float) -> int:
    """Return the covariate row in force at a record: the last one not after it, the first one before all rows."""
    epoch = 0
    for r in range(row_time.size):
        if row_time[r] <= time:
            epoch = r
    return epoch


@kernel
def _next_record(dose_start: FloatArray, row_time: FloatArray, observed: FloatArray, time: float) -> float:
    """Return the time of the first record at or after ``time``; +inf where none follows."""
    best = np.inf
    for values in (dose_start, row_time, observed):
        for i in range(values.size):
            if time <= values[i] < best:
                best = values[i]
    return best


@kernel
def fill_events(
    dose_start: FloatArray,
    dose_amount: FloatArray,
    dose_duration: FloatArray,
    row_time: FloatArray,
    observed: FloatArray,
    wanted: FloatArray,
    events: FloatArray,
    index: IntArray,
) -> None:
    """Write one subject's events.

    Parameters
    ----------
    dose_start, dose_amount, dose_duration : (n_doses,) arrays
        Doses [day, mg, day], in any order; a duration of zero is a bolus.
    row_time : (n_rows,) array
        Times of the covariate rows [day], ascending.
    observed, wanted : (n_observed,), (n_wanted,) arrays
        Sample times and times at which only a prediction is wanted [day], in any order.
    events, index : (n_events, 3), (n_events, 2) arrays
        Overwritten; see ``codes.PackedSubjects``. Observations count the samples first, then the wanted times. A sample at
        the time of a dose comes before it.
    """
    times = _event_times(dose_start, dose_duration, row_time, observed, wanted)
    n = times.size
    index[:, OBSERVATION] = -1
    events[:, :] = 0.0
    for o in range(observed.size + wanted.size):
        time: float = observed[o] if o < observed.size else wanted[o - observed.size]
        e = np.searchsorted(times, time)
        while index[e, OBSERVATION] >= 0:
            e += 1
        index[e, OBSERVATION] = o
    for e in range(n):
        if e > 0 and times[e] > times[e - 1]:
            events[e, STEP] = times[e] - times[e - 1]
            middle = 0.5 * (times[e] + times[e - 1])
            for d in range(dose_start.size):
                if dose_duration[d] > 0.0 and dose_start[d] < middle < dose_start[d] + dose_duration[d]:
                    events[e, RATE] += dose_amount[d] / dose_duration[d]
        index[e, EPOCH] = _epoch_at(row_time, _next_record(dose_start, row_time, observed, times[e]))
    for d in range(dose_start.size):
        if dose_duration[d] == 0.0:
            events[np.searchsorted(times, dose_start[d], side="right") - 1, BOLUS] += dose_amount[d]


@kernel
def pack_events(
    dose_offset: IntArray,
    dose_start: FloatArray,
    dose_amount: FloatArray,
    dose_duration: FloatArray,
    row_offset: IntArray,
    row_time: FloatArray,
    sample_offset: IntArray,
    sample_time: FloatArray,
    wanted: FloatArray,
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return the events of all subjects end to end: event starts, events, event index.

    Parameters
    ----------
    dose_offset, row_offset, sample_offset : (n_subjects + 1,) arrays
        First dose, covariate row and sample of each subject.
    wanted : (n_wanted,) array
        Times at which predictions are wanted of every subject [day].
    """
    n_subjects = dose_offset.size - 1
    event_start = np.zeros(n_subjects + 1, dtype=np.int64)
    for i in range(n_subjects):
        d0, d1 = dose_offset[i], dose_offset[i + 1]
        event_start[i + 1] = event_start[i] + count_events(
            dose_start[d0:d1],
            dose_duration[d0:d1],
            row_time[row_offset[i] : row_offset[i + 1]],
            sample_time[sample_offset[i] : sample_offset[i + 1]],
            wanted,
        )
    total = event_start[n_subjects]
    events = np.empty((total, 3))
    index = np.empty((total, 2), dtype=np.int64)
    for i in range(n_subjects):
        d0, d1 = dose_offset[i], dose_offset[i + 1]
        e0, e1 = event_start[i], event_start[i + 1]
        fill_events(
            dose_start[d0:d1],
            dose_amount[d0:d1],
            dose_duration[d0:d1],
            row_time[row_offset[i] : row_offset[i + 1]],
            sample_time[sample_offset[i] : sample_offset[i + 1]],
            wanted,
            events[e0:e1],
            index[e0:e1],
        )
    return event_start, events, index
