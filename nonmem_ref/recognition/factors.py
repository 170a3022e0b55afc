"""A parameter recognized in its expression: each factor is a typical value, a covariate effect or a random effect, or it is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nonmem_ref.control.printing import printed_condition, printed_expression
from nonmem_ref.control.tree import Binary, Call, Choice, Comparison, Element, Name, Number
from nonmem_ref.recognition.algebra import Either, Exponential, Power, Product, Summand, product_of, summands_of
from nonmem_ref.recognition.parameter import (
    Coefficient,
    Covariate,
    CovariateEffect,
    OccasionEffect,
    RandomEffect,
    RecognizedParameter,
)
from pkpd.model.spec import EffectForm, RandomEffectShape

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from nonmem_ref.control.tree import Condition, Expression, Relation
    from nonmem_ref.recognition.algebra import Factor

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
_LONGEST_SHOWN = 60


class NotRecognizedError(ValueError):
    """Something that the engine does not have, or that is written in a way that is not recognized; the text says what."""


@dataclass(slots=True)
class _Found:
    """What was recognized of a parameter so far."""

    items: AbstractSet[str]
    constant: float = 1.0
    typical: Coefficient | None = None
    is_log: bool = False
    effects: list[CovariateEffect] = field(default_factory=list[CovariateEffect])
    random: RandomEffect | None = None
    occasion: OccasionEffect | None = None
    # exp(a·THETA·x) and exp(b·THETA), which may be two parts of exp(a·THETA·(x - reference)).
    in_exponent: list[tuple[int, float, Covariate]] = field(default_factory=list[tuple[int, float, Covariate]])
    powers: list[tuple[int, float, Covariate, float]] = field(default_factory=list[tuple[int, float, Covariate, float]])
    alone: dict[int, float] = field(default_factory=dict[int, float])


def recognize_parameter(name: str, node: Expression, items: AbstractSet[str]) -> RecognizedParameter:
    """Recognize a parameter.

    Parameters
    ----------
    name : str
        Its name.
    node : Expression
        What it is, in data items, THETA and ETA alone.
    items : set of str
        Data items that can be covariates.

    Raises
    ------
    NotRecognizedError
        With the part that is not recognized.
    """
    found = _Found(items)
    typical, eta = _without_additive_eta(node)
    if eta is not None:
        found.random = RandomEffect(eta, RandomEffectShape.ADDITIVE)
    product = product_of(typical)
    found.constant = product.constant
    for factor in product.factors:
        _take(found, factor)
    _put_exponents_together(found)
    if not found.constant > 0.0:
        raise NotRecognizedError(f"has the constant {found.constant:g} before it; expected one above 0")
    value = found.typical
    coefficient = Coefficient(found.constant) if value is None else Coefficient(found.constant, value.theta)
    return RecognizedParameter(name, coefficient, found.is_log, tuple(found.effects), found.random, found.occasion)


def _without_additive_eta(node: Expression) -> tuple[Expression, int | None]:
    """Return an expression and the ETA that is added to it."""
    if isinstance(node, Binary) and node.operator == "+":
        for typical, added in ((node.left, node.right), (node.right, node.left)):
            if (eta := _number(added, "ETA")) is not None:
                return typical, eta
    return node, None


def _number(node: Expression, array: str) -> int | None:
    """Return the number of an element of an array, or None where a node is no such."""
    if isinstance(node, Element) and node.array == array and isinstance(node.indices[0], int):
        return node.indices[0]
    return None


def _take(found: _Found, factor: Factor) -> None:
    match factor:
        case Power():
            _take_power(found, factor)
        case Exponential():
            _take_exponential(found, factor.summand)
        case Either():
            _take_either(found, factor)


def _set_typical(found: _Found, theta: int, *, is_log: bool) -> None:
    if found.typical is not None:
        raise NotRecognizedError(f"has both THETA({found.typical.theta}) and THETA({theta}) as its typical value")
    found.typical, found.is_log = Coefficient(1.0, theta), is_log


def _set_random(found: _Found, effect: RandomEffect) -> None:
    if found.random is not None:
        raise NotRecognizedError(
            f"has both ETA({found.random.eta}) and ETA({effect.eta}); the engine has one for each parameter"
        )
    found.random = effect


# ---------------------------------------------------------------------------------------------------------------- powers


def _take_power(found: _Found, factor: Power) -> None:
    exponent, theta = _constant(factor.exponent), _number(factor.base, "THETA")
    if theta is not None and exponent == 1.0:
        _set_typical(found, theta, is_log=False)
        return
    if theta is not None and (distance := _distance(found, factor.exponent)) is not None:
        covariate, reference = distance
        found.effects.append(CovariateEffect(covariate, EffectForm.FACTOR, Coefficient(1.0, theta), reference))
        return
    coefficient = _coefficient(factor.exponent)
    if coefficient is not None and isinstance(factor.base, Number) and coefficient.theta is not None:
        # 70**(-THETA) is part of (x/70)**THETA written as a difference of logarithms.
        found.alone[coefficient.theta] = found.alone.get(coefficient.theta, 0.0) + coefficient.factor * math.log(
            factor.base.value
        )
        return
    ratio = _ratio(found, factor.base)
    if ratio is not None and coefficient is not None:
        covariate, reference, sign = ratio
        if coefficient.theta is None:
            effect = CovariateEffect(covariate, EffectForm.POWER, Coefficient(sign * coefficient.factor), reference)
            found.effects.append(effect)
        else:
            found.powers.append((coefficient.theta, sign * coefficient.factor, covariate, reference))
        return
    if exponent == 1.0 and isinstance(factor.base, Binary):
        _take_sum(found, factor.base)
        return
    raise _unknown(factor.base if exponent == 1.0 else Binary("**", factor.base, factor.exponent))


def _constant(node: Expression) -> float | None:
    """Return the number that an expression is, or None."""
    coefficient = _coefficient(node)
    return coefficient.factor if coefficient is not None and coefficient.theta is None else None


def _coefficient(node: Expression) -> Coefficient | None:
    """Return an expression as a constant, or a constant times THETA(n); None where it is neither."""
    match summands_of(node):
        case ():
            return Coefficient(0.0)
        case (Summand(constant=constant, atoms=()),):
            return Coefficient(constant)
        case (Summand(constant=constant, atoms=(atom,)),):
            theta = _number(atom, "THETA")
            return None if theta is None else Coefficient(constant, theta)
        case _:
            return None


def _covariate(found: _Found, node: Expression) -> Covariate | None:
    """Return the covariate that an expression is: a data item, or a choice of 1 and 0 by one."""
    if isinstance(node, Name) and node.name in found.items:
        return Covariate(node.name)
    if isinstance(node, Choice) and (indicator := _indicator(found, node.condition)) is not None:
        if (node.first, node.second) == (Number(1.0), Number(0.0)):
            return indicator
        if (node.first, node.second) == (Number(0.0), Number(1.0)):
            return _opposite(indicator)
    return None


def _indicator(found: _Found, condition: Condition) -> Covariate | None:
    """Return the covariate that is 1 where a condition holds, where that compares a data item with a number."""
    if not isinstance(condition, Comparison):
        return None
    sides: tuple[tuple[Expression, Expression, Relation], ...] = (
        (condition.left, condition.right, condition.operator),
        (condition.right, condition.left, _MIRRORED[condition.operator]),
    )
    for item, other, relation in sides:
        value = _constant(other)
        if isinstance(item, Name) and item.name in found.items and value is not None:
            return Covariate(item.name, relation, value)
    return None


def _opposite(covariate: Covariate) -> Covariate:
    assert covariate.relation is not None, "only indicators have an opposite"  # noqa: S101
    return Covariate(covariate.item, _OPPOSITE[covariate.relation], covariate.value)


def _ratio(found: _Found, node: Expression) -> tuple[Covariate, float, float] | None:
    """Return covariate, reference and sign of the exponent where an expression is x / reference or reference / x."""
    product = product_of(node)
    if len(product.factors) != 1 or not isinstance(product.factors[0], Power) or not product.constant > 0.0:
        return None
    power = product.factors[0]
    covariate, exponent = _covariate(found, power.base), _constant(power.exponent)
    if covariate is None or covariate.relation is not None or exponent not in {1.0, -1.0}:
        return None
    return covariate, product.constant ** -(exponent or 1.0), exponent or 1.0


def _distance(found: _Found, node: Expression) -> tuple[Covariate, float] | None:
    """Return covariate and reference where an expression is x - reference."""
    summands = summands_of(node)
    constant = sum(one.constant for one in summands if not one.atoms)
    others = [one for one in summands if one.atoms]
    if len(others) != 1 or len(others[0].atoms) != 1 or others[0].constant != 1.0:
        return None
    covariate = _covariate(found, others[0].atoms[0])
    return None if covariate is None else (covariate, -constant)


# ------------------------------------------------------------------------------------------------------------------ sums


def _take_sum(found: _Found, node: Expression) -> None:
    """Take in a factor 1 + ETA, or 1 + THETA·(x - reference) and its kind."""
    summands = summands_of(node)
    constant = sum(one.constant for one in summands if not one.atoms)
    others = [one for one in summands if one.atoms]
    if not constant > 0.0:
        raise NotRecognizedError(f"has the factor {_shown(node)}, a sum without a constant; expected 1 + …")
    found.constant *= constant
    if len(others) == 1 and len(others[0].atoms) == 1 and (eta := _number(others[0].atoms[0], "ETA")) is not None:
        if others[0].constant != constant:
            raise NotRecognizedError(f"has the factor {_shown(node)}; expected 1 + ETA(n)")
        _set_random(found, RandomEffect(eta, RandomEffectShape.PROPORTIONAL))
        return
    effect = _linear(found, others, constant)
    if effect is None:
        raise _unknown(node)
    found.effects.append(effect)


def _linear(found: _Found, summands: list[Summand], constant: float) -> CovariateEffect | None:
    """Return 1 + coefficient·(x - reference) or 1 + coefficient·log(x / reference) from all but its constant."""
    slopes: list[tuple[int | None, float, Covariate, float | None]] = []
    alone: dict[int | None, float] = {}
    for one in summands:
        thetas = [number for atom in one.atoms if (number := _number(atom, "THETA")) is not None]
        others = [atom for atom in one.atoms if _number(atom, "THETA") is None]
        theta = thetas[0] if thetas else None
        if len(thetas) > 1 or len(others) > 1:
            return None
        if not others:
            alone[theta] = alone.get(theta, 0.0) + one.constant
            continue
        logarithm = others[0].arguments[0] if isinstance(others[0], Call) and others[0].function == "LOG" else None
        ratio = None if logarithm is None else _ratio(found, logarithm)
        covariate = _covariate(found, others[0]) if ratio is None else ratio[0]
        if covariate is None:
            return None
        sign = 1.0 if ratio is None else ratio[2]
        slopes.append((theta, sign * one.constant, covariate, None if ratio is None else ratio[1]))
    if len(slopes) != 1 or set(alone) - {slopes[0][0]}:
        return None
    theta, slope, covariate, ratio_reference = slopes[0]
    offset = alone.get(theta, 0.0) / slope
    coefficient = Coefficient(slope / constant, theta)
    if ratio_reference is not None:
        return CovariateEffect(covariate, EffectForm.LINEAR_LOG, coefficient, ratio_reference * math.exp(-offset))
    return CovariateEffect(covariate, EffectForm.LINEAR_FRACTION, coefficient, -offset + 0.0)


# ------------------------------------------------------------------------------------------------------------ exponentials


def _take_exponential(found: _Found, summand: Summand) -> None:
    """Take in exp(ETA), exp(THETA), exp(THETA·x) or a part of exp(THETA·(x - reference))."""
    if not summand.atoms:
        found.constant *= math.exp(summand.constant)
        return
    etas = [number for atom in summand.atoms if (number := _number(atom, "ETA")) is not None]
    if etas:
        if len(summand.atoms) > 1 or summand.constant != 1.0:
            raise NotRecognizedError(f"has {_shown_summand(summand)} in an exponent; expected an ETA without a factor")
        _set_random(found, RandomEffect(etas[0]))
        return
    thetas = [number for atom in summand.atoms if (number := _number(atom, "THETA")) is not None]
    others = [atom for atom in summand.atoms if _number(atom, "THETA") is None]
    covariate = _covariate(found, others[0]) if len(others) == 1 else None
    if len(thetas) == 1 and not others:
        found.alone[thetas[0]] = found.alone.get(thetas[0], 0.0) + summand.constant
    elif len(thetas) == 1 and covariate is not None:
        found.in_exponent.append((thetas[0], summand.constant, covariate))
    elif not thetas and covariate is not None:
        found.effects.append(CovariateEffect(covariate, EffectForm.EXPONENTIAL, Coefficient(summand.constant)))
    else:
        raise NotRecognizedError(f"has {_shown_summand(summand)} in an exponent, which is not recognized")


def _put_exponents_together(found: _Found) -> None:
    """Make effects of what stands in exponents with the same THETA; a THETA that stands there alone is the typical value."""
    alone = dict(found.alone)
    n_uses: dict[int, int] = {}
    for theta in [*(one[0] for one in found.in_exponent), *(one[0] for one in found.powers)]:
        n_uses[theta] = n_uses.get(theta, 0) + 1
    for theta, n in n_uses.items():
        if n > 1 and theta in alone:
            raise NotRecognizedError(f"has THETA({theta}) in an exponent with two covariates and alone")
    for theta, slope, covariate in found.in_exponent:
        reference = -alone.pop(theta, 0.0) / slope + 0.0
        found.effects.append(CovariateEffect(covariate, EffectForm.EXPONENTIAL, Coefficient(slope, theta), reference))
    for theta, slope, covariate, reference in found.powers:
        moved = reference * math.exp(-alone.pop(theta, 0.0) / slope)
        found.effects.append(CovariateEffect(covariate, EffectForm.POWER, Coefficient(slope, theta), moved))
    for theta, factor in alone.items():
        if factor != 1.0:
            raise NotRecognizedError(
                f"has {factor:g}*THETA({theta}) in an exponent; expected THETA({theta}) without a factor"
            )
        _set_typical(found, theta, is_log=True)


# --------------------------------------------------------------------------------------------------------------- choices


def _take_either(found: _Found, factor: Either) -> None:
    """Take in what an IF made: random effects of occasions, or an effect where a covariate compares in a certain way."""
    occasions = _occasions(found, factor)
    if occasions is not None:
        if found.occasion is not None:
            raise NotRecognizedError("has random effects of occasions twice; the engine has one set for each parameter")
        found.occasion = occasions
        return
    excluded: list[Covariate] = []
    rest: Factor | None = factor
    while rest is not None:
        if not isinstance(rest, Either):
            raise _unknown_choice(factor)
        indicator = _indicator(found, rest.condition)
        if indicator is None:
            raise NotRecognizedError(
                f"depends on {printed_condition(rest.condition)[:_LONGEST_SHOWN]}; expected a data item compared with a number"
            )
        if excluded and (indicator.relation != ".EQ." or indicator in excluded or indicator.item != excluded[0].item):
            raise _unknown_choice(factor)
        rest = _take_sides(found, rest, indicator, excluded)


def _take_sides(found: _Found, factor: Either, indicator: Covariate, excluded: list[Covariate]) -> Factor | None:
    """Take in a choice of which one side is 1, or another choice by the same covariate, which is returned."""
    first, second = factor.first, factor.second
    if first == Product(1.0, ()):
        first, second, indicator = second, first, _opposite(indicator)
    rest: Factor | None = None
    if second != Product(1.0, ()):
        is_chain = second.constant == 1.0 and len(second.factors) == 1 and isinstance(second.factors[0], Either)
        if not is_chain or indicator.relation != ".EQ.":
            raise _unknown_choice(factor)
        rest = second.factors[0]
    found.effects.append(_of_category(first, indicator, factor))
    excluded.append(indicator)
    return rest


def _of_category(product: Product, indicator: Covariate, factor: Either) -> CovariateEffect:
    """Return the effect whose multiplier is a product where an indicator is 1."""
    if not product.factors:
        return CovariateEffect(indicator, EffectForm.FACTOR, Coefficient(product.constant))
    if len(product.factors) > 1:
        raise _unknown_choice(factor)
    only = next(iter(product.factors))
    match only:
        case Power(base=base, exponent=Number(value=1.0)):
            if (theta := _number(base, "THETA")) is not None:
                return CovariateEffect(indicator, EffectForm.FACTOR, Coefficient(product.constant, theta))
            summands = summands_of(base)
            constant = sum(one.constant for one in summands if not one.atoms)
            others = [one for one in summands if one.atoms]
            if product.constant == 1.0 and constant == 1.0 and len(others) == 1 and len(others[0].atoms) == 1:
                theta = _number(others[0].atoms[0], "THETA")
                if theta is not None:
                    coefficient = Coefficient(others[0].constant, theta)
                    return CovariateEffect(indicator, EffectForm.LINEAR_FRACTION, coefficient)
        case Exponential(summand=summand) if product.constant == 1.0 and len(summand.atoms) == 1:
            theta = _number(summand.atoms[0], "THETA")
            if theta is not None:
                return CovariateEffect(indicator, EffectForm.EXPONENTIAL, Coefficient(summand.constant, theta))
        case _:
            pass
    raise _unknown_choice(factor)


def _occasions(found: _Found, factor: Either) -> OccasionEffect | None:
    """Return the random effects of occasions that a chain of choices makes, or None where it makes none."""
    etas: list[tuple[float, int]] = []
    item = ""
    rest: Factor | None = factor
    while rest is not None:
        if not isinstance(rest, Either):
            return None
        indicator, eta = _indicator(found, rest.condition), _only_eta(rest.first)
        if indicator is None or indicator.relation != ".EQ." or eta is None or item not in {"", indicator.item}:
            return None
        item = indicator.item
        etas.append((indicator.value, eta))
        last = _only_eta(rest.second)
        if rest.second == Product(1.0, ()):
            rest = None
        elif last is not None:
            return None
        elif rest.second.constant == 1.0 and len(rest.second.factors) == 1:
            rest = rest.second.factors[0]
        else:
            return None
    return OccasionEffect(item, tuple(sorted(etas)))


def _only_eta(product: Product) -> int | None:
    """Return the number of the ETA where a product is exp(ETA)."""
    if product.constant != 1.0 or len(product.factors) != 1 or not isinstance(product.factors[0], Exponential):
        return None
    summand = product.factors[0].summand
    etas = [_number(atom, "ETA") for atom in summand.atoms]
    return etas[0] if len(etas) == 1 and summand.constant == 1.0 else None


# ---------------------------------------------------------------------------------------------------------------- messages


def _unknown(node: Expression) -> NotRecognizedError:
    return NotRecognizedError(f"has the factor {_shown(node)}, which is not recognized")


def _unknown_choice(factor: Either) -> NotRecognizedError:
    condition = printed_condition(factor.condition)
    return NotRecognizedError(
        f"is different where {condition[:_LONGEST_SHOWN]} in a way that is not recognized; expected one factor that is 1 elsewhere"
    )


def _shown(node: Expression) -> str:
    text = printed_expression(node)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _shown_summand(summand: Summand) -> str:
    atoms = [printed_expression(atom) for atom in summand.atoms]
    return "*".join(atoms if summand.constant == 1.0 else [f"{summand.constant:g}", *atoms])[:_LONGEST_SHOWN]
