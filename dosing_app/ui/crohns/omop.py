"""The choice of a person from an OMOP database, where the server was started with one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from dosing_app.decision.crohns.case import inputs
from dosing_app.findings.crohns.names import begun
from dosing_app.findings.crohns.source import reason_words, source_rows
from dosing_app.language import say
from dosing_app.ui import audit, ids
from dosing_app.ui.answering import answering
from dosing_app.ui.crohns.screen import screen_from_tree
from dosing_app.ui.elements import (
    ALL,
    App,
    Component,
    Input,
    Output,
    State,
    client_function,
    ctx,
    dmc,
    html,
    no_update,
)
from pkpd.errors import InputError

if TYPE_CHECKING:
    from crohns_srs.omop import Listing, PersonInputs
    from dosing_app.decision.crohns.omop import OmopSource
    from dosing_app.findings.crohns.source import SourceRow


def open_button() -> Component:
    """Return the button that opens the choice."""
    return dmc.Button(say("crohns.omop.open"), id=ids.OMOP_OPEN, size="compact-sm", variant="default")


def region(source: OmopSource) -> Component:
    """Return what takes the place of the results while a person is chosen."""
    head = html.Div(
        [
            html.H1(say("crohns.omop.title")),
            html.Span(source.name, className="unit"),
            dmc.Button(say("show.close"), id=ids.OMOP_CLOSE, size="compact-xs", variant="default"),
        ],
        className="title",
    )
    fields = html.Div(
        [
            dmc.TextInput(
                id=ids.OMOP_SEARCH,
                label=say("crohns.omop.search"),
                debounce=300,
                size="sm",
                inputProps={"autoComplete": "off"},
            ),
            dmc.TextInput(
                id=ids.OMOP_INDEX_DATE,
                label=say("crohns.omop.index_date"),
                value=source.usual_date.isoformat(),
                debounce=True,
                size="sm",
                inputProps={"autoComplete": "off"},
            ),
        ],
        className="fields omop-fields",
    )
    return html.Section(
        [
            head,
            html.P(say("crohns.omop.help"), className="note"),
            fields,
            html.Div(
                [html.Div(id=ids.OMOP_PEOPLE), html.Div(id=ids.OMOP_PERSON, **{"aria-live": "polite"})],
                className="omop-pair",
            ),
        ],
        id=ids.OMOP_REGION,
        className="pane omop",
        hidden=True,
        **{"aria-label": say("crohns.omop.title")},
    )


def register(app: App, source: OmopSource) -> None:
    """Add the callbacks."""
    app.clientside_callback(
        client_function("asuc", "opens"),
        Output(ids.OMOP_REGION, "hidden"),
        Input(ids.OMOP_OPEN, "n_clicks"),
        Input(ids.OMOP_CLOSE, "n_clicks"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.OMOP_PEOPLE, "children"),
        Input(ids.OMOP_OPEN, "n_clicks"),
        Input(ids.OMOP_SEARCH, "value"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def find(clicks: int | None, search: str | None, language: str | None) -> Any:  # noqa: ANN401  # pyright: ignore[reportUnusedFunction]
        if not clicks:
            return no_update
        with answering(language):
            try:
                return _people(source.listed(search or ""))
            except InputError as error:
                return _refused(error)

    @app.callback(
        output={
            "fields": {one.case: Output(ids.crohns_field(one.case), "value", allow_duplicate=True) for one in inputs()},
            "kept": Output(ids.CROHNS_KEPT, "data", allow_duplicate=True),
            "person": Output(ids.OMOP_PERSON, "children"),
            "source": Output(ids.OMOP_SOURCE, "data"),
            "error": Output(ids.OMOP_INDEX_DATE, "error"),
        },
        inputs={"clicks": Input(ids.omop_choose(ALL), "n_clicks")},
        state={"index_date": State(ids.OMOP_INDEX_DATE, "value"), "language": State(ids.LANGUAGE, "value")},
        prevent_initial_call=True,
    )
    def choose(  # pyright: ignore[reportUnusedFunction]
        *, clicks: list[int | None], index_date: str | None, language: str | None
    ) -> dict[str, Any]:
        unchanged = {one.case: no_update for one in inputs()}
        nothing = {"fields": unchanged, "kept": no_update, "person": no_update, "source": no_update, "error": ""}
        if not any(clicks):
            return nothing
        with answering(language):
            try:
                on = date.fromisoformat((index_date or "").strip())
            except ValueError:
                return nothing | {"error": say("crohns.omop.no_date")}
            try:
                person = source.read(int(ctx.triggered_id["index"]), on)
            except InputError as error:
                return nothing | {"person": _refused(error)}
            audit.record("omop", model=None, event_model=None, outcome="refused" if person.refusal else "done")
            if person.refusal:
                return nothing | {"person": html.P(f"{begun(reason_words(person.refusal))}.", className="fault")}
            screen = screen_from_tree(person.case)
            return {
                "fields": screen.fields,
                "kept": screen.kept,
                "person": _person(person),
                "source": {"person": person.person_id, "on": on.isoformat(), "fields": screen.fields},
                "error": "",
            }


def _refused(error: InputError) -> Component:
    return html.Div([html.P(f"{problem}.", className="fault") for problem in error.problems], lang="en")


def _people(found: Listing) -> list[Any]:
    """Return the list of persons, and how many more there are."""
    if not found.people:
        return [html.P(say("crohns.omop.nobody"))]
    head = [html.Th(say(f"crohns.omop.{title}"), scope="col") for title in ("person", "sex", "born")]
    rows = [
        html.Tr(
            [
                html.Th(
                    html.Button(str(one.person_id), id=ids.omop_choose(one.person_id), className="link", type="button"),
                    scope="row",
                ),
                html.Td(say(f"choice.{one.sex}") if one.sex else "–"),
                html.Td(str(one.year_of_birth or "–")),
            ]
        )
        for one in found.people
    ]
    caption = html.Caption(say("crohns.omop.title"), className="only-heard")
    table = html.Table([caption, html.Thead(html.Tr(head)), html.Tbody(rows)], className="figures-table")
    said = say("crohns.omop.shown", count=found.n_found, shown=str(len(found.people)))
    return [html.P(said, className="note"), html.Div(table, className="scrolled", tabIndex=0)]


def _person(person: PersonInputs) -> list[Any]:
    """Return what was read of a person: each input with its source, and what to keep in mind."""
    head = [html.Th(say(f"crohns.omop.{title}"), scope="col") for title in ("input", "value", "records")]
    rows = source_rows(person)
    caption = html.Caption(say("crohns.omop.read", person=str(person.person_id)), className="only-heard")
    table = html.Table(
        [caption, html.Thead(html.Tr(head)), html.Tbody(list(map(_source_row, rows)))],
        className="figures-table omop-table",
    )
    n_missing = sum(row.is_missing for row in rows)
    said = say(
        "crohns.omop.taken_over",
        count=n_missing,
        person=str(person.person_id),
        date=person.index_date.isoformat(),
        read=str(len(rows) - n_missing),
        inputs=str(len(rows)),
    )
    warnings = [html.Li(reason_words(one)) for one in person.warnings]
    return [
        html.P(html.Strong(said)),
        html.Div(table, className="scrolled", tabIndex=0),
        html.Ul(warnings, className="note"),
    ]


def _source_row(row: SourceRow) -> Component:
    value = (
        [html.Span("▲ ", className="shape check", **{"aria-hidden": "true"}), row.value]
        if row.is_missing
        else row.value
    )
    source = [
        html.Span(row.how),
        *([html.Br(), html.Span(row.records, className="unit")] if row.records else []),
    ]
    return html.Tr([html.Th(row.name, scope="row"), html.Td(html.Strong(value)), html.Td(source, className="words")])
