"""Expressions taken apart: into factors of a product, and into the summands of a sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.control.printing import printed_expression
from nonmem_ref.control.tree import Binary, Call, Choice, Element, Logical, Number, Unary

if TYPE_CHECKING:
    from nonmem_ref.control.tree import Condition, Expression

ONE = Number(1.0)
_MOST_SUMMANDS = 60


@dataclass(frozen=True, slots=True)
class Power:
    """A factor: a base that is no product, to some power.

    Parameters
    ----------
    base : Expression
        The base.
    exponent : Expression
        The exponent, 1 for a plain factor.
    """

    base: Expression
    exponent: Expression = ONE


@dataclass(frozen=True, slots=True)
class Exponential:
    """A factor exp(summand).

    Parameters
    ----------
    summand : Summand
        What stands in the exponent.
    """

    summand: Summand


@dataclass(frozen=True, slots=True)
class Either:
    """A factor that is one product or another.

    Parameters
    ----------
    condition : Condition
        Where it holds, the first is meant.
    first, second : Product
        The two, without what they have in common.
    """

    condition: Condition
    first: Product
    second: Product


Factor = Power | Exponential | Either


@dataclass(frozen=True, slots=True)
class Product:
    """A constant and factors.

    Parameters
    ----------
    constant : float
        The constant.
    factors : tuple of Power, Exponential or Either
        The others, in the order of the code.
    """

    constant: float
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Summand:
    """A constant times expressions.

    Parameters
    ----------
    constant : float
        The constant.
    atoms : tuple of Expression
        The others; a divisor is an atom to the power -1.
    """

    constant: float
    atoms: tuple[Expression, ...]


def product_of(node: Expression) -> Product:
    """Return an expression as a product; what is none is a product of one factor."""
    match node:
        case Number():
            return Product(node.value, ())
        case Unary():
            inner = product_of(node.operand)
            return Product(-inner.constant if node.operator == "-" else inner.constant, inner.factors)
        case Binary(operator="*"):
            return _times(product_of(node.left), product_of(node.right))
        case Binary(operator="/"):
            return _divided(product_of(node.left), product_of(node.right), node)
        case Binary(operator="**"):
            return _raised(node)
        case Call(function="EXP"):
            return _exponential(node.arguments[0])
        case Call(function="SQRT"):
            return _raised(Binary("**", node.arguments[0], Number(0.5)))
        case Choice():
            return _either(node)
        case _:
            return Product(1.0, (Power(node),))


def summands_of(node: Expression) -> tuple[Summand, ...]:
    """Return an expression as a sum, products of sums multiplied out; equal summands are put together."""
    merged: dict[tuple[Expression, ...], float] = {}
    for one in _summands(node):
        merged[one.atoms] = merged.get(one.atoms, 0.0) + one.constant
    return tuple(Summand(constant, atoms) for atoms, constant in merged.items() if constant != 0.0)


def _summands(node: Expression) -> list[Summand]:
    match node:
        case Number():
            return [Summand(node.value, ())]
        case Unary():
            sign = -1.0 if node.operator == "-" else 1.0
            return [Summand(sign * one.constant, one.atoms) for one in _summands(node.operand)]
        case Binary(operator="+") | Binary(operator="-"):
            sign = -1.0 if node.operator == "-" else 1.0
            return [*_summands(node.left), *(Summand(sign * one.constant, one.atoms) for one in _summands(node.right))]
        case Binary(operator="*"):
            left, right = _summands(node.left), _summands(node.right)
            if len(left) * len(right) > _MOST_SUMMANDS:
                return [Summand(1.0, (node,))]
            return [_multiplied(one, other) for one in left for other in right]
        case Binary(operator="/"):
            divisor = _summands(node.right)
            if len(divisor) == 1 and not divisor[0].atoms and divisor[0].constant:
                return [Summand(one.constant / divisor[0].constant, one.atoms) for one in _summands(node.left)]
            return [Summand(1.0, (node,))]
        case _:
            return [Summand(1.0, (node,))]


def _multiplied(one: Summand, other: Summand) -> Summand:
    # Sorted by what they say, so that A*B and B*A are the same summand.
    return Summand(one.constant * other.constant, tuple(sorted((*one.atoms, *other.atoms), key=printed_expression)))


def _times(left: Product, right: Product) -> Product:
    return Product(left.constant * right.constant, (*left.factors, *right.factors))


def _divided(left: Product, right: Product, node: Expression) -> Product:
    """Return a quotient; what is divided by must be a constant or plain powers."""
    inverted = [_inverted(factor) for factor in right.factors]
    if right.constant == 0.0 or any(one is None for one in inverted):
        return Product(1.0, (Power(node),))
    return Product(left.constant / right.constant, (*left.factors, *(one for one in inverted if one is not None)))


def _inverted(factor: Factor) -> Factor | None:
    match factor:
        case Power(exponent=Number(value=value)):
            # A negative number is a sign before a number in a tree.
            return Power(factor.base, Unary("-", Number(value)))
        case Power(exponent=Unary(operator="-", operand=inner)):
            return Power(factor.base, inner)
        case Exponential():
            return Exponential(Summand(-factor.summand.constant, factor.summand.atoms))
        case _:
            return None


def _raised(node: Binary) -> Product:
    """Return a power: of a product with whole numbers each factor, else the base as it is."""
    base = product_of(node.left)
    if isinstance(node.right, Number) and node.right.value == 1.0:
        return base
    if not base.factors and isinstance(node.right, Number) and base.constant > 0.0:
        return Product(base.constant**node.right.value, ())
    if base.constant == 1.0 and len(base.factors) == 1 and isinstance(base.factors[0], Exponential):
        return _exponential(Binary("*", node.right, _as_expression(base.factors[0].summand)))
    return Product(1.0, (Power(node.left, node.right),))


def _as_expression(summand: Summand) -> Expression:
    found: Expression = Number(abs(summand.constant))
    for atom in summand.atoms:
        found = Binary("*", found, atom)
    return Unary("-", found) if summand.constant < 0.0 else found


def _exponential(node: Expression) -> Product:
    """Return exp of a sum as a product: exp(log x) is x, and exp(a·log x) is x to the power a."""
    found = Product(1.0, ())
    for one in summands_of(node):
        if len(one.atoms) == 1 and isinstance(one.atoms[0], Choice):
            choice, factor = one.atoms[0], Number(abs(one.constant))
            sides = [Binary("*", factor, side) for side in (choice.first, choice.second)]
            signed = [Unary("-", side) if one.constant < 0.0 else side for side in sides]
            first, second = (Call("EXP", (side,)) for side in signed)
            found = _times(found, _either(Choice(choice.condition, first, second)))
            continue
        switches = [atom for atom in one.atoms if isinstance(atom, Choice)]
        if len(switches) == 1 and any(isinstance(atom, Element) and atom.array == "ETA" for atom in one.atoms):
            # ETA times 1 or 0: the ETA where it is 1.
            found = _times(found, _either(_switched(one, switches[0])))
            continue
        logs = [atom for atom in one.atoms if isinstance(atom, Call) and atom.function == "LOG"]
        if len(logs) == 1:
            rest = list(one.atoms)
            rest.remove(logs[0])
            exponent = _as_expression(Summand(one.constant, tuple(rest)))
            inner = logs[0].arguments[0]
            plain = (
                product_of(inner)
                if not rest and one.constant == 1.0
                else Product(1.0, (Power(inner, _simple(exponent)),))
            )
            found = _times(found, plain)
        else:
            found = _times(found, Product(1.0, (Exponential(one),)))
    return found


def _switched(summand: Summand, switch: Choice) -> Choice:
    """Return exp of a product with a choice in it as a choice of exponentials."""
    rest = list(summand.atoms)
    rest.remove(switch)
    factor = _as_expression(Summand(summand.constant, tuple(rest)))
    first, second = (Call("EXP", (Binary("*", factor, side),)) for side in (switch.first, switch.second))
    return Choice(switch.condition, first, second)


def _simple(node: Expression) -> Expression:
    """Return an expression without the factor 1 before it."""
    if isinstance(node, Binary) and node.operator == "*" and node.left == ONE:
        return node.right
    return node


def _either(node: Choice) -> Product:
    """Return a choice: what both products have in common, times the choice of what is left of them."""
    first, second = product_of(node.first), product_of(node.second)
    common: list[Factor] = []
    left, right = list(first.factors), list(second.factors)
    for factor in first.factors:
        if factor in right:
            common.append(factor)
            left.remove(factor)
            right.remove(factor)
    constant = 1.0
    if first.constant == second.constant:
        constant, first, second = first.constant, Product(1.0, tuple(left)), Product(1.0, tuple(right))
    else:
        first, second = Product(first.constant, tuple(left)), Product(second.constant, tuple(right))
    if first == second:
        return Product(constant, tuple(common))
    condition = node.condition
    # A choice in a choice: the inner one counts where both conditions hold.
    match first:
        case Product(constant=1.0, factors=(Either() as inner,)) if inner.second == second:
            condition, first = Logical(".AND.", condition, inner.condition), inner.first
        case _:
            pass
    return Product(constant, (*common, Either(condition, first, second)))
