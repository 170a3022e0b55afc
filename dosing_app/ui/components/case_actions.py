"""What is done with a whole case of a page, as buttons of the header: begin, undo, open, save, report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dosing_app.language import say
from dosing_app.ui.elements import Component, dcc, html

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class CaseButtons:
    """Ids of the buttons of a page.

    Parameters
    ----------
    new, undo, redo, open, save : str
        What is done with the case.
    report_menu : str
        Menu of the forms of its report.
    """

    new: str
    undo: str
    redo: str
    open: str
    save: str
    report_menu: str


def case_actions(example: Component, buttons: CaseButtons, report_forms: Sequence[Component]) -> list[Any]:
    """Return the buttons of a page in their order.

    Parameters
    ----------
    example : Component
        Opens an example.
    buttons : CaseButtons
        The ids of the others.
    report_forms : sequence of Component
        What the menu of the report holds.
    """
    return [
        example,
        action("header.new", buttons.new),
        action("header.undo", buttons.undo, keys="Control+Z"),
        action("header.redo", buttons.redo, keys="Control+Y"),
        dcc.Upload(
            id=buttons.open,
            multiple=False,
            children=html.Button(say("header.open"), className="link", type="button"),
            className="upload",
        ),
        action("header.save", buttons.save, keys="Control+S"),
        # A details element opens with the keyboard by itself.
        html.Details(
            [html.Summary(say("header.report"), className="filled"), html.Div(list(report_forms), className="menu")],
            id=buttons.report_menu,
            className="report-menu",
        ),
    ]


def action(key: str, button_id: str, *, keys: str = "", is_slow: bool = False) -> Component:
    """Return a button by the key of its words, with its shortcut; a slow one says that it is at work."""
    more = {
        **({"aria-keyshortcuts": keys} if keys else {}),
        **({"data-busy": say("file.report_busy")} if is_slow else {}),
    }
    return html.Button(say(key), id=button_id, className="link", type="button", **more)
