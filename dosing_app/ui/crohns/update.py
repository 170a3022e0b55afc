"""What happens after every entry: the page is read, and either everything follows or the wrong inputs are marked."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from dosing_app.decision.crohns.answer import CrohnsAnswer, compute_answer
from dosing_app.decision.crohns.case import inputs, to_json
from dosing_app.decision.crohns.what_if import if_changed, if_missing
from dosing_app.findings.crohns.checks import Check, checks
from dosing_app.findings.crohns.names import input_name
from dosing_app.findings.crohns.rows import (
    differences_table,
    effects_table,
    most_sensitive,
    what_if_table,
    why_table,
)
from dosing_app.findings.crohns.words import announced, answer_words, case_words, figure_label
from dosing_app.language import say
from dosing_app.ui import audit, ids
from dosing_app.ui.answering import answering
from dosing_app.ui.changes import Group, only_changed
from dosing_app.ui.components.results import empty_figure
from dosing_app.ui.crohns.figure import bars_figure
from dosing_app.ui.crohns.parts import checks_list, figures_table, labels_table, words
from dosing_app.ui.crohns.results import MISSING
from dosing_app.ui.crohns.screen import NOT_KNOWN, WORTHWHILE, CrohnsScreen, is_begun, is_choice, read_screen
from dosing_app.ui.elements import App, Input, Output, State, html
from dosing_app.ui.still import still

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TYPED = tuple(one.case for one in inputs() if not is_choice(one))
_RESULTS = {
    "valid": Output(ids.CROHNS_VALID, "data"),
    "case_line": Output(ids.CROHNS_CASE_LINE, "children"),
    "answer_line": Output(ids.CROHNS_ANSWER_LINE, "children"),
    "announced": Output(ids.CROHNS_ANNOUNCED, "children"),
    "words": Output(ids.CROHNS_WORDS, "children"),
    "figure": Output(ids.CROHNS_FIGURE, "figure"),
    "figure_label": Output(ids.CROHNS_FIGURE_LABEL, "children"),
    "effects": Output(ids.CROHNS_EFFECTS, "children"),
    "differences": Output(ids.CROHNS_DIFFERENCES, "children"),
    "why": Output(ids.CROHNS_WHY, "children"),
    "labels": Output(ids.CROHNS_LABELS, "children"),
}
_MARKS = {
    "checks": Output(ids.CROHNS_CHECKS, "children"),
    "stale": Output(ids.CROHNS_STALE, "children"),
    "errors": {key: Output(ids.crohns_field(key), "error") for key in _TYPED},
    "worthwhile": Output(ids.CROHNS_WORTHWHILE, "error"),
}


def register(app: App) -> None:
    """Add the callbacks."""

    @app.callback(
        output={"results": _RESULTS, "marks": _MARKS, "shown": Output(ids.CROHNS_SHOWN, "data")},
        inputs={
            "fields": {one.case: Input(ids.crohns_field(one.case), "value") for one in inputs()},
            "classes": Input(ids.CROHNS_CLASSES, "value"),
            "uncertainty": Input(ids.CROHNS_UNCERTAINTY, "value"),
            "worthwhile": Input(ids.CROHNS_WORTHWHILE, "value"),
            "kept": Input(ids.CROHNS_KEPT, "data"),
            "is_dark": Input(ids.SCHEME, "checked"),
            "again": Input(ids.CROHNS_AGAIN, "data"),
            "source": Input(ids.OMOP_SOURCE, "data"),
        },
        state={
            "valid": State(ids.CROHNS_VALID, "data"),
            "shown": State(ids.CROHNS_SHOWN, "data"),
            "language": State(ids.LANGUAGE, "value"),
        },
    )
    def update(  # pyright: ignore[reportUnusedFunction]
        *,
        fields: dict[str, str | None],
        classes: list[str] | None,
        uncertainty: str | None,
        worthwhile: str | None,
        kept: dict[str, Any] | None,
        is_dark: bool | None,
        again: object,  # noqa: ARG001 - asked once more after the server was away
        source: dict[str, Any] | None,
        valid: str | None,
        shown: dict[str, Any] | None,
        language: str | None,
    ) -> dict[str, Any]:
        screen = CrohnsScreen(fields, classes or [], uncertainty, worthwhile, kept or {})
        with answering(language, is_dark=is_dark):
            outputs = page_outputs(screen, valid, source)
        changed, digests = only_changed(_still_group(outputs), shown or {})
        return {**changed, "shown": digests}

    @app.callback(
        Output(ids.CROHNS_WHAT_IF, "children"),
        Input(ids.CROHNS_VALID, "data"),
        Input(ids.CROHNS_VARIANTS, "value"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def vary(valid: str | None, variants: str | None, language: str | None) -> object:  # pyright: ignore[reportUnusedFunction]
        with answering(language):
            return still(_what_if(valid, variants)) if valid else ""


def page_outputs(screen: CrohnsScreen, valid: str | None, source: dict[str, Any] | None) -> dict[str, Any]:
    """Return everything that the browser shows of a page but what if.

    Parameters
    ----------
    screen : CrohnsScreen
        What stands on it.
    valid : str or None
        What the last valid answer followed from, as the browser keeps it.
    source : dict or None
        What was read of a person of a database, if it was.
    """
    reading = read_screen(screen)
    if reading.tree is None:
        # What was valid last stays.
        answer = _answer_of(valid) if valid else None
        results = _results(answer) if answer else _empty()
        return {"results": results, "marks": _marks(reading.faults, answer, (), is_stale=answer is not None)}
    if not is_begun(screen):
        return {"results": _empty(), "marks": _marks({}, None, (), is_stale=False)}
    answer = compute_answer(reading.tree, uncertainty=reading.uncertainty, worthwhile=reading.worthwhile)
    audit.record("crohns", model=_identity(), event_model=None)
    return {"results": _results(answer), "marks": _marks({}, answer, _from_database(screen, source), is_stale=False)}


def _identity() -> audit.Identity:
    models = shipped_models()
    return audit.Identity(models.id, version("asuc"), models.sha256)


def _from_database(screen: CrohnsScreen, source: dict[str, Any] | None) -> tuple[Check, ...]:
    """Return where the inputs come from, where they do from a database; what was changed since is told."""
    if not source:
        return ()
    read: dict[str, str | None] = source["fields"]
    known = [key for key, text in read.items() if text not in {"", None, NOT_KNOWN}]
    kept = [key for key in known if screen.fields.get(key) == read[key]]
    if not kept:
        return ()
    lead = say(
        "crohns.omop.check", person=str(source["person"]), date=source["on"], read=str(len(kept)), inputs=str(len(read))
    )
    missing = [input_name(key) for key in read if key not in known]
    changed = [input_name(key) for key in known if key not in kept]
    more = [say("crohns.omop.check_missing", inputs=", ".join(missing))] if missing else []
    more += [say("crohns.omop.check_changed", inputs=", ".join(changed))] if changed else []
    return (Check("check" if missing else "note", lead, " ".join(more)),)


def _results(answer: CrohnsAnswer) -> Group:
    """Return everything that follows from a valid case."""
    label = answer.tree.get("label")
    line, chance = answer_words(answer)
    has_classes = bool(answer.classes)
    outputs: dict[str, Any] = {
        "valid": _valid_of(answer),
        "case_line": [
            *([html.Li(label, className="label", title=label)] if label else []),
            *(html.Li(said) for said in case_words(answer.tree)),
        ],
        "answer_line": [html.Strong(line), html.Span(chance, className="small")],
        "announced": announced(answer),
        "words": words(answer),
        "figure": bars_figure(answer) if has_classes else empty_figure(say("crohns.headline.nothing")),
        "figure_label": figure_label(answer),
        "effects": figures_table(effects_table(answer), strong=(3,), caption=say("crohns.bars")) if has_classes else "",
        "differences": figures_table(differences_table(answer), strong=(1,), caption=say("crohns.differences"))
        if answer.contrasts
        else "",
        "why": figures_table(why_table(answer), caption=say("crohns.why")) if has_classes else "",
        "labels": labels_table(answer),
    }
    return Group(outputs)


def _empty() -> Group:
    """Return what stands in the place of the results while nothing is entered."""
    start = html.Button(say("empty.open_example"), className="link crohns-starts", type="button")
    return Group(
        {
            **dict.fromkeys(_RESULTS, ""),
            "valid": None,
            "case_line": [html.Li(say("crohns.no_case"))],
            "words": [
                html.H1(say("header.crohns"), className="only-heard"),
                html.P(say("crohns.empty")),
                html.P(start),
            ],
            "figure": empty_figure(say("crohns.empty_bars")),
        }
    )


def _marks(faults: Mapping[str, str], answer: CrohnsAnswer | None, more: Sequence[Check], *, is_stale: bool) -> Group:
    found = [
        Check("error", say("crohns.fault.at", input=input_name(key), sentence=sentence), "", key)
        for key, sentence in faults.items()
    ]
    if is_stale:
        found.append(Check("error", say("checks.stale")))
    found += [*more, *(checks(answer) if answer else [])]
    return Group(
        {
            "checks": checks_list(found),
            "stale": say("state.not_up_to_date") if is_stale else "",
            "errors": Group({key: faults.get(key, "") for key in _TYPED}),
            "worthwhile": faults.get(WORTHWHILE, ""),
        }
    )


def _what_if(valid: str, variants: str | None) -> list[Any]:
    answer = _answer_of(valid)
    if not answer.classes:
        return []
    found = (if_missing if variants == MISSING else if_changed)(answer)
    table = figures_table(what_if_table(answer, found), caption=say("crohns.what_if"), first_row=True)
    return [table, html.P(most_sensitive(answer, found), className="note")]


def _valid_of(answer: CrohnsAnswer) -> str:
    """Return what an answer follows from, as the browser keeps it."""
    return json.dumps([to_json(answer.tree, indent=None), answer.uncertainty.value, answer.worthwhile])


def _answer_of(valid: str) -> CrohnsAnswer:
    case_json, uncertainty, worthwhile = json.loads(valid)
    return compute_answer(json.loads(case_json), uncertainty=Uncertainty(uncertainty), worthwhile=float(worthwhile))


def _still_group(outputs: Mapping[str, Any]) -> Group:
    drawn = {name: _still_group(value) if isinstance(value, Group) else still(value) for name, value in outputs.items()}
    return Group(drawn)
