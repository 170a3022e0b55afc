"""The page as a whole: its layout in the reader's language, and what changes it without changing the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from dosing_app.findings.crohns.words import models_words
from dosing_app.language.catalogue import DEFAULT, languages
from dosing_app.ui import ids, tokens
from dosing_app.ui.answering import answering, scheme_of
from dosing_app.ui.components import header, inputs, results
from dosing_app.ui.crohns import header as crohns_header
from dosing_app.ui.crohns import screen as crohns_screen
from dosing_app.ui.crohns.page import crohns_page, register_undo
from dosing_app.ui.elements import (
    App,
    Component,
    Dash,
    Input,
    Output,
    State,
    client_function,
    dcc,
    dmc,
    html,
    no_update,
)
from dosing_app.ui.fields import FIELDS, UNIT_CHOICES
from dosing_app.ui.history import History, register_history
from dosing_app.ui.screen_state import SCREEN_STATE, screen_of
from dosing_app.ui.sign_on import user_name
from dosing_app.ui.state import empty_screen, screen_from_case
from dosing_app.ui.still import still

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.crohns.case import Tree
    from dosing_app.decision.crohns.omop import OmopSource
    from dosing_app.ui.crohns.screen import CrohnsScreen
    from dosing_app.ui.state import Screen
    from tte import EventModel

_TOGGLES = (ids.CURVE_LOG, ids.CURVE_AS_TABLE, ids.RISK_AS_TABLE, ids.SURVIVAL_AS_TABLE)
_SPOKEN = "spoken"
_SCHEME_HEADER = "X-Color-Scheme"
"""The colours that the reader's system asks for; ``assets/requests.js`` sends it with the request for the page."""
_JUMPS = {
    "jump.risk": ids.REGION_RISK,
    "jump.curve": ids.REGION_CURVE,
    "jump.input": ids.REGION_INPUT,
    "jump.checks": ids.REGION_CHECKS,
    "jump.finder": ids.REGION_FINDER,
}
_STORES = (
    ids.VALID_CASE,
    ids.FAULTS,
    ids.SHOWN,
    ids.SAVE_ASKED,
    ids.REPORT_ASKED,
    ids.PASTED,
    ids.PINNED,
    ids.COMPARISON_ASKED,
    ids.SENSITIVITY_ASKED,
    ids.CROHNS_VALID,
    ids.CROHNS_AGAIN,
    ids.OMOP_SOURCE,
    ids.CROHNS_SHOWN,
    ids.CROHNS_SAVE_ASKED,
    ids.CROHNS_REPORT_ASKED,
)


def register(
    app: Dash, case: PatientCase | None, crohns_case: Tree | None, event_model: EventModel, source: OmopSource | None
) -> None:
    """Give the app its layout, with a case on each page or none, and add the callbacks."""

    def layout() -> Component:
        language = request.accept_languages.best_match(languages(), default=DEFAULT) if request else DEFAULT
        is_dark = bool(request) and request.headers.get(_SCHEME_HEADER) == tokens.DARK_SCHEME
        with answering(language, is_dark=is_dark):
            screen = empty_screen() if case is None else screen_from_case(case)
            crohns = crohns_screen.screen_from_tree(crohns_case) if crohns_case else crohns_screen.empty_screen()
            stores = [dcc.Store(id=store, storage_type="memory") for store in _STORES]
            stores += [
                dcc.Store(id=ids.KEPT, storage_type="memory", data=screen.kept),
                dcc.Store(id=ids.CROHNS_KEPT, storage_type="memory", data=crohns.kept),
                dcc.Store(id=ids.SHOWN_AS, storage_type="memory", data={}),
                dcc.Store(id=_SPOKEN, storage_type="memory", data=language),
            ]
            children = _page(screen, crohns, event_model, source, user=user_name(), is_dark=is_dark)
            page = html.Div(children, id=ids.PAGE, className="page", lang=language)
            return dmc.MantineProvider(
                [dcc.Location(id=ids.ADDRESS, refresh=False), page, *stores],
                id=ids.PROVIDER,
                theme=_theme(),
                forceColorScheme=scheme_of(is_dark),
            )

    app.layout = layout
    _register_language(app, event_model, source)
    _register_looks(app)
    _register_places(app)
    _register_undo(app)
    register_undo(app)


def _page(
    screen: Screen,
    crohns: CrohnsScreen,
    event_model: EventModel,
    source: OmopSource | None,
    *,
    user: str | None,
    is_dark: bool = False,
) -> list[Any]:
    answer_line = html.Div(
        [html.Div(id=ids.ANSWER_LINE, className="answer"), html.Strong(id=ids.ANSWER_STALE, className="stale")],
        className="answer-line",
    )
    main = html.Main(
        className="results",
        children=[
            header.case_line(inputs.model_select(screen)),
            header.connection(ids.CONNECTION),
            html.Div(id=ids.PRINTED, className="only-printed"),
            header.notice(ids.NOTICE),
            html.Div(id=ids.ANNOUNCED, className="only-heard", **{"aria-live": "polite"}),
            results.risk_region(event_model),
            results.concentration_region(),
            results.survival_region(),
            results.parameters_region(),
            results.finder_region(),
            results.comparison_region(),
            results.sensitivity_region(),
        ],
    )
    colitis = html.Div(
        [
            answer_line,
            header.jumps(_JUMPS),
            html.Div(
                [html.Div([inputs.rail(screen), results.checks_region()], className="left"), main], className="body"
            ),
        ],
        id=ids.COLITIS_PAGE,
        className="colitis",
    )
    models = html.Main(id=ids.MODELS_PAGE, className="models", hidden=True)
    return still(
        [
            header.header(user or "", crohns_header.actions(), is_dark=is_dark),
            colitis,
            crohns_page(crohns, source),
            models,
            header.footer(models_words()),
        ]
    )


