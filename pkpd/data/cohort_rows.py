"""A cohort as the rows of a file in NONMEM's convention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pkpd.data.records import Censoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.data.cohort import Cohort

_COVARIATES = {
    "WT": "weight_kg",
    "CRP": "crp_mg_per_L",
    "ALB": "albumin_g_per_L",
    "AGE": "age_year",
    "SEX": "sex",
    "BMI": "bmi_kg_per_m2",
}
COLUMNS = ("ID", "TIME", "AMT", "DUR", "EVID", "MDV", "DV", "CENS", "LLOQ", "ULOQ", *_COVARIATES, "CENTRE", "ASSAY")
"""Head of the file; covariates are those of a virtual cohort, at the start."""
_CENS = {Censoring.NONE: 0, Censoring.BELOW: 1, Censoring.ABOVE: -1}


def cohort_rows(cohort: Cohort) -> Iterator[tuple[object, ...]]:
    """Yield the records of a cohort in time order, a sample at the time of a dose before it."""
    for i, name in enumerate(cohort.ids):
        first = int(cohort.row_start[i])
        who = tuple(_text(float(cohort.covariates[column][first])) for column in _COVARIATES.values())
        centre = cohort.centres[int(cohort.centre[i])]
        rows: list[tuple[float, int, tuple[object, ...]]] = []
        for d in range(int(cohort.dose_start[i]), int(cohort.dose_start[i + 1])):
            time, amount = float(cohort.dose_time[d]), float(cohort.dose_amount[d])
            cells = (_text(amount), _text(round(float(cohort.dose_duration[d]), 8)), 1, 1, ".", 0, ".", ".")
            rows.append((time, 1, (name, _text(time), *cells, *who, centre, ".")))
        for s in range(int(cohort.sample_start[i]), int(cohort.sample_start[i + 1])):
            time, kind = float(cohort.sample_time[s]), Censoring(int(cohort.censoring[s]))
            lloq, uloq = float(cohort.lloq[s]), float(cohort.uloq[s])
            level = {Censoring.NONE: float(cohort.level[s]), Censoring.BELOW: lloq, Censoring.ABOVE: uloq}[kind]
            cells = (".", ".", 0, 0, _text(float(f"{level:.5g}")), _CENS[kind], _text(lloq), _text(uloq))
            assay = cohort.assays[int(cohort.assay[s])] or "."
            rows.append((time, 0, (name, _text(time), *cells, *who, centre, assay)))
        yield from (row for _, _, row in sorted(rows, key=lambda row: row[:2]))


def _text(value: float) -> str:
    return "." if math.isnan(value) else f"{value:.10g}"
