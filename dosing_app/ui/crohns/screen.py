"""What stands on the page, as texts, and its way from a case and back to one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crohns_srs.predict.effects import Uncertainty
from dosing_app.decision.crohns.case import SCHEMA, Tree, class_ids, inputs, worthwhile_usual
from dosing_app.decision.level_text import TextFault, read_quantity
from dosing_app.findings.numbers import number_text, shown
from dosing_app.language import say, spoken
from dosing_app.ui import ids
from dosing_app.ui.elements import State

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate

YES, NO, NOT_KNOWN = "yes", "no", "?"
UNITS: dict[str, dict[str, str]] = {
    "age_year": {"years": "1", "year": "1", "y": "1"},
    "bmi_kg_per_m2": {"kg/m²": "1"},
    "crp_mg_per_L": {"mg/L": "1", "mg/dL": "10", "µg/mL": "1"},
    "cdai": {"points": "1", "point": "1"},
}
"""Units that may be typed after a number, and what one of each is in the first, which is the one shown."""
UNCERTAINTIES = tuple(one.value for one in Uncertainty)
WORTHWHILE = "worthwhile"
"""Name of the smallest worthwhile difference among the inputs."""
_WORTHWHILE = (1.0, 300.0)


@dataclass(frozen=True, slots=True)
class CrohnsScreen:
    """Everything that can be entered on the page.

    Parameters
    ----------
    fields : dict of str to str or None
        Text or choice of each input, by its key in a case.
    classes : list of str
        Ids of the classes that can be used.
    uncertainty, worthwhile : str or None
        The choice of the uncertainty, and the smallest worthwhile difference as typed.
    kept : dict
        What a case that was opened holds beyond the page.
    """

    fields: dict[str, str | None]
    classes: list[str]
    uncertainty: str | None
    worthwhile: str | None
    kept: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class CrohnsReading:
    """What the page says.

    Parameters
    ----------
    tree : dict or None
        The case, if everything is valid.
    uncertainty : Uncertainty
        Which error an effect has.
    worthwhile : float
        Smallest difference that counts [CDAI points].
    faults : dict of str to str
        What is not valid: a sentence for each input, by its key; ``worthwhile`` for the smallest worthwhile difference.
    """

    tree: Tree | None
    uncertainty: Uncertainty
    worthwhile: float
    faults: dict[str, str]


SCREEN_STATE: dict[str, Any] = {
    "fields": {one.case: State(ids.crohns_field(one.case), "value") for one in inputs()},
    "classes": State(ids.CROHNS_CLASSES, "value"),
    "uncertainty": State(ids.CROHNS_UNCERTAINTY, "value"),
    "worthwhile": State(ids.CROHNS_WORTHWHILE, "value"),
    "kept": State(ids.CROHNS_KEPT, "data"),
}
"""What stands on the page, as the callbacks that need all of it receive it."""


def screen_of(entries: dict[str, Any]) -> CrohnsScreen:
    """Return what stands on the page from the values of ``SCREEN_STATE``."""
    kept: dict[str, Any] = entries["kept"] or {}
    classes: list[str] = entries["classes"] or []
    return CrohnsScreen(entries["fields"], classes, entries["uncertainty"], entries["worthwhile"], kept)


def is_choice(one: Covariate) -> bool:
    """Return whether an input is chosen rather than typed."""
    return one.is_binary


def screen_from_tree(tree: Tree) -> CrohnsScreen:
    """Return a case as texts on the page."""
    shown_keys = {one.case for one in inputs()} | {"schema", "unavailable"}
    taken_out: list[str] = tree.get("unavailable") or []
    return CrohnsScreen(
        {one.case: _text(one, tree.get(one.case)) for one in inputs()},
        [name for name in class_ids() if name not in taken_out],
        Uncertainty.COHERENT.value,
        number_text(worthwhile_usual()),
        {key: value for key, value in tree.items() if key not in shown_keys and value is not None},
    )


def empty_screen() -> CrohnsScreen:
    """Return the page of no patient: nothing is known, and every class can be used."""
    return screen_from_tree({"schema": SCHEMA})


def is_begun(screen: CrohnsScreen) -> bool:
    """Return whether anything was entered."""
    return any(value not in {"", None, NOT_KNOWN} for value in screen.fields.values())


def read_screen(screen: CrohnsScreen) -> CrohnsReading:
    """Read and check what stands on the page."""
    faults: dict[str, str] = {}
    tree: Tree = {"schema": SCHEMA, **screen.kept}
    for one in inputs():
        typed = (screen.fields.get(one.case) or "").strip()
        if typed in {"", NOT_KNOWN}:
            tree[one.case] = None
        elif is_choice(one):
            tree[one.case] = typed if one.words else typed == YES
        else:
            tree[one.case] = _number(one, typed, faults)
    tree["unavailable"] = [name for name in class_ids() if name not in screen.classes]
    worthwhile = _worthwhile((screen.worthwhile or "").strip(), faults)
    chosen = Uncertainty(screen.uncertainty) if screen.uncertainty in UNCERTAINTIES else Uncertainty.COHERENT
    return CrohnsReading(None if faults else tree, chosen, worthwhile, faults)


def _number(one: Covariate, typed: str, faults: dict[str, str]) -> float | None:
    number = read_quantity(typed, UNITS[one.case])
    if isinstance(number, TextFault):
        said = spoken(number.message)
    elif not one.low <= number <= one.high:
        said = say("crohns.fault.range", value=shown(number), low=shown(one.low), high=shown(one.high))
    else:
        return number
    faults[one.case] = said
    return None


def _worthwhile(typed: str, faults: dict[str, str]) -> float:
    if not typed:
        return worthwhile_usual()
    number = read_quantity(typed, UNITS["cdai"])
    if isinstance(number, TextFault):
        said = spoken(number.message)
    elif not _WORTHWHILE[0] <= number <= _WORTHWHILE[1]:
        low, high = map(shown, _WORTHWHILE)
        said = say("crohns.fault.range", value=shown(number), low=low, high=high)
    else:
        return number
    faults[WORTHWHILE] = said
    return worthwhile_usual()


def _text(one: Covariate, value: object) -> str:
    if value is None:
        return NOT_KNOWN if is_choice(one) else ""
    if isinstance(value, bool):
        return YES if value else NO
    return number_text(value) if isinstance(value, int | float) else str(value)
