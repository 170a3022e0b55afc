"""The rail: four tabs of inputs, and the checks below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dosing_app.ui import ids, text
from dosing_app.ui.components.grids import grid
from dosing_app.ui.elements import Component, dmc, html
from dosing_app.ui.fields import BY_NAME, FIELDS
from dosing_app.ui.state import default_text
from dosing_app.ui.wording import model_name
from pkpd.model.library import model_names

if TYPE_CHECKING:
    from dosing_app.ui.fields import Field, Tab
    from dosing_app.ui.state import Screen

_TABS = (
    ("dosing", ids.TAB_DOSING),
    ("samples", ids.TAB_SAMPLES),
    ("covariates", ids.TAB_COVARIATES),
    ("limits", ids.TAB_LIMITS),
)


def rail(screen: Screen) -> Component:
    """Return the inputs with what stands in them."""
    panels = {
        "dosing": [_now(screen), *_rows("doses", screen)],
        "samples": _rows("samples", screen),
        "covariates": [_fields("covariates", screen), html.P(id=ids.COVARIATES_NOTE, className="note")],
        "limits": [_fields("limits", screen), html.P(text.LIMITS_HELP, className="note")],
    }
    labels = [dmc.TabsTab(html.Span(text.TABS[name], id=tab), value=name) for name, tab in _TABS]
    return html.Section(
        id=ids.REGION_INPUT,
        className="rail",
        **{"aria-label": "Inputs"},
        children=dmc.Tabs(
            id=ids.TABS,
            value="dosing",
            keepMounted=True,
            children=[
                dmc.TabsList(labels),
                *(dmc.TabsPanel(children, value=name, className="panel") for name, children in panels.items()),
            ],
        ),
    )


def model_select(screen: Screen) -> Component:
    """Return the choice of the pharmacokinetic model."""
    models = [{"value": name, "label": model_name(name)} for name in model_names()]
    select = dmc.Select(
        id=ids.field("model"),
        data=models,
        value=screen.fields["model"],
        allowDeselect=False,
        size="xs",
        className="model",
        comboboxProps={"width": 260, "position": "bottom-end"},
        **{"aria-label": text.FIELD_LABELS["model"]},
    )
    return html.Div([html.Span(text.FIELD_LABELS["model"], className="unit"), select], className="model-choice")


def _rows(name: Literal["doses", "samples"], screen: Screen) -> list[Any]:
    is_doses = name == "doses"
    buttons = [
        html.Button(
            text.ADD_DOSE if is_doses else text.ADD_SAMPLE,
            id=ids.ADD_DOSE if is_doses else ids.ADD_SAMPLE,
            className="link",
            type="button",
        ),
        html.Button(
            text.REMOVE_ROW,
            id=ids.REMOVE_DOSE if is_doses else ids.REMOVE_SAMPLE,
            className="link",
            type="button",
        ),
    ]
    return [
        grid(name, screen.doses if is_doses else screen.samples),
        html.Div(buttons, className="row-buttons"),
        html.Div(id=ids.DOSES_NOTE if is_doses else ids.SAMPLES_NOTE, className="grid-note", **{"aria-live": "polite"}),
        html.P(text.DOSES_HELP if is_doses else text.SAMPLES_HELP, className="note"),
    ]


def _now(screen: Screen) -> Component:
    return html.Div(_input(BY_NAME["now_day"], screen), className="fields")


def _fields(tab: Tab, screen: Screen) -> Component:
    return html.Div([_input(field, screen) for field in FIELDS if field.tab == tab], className="fields")


def _input(field: Field, screen: Screen) -> Component:
    """Return the input of one field; a text field sends its text when it is left or on Enter."""
    label, value = text.FIELD_LABELS[field.name], screen.fields[field.name]
    if field.choices:
        return dmc.Select(
            id=ids.field(field.name),
            label=label,
            value=value,
            data=[{"value": choice, "label": text.CHOICES[choice]} for choice in field.choices],
            placeholder=_choice_placeholder(field),
            clearable=True,
            size="sm",
        )
    return dmc.TextInput(
        id=ids.field(field.name),
        label=label,
        value=value or "",
        debounce=True,
        rightSection=html.Span(field.unit, className="unit"),
        rightSectionWidth=16 + 8 * len(field.unit),
        rightSectionPointerEvents="none",
        size="sm",
        className="wide" if field.name == "label" else "",
        inputProps={"autoComplete": "off"},
    )


def _choice_placeholder(field: Field) -> str:
    if field.path[0] not in {"target", "limits"}:
        return text.NOT_KNOWN
    return text.DEFAULT.format(value=text.CHOICES[default_text(field)])
