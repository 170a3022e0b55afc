"""Recognized parameters as numbers, compared with those of the code that they were recognized in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.control.evaluate import evaluate
from nonmem_ref.control.tree import Assignment, Name, walk
from pkpd.model.covariate import log_effect
from pkpd.model.spec import Effect, RandomEffectShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nonmem_ref.control.tree import Relation, Statement
    from nonmem_ref.recognition.parameter import Coefficient, Covariate, RecognizedParameter
    from pkpd.arrays import FloatArray

_CLOSE = 1e-8
_SEED = 20
_COMPARED: dict[Relation, np.ufunc] = {
    ".EQ.": np.equal,
    ".NE.": np.not_equal,
    ".LT.": np.less,
    ".LE.": np.less_equal,
    ".GT.": np.greater,
    ".GE.": np.greater_equal,
}


def coefficient_value(coefficient: Coefficient, known: Mapping[str, float | FloatArray]) -> float:
    """Return a coefficient at some THETA."""
    if coefficient.theta is None:
        return coefficient.factor
    divisor = 1.0 if coefficient.over is None else float(known[f"THETA({coefficient.over})"])
    return coefficient.factor * float(known[f"THETA({coefficient.theta})"]) / divisor


def covariate_values(covariate: Covariate, known: Mapping[str, float | FloatArray]) -> FloatArray:
    """Return what an effect reads at each record: the data item, 1 and 0, or what code makes of data items."""
    if covariate.made_as is not None:
        made = (Assignment(Name(covariate.item), covariate.made_as),)
        items = {node.name for node in walk(covariate.made_as) if isinstance(node, Name)}
        read = {name: known[name] for name in items}
        values = evaluate(made, read)[covariate.item].value
        return values if any(np.ndim(one) for one in read.values()) else values[0]
    item = np.asarray(known[covariate.item], dtype=np.float64)
    if covariate.relation is None:
        return item
    return np.asarray(_COMPARED[covariate.relation](item, covariate.value), dtype=np.float64)


def parameter_values(parameter: RecognizedParameter, known: Mapping[str, float | FloatArray]) -> FloatArray:
    """Return a parameter at each record.

    Parameters
    ----------
    parameter : RecognizedParameter
        The parameter.
    known : mapping of str to float or (n,) array
        Data items, THETA and ETA by name.

    Returns
    -------
    array
        Its values; of one number where it reads no data item.
    """
    first, *others = (_term_values(term, known) for term in parameter.terms)
    return sum(others, first)


def _term_values(parameter: RecognizedParameter, known: Mapping[str, float | FloatArray]) -> FloatArray:
    """Return one term at each record."""
    typical = parameter.typical
    if parameter.is_log:
        value: FloatArray = np.asarray(typical.factor * np.exp(known[f"THETA({typical.theta})"]), dtype=np.float64)
    else:
        value = np.asarray(coefficient_value(typical, known), dtype=np.float64)
    for effect in parameter.effects:
        formula = Effect(
            effect.covariate.item, effect.form, coefficient_value(effect.coefficient, known), effect.reference
        )
        value = value * np.exp(log_effect(formula, covariate_values(effect.covariate, known)))
    if parameter.occasion is not None:
        codes = np.asarray(known[parameter.occasion.item], dtype=np.float64)
        for code, eta in parameter.occasion.etas:
            value = value * np.exp(np.where(codes == code, known[f"ETA({eta})"], 0.0))
    if parameter.random is None:
        return value
    eta = np.asarray(known[f"ETA({parameter.random.eta})"], dtype=np.float64)
    if parameter.random.category is not None:
        codes = covariate_values(parameter.random.category, known)
        own = [(codes == code, known[f"ETA({number})"]) for code, number in parameter.random.etas]
        eta = np.select([where for where, _ in own], [value for _, value in own])
    match parameter.random.shape:
        case RandomEffectShape.ADDITIVE:
            return value + eta
        case RandomEffectShape.PROPORTIONAL:
            return value * (1.0 + eta)
        case _:
            return value * np.exp(coefficient_value(parameter.random.scale, known) * eta)


def first_difference(
    statements: Sequence[Statement], parameters: Sequence[RecognizedParameter], known: Mapping[str, float | FloatArray]
) -> Iterator[tuple[RecognizedParameter, float, float]]:
    """Yield each parameter whose values are not those of the code, with both at the first such record.

    They are compared at the given THETA and ETA, and at others near them.
    """
    rng = np.random.default_rng(_SEED)
    moved = dict(known)
    for name, value in known.items():
        if name.startswith("THETA("):
            moved[name] = value * rng.uniform(0.9, 1.1) + (rng.uniform(0.01, 0.02) if value == 0.0 else 0.0)
        elif name.startswith("ETA("):
            moved[name] = rng.uniform(-0.3, 0.3)
    seen: set[str] = set()
    for values in (known, moved):
        made = evaluate(statements, values)
        for parameter in parameters:
            theirs = made[parameter.name].value
            ours = np.broadcast_to(parameter_values(parameter, values), theirs.shape)
            off = np.flatnonzero(~np.isclose(theirs, ours, rtol=_CLOSE, atol=0.0, equal_nan=True))
            if off.size and parameter.name not in seen:
                seen.add(parameter.name)
                yield parameter, float(theirs[off[0]]), float(ours[off[0]])
