"""The grids of doses and samples: every cell is text as typed; the server reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dosing_app.ui import ids, text
from dosing_app.ui.elements import Component, dag
from dosing_app.ui.state import GIVEN, PLANNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.ui.state import Row

_WIDTHS = {
    "doses": {"day": 70, "mg": 82, "hours": 82, "status": 82},
    "samples": {"day": 54, "level": 66, "lloq": 54, "uloq": 54, "exclude": 88},
}
_THEME = (
    "themeQuartz.withParams({spacing: 4, fontSize: 14, headerFontSize: 12, headerFontWeight: 400, "
    "fontFamily: 'inherit', headerFontFamily: 'inherit', borderRadius: 0, wrapperBorderRadius: 0, "
    "foregroundColor: 'var(--ink)', headerTextColor: 'var(--ink2)', headerBackgroundColor: 'var(--bg)', "
    "backgroundColor: 'var(--bg)', borderColor: 'var(--line)', accentColor: 'var(--acc)', "
    "selectedRowBackgroundColor: 'var(--sel)', rowHoverColor: 'var(--rail)', cellHorizontalPadding: 8})"
)
_NUMBERS = frozenset({"day", "mg", "hours", "level", "lloq", "uloq"})


def grid(name: Literal["doses", "samples"], rows: Sequence[Row]) -> Component:
    """Return the grid of doses or of samples."""
    return dag.AgGrid(
        id=ids.DOSES if name == "doses" else ids.SAMPLES,
        rowData=list(rows),
        columnDefs=[_column(name, column, title) for column, title in text.COLUMNS[name].items()],
        defaultColDef={
            "editable": True,
            "sortable": False,
            "resizable": False,
            "suppressMovable": True,
            "wrapHeaderText": True,
            "cellDataType": False,
            # assets/grid.js looks the cell up among the faults that the server found.
            "cellClassRules": {"cell-error": "isFaulty(params)"},
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
        },
        className="grid",
        style={"height": "236px", "width": "100%"},
    )


def _column(name: Literal["doses", "samples"], column: str, title: str) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "field": column,
        "headerName": title,
        "width": _WIDTHS[name][column],
        "flex": _WIDTHS[name][column],
        "minWidth": 40,
        "cellClass": "number" if column in _NUMBERS else "words",
        "headerClass": "number" if column in _NUMBERS else "words",
    }
    if column == "status":
        definition |= {
            "cellEditor": "agSelectCellEditor",
            "cellEditorParams": {"values": [GIVEN, PLANNED]},
            "cellClassRules": {"cell-error": "isFaulty(params)", "planned": "params.value == 'planned'"},
        }
    return definition
