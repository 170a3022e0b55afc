"""Tables of whom a validation is about: subjects and events, exposures, covariates, and who is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from asuc.validation.population_columns import beside, short_name, spread
from asuc.validation.report_table import Cell, ReportTable, bare, quantity
from pkpd.units import percent_from_fraction
from tte.evaluation.event_times import Known
from tte.evaluation.kaplan_meier import risk_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asuc.validation.study import PopulationFinding
    from asuc.validation.subjects import Followed
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec
    from tte import EventModel

_PERCENT = percent_from_fraction(1.0)


def cohort_table(findings: Sequence[PopulationFinding], followed: Followed, model: EventModel) -> ReportTable:
    """Return how many subjects, events and days there are."""
    day = model.horizon_day
    columns = [_cohort_column(one, followed, day) for one in findings]
    rows = (
        "Subjects",
        f"Events by day {day:g}",
        f"Known to be free of it on day {day:g}",
        f"Last seen before day {day:g} without it",
        "Under observation later than others",
        f"Risk by day {day:g}, Kaplan–Meier (%)",
        "Day of the event, median (5 % to 95 % quantile)",
        "Follow-up without the event, days, median (5 % to 95 % quantile)",
    )
    return beside("cohort", "Subjects and events.", findings, rows, columns)


def _cohort_column(one: PopulationFinding, followed: Followed, day: float) -> list[Cell]:
    times, counts = one.population.times, one.risk.marker.counts
    last = followed.last_day[one.population.kept]
    return [
        times.n,
        counts.n_events,
        counts.n - counts.n_events,
        counts.n_unknown,
        int((times.entry_day > times.entry_day.min()).sum()),
        quantity(risk_by(times, day), 1, scale=_PERCENT),
        spread(times.time_day[times.event], 0, none="no event"),
        spread(last[~times.event], 0),
    ]


def exposure_table(findings: Sequence[PopulationFinding], followed: Followed, model: EventModel) -> ReportTable:
    """Return exposures and predicted risks of those with and without the event."""
    start, end = model.window_day
    labels = (
        f"AUC day {start:g} to {end:g} (mg·day/L)",
        "Clearance (L/day)",
        "ln(AUC/CL)",
        f"Predicted risk by day {model.horizon_day:g} (%)",
    )
    columns: list[list[Cell]] = []
    names: list[str] = []
    for one in findings:
        who, own = one.population, followed.exposure.rows(np.flatnonzero(one.population.kept).tolist())
        known = who.times.known_at(model.horizon_day)
        values = (own.auc, own.cl, own.log_auc_cl, _PERCENT * who.predicted.risk)
        for kind, words in ((Known.EVENT, "with the event"), (Known.FREE, "without")):
            inside = known == int(kind)
            names.append(f"{short_name(who.key, who.times.n)}, {words} ({int(inside.sum()):,})")
            columns.append([spread(value[inside], digits) for value, digits in zip(values, (0, 3, 2, 1), strict=True)])
    rows = tuple((label, *cells) for label, cells in zip(labels, zip(*columns, strict=True), strict=True))
    caption = "Exposure and predicted risk by outcome: median (5 % to 95 % quantile of the subjects)."
    return ReportTable("exposure-by-outcome", caption, ("", *names), rows)


def covariate_table(spec: ModelSpec, incomplete: Cohort) -> ReportTable:
    """Return the covariates that the pharmacokinetic model reads, at each subject's first record, and how many are missing."""
    first = incomplete.row_start[:-1]
    rows: list[tuple[Cell, ...]] = []
    for name, domain in spec.covariates.items():
        values = incomplete.covariates[name][first]
        known = values[np.isfinite(values)]
        rows.append(
            (f"{domain.column} ({name})", spread(known, 1), int(values.size - known.size), bare(domain.median, 1))
        )
    caption = "Covariates of the pharmacokinetic model at the first record: median (5 % to 95 % quantile)."
    return ReportTable("covariates", caption, ("", "this cohort", "missing", "median in the model's file"), tuple(rows))


def left_out_table(followed: Followed) -> ReportTable:
    """Return who is in no evaluation of risk, and why."""
    rows = tuple((one.reason, len(one.ids), ", ".join(one.ids)) for one in followed.left_out)
    return ReportTable("left-out", "Subjects that are in no evaluation of risk.", ("Why", "Subjects", "ID"), rows)
