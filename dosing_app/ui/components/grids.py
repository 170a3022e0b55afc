"""The grids of doses and samples: every cell is text as typed; the server reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.elements import Component, dag
from dosing_app.ui.state import GIVEN, PLANNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.ui.state import Row

GridName = Literal["doses", "samples"]
# Widths by column; those of `_HIDDEN` are hidden at first.
_WIDTHS: dict[GridName, dict[str, int]] = {
    "doses": {"day": 52, "date": 124, "mg": 60, "per_kg": 58, "hours": 62, "status": 78},
    "samples": {"day": 50, "date": 124, "level": 56, "lloq": 46, "uloq": 46, "percentile": 56, "exclude": 60},
}
_HIDDEN = frozenset({"date"})
_NUMBERS = frozenset({"day", "mg", "per_kg", "hours", "level", "lloq", "uloq", "percentile"})
_THEME = (
    "themeQuartz.withParams({spacing: 4, fontSize: 14, headerFontSize: 12, headerFontWeight: 400, "
    "fontFamily: 'inherit', headerFontFamily: 'inherit', borderRadius: 0, wrapperBorderRadius: 0, "
    "foregroundColor: 'var(--ink)', headerTextColor: 'var(--ink2)', headerBackgroundColor: 'var(--bg)', "
    "backgroundColor: 'var(--bg)', borderColor: 'var(--line)', accentColor: 'var(--acc)', "
    "selectedRowBackgroundColor: 'var(--sel)', rowHoverColor: 'var(--rail)', cellHorizontalPadding: 8})"
)


def grid(name: GridName, rows: Sequence[Row]) -> Component:
    """Return the grid of doses or of samples."""
    return dag.AgGrid(
        id=ids.DOSES if name == "doses" else ids.SAMPLES,
        rowData=list(rows),
        columnDefs=[_column(name, column) for column in _WIDTHS[name]],
        defaultColDef={
            # assets/grid.js: a column may follow from another one, and the server's faults are looked up by cell.
            "editable": {"function": "isEntered(params)"},
            "valueGetter": {"function": "shown(params)"},
            "valueSetter": {"function": "enter(params)"},
            "sortable": False,
            "resizable": False,
            "suppressMovable": True,
            "wrapHeaderText": True,
            "cellDataType": False,
        },
        getRowId="params.data.id",
        dashGridOptions={
            "theme": {"function": _THEME},
            "rowHeight": 32,
            "headerHeight": 40,
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "stopEditingWhenCellsLoseFocus": True,
            # Enter opens the cell, and once more enters it and goes to the next row.
            "enterNavigatesVertically": False,
            "enterNavigatesVerticallyAfterEdit": True,
            "animateRows": False,
            "suppressColumnVirtualisation": True,
            "domLayout": "normal",
            "enableBrowserTooltips": True,
            "localeText": {"noRowsToShow": say("grid.no_rows")},
        },
        className="grid",
        style={"height": "236px", "width": "100%"},
    )


def _column(name: GridName, column: str) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "field": column,
        "headerName": say(f"column.{column}"),
        "width": _WIDTHS[name][column],
        "flex": _WIDTHS[name][column],
        "minWidth": 40,
        "hide": column in _HIDDEN,
        "cellClass": "number" if column in _NUMBERS else "words",
        "headerClass": "number" if column in _NUMBERS else "words",
        "cellClassRules": {
            "cell-error": "isFaulty(params)",
            "follows": "isFollowing(params)",
            "left-out": "params.data.exclude",
        },
        # What a narrow cell cuts off is told by the pointer.
        "tooltipValueGetter": {"function": "params.value"},
    }
    if column == "percentile":
        definition["editable"] = False
    if column == "status":
        words = {status: say(f"status.{status}") for status in (GIVEN, PLANNED)}
        definition |= {
            "cellEditor": "agSelectCellEditor",
            "cellEditorParams": {"values": [GIVEN, PLANNED]},
            "valueFormatter": {"function": f"({json.dumps(words, ensure_ascii=False)})[params.value]"},
            "singleClickEdit": True,
            "cellClassRules": {"cell-error": "isFaulty(params)", "planned": "params.value == 'planned'"},
        }
    return definition
