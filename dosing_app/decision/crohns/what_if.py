"""How the answer would change, were an input another one, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.crohns.answer import probabilities_first
from dosing_app.decision.crohns.case import inputs

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate
    from crohns_srs.predict.effects import Uncertainty
    from dosing_app.decision.crohns.case import Tree

Value = float | bool | str | None
# A low and a high value that are usual among patients; of the two the one farther from what was entered is tried.
_TRIED: dict[str, tuple[float, float]] = {
    "age_year": (40.0, 70.0),
    "bmi_kg_per_m2": (20.0, 28.0),
    "crp_mg_per_L": (5.0, 40.0),
    "cdai": (250.0, 400.0),
}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer with one input changed.

    Parameters
    ----------
    input : str
        Its key in a case.
    value : number, bool, text or None
        What it would be; None where it would not be known.
    probability_first : dict of str to float
        Chance of each class that its expected fall is the greatest, by its id.
    """

    input: str
    value: Value
    probability_first: dict[str, float]


def if_changed(tree: Tree, uncertainty: Uncertainty) -> tuple[WhatIf, ...]:
    """Return the answer for each input that is known, were it another one."""
    known = [(one, tree[one.case]) for one in inputs() if tree.get(one.case) is not None]
    return tuple(_with(tree, one, _other(one, value), uncertainty) for one, value in known)


def if_missing(tree: Tree, uncertainty: Uncertainty) -> tuple[WhatIf, ...]:
    """Return the answer for each input that is known, were it not."""
    return tuple(_with(tree, one, None, uncertainty) for one in inputs() if tree.get(one.case) is not None)


def _with(tree: Tree, one: Covariate, value: Value, uncertainty: Uncertainty) -> WhatIf:
    return WhatIf(one.case, value, probabilities_first(tree | {one.case: value}, uncertainty))


def _other(one: Covariate, value: Value) -> Value:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return next(word for word in one.words if word != value)
    assert value is not None, "asked for of known values only"  # noqa: S101
    return max(_TRIED[one.case], key=lambda tried: abs(tried - value))
