"""Expressions written in another way that means the same: what code makes of data items as an item of its own, and sums with 1 and 0 in them as choices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nonmem_ref.control.printing import printed_expression
from nonmem_ref.control.tree import Binary, Call, Choice, Comparison, Element, Name, Number, Unary, walk
from nonmem_ref.recognition.algebra import summands_of
from nonmem_ref.recognition.atoms import made_name
from nonmem_ref.recognition.parameter import Covariate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from nonmem_ref.control.tree import Condition, Expression
    from nonmem_ref.recognition.algebra import Summand

_ONE, _ZERO = Number(1.0), Number(0.0)


def with_made_items(node: Expression, items: AbstractSet[str]) -> tuple[Expression, dict[str, Covariate]]:
    """Return an expression with a name in place of each formula of data items alone, and what the names are.

    Such are a body surface area of weight and height, or a clearance of creatinine. A data item itself, and its sum, product or quotient with a
    number, stay as they are.
    """
    made: dict[str, Covariate] = {}

    def replaced(one: Expression) -> Expression | None:
        if not _reads_items_alone(one, items) or _is_plain(one):
            return None
        name = made_name(printed_expression(one))
        made[name] = Covariate(name, made_as=one)
        return Name(name)

    return _rewritten(node, replaced), made


def _reads_items_alone(node: Expression, items: AbstractSet[str]) -> bool:
    parts = list(walk(node))
    names = [one.name for one in parts if isinstance(one, Name)]
    return bool(names) and set(names) <= items and not any(isinstance(one, Element) for one in parts)


def _is_plain(node: Expression) -> bool:
    """Return whether an expression is an item or a choice, or whether it is such a formula beside a number, which is looked into then."""
    match node:
        case Name() | Choice():
            return True
        case Binary(operator="+" | "-" | "*" | "/", right=Number()) | Binary(operator="+" | "*", left=Number()):
            return True
        case _:
            return False


def choices_of_sum(
    node: Expression, items: AbstractSet[str], codes: Mapping[str, AbstractSet[float]]
) -> Iterator[Choice]:
    """Yield a sum as a choice by each item that is 1 or 0, and by each condition in it: THETA(1)*(1-SEX)+THETA(2)*SEX is THETA(2) where SEX is 1, else THETA(1)."""
    parts = list(walk(node))
    for name in dict.fromkeys(one.name for one in parts if isinstance(one, Name)):
        if name in items and codes.get(name, frozenset({2.0})) <= {0.0, 1.0}:
            item = Name(name)
            high, low = (_put_together(_rewritten(node, _number_of(item, number))) for number in (_ONE, _ZERO))
            # They are equal where the item stands in conditions alone.
            if high != low:
                yield Choice(Comparison(".EQ.", item, _ONE), high, low)
    for condition in dict.fromkeys(one.condition for one in parts if isinstance(one, Choice)):
        first, second = (
            _put_together(_rewritten(node, _side_of(condition, is_first=is_first))) for is_first in (True, False)
        )
        yield Choice(condition, first, second)


def _number_of(item: Name, number: Number) -> Callable[[Expression], Expression | None]:
    return lambda one: number if one == item else None


def _side_of(condition: Condition, *, is_first: bool) -> Callable[[Expression], Expression | None]:
    def side(one: Expression) -> Expression | None:
        if not isinstance(one, Choice) or one.condition != condition:
            return None
        return one.first if is_first else one.second

    return side


def _put_together(node: Expression) -> Expression:
    """Return a sum with equal summands put together, and without those that are 0."""
    terms = [_as_expression(one) for one in summands_of(node)]
    found: Expression = terms[0] if terms else _ZERO
    for one in terms[1:]:
        found = Binary("+", found, one)
    return found


def _as_expression(summand: Summand) -> Expression:
    factors: list[Expression] = list(summand.atoms)
    if not factors or abs(summand.constant) != 1.0:
        factors.insert(0, Number(abs(summand.constant)))
    found = factors[0]
    for one in factors[1:]:
        found = Binary("*", found, one)
    return Unary("-", found) if summand.constant < 0.0 else found


def _rewritten(node: Expression, replaced: Callable[[Expression], Expression | None]) -> Expression:
    """Return an expression with some of its parts replaced, the outermost first; those in conditions stay."""
    if (other := replaced(node)) is not None:
        return other
    match node:
        case Unary():
            return replace(node, operand=_rewritten(node.operand, replaced))
        case Binary():
            return replace(node, left=_rewritten(node.left, replaced), right=_rewritten(node.right, replaced))
        case Call():
            return replace(node, arguments=tuple(_rewritten(one, replaced) for one in node.arguments))
        case Choice():
            return replace(node, first=_rewritten(node.first, replaced), second=_rewritten(node.second, replaced))
        case _:
            return node
