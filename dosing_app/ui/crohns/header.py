"""What is done with a whole case of the page."""

from __future__ import annotations

from typing import Any

from dosing_app.ui import ids
from dosing_app.ui.components.case_actions import CaseButtons, action, case_actions


def actions() -> list[Any]:
    """Return the buttons of the page in the header."""
    return case_actions(
        action("crohns.example", ids.CROHNS_EXAMPLE),
        CaseButtons(
            ids.CROHNS_NEW,
            ids.CROHNS_UNDO,
            ids.CROHNS_REDO,
            ids.CROHNS_OPEN,
            ids.CROHNS_SAVE,
            ids.CROHNS_REPORT_MENU,
        ),
        [
            action("header.report_pdf", ids.CROHNS_REPORT_PDF, is_slow=True),
            action("header.report_html", ids.CROHNS_REPORT_HTML, is_slow=True),
            action("crohns.export_csv", ids.CROHNS_EXPORT_CSV),
            action("crohns.export_json", ids.CROHNS_EXPORT_JSON),
        ],
    )
