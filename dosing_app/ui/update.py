"""What happens after every entry: the screen is read, and either everything follows or the wrong cells are marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dosing_app.decision.patient import to_json
from dosing_app.findings.case_words import infusions, level_text, model_name, samples_in_words, total_mg
from dosing_app.findings.figure_labels import concentration_label, risk_label, survival_label
from dosing_app.findings.numbers import shown
from dosing_app.findings.risk_words import is_shipped, plan_words, shown_risk
from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.report.content import case_hash
from dosing_app.ui import audit, ids
from dosing_app.ui.answering import answering
from dosing_app.ui.changes import Group, only_changed
from dosing_app.ui.components.checks import checks_list, fault_sentences
from dosing_app.ui.components.finder import finder_strip
from dosing_app.ui.components.inputs import TAB_IDS
from dosing_app.ui.components.parameters_table import parameters_table
from dosing_app.ui.components.results import empty_figure
from dosing_app.ui.components.risk_panel import announced, answer_line, risk_text
from dosing_app.ui.components.twins import concentration_table, risk_table, survival_table
from dosing_app.ui.elements import App, Input, Output, State, client_function, html, no_update
from dosing_app.ui.fields import BY_NAME, FIELDS, TYPED, UNIT_CHOICES
from dosing_app.ui.figures import concentration_figure
from dosing_app.ui.following import following
from dosing_app.ui.reading import TWINS, Fault, Reading, read_screen
from dosing_app.ui.risk_figures import risk_figure, survival_figure
from dosing_app.ui.state import Screen, default_text
from dosing_app.ui.still import still
from dosing_app.ui.wording import case_words
from pkpd.errors import InputError
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.view import View
    from dosing_app.ui.answers import Answers

# Parts of a case whose values have a default that does not depend on the patient.
_DEFAULTS = frozenset({"target", "limits"})
_COVARIATES = tuple(field.name for field in FIELDS if field.tab == "covariates")
_TARGETS = {"target": ids.FINDER_TARGET, "confidence": ids.FINDER_CONFIDENCE}
_RESULTS = {
    "valid_case": Output(ids.VALID_CASE, "data"),
    "case_line": Output(ids.CASE_LINE, "children"),
    "answer_line": Output(ids.ANSWER_LINE, "children"),
    "announced": Output(ids.ANNOUNCED, "children"),
    "concentration": Output(ids.CONCENTRATION, "figure"),
    "courses_key": Output(ids.COURSES_KEY, "children"),
    "concentration_label": Output(ids.CONCENTRATION_LABEL, "children"),
    "concentration_table": Output(ids.CONCENTRATION_TABLE, "children"),
    "risk_plan": Output(ids.RISK_PLAN, "children"),
    "risk_text": Output(ids.RISK_TEXT, "children"),
    "risk": Output(ids.RISK_FIGURE, "figure"),
    "risk_label": Output(ids.RISK_LABEL, "children"),
    "risk_table": Output(ids.RISK_TABLE, "children"),
    "survival": Output(ids.SURVIVAL, "figure"),
    "survival_label": Output(ids.SURVIVAL_LABEL, "children"),
    "survival_table": Output(ids.SURVIVAL_TABLE, "children"),
    "parameters": Output(ids.PARAMETERS, "children"),
    "used": {name: Output(ids.field(name), "className") for name in _COVARIATES},
    "covariates_note": Output(ids.COVARIATES_NOTE, "children"),
    "printed": Output(ids.PRINTED, "children"),
    "footer": Output(ids.FOOTER_MODEL, "children"),
    "placeholders": {field.name: Output(ids.field(field.name), "placeholder") for field in TYPED},
    "targets": {name: Output(target, "placeholder") for name, target in _TARGETS.items()},
}
_MARKS = {
    "checks": Output(ids.CHECKS, "children"),
    "faults": Output(ids.FAULTS, "data"),
    "stale": Output(ids.STALE, "children"),
    "answer_stale": Output(ids.ANSWER_STALE, "children"),
    "doses_note": Output(ids.DOSES_NOTE, "children"),
    "samples_note": Output(ids.SAMPLES_NOTE, "children"),
    "tabs": {name: Output(tab, "children") for name, tab in TAB_IDS.items()},
    "errors": {field.name: Output(ids.field(field.name), "error") for field in FIELDS},
    "asked": {name: Output(target, "error") for name, target in _TARGETS.items()},
}


def register(app: App, answers: Answers) -> None:
    """Add the callbacks."""

    @app.callback(
        output={"results": _RESULTS, "marks": _MARKS, "shown": Output(ids.SHOWN, "data")},
        inputs={
            "doses": Input(ids.DOSES, "rowData"),
            "samples": Input(ids.SAMPLES, "rowData"),
            "fields": {field.name: Input(ids.field(field.name), "value") for field in FIELDS},
            "units": {name: Input(ids.unit(name), "value") for name in UNIT_CHOICES},
            "kept": Input(ids.KEPT, "data"),
            # An edit changes the rows in place, which Dash does not see as a change of the rows.
            "edits": [Input(grid, "cellValueChanged") for grid in (ids.DOSES, ids.SAMPLES)],
            "times": Input(ids.TIMES, "value"),
            "is_dark": Input(ids.SCHEME, "checked"),
            "shown_as": Input(ids.SHOWN_AS, "data"),
        },
        state={
            "valid_case": State(ids.VALID_CASE, "data"),
            "shown": State(ids.SHOWN, "data"),
            "language": State(ids.LANGUAGE, "value"),
        },
    )
    def update(  # pyright: ignore[reportUnusedFunction]
        *,
        doses: list[dict[str, str]],
        samples: list[dict[str, str]],
        fields: dict[str, str | None],
        units: dict[str, str],
        kept: dict[str, Any],
        edits: list[object],  # noqa: ARG001 - only that there were some
        times: str | None,
        is_dark: bool | None,
        shown_as: dict[str, bool] | None,
        valid_case: str | None,
        shown: dict[str, Any] | None,
        language: str | None,
    ) -> dict[str, Any]:
        screen = Screen(doses or [], samples or [], fields, kept or {}, units)
        with answering(language, is_dark=is_dark):
            outputs = _outputs(screen, answers, valid_case, Look(shown_as or {}, with_dates=times == "dates"))
        changed, digests = only_changed(_still_group(outputs), shown or {})
        return {**changed, "shown": digests}

    @app.callback(
        Output(ids.FINDER_BODY, "children"),
        Input(ids.VALID_CASE, "data"),
        State(ids.LANGUAGE, "value"),
        prevent_initial_call=True,
    )
    def find(case_json: str | None, language: str | None) -> object:  # pyright: ignore[reportUnusedFunction]
        with answering(language):
            return still(_finder(case_json, answers)) if case_json else [html.P(say("empty.finder"))]

    app.clientside_callback(client_function("asuc", "markCells"), Input(ids.FAULTS, "data"))


@dataclass(frozen=True, slots=True)
class Look:
    """How the figures are to be shown.

    Parameters
    ----------
    shown_as : mapping of str to bool
        Buttons at the figures' titles that are pressed, by id.
    with_dates : bool
        Whether days have their dates.
    """

    shown_as: Mapping[str, bool]
    with_dates: bool

    @property
    def is_log(self) -> bool:
        """Return whether the concentration has a logarithmic axis."""
        return bool(self.shown_as.get(ids.CURVE_LOG))

    @property
    def tables(self) -> frozenset[str]:
        """Return the buttons whose figure is shown as a table."""
        return frozenset(name for name, pressed in self.shown_as.items() if pressed and name != ids.CURVE_LOG)


def _outputs(screen: Screen, answers: Answers, valid_case: str | None, look: Look) -> dict[str, Any]:
    """Return everything that the browser shows of a screen."""
    reading = read_screen(screen)
    faults, view = reading.faults, None
    start = reading.start if look.with_dates else None
    results = _no_results()
    if reading.case is not None:
        case_json = to_json(reading.case, indent=None)
        try:
            view = answers.view(case_json)
            audit.record("forecast", model=view.forecast.model, event_model=view.forecast.event_model)
        except InputError as error:
            audit.record("forecast", model=None, event_model=None, outcome="refused")
            faults = tuple(Fault("case", problem.place, "", f"{problem}.") for problem in error.problems)
        else:
            results = _results(case_json, view, look, start)
    if view is None and not _is_begun(screen):
        # Nothing is wrong with a screen that nobody has typed into, and nothing of an earlier patient stays on it.
        return {"results": _empty(), "marks": _marks(screen, (), None, reading)}
    if view is None and valid_case:
        # What was valid last stays, in the look that is asked for now.
        view = answers.view(valid_case)
        results = _results(valid_case, view, look, start)
    if view is None:
        results["case_line"] = [html.Li(say("empty.case"))]
    return {"results": results, "marks": _marks(screen, faults, view, reading)}


def _still_group(outputs: Mapping[str, Any]) -> Group:
    """Return outputs with their elements drawn at one go; figures, texts and what is stored are as they were."""
    drawn = {name: _still_group(value) if isinstance(value, Group) else still(value) for name, value in outputs.items()}
    return Group(drawn)


def _is_begun(screen: Screen) -> bool:
    typed = [row.get(column) for row in (*screen.doses, *screen.samples) for column in ("day", "date", "mg", "level")]
    return any(typed) or any(value for name, value in screen.fields.items() if name != "model")


def _finder(case_json: str, answers: Answers) -> list[Any]:
    view = answers.view(case_json)
    if shown_risk(view) is None:
        return [html.P(say("finder.no_risk"))]
    try:
        result = answers.regimens(case_json)
        audit.record("search", model=view.forecast.model, event_model=view.forecast.event_model)
        return finder_strip(view.forecast, result)
    except InputError as error:
        audit.record("search", model=view.forecast.model, event_model=view.forecast.event_model, outcome="refused")
        return [html.P(f"{error}.")]


def _results(case_json: str, view: View, look: Look, start: datetime | None) -> Group:
    """Return everything that follows from a valid case."""
    result = view.forecast
    case, risk = result.case, shown_risk(view)
    no_risk = empty_figure(say("empty.no_risk"))
    as_table = look.tables
    outputs: dict[str, Any] = {
        "valid_case": case_json,
        "case_line": [
            *([html.Li(case.label, className="label", title=case.label)] if case.label else []),
            *(html.Li(words) for words in case_words(case, result.covariates.imputed)),
        ],
        "answer_line": answer_line(view),
        "announced": announced(view),
        "concentration": concentration_figure(view, is_log=look.is_log, start=start),
        "courses_key": say("curve.key_courses") if view.courses else "",
        "concentration_label": concentration_label(view, samples=samples_in_words(case)),
        "concentration_table": concentration_table(view) if ids.CURVE_AS_TABLE in as_table else "",
        "risk_plan": plan_words(case),
        "risk_text": risk_text(view),
        "risk": risk_figure(view) if risk else empty_figure(""),
        "risk_label": risk_label(view),
        "risk_table": risk_table(view) if ids.RISK_AS_TABLE in as_table else "",
        "survival": survival_figure(view, risk) if risk else no_risk,
        "survival_label": survival_label(view),
        "survival_table": survival_table(view) if ids.SURVIVAL_AS_TABLE in as_table else "",
        "parameters": parameters_table(view),
        "used": Group({name: _class_of(name, view) for name in _COVARIATES}),
        "covariates_note": _covariates_note(view),
        "printed": _printed(case),
        "footer": _footer(view),
        "placeholders": Group({field.name: _placeholder(field.name, view) for field in TYPED}),
        "targets": Group(
            {
                "target": shown(percent_from_fraction(case.target.risk_day90)),
                "confidence": shown(percent_from_fraction(case.target.confidence)),
            }
        ),
    }
    return Group(outputs)


def _marks(screen: Screen, faults: Sequence[Fault], view: View | None, reading: Reading) -> Group:
    """Return what marks the wrong inputs, what follows from what was typed, and the checks."""
    by_area = {area: [fault for fault in faults if fault.area == area] for area in ("doses", "samples", "fields")}
    sentences = {fault.row: fault.sentence for fault in by_area["fields"]}
    is_stale = bool(faults) and view is not None
    stale = say("state.stale") if is_stale else ""
    given = [html.P(_given(view.forecast.case), className="note")] if view and not by_area["doses"] else []
    outputs: dict[str, Any] = {
        "checks": checks_list(faults, view.warnings if view else (), is_stale=is_stale, row_ids=reading.row_ids),
        "faults": {
            area: {"faults": _faulty_cells(by_area[area]), "computed": computed}
            for area, computed in following(screen, reading.start, None if is_stale else view).items()
        },
        "stale": stale,
        "answer_stale": stale,
        "doses_note": [*fault_sentences(by_area["doses"]), *given],
        "samples_note": [*fault_sentences(by_area["samples"]), *_assays(screen)],
        "tabs": _tab_labels(screen, by_area),
        "errors": Group({field.name: sentences.get(field.name, "") for field in FIELDS}),
        # The sentence stands at the twin among the limits, and in the checks; here there is room for the mark only.
        "asked": Group({"target": "risk_day90" in sentences, "confidence": "confidence" in sentences}),
    }
    return Group(outputs)


def _faulty_cells(faults: Sequence[Fault]) -> dict[str, list[str]]:
    """Return the wrong columns of each row; of two that hold the same fact both, since one of them is hidden."""
    cells: dict[str, list[str]] = {}
    for fault in faults:
        twin = TWINS.get(fault.column)
        cells.setdefault(fault.row, []).extend([fault.column, *([twin] if twin else [])])
    return cells


def _tab_labels(screen: Screen, faults: Mapping[str, Sequence[Fault]]) -> Group:
    """Return the names of the tabs with the number of rows, or of errors."""
    in_tab = {name: [f for f in faults["fields"] if _tab_of(f.row) == name] for name in TAB_IDS}
    in_tab["dosing"] += faults["doses"]
    in_tab["samples"] += faults["samples"]
    counts = {"dosing": len(screen.doses), "samples": len(screen.samples)}
    labels = Group()
    for name, wrong in in_tab.items():
        label: list[Any] = [say(f"tab.{name}")]
        if wrong:
            label.append(html.Span(f" {say('tab.errors', count=len(wrong))}", className="count fault"))
        elif name in counts:
            label.append(html.Span(f" {counts[name]}", className="count"))
        labels[name] = label
    return labels


def _tab_of(name: str) -> str:
    tab = BY_NAME[name].tab
    return "dosing" if tab == "day_0" else tab


def _assays(screen: Screen) -> list[Any]:
    """Return the assays that samples from a file were measured with; no column shows them."""
    return [
        html.P(say("samples.assay_of_row", row=str(number), assay=row["assay"]), className="note")
        for number, row in enumerate(screen.samples, start=1)
        if row.get("assay")
    ]


def _given(case: PatientCase) -> str:
    weight, given = case.covariates.weight_kg, sum(dose.amount_mg for dose in case.doses)
    planned = total_mg(case.planned)
    if not weight:
        return say("dosing.sum", given=total_mg(case.doses), planned=planned)
    per_kg = spoken_number(f"{given / weight:.1f}")
    return say("dosing.sum_per_kg", given=total_mg(case.doses), per_kg=per_kg, planned=planned)


def _printed(case: PatientCase) -> list[Any]:
    """Return what a printed screen says of the inputs, which its grids cannot."""
    given, planned = infusions(case.doses), infusions(case.planned)
    parts = [say("print.given", infusions=given)]
    parts += [say("print.planned", infusions=planned)] if case.planned else []
    samples = ", ".join(
        say("print.sample", level=level_text(sample), day=shown(sample.time_day))
        + (f" ({sample.exclude})" if sample.exclude else "")
        for sample in case.samples
    )
    stamp = say("print.time", time=f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z}", hash=case_hash(case)[:8])
    return [
        html.P("; ".join(parts)),
        *([html.P(say("print.samples", samples=samples))] if samples else []),
        html.P(stamp, className="note"),
    ]


def _footer(view: View) -> str:
    """Return the model in use, and the risk model where it is not the shipped one."""
    model, event_model = view.forecast.model, view.forecast.event_model
    said = say("footer.model", name=model_name(model.id), version=model.version, hash=model.sha256[:8])
    if is_shipped(event_model):
        return said
    return say("footer.risk_model", model=said, name=model_name(event_model.id), version=event_model.version)


def _covariates_note(view: View) -> str:
    names = ", ".join(say(f"field.{name}") for name in view.forecast.model.covariates)
    note = say("covariates.read", title=view.forecast.model.title, names=names)
    days = ", ".join(shown(later.time_day) for later in view.forecast.case.covariates_over_time)
    return f"{note} {say('covariates.later', days=days)}" if days else note


def _class_of(name: str, view: View) -> str:
    """Return the class of a covariate's input: marked where the model reads it."""
    return " ".join(["wide"] * (name == "label") + ["used"] * (name in view.forecast.model.covariates))


