"""What the columns of a pasted table hold: by the words of its header, in English or German, or else by position."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Area = Literal["doses", "samples"]

CLOCK = "clock"
"""The column of a time of day, which belongs to the date beside it."""
POSITIONS: Mapping[Area, tuple[str, ...]] = {
    "doses": ("day", "mg", "hours", "status"),
    "samples": ("day", "level", "lloq", "uloq", "exclude"),
}
"""The columns of a table without a header, in their order."""
DATE = r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
"""How a date begins, whichever of its parts comes first."""
_TIMES = {
    "day": r"(day|days|time|week|weeks|tag|tage|zeit|woche|wochen)( (d|days?|tage?|h|hours?|stunden?|w|weeks?|wochen))?"
    r"|(tag|tage|days?) (nach|seit|after|since) .*",
    "date": r"((collection|administration|sample|sampling|infusion|draw|drawn|dose|entnahme|abnahme|gabe) ?)?(date|datum)"
    r"|(date|datum)( and| und)? (time|uhrzeit|zeit)|datetime|zeitpunkt|timestamp|start|beginn|abnahme|entnahme"
    r"|entnahmezeit(punkt)?|drawn( at)?|taken( at)?|(draw|collection|sampling) time|given at|administered at",
    CLOCK: r"uhrzeit|clock|clock time|time of day",
}
_CONCENTRATION = r"( (mg l|µg ml|ug ml|mcg ml|ng ml|µg l|ug l))?"
_WORDS: Mapping[Area, Mapping[str, str]] = {
    "doses": {
        **_TIMES,
        "mg": r"((infliximab |ifx )?(dose|amount|dosis|menge)|infliximab|ifx|amt)( (mg|g))?|mg",
        "per_kg": r"((infliximab )?(dose|amount|dosis|menge) )?(mg kg|per kg|je kg|pro kg)",
        "hours": r"(infusion|duration|dur|dauer|infusionsdauer|infusion time|infusion duration)"
        r"( (h|hours?|stunden?|min|minutes?|minuten))?|h|hours?|stunden?",
        "status": r"status|state|given|gegeben|given planned|gegeben geplant",
    },
    "samples": {
        **_TIMES,
        "level": r"((infliximab|ifx) )?(level|trough|concentration|conc|value|result|spiegel|talspiegel|konzentration|wert"
        rf"|ergebnis){_CONCENTRATION}|(infliximab|ifx|dv){_CONCENTRATION}|mg l|µg ml|ug ml",
        "lloq": rf"(lloq|loq|lower limit|untere grenze|bestimmungsgrenze){_CONCENTRATION}",
        "uloq": rf"(uloq|upper limit|obere grenze){_CONCENTRATION}",
        "exclude": r"excluded?|reason|not used( because)?|left out( because)?|grund|ausschluss(grund)?|nicht verwendet( weil)?",
    },
}


def columns_of_header(cells: Sequence[str], area: Area) -> tuple[str | None, ...] | None:
    """Return what each column holds by the cells of the first line, or None where that line is no header.

    Parameters
    ----------
    cells : sequence of str
        The first line.
    area : "doses" or "samples"
        What the table is of.

    Returns
    -------
    tuple of str or None, or None
        None for a column that no word names, and for a second one of the same meaning. A line is a header if one of its
        cells is such a word and none begins like a value.
    """
    found = [_column_named(cell, area) for cell in cells]
    if not any(found) or any(_begins_with_number(cell) for cell in cells):
        return None
    return tuple(name if name and name not in found[:place] else None for place, name in enumerate(found))


def column_of_cell(column: str, cell: str) -> str:
    """Return the column that a cell belongs to once it is seen: a date or a time is no day, and mg/kg are no mg."""
    if column == "day" and re.match(DATE, cell):
        return "date"
    if column == "day" and re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?( ?h| ?Uhr)?", cell):
        return CLOCK
    return "per_kg" if column == "mg" and re.search(r"mg\s*/\s*kg", cell, re.IGNORECASE) else column


def unit_of_header(name: str, column: str | None) -> str:
    """Return the unit in a header's name that numbers of its column have to carry; nothing for the column's own unit."""
    words = " ".join(re.findall(r"[^\W\d_]+", name.lower().replace("\u03bc", "\u00b5")))
    units = _UNITS.get(column or "", {})
    return next((unit for unit, known in units.items() if re.search(rf"(^| )({known})$", words)), "")


_UNITS: Mapping[str, Mapping[str, str]] = {
    "day": {"h": "h|hours?|stunden?", "weeks": "w|weeks?|woche|wochen"},
    "mg": {"g": "g"},
    "hours": {"min": "min|minutes?|minuten"},
    "level": {"ng/mL": "ng ml", "µg/L": "µg l|ug l"},
}


def _begins_with_number(cell: str) -> bool:
    """Return whether the first letter or figure of a cell is a figure (``~0 mg``, ``½ mg``), whatever stands before."""
    return next((sign.isnumeric() for sign in cell if sign.isalnum() or sign.isnumeric()), False)


def _column_named(cell: str, area: Area) -> str | None:
    words = " ".join(re.findall(r"[^\W\d_]+", cell.lower().replace("\u03bc", "\u00b5")))
    return next((name for name, known in _WORDS[area].items() if re.fullmatch(known, words)), None)
