"""A cohort as the rows of a data set of NONMEM: numbers alone, one record for each dose, level and change of a covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.model.spec import ResidualKind, is_oral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.writing.effect_code import Item
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

_CENS = {Censoring.NONE: 0, Censoring.BELOW: 1, Censoring.ABOVE: -1, Censoring.BETWEEN: 2}
# Kinds of records at one time, in their order: a level before a dose, one right after a bolus behind it.
_LEVEL, _DOSE, _AFTER, _COVARIATES = 0, 1, 2, 3


def data_rows(
    cohort: Cohort, model: ModelSpec, items: Sequence[Item], *, has_logarithms: bool = True
) -> Iterator[tuple[object, ...]]:
    """Yield the records of a cohort.

    Parameters
    ----------
    cohort : Cohort
        No covariate of the model is missing.
    model : ModelSpec
        For the compartments of doses and the scale of levels.
    items : sequence of Item
        Covariates.
    has_logarithms : bool
        Whether levels under a logarithmic error are written as logarithms.

    Yields
    ------
    tuple
        ID (the subject's number, from 1), TIME, AMT, RATE, EVID, MDV, CMT, DV, CENS, LIMIT, the occasion where the model has effects of
        them, and the covariates in force at the record. Times are those of the cohort, of a subject with earlier ones from its first.
        DV is the level, or the limit that it is beyond; of an interval DV and LIMIT are its ends. Of a logarithmic error they are
        logarithms.
    """
    is_log = has_logarithms and model.residual.kind is ResidualKind.LOGARITHMIC
    central = 2 if is_oral(model.parameterization) else 1
    covariates = [one.values(cohort.covariates[one.covariate]) for one in items]
    if model.occasion_variances:
        covariates.insert(0, cohort.occasion.astype(np.float64) + 1.0)

    def scaled(value: float) -> object:
        return "." if np.isnan(value) else float(np.log(value)) if is_log else value

    for i in range(cohort.n_subjects):
        doses = slice(int(cohort.dose_start[i]), int(cohort.dose_start[i + 1]))
        samples = slice(int(cohort.sample_start[i]), int(cohort.sample_start[i + 1]))
        first, last = int(cohort.row_start[i]), int(cohort.row_start[i + 1])
        row_time = cohort.row_time[first:last]
        boluses = cohort.dose_time[doses][cohort.dose_duration[doses] == 0.0]
        rows: list[tuple[float, int, tuple[object, ...]]] = []
        for time, amount, duration in zip(
            cohort.dose_time[doses].tolist(),
            cohort.dose_amount[doses].tolist(),
            cohort.dose_duration[doses].tolist(),
            strict=True,
        ):
            rate = amount / duration if duration > 0.0 else 0.0
            compartment = central if duration > 0.0 else 1
            rows.append((time, _DOSE, (amount, rate, 1, 1, compartment, ".", 0, ".")))
        for s in range(samples.start, samples.stop):
            kind = Censoring(int(cohort.censoring[s]))
            lloq, uloq = float(cohort.lloq[s]), float(cohort.uloq[s])
            level = {Censoring.NONE: float(cohort.level[s]), Censoring.BELOW: lloq, Censoring.ABOVE: uloq}.get(
                kind, lloq
            )
            limit = scaled(uloq) if kind is Censoring.BETWEEN else "."
            time, place = _drawn(float(cohort.sample_time[s]), boluses)
            rows.append((time, place, (".", ".", 0, 0, central, scaled(level), _CENS[kind], limit)))
        known = {time for time, _, _ in rows}
        rows += [
            (time, _COVARIATES, (".", ".", 2, 1, central, ".", 0, "."))
            for time in row_time.tolist()
            if time not in known and time > min(known, default=time)
        ]
        rows.sort(key=lambda row: row[:2])
        start = min(0.0, rows[0][0]) if rows else 0.0
        for time, _, cells in rows:
            at = first + max(int(np.searchsorted(row_time, time, side="right")) - 1, 0)
            yield (i + 1, time - start, *cells, *(float(values[at]) for values in covariates))


def _drawn(time: float, boluses: FloatArray) -> tuple[float, int]:
    """Return when a level is recorded, and whether behind a bolus of that time, which it is drawn right after."""
    at = boluses[np.nextafter(boluses, np.inf) == time]
    return (float(at[0]), _AFTER) if at.size else (time, _LEVEL)