def _placeholder(name: str, view: View) -> str:
    """Return what stands in an empty input: the value that is assumed."""
    if text := _placeholder_without_case(name):
        return text
    covariates = view.forecast.covariates
    if name in covariates.imputed or name in covariates.derived:
        return say("field.assumed", value=spoken_number(f"{covariates.values[name]:.4g}"))
    is_read = BY_NAME[name].path[0] != "covariates" or name in view.forecast.model.covariates
    return "" if is_read else say("field.not_used")


def _placeholder_without_case(name: str) -> str:
    """Return what stands in an empty input whoever the patient is."""
    if name == "now_day":
        return say("field.now_placeholder")
    if name in {"start_date", "start_time"}:
        return say(f"field.{name}_placeholder")
    if BY_NAME[name].path[0] in _DEFAULTS and (default := default_text(BY_NAME[name])):
        return say("field.default", value=default)
    return ""


def _empty() -> Group:
    """Return what stands in the place of the results while there is no case."""
    figures = {name: empty_figure(say(f"empty.{name}")) for name in ("concentration", "survival")}
    starts = [
        html.Button(say(f"empty.open_{what}"), className="link starts", type="button", **{"data-starts": what})
        for what in ("example", "case")
    ]
    words: dict[str, Any] = {
        "risk_text": [html.P(say("empty.risk")), html.P(starts, className="empty-links")],
        "parameters": html.P(say("empty.parameters")),
    }
    outputs: dict[str, Any] = {**dict.fromkeys(_RESULTS, ""), **figures, **words}
    placeholders = {field.name: _placeholder_without_case(field.name) for field in TYPED}
    return Group(
        {
            **outputs,
            "valid_case": None,
            "case_line": [html.Li(say("empty.case"))],
            "risk": empty_figure(""),
            "placeholders": Group(placeholders),
            "targets": Group(dict.fromkeys(_TARGETS, "")),
            "used": Group({name: "wide" if name == "label" else "" for name in _COVARIATES}),
        }
    )


def _no_results() -> Group:
    """Return the results as "leave what is there"."""
    placeholders = Group({field.name: no_update for field in TYPED})
    targets = Group(dict.fromkeys(_TARGETS, no_update))
    used = Group(dict.fromkeys(_COVARIATES, no_update))
    return Group({**dict.fromkeys(_RESULTS, no_update), "placeholders": placeholders, "targets": targets, "used": used})
