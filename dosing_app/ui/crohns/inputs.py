"""The rail: what is asked of the patient, and the classes that can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.decision.crohns.case import class_ids, inputs
from dosing_app.findings.crohns.names import begun, class_title, input_name
from dosing_app.language import say
from dosing_app.ui import ids
from dosing_app.ui.crohns.screen import NO, NOT_KNOWN, UNITS, YES, is_choice
from dosing_app.ui.elements import Component, dmc, html

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate
    from dosing_app.ui.crohns.screen import CrohnsScreen

_UNIT_WORDS = {"years", "points"}
_WIDE = "cdai"


def rail(screen: CrohnsScreen, *more: Component) -> Component:
    """Return the inputs with what stands in them, and what else is there to fill them."""
    typed = [one for one in inputs() if not is_choice(one)]
    # Age, BMI and CRP in one line, as they are read; CDAI beside the sex below it.
    first = sorted((one for one in typed if one.case != _WIDE), key=lambda one: list(UNITS).index(one.case))
    sex = next(one for one in inputs() if one.words)
    yes_no = [one for one in inputs() if is_choice(one) and not one.words]
    return html.Section(
        [
            html.H2(say("crohns.patient")),
            html.Div([_typed(one, screen) for one in first], className="fields crohns-numbers"),
            html.Div(
                [_typed(one, screen) for one in typed if one.case == _WIDE]
                + [
                    html.Div(
                        [html.Span(input_name(sex.case), className="small unit"), _choice(sex, screen)],
                        className="fact",
                    )
                ],
                className="fields crohns-cdai",
            ),
            *(html.Div([html.Span(input_name(one.case)), _choice(one, screen)], className="yes-no") for one in yes_no),
            _classes(screen),
            *more,
        ],
        id=ids.REGION_CROHNS_INPUT,
        className="rail crohns-rail",
        **{"aria-label": say("region.input")},
    )


def _typed(one: Covariate, screen: CrohnsScreen) -> Component:
    unit = next(iter(UNITS[one.case]))
    said = say(f"unit.{unit}") if unit in _UNIT_WORDS else unit
    return dmc.TextInput(
        id=ids.crohns_field(one.case),
        label=input_name(one.case),
        value=screen.fields.get(one.case) or "",
        placeholder=NOT_KNOWN,
        debounce=True,
        rightSection=html.Span(said, className="unit"),
        rightSectionWidth=14 + 7 * len(said),
        rightSectionPointerEvents="none",
        size="sm",
        inputProps={"autoComplete": "off"},
    )


def _choice(one: Covariate, screen: CrohnsScreen) -> Component:
    return dmc.SegmentedControl(
        id=ids.crohns_field(one.case),
        data=[
            *({"value": value, "label": begun(say(f"choice.{value}"))} for value in (one.words or (YES, NO))),
            {"value": NOT_KNOWN, "label": _not_known()},
        ],
        value=screen.fields.get(one.case) or NOT_KNOWN,
        size="xs",
        transitionDuration=0,
        **{"aria-label": input_name(one.case)},
    )


def _not_known() -> Component:
    return html.Span(
        [html.Span(NOT_KNOWN, **{"aria-hidden": "true"}), html.Span(say("field.not_known"), className="only-heard")]
    )


def _classes(screen: CrohnsScreen) -> Component:
    boxes: list[Any] = [dmc.Checkbox(label=class_title(name), value=name, size="sm") for name in class_ids()]
    return html.Div(
        [
            html.H2(say("crohns.classes")),
            html.P(say("crohns.classes_help"), className="note"),
            dmc.CheckboxGroup(
                boxes, id=ids.CROHNS_CLASSES, value=screen.classes, **{"aria-label": say("crohns.classes")}
            ),
        ],
        className="crohns-classes",
    )
