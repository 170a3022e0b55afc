"""What happens after every entry: the screen is read, and either everything follows or the wrong cells are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.patient import to_json
from dosing_app.ui import ids, text
from dosing_app.ui.changes import Group, only_changed
from dosing_app.ui.components.checks import checks_list, fault_sentences
from dosing_app.ui.components.finder import finder_strip
from dosing_app.ui.components.parameters_table import parameters_table
from dosing_app.ui.components.results import empty_figure
from dosing_app.ui.components.risk_panel import answer_line, risk_words
from dosing_app.ui.elements import App, Input, Output, State, client_function, html, no_update
from dosing_app.ui.fields import BY_NAME, FIELDS, TYPED
from dosing_app.ui.figures import concentration_figure
from dosing_app.ui.reading import Fault, read_screen
from dosing_app.ui.risk_figures import risk_figure, survival_figure
from dosing_app.ui.state import Screen, default_text, number_text
from dosing_app.ui.wording import case_words, model_name, total_mg
from pkpd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.ui.view import View

_TAB_IDS = {
    "dosing": ids.TAB_DOSING,
    "samples": ids.TAB_SAMPLES,
    "covariates": ids.TAB_COVARIATES,
    "limits": ids.TAB_LIMITS,
}
# Parts of a case whose values have a default that does not depend on the patient.
_DEFAULTS = frozenset({"target", "limits"})
_RESULTS = {
    "valid_case": Output(ids.VALID_CASE, "data"),
    "case_line": Output(ids.CASE_LINE, "children"),
    "answer_line": Output(ids.ANSWER_LINE, "children"),
    "concentration": Output(ids.CONCENTRATION, "figure"),
    "risk_text": Output(ids.RISK_TEXT, "children"),
    "risk": Output(ids.RISK_FIGURE, "figure"),
    "survival": Output(ids.SURVIVAL, "figure"),
    "parameters": Output(ids.PARAMETERS, "children"),
    "covariates_note": Output(ids.COVARIATES_NOTE, "children"),
    "footer": Output(ids.FOOTER_MODEL, "children"),
    "placeholders": {field.name: Output(ids.field(field.name), "placeholder") for field in TYPED},
}
_MARKS = {
    "checks": Output(ids.CHECKS, "children"),
    "faults": Output(ids.FAULTS, "data"),
    "stale": Output(ids.STALE, "children"),
    "answer_stale": Output(ids.ANSWER_STALE, "children"),
    "doses_note": Output(ids.DOSES_NOTE, "children"),
    "samples_note": Output(ids.SAMPLES_NOTE, "children"),
    "tabs": {name: Output(tab, "children") for name, tab in _TAB_IDS.items()},
    "errors": {field.name: Output(ids.field(field.name), "error") for field in FIELDS},
}


def register(app: App, view_of: Callable[[str], View], regimens_of: Callable[[str], OptimizeResult]) -> None:
    """Add the callbacks.

    Parameters
    ----------
    app : App
        The app.
    view_of, regimens_of : callable
        From the JSON of a valid case to what the screen shows of it, and to the search of regimens.
    """

    @app.callback(
        output={"results": _RESULTS, "marks": _MARKS, "shown": Output(ids.SHOWN, "data")},
        inputs={
            "doses": Input(ids.DOSES, "rowData"),
            "samples": Input(ids.SAMPLES, "rowData"),
            "fields": {field.name: Input(ids.field(field.name), "value") for field in FIELDS},
            "kept": Input(ids.KEPT, "data"),
            # An edit changes the rows in place, which Dash does not see as a change of the rows.
            "edits": [Input(grid, "cellValueChanged") for grid in (ids.DOSES, ids.SAMPLES)],
        },
        state={"valid_case": State(ids.VALID_CASE, "data"), "shown": State(ids.SHOWN, "data")},
    )
    def update(  # pyright: ignore[reportUnusedFunction]
        doses: list[dict[str, str]],
        samples: list[dict[str, str]],
        fields: dict[str, str | None],
        kept: dict[str, Any],
        edits: list[object],  # noqa: ARG001 - only that there were some
        valid_case: str | None,
        shown: dict[str, Any] | None,
    ) -> dict[str, Any]:
        screen = Screen(doses or [], samples or [], fields, kept or {})
        reading = read_screen(screen)
        faults, view = reading.faults, None
        results = _no_results()
        if reading.case is not None:
            case_json = to_json(reading.case, indent=None)
            try:
                view = view_of(case_json)
            except InputError as error:
                faults = tuple(Fault("case", problem.place, "", f"{problem}.") for problem in error.problems)
            else:
                results = _results(case_json, view)
        view = view or (view_of(valid_case) if valid_case else None)
        if view is None:
            results["case_line"] = [html.Li(text.EMPTY["case"])]
        changed, digests = only_changed({"results": results, "marks": _marks(screen, faults, view)}, shown or {})
        return {**changed, "shown": digests}

    @app.callback(Output(ids.FINDER_BODY, "children"), Input(ids.VALID_CASE, "data"), prevent_initial_call=True)
    def find(case_json: str | None) -> object:  # pyright: ignore[reportUnusedFunction]
        if not case_json:
            return no_update
        return _finder(case_json, view_of, regimens_of)

    app.clientside_callback(client_function("asuc", "markFaults"), Input(ids.FAULTS, "data"))


def _finder(case_json: str, view_of: Callable[[str], View], regimens_of: Callable[[str], OptimizeResult]) -> list[Any]:
    view = view_of(case_json)
    if view.forecast.risk is None or not view.has_mass:
        words = "No regimen is searched, since there is no risk to aim at."
        return [html.Div([html.H2("Regimen finder"), html.Span(words)], className="title")]
    try:
        return finder_strip(view.forecast, regimens_of(case_json))
    except InputError as error:
        return [html.Div([html.H2("Regimen finder"), html.Span(f"{error}.")], className="title")]


def _results(case_json: str, view: View) -> Group:
    """Return everything that follows from a valid case."""
    result = view.forecast
    case, risk, model = result.case, result.risk, result.model
    no_risk = empty_figure("")
    outputs: dict[str, Any] = {
        "valid_case": case_json,
        "case_line": [
            *([html.Li(case.label, className="label", title=case.label)] if case.label else []),
            *(html.Li(words) for words in case_words(case, result.covariates.imputed)),
        ],
        "answer_line": answer_line(view),
        "concentration": concentration_figure(view),
        "risk_text": risk_words(view),
        "risk": no_risk if risk is None or not view.has_mass else risk_figure(view, risk),
        "survival": no_risk if risk is None or not view.has_mass else survival_figure(view, risk),
        "parameters": parameters_table(view),
        "covariates_note": _covariates_note(view),
        "footer": f"{model_name(model.id)} · version {model.version} · {model.sha256[:8]}",
        "placeholders": Group({field.name: _placeholder(field.name, view) for field in TYPED}),
    }
    return Group(outputs)


def _marks(screen: Screen, faults: Sequence[Fault], view: View | None) -> Group:
    """Return what marks the wrong inputs, and the checks."""
    by_area = {area: [fault for fault in faults if fault.area == area] for area in ("doses", "samples", "fields")}
    sentences = {fault.row: fault.sentence for fault in by_area["fields"]}
    warnings = view.warnings if view else ()
    cells = {
        area: {
            row: [fault.column for fault in by_area[area] if fault.row == row]
            for row in {fault.row for fault in by_area[area]}
        }
        for area in ("doses", "samples")
    }
    is_stale = bool(faults) and view is not None
    stale = text.STALE_SHORT if is_stale else ""
    given = [html.P(_given(view.forecast.case), className="note")] if view and not by_area["doses"] else []
    outputs: dict[str, Any] = {
        "checks": checks_list(faults, warnings, is_stale=is_stale),
        "faults": cells,
        "stale": stale,
        "answer_stale": stale,
        "doses_note": [*fault_sentences(by_area["doses"]), *given],
        "samples_note": [*fault_sentences(by_area["samples"]), *_assays(screen)],
        "tabs": _tab_labels(screen, by_area),
        "errors": Group({field.name: sentences.get(field.name, "") for field in FIELDS}),
    }
    return Group(outputs)


def _tab_labels(screen: Screen, faults: Mapping[str, Sequence[Fault]]) -> Group:
    """Return the names of the tabs with the number of rows, or of errors."""
    in_tab = {name: [f for f in faults["fields"] if BY_NAME[f.row].tab == name] for name in _TAB_IDS}
    in_tab["dosing"] += faults["doses"]
    in_tab["samples"] += faults["samples"]
    counts = {"dosing": len(screen.doses), "samples": len(screen.samples)}
    labels = Group()
    for name, wrong in in_tab.items():
        label: list[Any] = [text.TABS[name]]
        if wrong:
            said = text.ONE_ERROR if len(wrong) == 1 else text.ERRORS.format(n=len(wrong))
            label.append(html.Span(f" {said}", className="count fault"))
        elif name in counts:
            label.append(html.Span(f" {counts[name]}", className="count"))
        labels[name] = label
    return labels


def _assays(screen: Screen) -> list[Any]:
    """Return the assays that samples from a file were measured with; no column shows them."""
    return [
        html.P(text.ASSAY_OF_ROW.format(row=number, assay=row["assay"]), className="note")
        for number, row in enumerate(screen.samples, start=1)
        if row.get("assay")
    ]


def _given(case: PatientCase) -> str:
    weight = case.covariates.weight_kg
    given = sum(dose.amount_mg for dose in case.doses)
    per_kg = text.PER_KG.format(value=given / weight) if weight else ""
    return text.GIVEN_SUM.format(given=total_mg(case.doses), per_kg=per_kg, planned=total_mg(case.planned))


def _covariates_note(view: View) -> str:
    names = [text.FIELD_LABELS[name] for name in view.forecast.model.covariates]
    days = [number_text(later.time_day) for later in view.forecast.case.covariates_over_time]
    later = " " + text.COVARIATES_LATER.format(days=", ".join(days)) if days else ""
    return text.COVARIATES_READ.format(title=view.forecast.model.title, names=", ".join(names)) + later


def _placeholder(name: str, view: View) -> str:
    """Return what stands in an empty input: the value that is assumed."""
    if name == "now_day":
        return text.NOW_PLACEHOLDER
    if BY_NAME[name].path[0] in _DEFAULTS:
        return text.DEFAULT.format(value=default) if (default := default_text(BY_NAME[name])) else ""
    covariates = view.forecast.covariates
    if name in covariates.imputed or name in covariates.derived:
        return text.ASSUMED.format(value=f"{covariates.values[name]:.4g}")
    return ""


def _no_results() -> Group:
    """Return the results as "leave what is there"."""
    placeholders = Group({field.name: no_update for field in TYPED})
    return Group({**dict.fromkeys(_RESULTS, no_update), "placeholders": placeholders})
