"""The rail: four tabs of inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.findings.case_words import model_name
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.components.grids import grid
from dosing_app.ui.elements import Component, dmc, html
from dosing_app.ui.fields import BY_NAME, FIELDS, UNIT_CHOICES
from dosing_app.ui.presets import ASSAYS, PRESETS
from dosing_app.ui.state import default_text
from pkpd.model.library import model_names

if TYPE_CHECKING:
    from dosing_app.ui.components.grids import GridName
    from dosing_app.ui.fields import Field, Tab
    from dosing_app.ui.state import Screen

TAB_IDS = {
    "dosing": ids.TAB_DOSING,
    "samples": ids.TAB_SAMPLES,
    "covariates": ids.TAB_COVARIATES,
    "limits": ids.TAB_LIMITS,
}
DAYS, DATES = "days", "dates"
MG, PER_KG = "mg", "per_kg"


def rail(screen: Screen) -> Component:
    """Return the inputs with what stands in them."""
    panels = {
        "dosing": _dosing(screen),
        "samples": _samples(screen),
        "covariates": [_fields("covariates", screen), html.P(id=ids.COVARIATES_NOTE, className="note")],
        "limits": [_fields("limits", screen), html.P(say("limits.help"), className="note")],
    }
    labels = [dmc.TabsTab(html.Span(say(f"tab.{name}"), id=tab), value=name) for name, tab in TAB_IDS.items()]
    return html.Section(
        id=ids.REGION_INPUT,
        className="rail",
        **{"aria-label": say("region.input")},
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
        **{"aria-label": say("field.model")},
    )
    return html.Div([html.Span(say("field.model"), className="unit"), select], className="model-choice")


def _dosing(screen: Screen) -> list[Any]:
    preset = dmc.Select(
        id=ids.PRESET,
        label=say("dosing.preset"),
        data=[{"value": one.name, "label": say(f"preset.{one.name}")} for one in PRESETS],
        placeholder=say("dosing.preset_none"),
        size="sm",
        comboboxProps={"width": 316, "position": "bottom-start"},
    )
    day_0 = [_input(field, screen) for field in FIELDS if field.tab == "day_0"]
    return [
        html.Div([preset, _input(BY_NAME["now_day"], screen)], className="fields preset-line"),
        html.Div(
            [
                _switch(ids.TIMES, "dosing.times", (DAYS, DATES)),
                _switch(ids.AMOUNTS, "dosing.amounts", (MG, PER_KG)),
                _link("rows.paste", ids.PASTE_DOSES),
            ],
            className="switches",
        ),
        html.Div(day_0, className="fields day-0"),
        _paste_box(ids.PASTE_DOSES_BOX, ids.PASTE_DOSES_TEXT, ids.PASTE_DOSES_DONE, "dosing.paste_help"),
        grid("doses", screen.doses),
        _row_buttons("doses"),
        html.Div(id=ids.DOSES_NOTE, className="grid-note"),
        html.P(say("dosing.help"), className="note"),
    ]


def _samples(screen: Screen) -> list[Any]:
    assay = dmc.Select(
        id=ids.ASSAY,
        label=say("samples.assay"),
        data=[{"value": one.name, "label": one.name} for one in ASSAYS],
        placeholder=say("samples.assay_none"),
        size="sm",
    )
    unit = html.Div(
        [html.Span(say("samples.unit"), className="small unit"), html.Div("mg/L = µg/mL")], className="fact"
    )
    return [
        html.Div([assay, unit], className="fields"),
        html.Div(
            [_switch(ids.SAMPLE_TIMES, "dosing.times", (DAYS, DATES)), _link("rows.paste", ids.PASTE_SAMPLES)],
            className="switches",
        ),
        _paste_box(ids.PASTE_SAMPLES_BOX, ids.PASTE_SAMPLES_TEXT, ids.PASTE_SAMPLES_DONE, "samples.paste_help"),
        grid("samples", screen.samples),
        _row_buttons("samples"),
        html.Div(id=ids.SAMPLES_NOTE, className="grid-note"),
        html.P(say("samples.help"), className="note"),
    ]


def _switch(switch_id: str, label: str, choices: tuple[str, ...]) -> Component:
    return dmc.SegmentedControl(
        id=switch_id,
        data=[{"value": choice, "label": say(f"switch.{choice}")} for choice in choices],
        value=choices[0],
        size="xs",
        transitionDuration=0,
        **{"aria-label": say(label)},
    )


def _paste_box(box: str, area: str, done: str, help_key: str) -> Component:
    """Return the place to paste rows into where a grid cannot be pasted into: on a telephone."""
    return html.Div(
        [
            dmc.Textarea(
                id=area, label=say("rows.paste_label"), description=say(help_key), minRows=3, autosize=True, maxRows=6
            ),
            html.Button(say("rows.insert"), id=done, className="link", type="button"),
        ],
        id=box,
        hidden=True,
        className="paste-box",
    )


def _row_buttons(name: GridName) -> Component:
    doses = name == "doses"
    return html.Div(
        [
            _link("rows.add_dose" if doses else "rows.add_sample", ids.ADD_DOSE if doses else ids.ADD_SAMPLE),
            html.Span(
                [
                    _link("rows.up", ids.DOSE_UP if doses else ids.SAMPLE_UP),
                    _link("rows.down", ids.DOSE_DOWN if doses else ids.SAMPLE_DOWN),
                    _link("rows.remove", ids.REMOVE_DOSE if doses else ids.REMOVE_SAMPLE),
                ],
                className="row-actions",
            ),
        ],
        className="row-buttons",
    )


def _link(key: str, button_id: str) -> Component:
    return html.Button(say(key), id=button_id, className="link", type="button")


def _fields(tab: Tab, screen: Screen) -> Component:
    return html.Div([_input(field, screen) for field in FIELDS if field.tab == tab], className="fields")


def _input(field: Field, screen: Screen) -> Component:
    """Return the input of one field; a text field sends its text when it is left or on Enter."""
    label, value = say(f"field.{field.name}"), screen.fields[field.name]
    if field.choices:
        return dmc.Select(
            id=ids.field(field.name),
            label=label,
            value=value,
            data=[{"value": choice, "label": say(f"choice.{choice}")} for choice in field.choices],
            placeholder=_choice_placeholder(field),
            clearable=True,
            size="sm",
        )
    choices = UNIT_CHOICES.get(field.name)
    return dmc.TextInput(
        id=ids.field(field.name),
        label=label,
        value=value or "",
        debounce=True,
        rightSection=_unit_choice(field, choices, screen) if choices else html.Span(_unit(field), className="unit"),
        rightSectionWidth=62 if choices else 16 + 8 * len(_unit(field)),
        rightSectionPointerEvents="all" if choices else "none",
        size="sm",
        className="wide" if field.name == "label" else "",
        inputProps={"autoComplete": "off"},
    )


def _unit(field: Field) -> str:
    """Return the unit beside a field: a word is translated, a unit is not."""
    return say(f"unit.{field.unit.replace(' ', '_')}") if field.unit in _UNIT_WORDS else field.unit


_UNIT_WORDS = frozenset({"day", "days", "years", "at most"})


def _unit_choice(field: Field, choices: tuple[str, ...], screen: Screen) -> Component:
    return dmc.Select(
        id=ids.unit(field.name),
        data=list(choices),
        value=screen.units.get(field.name, choices[0]),
        allowDeselect=False,
        variant="unstyled",
        size="xs",
        className="unit-choice",
        **{"aria-label": say("field.unit_of", field=say(f"field.{field.name}"))},
    )


def _choice_placeholder(field: Field) -> str:
    if field.path[0] not in {"target", "limits"}:
        return say("field.not_known")
    return say("field.default", value=say(f"choice.{default_text(field)}"))
