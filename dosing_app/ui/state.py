"""What stands on the screen, as texts, and its way from a case and back to one.

Nothing of a patient is held by the server: the screen's texts come with every request and the last valid case lives in
a store of the browser tab.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dosing_app.decision.case_schema import CaseLimits, CaseTarget
from dosing_app.decision.patient import to_json
from dosing_app.findings.case_words import level_text
from dosing_app.findings.numbers import number_text
from dosing_app.language.speaking import spoken_number
from dosing_app.ui.fields import BY_NAME, FIELDS, NO, YES
from pkpd.model.library import DEFAULT_MODEL
from pkpd.units import fraction_from_percent, percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dosing_app.decision.case_schema import CaseDose, CaseSample, PatientCase
    from dosing_app.ui.fields import Field

Row = dict[str, str]
"""One row of a grid: its id and its cells as typed."""

GIVEN, PLANNED = "given", "planned"
AUTO = "auto"
"""Mark of a dose whose status nobody chose."""
_ON_ROWS = ("doses", "planned", "samples")


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that can be entered, as it stands on the screen.

    Parameters
    ----------
    doses, samples : list of Row
        Rows in the order shown.
    fields : dict of str to str or None
        Text or choice of every field.
    kept : dict
        What a case that was opened holds beyond the screen; it is saved again unchanged.
    units : dict of str to str
        Unit of the numbers typed into a field without one, where it is not the field's first.
    """

    doses: list[Row]
    samples: list[Row]
    fields: dict[str, str | None]
    kept: dict[str, Any]
    units: dict[str, str] = field(default_factory=dict[str, str])


def screen_from_case(case: PatientCase) -> Screen:
    """Return a case as texts on the screen; targets and limits that were not given show their defaults."""
    tree = cast("dict[str, Any]", json.loads(to_json(case)))
    doses = [(dose, GIVEN) for dose in case.doses] + [(dose, PLANNED) for dose in case.planned]
    return Screen(
        doses=[_dose_row(f"dose{i}", dose, status) for i, (dose, status) in enumerate(doses)],
        samples=[_sample_row(f"sample{i}", sample) for i, sample in enumerate(case.samples)],
        fields={one.name: _field_text(one, case) for one in FIELDS},
        kept=_beyond_the_screen(tree),
    )


def empty_screen() -> Screen:
    """Return the screen of no case: one row for the first dose, and nothing typed."""
    return Screen(
        doses=[new_dose([])],
        samples=[],
        fields={one.name: None if one.choices else "" for one in FIELDS} | {"model": DEFAULT_MODEL},
        kept={},
    )


def new_dose(rows: Sequence[Row], **cells: str) -> Row:
    """Return a row for one more dose, empty but for the cells given.

    When it is stands in `day` or, as a date, in `date`; how much in `mg` or, for each kilogram, in `per_kg`: in the one
    that was typed last, the other is empty.
    """
    row = {"id": _free_id("dose", rows), "day": "", "date": "", "mg": "", "per_kg": "", "hours": "2"}
    # Until a status is chosen it follows from the day (`reading.settled`).
    status = {"status": PLANNED if rows else GIVEN, "auto": AUTO if rows and "status" not in cells else ""}
    return row | status | cells


def new_sample(rows: Sequence[Row], **cells: str) -> Row:
    """Return a row for one more sample, empty but for the cells given and the limits of the sample before it."""
    last = rows[-1] if rows else {}
    row = {
        "id": _free_id("sample", rows),
        "day": "",
        "date": "",
        "level": "",
        "lloq": last.get("lloq", ""),
        "uloq": last.get("uloq", ""),
        "exclude": "",
        "assay": last.get("assay", ""),
    }
    return row | cells


def _free_id(prefix: str, rows: Sequence[Row]) -> str:
    taken = {row["id"] for row in rows}
    return next(name for i in range(len(rows) + 1) if (name := f"{prefix}{i}") not in taken)


def _dose_row(row_id: str, dose: CaseDose, status: str) -> Row:
    return {
        "id": row_id,
        "day": number_text(dose.time_day),
        "date": "",
        "mg": number_text(dose.amount_mg),
        "per_kg": "",
        "hours": number_text(dose.duration_hour),
        "status": status,
    }


def _sample_row(row_id: str, sample: CaseSample) -> Row:
    return {
        "id": row_id,
        "day": number_text(sample.time_day),
        "date": "",
        "level": level_text(sample, number_text),
        "lloq": _optional(sample.lloq_mg_per_L),
        "uloq": _optional(sample.uloq_mg_per_L),
        "exclude": sample.exclude or "",
        "assay": sample.assay or "",
    }


def _optional(value: float | None) -> str:
    return "" if value is None else number_text(value)


def _field_text(field: Field, case: PatientCase) -> str | None:
    # A default that depends on the rows is not written down, so that it follows them.
    if field.name == "now_day" and "now_day" not in case.model_fields_set:
        return ""
    *parts, last = field.path
    part: Any = case
    for key in parts:
        part = getattr(part, key)
    return _value_text(field, part, getattr(part, last))


def default_text(field: Field) -> str:
    """Return what an empty field of the target or the limits stands for, as one would type it; nothing for no limit."""
    part = {"target": CaseTarget(), "limits": CaseLimits()}[field.path[0]]
    return _value_text(field, part, getattr(part, field.name)) or ""


def _value_text(field: Field, part: Any, value: Any) -> str | None:  # noqa: ANN401 - a case's part and its value
    if value is None and field.below and (limit := getattr(part, field.below)) is not None:
        return f"<{number_text(limit)}"
    if value is None:
        return None if field.choices else ""
    if field.kind == "truth":
        return YES if value else NO
    if field.kind == "percent":
        return percent_text(value)
    if field.kind == "list":
        items = [item if isinstance(item, str) else number_text(item) for item in value]
        # Where a comma stands before decimals, a semicolon tells items apart.
        return ("; " if any("," in item for item in items) else ", ").join(items)
    return number_text(value) if isinstance(value, int | float) else str(value)


def percent_text(fraction: float) -> str:
    """Return a fraction in percent as one would type it, the shortest text that is read as the same fraction."""
    percent = percent_from_fraction(fraction)
    short = f"{percent:.12g}"
    return spoken_number(short) if fraction_from_percent(float(short)) == fraction else number_text(percent)


def _beyond_the_screen(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return what no row and no field shows."""
    kept: dict[str, Any] = {}
    for key, value in tree.items():
        if key in _ON_ROWS or (key in BY_NAME and BY_NAME[key].path == (key,)):
            continue
        if isinstance(value, dict):
            part = cast("dict[str, Any]", value)
            rest = {name: item for name, item in part.items() if (key, name) not in _PATHS}
            if rest:
                kept[key] = rest
        else:
            kept[key] = value
    return kept


_PATHS = frozenset(path for field in FIELDS for path in (field.path, (*field.path[:-1], field.below)) if path[-1])