def _theme() -> dict[str, Any]:
    """Return the theme of the components in the tokens' colours; the accent's shade follows the scheme by variables."""
    accent = ["var(--sel)"] * 3 + ["var(--acc90)", "var(--acc50)", "var(--acc50)"] + ["var(--acc)"] * 4
    return {
        "fontFamily": tokens.FONT,
        "defaultRadius": 4,
        "primaryColor": "accent",
        "primaryShade": 7,
        "colors": {"accent": accent},
    }


def _register_language(app: App, event_model: EventModel, source: OmopSource | None) -> None:
    @app.callback(
        output={
            "children": Output(ids.PAGE, "children"),
            "lang": Output(ids.PAGE, "lang"),
            "spoken": Output(_SPOKEN, "data"),
            # Everything is sent again, in the other language.
            "shown": Output(ids.SHOWN, "data", allow_duplicate=True),
            "shown_as": Output(ids.SHOWN_AS, "data", allow_duplicate=True),
            "crohns_shown": Output(ids.CROHNS_SHOWN, "data", allow_duplicate=True),
        },
        inputs={"language": Input(ids.LANGUAGE, "value")},
        state={
            "spoken": State(_SPOKEN, "data"),
            "is_dark": State(ids.SCHEME, "checked"),
            "screen": SCREEN_STATE,
            "crohns": crohns_screen.SCREEN_STATE,
        },
        prevent_initial_call=True,
    )
    def speak(  # pyright: ignore[reportUnusedFunction]
        *,
        language: str | None,
        spoken: str | None,
        is_dark: bool | None,
        screen: dict[str, Any],
        crohns: dict[str, Any],
    ) -> dict[str, Any]:
        if not language or language == spoken:
            return dict.fromkeys(("children", "lang", "spoken", "shown", "shown_as", "crohns_shown"), no_update)
        with answering(language, is_dark=is_dark):
            screens = screen_of(screen), crohns_screen.screen_of(crohns)
            children = _page(*screens, event_model, source, user=user_name(), is_dark=bool(is_dark))
        emptied: dict[str, Any] = {"shown": {}, "shown_as": {}, "crohns_shown": {}}
        return {"children": children, "lang": language, "spoken": language, **emptied}


def _register_looks(app: App) -> None:
    for chooser in (ids.OPEN, ids.CROHNS_OPEN):
        app.clientside_callback(client_function("asuc", "nameChooser"), Input(chooser, "multiple"))

    @app.callback(Output(ids.PROVIDER, "forceColorScheme"), Input(ids.SCHEME, "checked"))
    def paint(is_dark: bool | None) -> str:  # noqa: FBT001  # pyright: ignore[reportUnusedFunction]
        return scheme_of(is_dark)

    app.clientside_callback(
        client_function("asuc", "toggled"),
        Output(ids.SHOWN_AS, "data"),
        *(Output(toggle, "aria-pressed") for toggle in _TOGGLES),
        *(Input(toggle, "n_clicks") for toggle in _TOGGLES),
        prevent_initial_call=True,
    )
    for finder, name in ((ids.FINDER_TARGET, "risk_day90"), (ids.FINDER_CONFIDENCE, "confidence")):
        app.clientside_callback(client_function("asuc", f"to_field_{name}"), Input(finder, "value"))
        app.clientside_callback(client_function("asuc", f"to_finder_{name}"), Input(ids.field(name), "value"))


def _register_places(app: App) -> None:
    app.clientside_callback(
        client_function("asuc", "showPage"),
        *(Output(page, "hidden") for page in (ids.COLITIS_PAGE, ids.CROHNS_PAGE, ids.MODELS_PAGE)),
        *(Output(link, "className") for link in (ids.NAV_COLITIS, ids.NAV_CROHNS, ids.NAV_MODELS)),
        *(Output(actions, "hidden") for actions in (ids.COLITIS_ACTIONS, ids.CROHNS_ACTIONS)),
        *(Output(models, "hidden") for models in (ids.FOOTER_MODEL, ids.CROHNS_FOOTER)),
        Input(ids.ADDRESS, "pathname"),
        Input(_SPOKEN, "data"),
    )
    app.clientside_callback(
        client_function("asuc", "fillModels"),
        Input(ids.ADDRESS, "pathname"),
        Input(_SPOKEN, "data"),
        State(ids.ADDRESS, "hash"),
    )


def _register_undo(app: App) -> None:
    remembered: list[tuple[str, str]] = [(ids.DOSES, "rowData"), (ids.SAMPLES, "rowData")]
    edited = [(ids.DOSES, "cellValueChanged"), (ids.SAMPLES, "cellValueChanged")]
    others = [(ids.field(field.name), "value") for field in FIELDS]
    others += [(ids.unit(name), "value") for name in UNIT_CHOICES] + [(ids.KEPT, "data")]
    buttons = History("remember", "step", ids.UNDO, ids.REDO)
    register_history(app, buttons, [*remembered, *others], watched=[*remembered, *edited, *others])
