"""What an IF makes of a parameter: random effects of occasions, an effect where a covariate compares in a certain way, or a typical value of each category.

A chain of choices is ``first where one condition holds, else second where another does, …``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nonmem_ref.control.printing import printed_condition
from nonmem_ref.control.tree import Name, Number
from nonmem_ref.recognition.algebra import Either, Exponential, Power, Product, summands_of
from nonmem_ref.recognition.atoms import LONGEST_SHOWN, NotRecognizedError, element_number, indicator_of, opposite_of
from nonmem_ref.recognition.parameter import Coefficient, Covariate, CovariateEffect, OccasionEffect
from pkpd.model.spec import EffectForm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

_NOTHING = Product(1.0, ())


def occasions_of(
    factor: Either, items: AbstractSet[str], codes: Mapping[str, AbstractSet[float]]
) -> OccasionEffect | None:
    """Return the random effects of occasions that a chain makes, or None where it makes none.

    `codes` are the values that items have in the data: the last of them is what is left to an ELSE.
    """
    chain, last = _chain(factor, items)
    if not _are_exclusive([indicator for indicator, _ in chain]):
        return None
    known = [(indicator, product) for indicator, product in chain if indicator is not None]
    # Where it is 1 the ETA stands in another factor.
    etas = [(indicator.value, _only_eta(product)) for indicator, product in known if product != _NOTHING]
    item = known[0][0].item
    if last != _NOTHING:
        left = set(codes.get(item, ())) - {indicator.value for indicator, _ in known}
        if len(left) != 1:
            return None
        etas.append((left.pop(), _only_eta(last)))
    found = [(code, eta) for code, eta in etas if eta is not None]
    return OccasionEffect(item, tuple(sorted(found))) if len(found) == len(etas) and found else None


def typicals_of(factor: Either, items: AbstractSet[str]) -> tuple[Coefficient, list[CovariateEffect]] | None:
    """Return the typical value of a chain whose products are elements of THETA, and the others as multiples of it; None for others.

    The typical value is that of the last product. The last may be what the variable was in the record before, which counts for nothing
    where the conditions leave no record to it; the one before is the typical value then.
    """
    chain, last = _chain(factor, items)
    products = [(indicator, _only_theta(product)) for indicator, product in chain]
    rest = _only_theta(last)
    if rest is None and _is_name(last):
        *products, (_, rest) = products
    if rest is None or not products:
        return None
    if len(products) > 1 and not _are_exclusive([indicator for indicator, _ in products]):
        return None
    effects: list[CovariateEffect] = []
    for indicator, theta in products:
        if indicator is None or theta is None:
            return None
        multiple = Coefficient(theta.factor / rest.factor, theta.theta, rest.theta)
        effects.append(CovariateEffect(indicator, EffectForm.FACTOR, multiple))
    return rest, effects


def effects_of(factor: Either, items: AbstractSet[str]) -> list[CovariateEffect]:
    """Return the effects of a chain of which all products but one are 1, or whose conditions exclude each other.

    The last may be what the variable was in the record before, as in ``typicals_of``.

    Raises
    ------
    NotRecognizedError
        Where it is no such.
    """
    first, second = factor.first, factor.second
    indicator = indicator_of(factor.condition, items)
    if indicator is None:
        text = printed_condition(factor.condition)[:LONGEST_SHOWN]
        raise NotRecognizedError(f"depends on {text}; expected a data item compared with a number")
    if first == _NOTHING:
        first, second, indicator = second, first, opposite_of(indicator)
    if second == _NOTHING:
        return [_effect(first, indicator, factor)]
    chain, last = _chain(factor, items)
    if not _are_exclusive([one for one, _ in chain]):
        raise unknown_choice(factor)
    if _is_name(last):
        *chain, (_, last) = chain
    if last != _NOTHING:
        raise unknown_choice(factor)
    return [_effect(product, one, factor) for one, product in chain if one is not None and product != _NOTHING]


def unknown_choice(factor: Either) -> NotRecognizedError:
    """Return the error that says that a choice is not recognized."""
    where = printed_condition(factor.condition)[:LONGEST_SHOWN]
    expected = "expected one factor that is 1 elsewhere, or one THETA for each category"
    return NotRecognizedError(f"is different where {where} in a way that is not recognized; {expected}")


def _chain(factor: Either, items: AbstractSet[str]) -> tuple[list[tuple[Covariate | None, Product]], Product]:
    """Return each condition with its product, and the product where none holds."""
    found: list[tuple[Covariate | None, Product]] = []
    one = factor
    while True:
        found.append((indicator_of(one.condition, items), one.first))
        rest = one.second
        inner = rest.factors[0] if rest.constant == 1.0 and len(rest.factors) == 1 else None
        if not isinstance(inner, Either):
            return found, rest
        one = inner


def _are_exclusive(indicators: list[Covariate | None]) -> bool:
    """Return whether at most one of some conditions can hold: one data item equal to different numbers."""
    known = [one for one in indicators if one is not None and one.relation == ".EQ."]
    return len(known) == len(indicators) == len({one.value for one in known}) and len({one.item for one in known}) == 1


def _is_name(product: Product) -> bool:
    """Return whether a product is a variable that has not been given a value."""
    match product:
        case Product(constant=1.0, factors=(Power(base=Name(), exponent=Number(value=1.0)),)):
            return True
        case _:
            return False


def _only_theta(product: Product) -> Coefficient | None:
    """Return a product as a constant times THETA(n), or None where it is none."""
    match product.factors:
        case (Power(base=base, exponent=Number(value=1.0)),) if product.constant > 0.0:
            theta = element_number(base, "THETA")
            return None if theta is None else Coefficient(product.constant, theta)
        case _:
            return None


def _only_eta(product: Product) -> int | None:
    """Return the number of the ETA where a product is exp(ETA)."""
    match product.factors:
        case (Exponential(summand=summand),) if product.constant == summand.constant == 1.0 and len(summand.atoms) == 1:
            return element_number(next(iter(summand.atoms)), "ETA")
        case _:
            return None


def _effect(product: Product, indicator: Covariate, factor: Either) -> CovariateEffect:
    """Return the effect whose multiplier is a product where an indicator is 1."""
    if not product.factors:
        return CovariateEffect(indicator, EffectForm.FACTOR, Coefficient(product.constant))
    if (theta := _only_theta(product)) is not None:
        return CovariateEffect(indicator, EffectForm.FACTOR, theta)
    match product.factors:
        case (Power(base=base, exponent=Number(value=1.0)),) if product.constant == 1.0:
            form, summands = EffectForm.LINEAR_FRACTION, summands_of(base)
            slopes = [one for one in summands if one.atoms]
            is_one = sum(one.constant for one in summands if not one.atoms) == 1.0
        case (Exponential(summand=summand),) if product.constant == 1.0:
            form, slopes, is_one = EffectForm.EXPONENTIAL, [summand], True
        case _:
            raise unknown_choice(factor)
    atoms = slopes[0].atoms if len(slopes) == 1 and is_one else ()
    number = element_number(next(iter(atoms)), "THETA") if len(atoms) == 1 else None
    if number is None:
        raise unknown_choice(factor)
    return CovariateEffect(indicator, form, Coefficient(slopes[0].constant, number))
