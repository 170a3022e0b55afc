"""What stands on the screen, as the callbacks that need all of it receive it."""

from __future__ import annotations

from typing import Any

from dosing_app.ui import ids
from dosing_app.ui.elements import State
from dosing_app.ui.fields import FIELDS, UNIT_CHOICES
from dosing_app.ui.state import Screen

SCREEN_STATE: dict[str, Any] = {
    "doses": State(ids.DOSES, "rowData"),
    "samples": State(ids.SAMPLES, "rowData"),
    "fields": {field.name: State(ids.field(field.name), "value") for field in FIELDS},
    "units": {name: State(ids.unit(name), "value") for name in UNIT_CHOICES},
    "kept": State(ids.KEPT, "data"),
}


def screen_of(entries: dict[str, Any]) -> Screen:
    """Return what stands on the screen from the values of ``SCREEN_STATE``."""
    return Screen(
        entries["doses"] or [], entries["samples"] or [], entries["fields"], entries["kept"] or {}, entries["units"]
    )
