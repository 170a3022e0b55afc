"""How the answer would change, were an input another one, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.crohns.answer import probabilities_first
from dosing_app.decision.crohns.case import inputs

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate
    from dosing_app.decision.crohns.answer import CrohnsAnswer

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


def if_changed(answer: CrohnsAnswer) -> tuple[WhatIf, ...]:
    """Return the answer for each input that is known, were it another one."""
    return tuple(_with(answer, one, _other(one, value)) for one, value in _known(answer))


def if_missing(answer: CrohnsAnswer) -> tuple[WhatIf, ...]:
    """Return the answer for each input that is known, were it not."""
    return tuple(_with(answer, one, None) for one, _ in _known(answer))


def _known(answer: CrohnsAnswer) -> list[tuple[Covariate, Value]]:
    return [(one, answer.tree[one.case]) for one in inputs() if answer.tree.get(one.case) is not None]


def _with(answer: CrohnsAnswer, one: Covariate, value: Value) -> WhatIf:
    tree = answer.tree | {one.case: value}
    return WhatIf(one.case, value, probabilities_first(tree, answer.uncertainty))


def _other(one: Covariate, value: Value) -> Value:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return next(word for word in one.words if word != value)
    assert value is not None, "asked for of known values only"  # noqa: S101
    return max(_TRIED[one.case], key=lambda tried: abs(tried - value))
