"""A validation as one JSON document (``asuc-validate/1``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.validation.sentences import advice, limits
from pkpd.units import percent_from_fraction
from tte.evaluation.kaplan_meier import risk_by
from tte.evaluation.risk_document import comparison_entry, risk_entry
from tte.evaluation.threshold_document import finding_entry, measured_entry, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asuc.validation.study import PopulationFinding
    from asuc.validation.subjects import Followed
    from tte import EventModel

SCHEMA = "asuc-validate/1"


def validation_document(
    findings: tuple[PopulationFinding, ...],
    followed: Followed,
    model: EventModel,
    *,
    performance: Mapping[str, Any],
    notes: Sequence[str],
    warnings: Sequence[Mapping[str, str]],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return everything that was found.

    Parameters
    ----------
    findings : tuple of PopulationFinding
        All subjects first; none where nobody could be followed.
    followed : Followed
        The subjects.
    model : EventModel
        Event model.
    performance : mapping
        Document of predictive performance.
    notes : sequence of str
        What was read and assumed.
    warnings : sequence of mappings
        Code and text of what to beware of.
    settings : mapping
        What was asked for, with hashes of files.
    """
    said = [advice(one.risk) for one in findings[:1]]
    return {
        "schema": SCHEMA,
        **settings,
        "event_model": {"name": model.id, "version": model.version, "sha256": model.sha256},
        "horizon_day": model.horizon_day,
        "threshold_log_auc_cl": model.threshold,
        "n_subjects": followed.times.n,
        "n_events": followed.times.n_events,
        "left_out": [{"code": one.code, "reason": one.reason, "ids": list(one.ids)} for one in followed.left_out],
        "populations": {one.population.key: _population(one) for one in findings},
        "performance": dict(performance),
        "recalibration": [
            {"advice": one.kind.name.lower(), "text": f"{one.kind.value} {one.more}".strip()} for one in said
        ],
        "limits": list(limits(findings, model)),
        "notes": list(notes),
        "warnings": [dict(one) for one in warnings],
    }


def subject_rows(findings: Sequence[PopulationFinding], followed: Followed) -> list[list[object]]:
    """Return for each followed subject its times, exposure and predicted risks, those at the landmark where it is at risk then."""
    times, exposure = followed.times, followed.exposure
    later: dict[str, float] = {}
    if len(findings) > 1:
        who = findings[1].population
        names = [name for name, kept in zip(exposure.ids, who.kept.tolist(), strict=True) if kept]
        later = dict(zip(names, who.predicted.risk.tolist(), strict=True))
    predicted = findings[0].population.predicted
    columns = (
        times.entry_day,
        times.time_day,
        times.event.astype(int),
        exposure.auc,
        exposure.cl,
        exposure.log_auc_cl,
        predicted.risk,
        predicted.expected,
        times.event - predicted.expected,
    )
    rows = zip(exposure.ids, *(column.tolist() for column in columns), strict=True)
    return [[*row, later.get(row[0], "")] for row in rows]


SUBJECT_HEAD = (
    *("id", "entry_day", "time_day", "event", "auc", "cl", "ln_auc_cl"),
    *("risk", "expected_events", "martingale_residual", "risk_from_landmark"),
)


def _population(one: PopulationFinding) -> dict[str, Any]:
    who = one.population
    return {
        "words": who.words,
        "risk_seen": measured_entry(risk_by(who.times, one.risk.horizon_day)),
        "risk_at_threshold": number(who.cut),
        "risk_at_threshold_pct": percent_from_fraction(who.cut),
        **risk_entry(one.risk, who.predicted),
        "comparators": [comparison_entry(comparison) for comparison in one.comparisons],
        "threshold": finding_entry(one.threshold),
    }
