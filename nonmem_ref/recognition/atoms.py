"""What small expressions are: elements of arrays, coefficients, covariates, ratios and distances of them."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from nonmem_ref.control.printing import printed_condition, printed_expression
from nonmem_ref.control.tree import OPPOSITE, Binary, Choice, Comparison, Element, Name, Number, walk
from nonmem_ref.recognition.algebra import ONE, Power, Summand, product_of, summands_of
from nonmem_ref.recognition.parameter import Coefficient, Covariate

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from nonmem_ref.control.tree import Condition, Expression, Relation

_MIRRORED: dict[Relation, Relation] = {
    ".EQ.": ".EQ.",
    ".NE.": ".NE.",
    ".LT.": ".GT.",
    ".LE.": ".GE.",
    ".GT.": ".LT.",
    ".GE.": ".LE.",
}
LONGEST_SHOWN = 60
NOTHING = Number(0.0)
# Names of what code makes of data items: letters for signs, and no longer than this.
_SIGNS = {"-": "m", "+": "_PLUS_", "*": "_TIMES_", "/": "_OVER_"}
_POINT, _OTHER = re.compile(r"(?<=\d)\.(?=\d)"), re.compile(r"[^A-Za-z0-9]+")
_LONGEST_NAME = 40


class NotRecognizedError(ValueError):
    """Something that the engine does not have, or that is written in a way that is not recognized; the text says what."""


def element_number(node: Expression, array: str) -> int | None:
    """Return the number of an element of an array, or None where a node is no such."""
    if isinstance(node, Element) and node.array == array and isinstance(node.indices[0], int):
        return node.indices[0]
    return None


def constant_of(node: Expression) -> float | None:
    """Return the number that an expression is, or None."""
    coefficient = coefficient_of(node)
    return coefficient.factor if coefficient is not None and coefficient.theta is None else None


def coefficient_of(node: Expression) -> Coefficient | None:
    """Return an expression as a constant, or a constant times THETA(n); None where it is neither."""
    match summands_of(node):
        case ():
            return Coefficient(0.0)
        case (Summand(constant=constant, atoms=()),):
            return Coefficient(constant)
        case (Summand(constant=constant, atoms=(atom,)),):
            theta = element_number(atom, "THETA")
            return None if theta is None else Coefficient(constant, theta)
        case _:
            return None


def covariate_of(node: Expression, items: AbstractSet[str]) -> Covariate | None:
    """Return the covariate that an expression is: a data item, or a choice by data items between these and numbers."""
    if isinstance(node, Name) and node.name in items:
        return Covariate(node.name)
    if isinstance(node, Choice) and (indicator := indicator_of(node.condition, items)) is not None:
        if (node.first, node.second) == (Number(1.0), Number(0.0)):
            return indicator
        if (node.first, node.second) == (Number(0.0), Number(1.0)):
            return opposite_of(indicator)
    return made_of(node, items) if isinstance(node, Choice) else None


def made_of(node: Choice, items: AbstractSet[str]) -> Covariate | None:
    """Return the covariate that a choice is which reads data items alone, or None where it reads anything else."""
    parts = list(walk(node))
    if any(isinstance(one, Element) or (isinstance(one, Name) and one.name not in items) for one in parts):
        return None
    if (node.first, node.second) == (ONE, NOTHING):
        text = printed_condition(node.condition)
    elif (node.first, node.second) == (NOTHING, ONE):
        text = f"NOT {printed_condition(node.condition)}"
    elif isinstance(node.first, Number):
        text = f"{printed_expression(node.second)} BUT {printed_expression(node.first)} IF {printed_condition(node.condition)}"
    else:
        text = f"{printed_expression(node.first)} IF {printed_condition(node.condition)} ELSE {printed_expression(node.second)}"
    return Covariate(made_name(text), made_as=node)


def made_name(text: str) -> str:
    """Return a name for what code makes of data items, from the code."""
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    name = _OTHER.sub("_", _POINT.sub("p", text)).strip("_")
    name = name if name[0].isalpha() else f"X_{name}"
    if len(name) <= _LONGEST_NAME:
        return name
    # Its beginning, and a number that tells it from others that begin so.
    return f"{name[: _LONGEST_NAME - 9].rstrip('_')}_{zlib.crc32(text.encode()):08X}"


def indicator_of(condition: Condition, items: AbstractSet[str]) -> Covariate | None:
    """Return the covariate that is 1 where a condition on data items holds."""
    if not isinstance(condition, Comparison):
        return made_of(Choice(condition, ONE, NOTHING), items)
    sides: tuple[tuple[Expression, Expression, Relation], ...] = (
        (condition.left, condition.right, condition.operator),
        (condition.right, condition.left, _MIRRORED[condition.operator]),
    )
    for item, other, relation in sides:
        value = constant_of(other)
        if isinstance(item, Name) and item.name in items and value is not None:
            return Covariate(item.name, relation, value)
    return made_of(Choice(condition, ONE, NOTHING), items)


def opposite_of(covariate: Covariate) -> Covariate:
    """Return the indicator that is 1 where another is 0."""
    if isinstance(made := covariate.made_as, Choice):
        turned = Choice(made.condition, made.second, made.first)
        return Covariate(f"NOT_{covariate.item}", made_as=turned)
    assert covariate.relation is not None, "only indicators have an opposite"  # noqa: S101
    return Covariate(covariate.item, OPPOSITE[covariate.relation], covariate.value)


def ratio_of(node: Expression, items: AbstractSet[str]) -> tuple[Covariate, float, float] | None:
    """Return covariate, reference and sign of the exponent where an expression is x / reference or reference / x."""
    if isinstance(node, Choice) and (made := made_of(node, items)) is not None:
        return made, 1.0, 1.0
    match node:
        case Binary(operator="/", left=Choice() as above, right=Number(value=reference)) if reference > 0.0:
            if (made := made_of(above, items)) is not None:
                return made, reference, 1.0
        case _:
            pass
    product = product_of(node)
    if len(product.factors) != 1 or not isinstance(product.factors[0], Power) or not product.constant > 0.0:
        return None
    power = product.factors[0]
    covariate, exponent = covariate_of(power.base, items), constant_of(power.exponent)
    if covariate is None or covariate.relation is not None or exponent not in {1.0, -1.0}:
        return None
    return covariate, product.constant ** -(exponent or 1.0), exponent or 1.0


def distance_of(node: Expression, items: AbstractSet[str]) -> tuple[Covariate, float] | None:
    """Return covariate and reference where an expression is x - reference."""
    summands = summands_of(node)
    constant = sum(one.constant for one in summands if not one.atoms)
    others = [one for one in summands if one.atoms]
    if len(others) != 1 or len(others[0].atoms) != 1 or others[0].constant != 1.0:
        return None
    covariate = covariate_of(others[0].atoms[0], items)
    return None if covariate is None else (covariate, -constant)


def shown(node: Expression) -> str:
    """Return an expression as a message shows it."""
    text = printed_expression(node)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
