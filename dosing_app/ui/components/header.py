"""The top of the page: name, pages, skip links, and what is done with a whole case; and the line at its foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.examples import example_names
from dosing_app.language import say
from dosing_app.language.catalogue import language_name, languages
from dosing_app.language.speaking import current_language
from dosing_app.ui import addresses, ids
from dosing_app.ui.components.case_actions import CaseButtons, action, case_actions
from dosing_app.ui.elements import Component, dcc, dmc, html

if TYPE_CHECKING:
    from collections.abc import Mapping


def header(user: str, crohns_actions: list[Any], *, is_dark: bool) -> Component:
    """Return the header, with the name of who is signed on where there is one; each page has its own actions in it."""
    return html.Header(
        className="top",
        children=[
            html.A(say("header.skip_risk"), href=f"#{ids.REGION_RISK}", className="skip of-colitis"),
            html.A(say("header.skip_input"), href=f"#{ids.REGION_INPUT}", className="skip of-colitis"),
            html.A(say("header.skip_answer"), href=f"#{ids.REGION_CROHNS_ANSWER}", className="skip of-crohns"),
            html.A(say("header.skip_input"), href=f"#{ids.REGION_CROHNS_INPUT}", className="skip of-crohns"),
            html.Strong(say("header.name"), className="brand"),
            html.Nav(
                [
                    _page_link("colitis", addresses.COLITIS, ids.NAV_COLITIS),
                    _page_link("crohns", addresses.CROHNS, ids.NAV_CROHNS),
                    _page_link("models", addresses.MODELS, ids.NAV_MODELS),
                ],
                className="pages",
                **{"aria-label": say("header.pages")},
            ),
            html.Button(
                say("header.inputs"), className="link inputs-button", type="button", **{"aria-expanded": "false"}
            ),
            html.Button(say("header.menu"), className="link menu-button", type="button", **{"aria-expanded": "false"}),
            html.Div(_actions(user, crohns_actions, is_dark=is_dark), className="actions"),
        ],
    )


def _page_link(page: str, address: str, link_id: str) -> Component:
    """Return the link to a page; on a narrow screen it has a shorter name."""
    names = [
        html.Span(say(f"header.{page}"), className="whole-name"),
        html.Span(say(f"header.short.{page}"), className="short-name"),
    ]
    return dcc.Link(names, href=address, id=link_id, className="page-link")


def _actions(user: str, crohns_actions: list[Any], *, is_dark: bool) -> list[Any]:
    return [
        html.Span(user, id=ids.USER, className="unit small"),
        html.Div(_colitis_actions(), id=ids.COLITIS_ACTIONS, className="page-actions"),
        html.Div(crohns_actions, id=ids.CROHNS_ACTIONS, className="page-actions", hidden=True),
        _reader_menu(is_dark=is_dark),
        dcc.Download(id=ids.DOWNLOAD),
    ]


def _colitis_actions() -> list[Any]:
    """Return what is done with a whole case of the first page."""
    examples = dmc.Select(
        id=ids.EXAMPLES,
        data=[{"value": name, "label": say(f"example.{name}")} for name in example_names()],
        placeholder=say("header.examples"),
        comboboxProps={"width": 300, "position": "bottom-start"},
        size="xs",
        className="examples",
        **{"aria-label": say("header.examples")},
    )
    return case_actions(
        examples,
        CaseButtons(ids.NEW, ids.UNDO, ids.REDO, ids.OPEN, ids.SAVE, ids.REPORT_MENU),
        [
            action("header.report_pdf", ids.REPORT_PDF, is_slow=True),
            action("header.report_html", ids.REPORT_HTML, is_slow=True),
        ],
    )


def _reader_menu(*, is_dark: bool) -> Component:
    """Return the choice of language and colours."""
    return html.Div(
        [
            dmc.Select(
                id=ids.LANGUAGE,
                data=[{"value": code, "label": language_name(code)} for code in languages()],
                value=current_language(),
                allowDeselect=False,
                size="xs",
                className="language",
                **{"aria-label": say("header.language")},
            ),
            dmc.Switch(id=ids.SCHEME, checked=is_dark, label=say("header.dark"), size="xs", persistence=False),
        ],
        className="reader",
    )


def jumps(regions: Mapping[str, str]) -> Component:
    """Return the links to the regions of a page, for the narrow screen: ids by the keys of their names."""
    links = [html.A(say(key), href=f"#{region}") for key, region in regions.items()]
    return html.Nav(links, className="jumps", **{"aria-label": say("jump.sections")})


def case_line(model_select: Component) -> Component:
    """Return the line that says what was entered, whether the figures follow from it, and the choice of the model."""
    return html.Div(
        [html.Ul(id=ids.CASE_LINE), html.Strong(id=ids.STALE, className="stale"), model_select], className="case-line"
    )


def notice(place_id: str) -> Component:
    """Return the place of a page for what became of a file, of pasted rows and the like, with a button to close it."""
    return html.Div(
        [
            html.Div(id=place_id, className="notice", **{"aria-live": "assertive"}),
            html.Button(say("show.close"), className="link notice-close", type="button"),
        ],
        className="notice-box",
    )


def connection(place_id: str) -> Component:
    """Return the place of a page where ``assets/requests.js`` says that the server is away or failed."""
    words = {
        "data-away": say("state.server_away", time="{time}"),  # filled in by the script
        "data-failed": say("state.server_failed"),
        "data-large": say("state.server_large"),
    }
    return html.Div(id=place_id, className="notice connection", role="alert", **words)


def footer(crohns_models: str) -> Component:
    """Return the line that is always there, with the models of the page."""
    return html.Footer(
        className="bottom",
        children=[
            html.Span([html.Strong(say("footer.research_use")), " ", say("footer.research_use_more")]),
            html.Span(id=ids.FOOTER_MODEL),
            html.Span(crohns_models, id=ids.CROHNS_FOOTER, hidden=True),
        ],
    )
