"""A cohort as columns: every subject's doses, samples and covariate rows end to end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Cohort:
    """Subjects in the engine's units, packed end to end; subject i owns the rows between consecutive starts.

    Parameters
    ----------
    ids : tuple of str
        Names of the subjects, as in the file.
    dose_start, sample_start, row_start : (n_subjects + 1,) arrays
        First dose, sample and covariate row of each subject.
    dose_time, dose_amount, dose_duration : (n_doses,) arrays
        Start [day], amount [mg] and duration [day] of each infusion; a duration of zero is a bolus.
    sample_time, level, lloq, uloq : (n_samples,) arrays
        Draw time [day], measured level [mg/L] (NaN where censored) and limits [mg/L] (NaN where there is none).
    censoring : (n_samples,) array
        A ``Censoring`` for each sample.
    assay : (n_samples,) array
        Place of each sample's assay in ``assays``.
    assays : tuple of str or None
        Names of the assays; None for samples without one.
    row_time : (n_rows,) array
        Time of each covariate row [day].
    covariates : dict of str to (n_rows,) array
        Covariates by case name; NaN where missing.
    sample_line : (n_samples,) array
        Line of the file that each sample stands in; 0 where there is no file.
    occasion : (n_rows,) array
        Number of the occasion of each covariate row, from 0.
    centre : (n_subjects,) array
        Place of each subject's centre in ``centres``.
    centres : tuple of str
        Names of the centres.
    """

    ids: tuple[str, ...]
    dose_start: IntArray
    dose_time: FloatArray
    dose_amount: FloatArray
    dose_duration: FloatArray
    sample_start: IntArray
    sample_time: FloatArray
    level: FloatArray
    censoring: IntArray
    lloq: FloatArray
    uloq: FloatArray
    assay: IntArray
    assays: tuple[str | None, ...]
    row_start: IntArray
    row_time: FloatArray
    covariates: Mapping[str, FloatArray]
    sample_line: IntArray
    occasion: IntArray
    centre: IntArray
    centres: tuple[str, ...] = field(default=("",))

    @property
    def n_subjects(self) -> int:
        """Return the number of subjects."""
        return len(self.ids)


def cohort_of(subjects: Sequence[Subject], ids: Sequence[str] = ()) -> Cohort:
    """Return subjects as a cohort."""
    doses = [dose for subject in subjects for dose in subject.doses]
    samples = [sample for subject in subjects for sample in subject.samples]
    rows = [row for subject in subjects for row in subject.covariates]
    names = dict.fromkeys(name for row in rows for name in row.values)
    assays = tuple(dict.fromkeys(sample.assay for sample in samples)) or (None,)
    place = {assay: i for i, assay in enumerate(assays)}
    return Cohort(
        ids=tuple(ids) or tuple(str(i + 1) for i in range(len(subjects))),
        dose_start=_starts([len(subject.doses) for subject in subjects]),
        dose_time=_floats([dose.time_day for dose in doses]),
        dose_amount=_floats([dose.amount_mg for dose in doses]),
        dose_duration=_floats([dose.duration_day for dose in doses]),
        sample_start=_starts([len(subject.samples) for subject in subjects]),
        sample_time=_floats([sample.time_day for sample in samples]),
        level=_floats([sample.level for sample in samples]),
        censoring=np.array([int(sample.censoring) for sample in samples], dtype=np.int64),
        lloq=_floats([sample.lloq for sample in samples]),
        uloq=_floats([sample.uloq for sample in samples]),
        assay=np.array([place[sample.assay] for sample in samples], dtype=np.int64),
        assays=assays,
        row_start=_starts([len(subject.covariates) for subject in subjects]),
        row_time=_floats([row.time_day for row in rows]),
        covariates={name: _floats([row.values.get(name, np.nan) for row in rows]) for name in names},
        sample_line=np.zeros(len(samples), dtype=np.int64),
        occasion=np.zeros(len(rows), dtype=np.int64),
        centre=np.zeros(len(subjects), dtype=np.int64),
    )


def subject_of(cohort: Cohort, i: int) -> Subject:
    """Return one subject of a cohort."""
    doses = range(cohort.dose_start[i], cohort.dose_start[i + 1])
    samples = range(cohort.sample_start[i], cohort.sample_start[i + 1])
    rows = range(cohort.row_start[i], cohort.row_start[i + 1])
    return Subject(
        tuple(
            Dose(float(cohort.dose_time[d]), float(cohort.dose_amount[d]), float(cohort.dose_duration[d]))
            for d in doses
        ),
        tuple(
            Sample(
                float(cohort.sample_time[s]),
                float(cohort.level[s]),
                Censoring(int(cohort.censoring[s])),
                float(cohort.lloq[s]),
                float(cohort.uloq[s]),
                cohort.assays[int(cohort.assay[s])],
            )
            for s in samples
        ),
        tuple(
            CovariateRow(float(cohort.row_time[r]), {name: float(x[r]) for name, x in cohort.covariates.items()})
            for r in rows
        ),
    )


def select_subjects(cohort: Cohort, places: IntArray) -> Cohort:
    """Return the subjects at some places, in their order; one that is named twice stands there twice."""
    doses, dose_start = _taken(cohort.dose_start, places)
    samples, sample_start = _taken(cohort.sample_start, places)
    rows, row_start = _taken(cohort.row_start, places)
    return replace(
        cohort,
        ids=tuple(cohort.ids[int(i)] for i in places),
        dose_start=dose_start,
        dose_time=cohort.dose_time[doses],
        dose_amount=cohort.dose_amount[doses],
        dose_duration=cohort.dose_duration[doses],
        sample_start=sample_start,
        sample_time=cohort.sample_time[samples],
        level=cohort.level[samples],
        censoring=cohort.censoring[samples],
        lloq=cohort.lloq[samples],
        uloq=cohort.uloq[samples],
        assay=cohort.assay[samples],
        row_start=row_start,
        row_time=cohort.row_time[rows],
        covariates={name: values[rows] for name, values in cohort.covariates.items()},
        sample_line=cohort.sample_line[samples],
        occasion=cohort.occasion[rows],
        centre=cohort.centre[places],
    )


def select_samples(cohort: Cohort, is_kept: BoolArray) -> Cohort:
    """Return a cohort with some of its samples, (n_samples,) marks; its subjects, doses and covariates stay."""
    subject = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.sample_start))[is_kept]
    return replace(
        cohort,
        sample_start=_starts(np.bincount(subject, minlength=cohort.n_subjects).tolist()),
        sample_time=cohort.sample_time[is_kept],
        level=cohort.level[is_kept],
        censoring=cohort.censoring[is_kept],
        lloq=cohort.lloq[is_kept],
        uloq=cohort.uloq[is_kept],
        assay=cohort.assay[is_kept],
        sample_line=cohort.sample_line[is_kept],
    )


def select_doses(cohort: Cohort, is_kept: BoolArray) -> Cohort:
    """Return a cohort with some of its doses, (n_doses,) marks; its subjects, samples and covariates stay."""
    subject = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.dose_start))[is_kept]
    return replace(
        cohort,
        dose_start=_starts(np.bincount(subject, minlength=cohort.n_subjects).tolist()),
        dose_time=cohort.dose_time[is_kept],
        dose_amount=cohort.dose_amount[is_kept],
        dose_duration=cohort.dose_duration[is_kept],
    )


def _taken(start: IntArray, places: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows that some subjects own, and where those of each begin among them."""
    counts = np.diff(start)[places]
    begins = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    owner = np.repeat(np.arange(places.size), counts)
    return start[places][owner] + np.arange(owner.size) - begins[owner], begins


def _starts(counts: Sequence[int]) -> IntArray:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _floats(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)
