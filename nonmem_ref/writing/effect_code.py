"""Covariate effects in abbreviated code, and the data items that they read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.dataset.items import RESERVED
from pkpd.model.spec import EffectForm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from pkpd.arrays import FloatArray
    from pkpd.model.spec import Effect


# What NM-TRAN takes as the name of a data item.
_NAME, _LONGEST = re.compile(r"[A-Z][A-Z0-9_]*"), 20


@dataclass(frozen=True, slots=True)
class Item:
    """A data item of covariates.

    Parameters
    ----------
    name : str
        Name in $INPUT.
    covariate : str
        The engine's name of the covariate that it is made of.
    values : callable
        From the covariate's values to those of the item.
    meaning : str
        What it is, for a comment; empty for the covariate itself.
    """

    name: str
    covariate: str
    values: Callable[[FloatArray], FloatArray]
    meaning: str


def item_names(columns: Sequence[str], taken: AbstractSet[str], *, left: int = 0) -> dict[str, str]:
    """Return the data item of each column: its name where NM-TRAN takes that, with `left` letters more, else XCOV with a number.

    `taken` are names that the code gives to something else; those that NM-TRAN reserves are always taken.
    """
    found: dict[str, str] = {}
    for i, name in enumerate(columns, start=1):
        is_plain = _NAME.fullmatch(name) is not None and len(name) <= _LONGEST - left
        found[name] = name if is_plain and name not in taken | RESERVED else f"XCOV{i}"
    return found


def item_of(effect: Effect, column: str, base: str) -> Item:
    """Return the data item that an effect reads: the covariate, or what is made of it where code would need a limit or a logarithm of one.

    `column` is the covariate's in the cohort, `base` what its data items are called, with an ending for those that are made of it.
    """
    reference, floor = effect.reference, effect.floor
    least = column if floor is None else f"max({column}, {floor:g})"

    def floored(x: FloatArray) -> FloatArray:
        return x if floor is None else np.maximum(x, floor)

    def item(ending: str, values: Callable[[FloatArray], FloatArray], meaning: str) -> Item:
        return Item(f"{base}{ending}", effect.covariate, lambda x: values(floored(x)), meaning)

    match effect.form:
        case EffectForm.LINEAR_BELOW:
            return item("BEL", lambda x: np.minimum(x - reference, 0.0), f"min({least} - {reference:g}, 0)")
        case EffectForm.LINEAR_ABOVE:
            return item("ABO", lambda x: np.maximum(x - reference, 0.0), f"max({least} - {reference:g}, 0)")
        case EffectForm.EXPONENTIAL_LOG10:
            return item("L10", lambda x: np.log10(x / reference), f"log10({least}/{reference:g})")
        case EffectForm.POWER_LOG_RATIO:
            return item("LN", np.log, f"ln {least}")
        case EffectForm.FACTOR if reference != 0.0:
            return item("DIF", lambda x: x - reference, f"{least} - {reference:g}")
        case _ if floor is not None:
            return item("FLO", lambda x: x, least)
        case _:
            return item("", lambda x: x, "" if base == column else column)


def factor_code(effect: Effect, item: str, theta: str) -> str:
    """Return the factor that a typical value is multiplied by, of a continuous covariate."""
    shift = shifted(item, effect.reference)
    match effect.form:
        case EffectForm.POWER:
            return f"({item}/{effect.reference!r})**{theta}"
        case EffectForm.POWER_LOG_RATIO:
            return f"({item}/{float(np.log(effect.reference))!r})**{theta}"
        case EffectForm.LINEAR_FRACTION:
            return f"(1+{theta}*{shift})"
        case EffectForm.LINEAR_BELOW | EffectForm.LINEAR_ABOVE:
            return f"(1+{theta}*{item})"
        case EffectForm.LINEAR_LOG:
            return f"(1+{theta}*LOG({item}/{effect.reference!r}))"
        case EffectForm.FACTOR:
            return f"{theta}**{item}"
        case EffectForm.EXPONENTIAL_LOG10:
            return f"EXP({theta}*{item})"
        case _:
            return f"EXP({theta}*{shift})"


def first_factor(effect: Effect) -> float:
    """Return the factor of the category that the others are compared with, which nothing estimates."""
    value = effect.table[0][1]
    return float(np.exp(value)) if effect.form is EffectForm.CATEGORY_EXPONENTIAL else value


def category_code(effect: Effect, theta: str) -> str:
    """Return the factor of one category; that of the others is 1."""
    match effect.form:
        case EffectForm.LINEAR_FRACTION:
            return f"1+{theta}"
        case EffectForm.EXPONENTIAL | EffectForm.CATEGORY_EXPONENTIAL:
            return f"EXP({theta})"
        case _:
            return theta


def shifted(item: str, reference: float) -> str:
    """Return a data item less a reference."""
    if reference == 0.0:
        return item
    return f"({item}-{reference!r})" if reference > 0.0 else f"({item}+{-reference!r})"
