"""What small expressions are: elements of arrays, coefficients, covariates, ratios and distances of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nonmem_ref.control.printing import printed_expression
from nonmem_ref.control.tree import Choice, Comparison, Element, Name, Number
from nonmem_ref.recognition.algebra import Power, Summand, product_of, summands_of
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
_OPPOSITE: dict[Relation, Relation] = {
    ".EQ.": ".NE.",
    ".NE.": ".EQ.",
    ".LT.": ".GE.",
    ".GE.": ".LT.",
    ".LE.": ".GT.",
    ".GT.": ".LE.",
}
LONGEST_SHOWN = 60


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
    """Return the covariate that an expression is: a data item, or a choice of 1 and 0 by one."""
    if isinstance(node, Name) and node.name in items:
        return Covariate(node.name)
    if isinstance(node, Choice) and (indicator := indicator_of(node.condition, items)) is not None:
        if (node.first, node.second) == (Number(1.0), Number(0.0)):
            return indicator
        if (node.first, node.second) == (Number(0.0), Number(1.0)):
            return opposite_of(indicator)
    return None


def indicator_of(condition: Condition, items: AbstractSet[str]) -> Covariate | None:
    """Return the covariate that is 1 where a condition holds, where that compares a data item with a number."""
    if not isinstance(condition, Comparison):
        return None
    sides: tuple[tuple[Expression, Expression, Relation], ...] = (
        (condition.left, condition.right, condition.operator),
        (condition.right, condition.left, _MIRRORED[condition.operator]),
    )
    for item, other, relation in sides:
        value = constant_of(other)
        if isinstance(item, Name) and item.name in items and value is not None:
            return Covariate(item.name, relation, value)
    return None


def opposite_of(covariate: Covariate) -> Covariate:
    """Return the indicator that is 1 where another is 0."""
    assert covariate.relation is not None, "only indicators have an opposite"  # noqa: S101
    return Covariate(covariate.item, _OPPOSITE[covariate.relation], covariate.value)


def ratio_of(node: Expression, items: AbstractSet[str]) -> tuple[Covariate, float, float] | None:
    """Return covariate, reference and sign of the exponent where an expression is x / reference or reference / x."""
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
