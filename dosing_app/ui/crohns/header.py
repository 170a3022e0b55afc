"""What is done with a whole case of the page: undo, open, save, export, report."""

from __future__ import annotations

from typing import Any

from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.elements import Component, dcc, html

_KEYS = {ids.CROHNS_UNDO: "Control+Z", ids.CROHNS_REDO: "Control+Y", ids.CROHNS_SAVE: "Control+S"}


def actions() -> list[Any]:
    """Return the buttons of the page in the header."""
    return [
        _button("crohns.example", ids.CROHNS_EXAMPLE),
        _button("header.new", ids.CROHNS_NEW),
        _button("header.undo", ids.CROHNS_UNDO),
        _button("header.redo", ids.CROHNS_REDO),
        dcc.Upload(
            id=ids.CROHNS_OPEN,
            multiple=False,
            children=html.Button(say("header.open"), className="link", type="button"),
            className="upload",
        ),
        _button("header.save", ids.CROHNS_SAVE),
        _report_menu(),
    ]


def _button(key: str, button_id: str) -> Component:
    keys = {"aria-keyshortcuts": _KEYS[button_id]} if button_id in _KEYS else {}
    return html.Button(say(key), id=button_id, className="link", type="button", **keys)


def _report_menu() -> Component:
    """Return the forms of the report and of the figures; a details element opens with the keyboard by itself."""
    busy = {"data-busy": say("file.report_busy")}
    forms = [
        html.Button(say("header.report_pdf"), id=ids.CROHNS_REPORT_PDF, className="link", type="button", **busy),
        html.Button(say("header.report_html"), id=ids.CROHNS_REPORT_HTML, className="link", type="button", **busy),
        html.Button(say("crohns.export_csv"), id=ids.CROHNS_EXPORT_CSV, className="link", type="button"),
        html.Button(say("crohns.export_json"), id=ids.CROHNS_EXPORT_JSON, className="link", type="button"),
    ]
    return html.Details(
        [html.Summary(say("header.report"), className="filled"), html.Div(forms, className="menu")],
        id=ids.CROHNS_REPORT_MENU,
        className="report-menu",
    )
