"""A parameter recognized in its expression: each factor is a typical value, a covariate effect or a random effect, or it is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nonmem_ref.control.tree import Binary, Call, Choice, Name, Number, Unary
from nonmem_ref.recognition.algebra import Either, Exponential, Power, Product, Summand, product_of, summands_of
from nonmem_ref.recognition.atoms import (
    LONGEST_SHOWN,
    NotRecognizedError,
    coefficient_of,
    constant_of,
    covariate_of,
    distance_of,
    element_number,
    made_of,
    ratio_of,
    shown,
)
from nonmem_ref.recognition.choices import effects_of, occasions_of, typicals_of
from nonmem_ref.recognition.parameter import (
    Coefficient,
    Covariate,
    CovariateEffect,
    OccasionEffect,
    RandomEffect,
    RecognizedParameter,
)
from nonmem_ref.recognition.rewriting import choices_of_sum, with_made_items
from pkpd.model.spec import EffectForm, RandomEffectShape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from nonmem_ref.control.tree import Expression
    from nonmem_ref.recognition.algebra import Factor


_ALONE = Product(1.0, ())


@dataclass(slots=True)
class _Found:
    """What was recognized of a parameter so far."""

    items: AbstractSet[str]
    codes: Mapping[str, AbstractSet[float]]
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


def recognize_parameter(
    name: str, node: Expression, items: AbstractSet[str], codes: Mapping[str, AbstractSet[float]]
) -> RecognizedParameter:
    """Recognize a parameter: a product, or else a sum of products.

    Parameters
    ----------
    name : str
        Its name.
    node : Expression
        What it is, in data items, THETA and ETA alone.
    items : set of str
        Data items that can be covariates.
    codes : mapping of str to set of float
        Values in the data of those items that have few.

    Raises
    ------
    NotRecognizedError
        With the part that is not recognized.
    """
    try:
        return _sum_of_terms(name, node, items, codes)
    except NotRecognizedError:
        other, made = with_made_items(node, items)
        if not made:
            raise
        try:
            found = _sum_of_terms(name, other, items | made.keys(), codes)
        except NotRecognizedError:
            found = None
        if found is None:
            raise
    return _with_covariates(found, made)


def _with_covariates(parameter: RecognizedParameter, made: Mapping[str, Covariate]) -> RecognizedParameter:
    """Return a parameter with what names stand for in their place."""
    effects = tuple(
        replace(effect, covariate=made.get(effect.covariate.item, effect.covariate)) for effect in parameter.effects
    )
    return replace(parameter, effects=effects, added=tuple(_with_covariates(one, made) for one in parameter.added))


def _sum_of_terms(
    name: str, node: Expression, items: AbstractSet[str], codes: Mapping[str, AbstractSet[float]]
) -> RecognizedParameter:
    """Return a parameter that is one product, or else a sum of products."""
    try:
        return _term(name, node, items, codes)
    except NotRecognizedError:
        terms = _added(node)
        if len(terms) == 1:
            raise
        try:
            first, *others = (_term(name, one, items, codes) for one in terms)
        except NotRecognizedError:
            others, first = [], None
        if first is None:
            raise
    return replace(first, added=tuple(others))


def _added(node: Expression) -> list[Expression]:
    """Return what is added in an expression."""
    if isinstance(node, Binary) and node.operator == "+":
        return [*_added(node.left), *_added(node.right)]
    return [node]


def _term(
    name: str, node: Expression, items: AbstractSet[str], codes: Mapping[str, AbstractSet[float]]
) -> RecognizedParameter:
    """Return a parameter that is one product."""
    found = _Found(items, codes)
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
    value = found.typical or Coefficient(1.0)
    coefficient = Coefficient(found.constant * value.factor, value.theta)
    return RecognizedParameter(name, coefficient, found.is_log, tuple(found.effects), found.random, found.occasion)


def _without_additive_eta(node: Expression) -> tuple[Expression, int | None]:
    """Return an expression and the ETA that is added to it."""
    if isinstance(node, Binary) and node.operator == "+":
        for typical, added in ((node.left, node.right), (node.right, node.left)):
            if (eta := element_number(added, "ETA")) is not None:
                return typical, eta
    return node, None


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
    exponent, theta = constant_of(factor.exponent), element_number(factor.base, "THETA")
    if theta is not None and exponent == 1.0:
        _set_typical(found, theta, is_log=False)
        return
    if theta is not None and (distance := distance_of(factor.exponent, found.items)) is not None:
        covariate, reference = distance
        found.effects.append(CovariateEffect(covariate, EffectForm.FACTOR, Coefficient(1.0, theta), reference))
        return
    coefficient = coefficient_of(factor.exponent)
    if coefficient is not None and isinstance(factor.base, Number) and coefficient.theta is not None:
        # 70**(-THETA) is part of (x/70)**THETA written as a difference of logarithms.
        found.alone[coefficient.theta] = found.alone.get(coefficient.theta, 0.0) + coefficient.factor * math.log(
            factor.base.value
        )
        return
    ratio = ratio_of(factor.base, found.items)
    if ratio is not None and coefficient is not None:
        covariate, reference, sign = ratio
        if coefficient.theta is None:
            effect = CovariateEffect(covariate, EffectForm.POWER, Coefficient(sign * coefficient.factor), reference)
            found.effects.append(effect)
        else:
            found.powers.append((coefficient.theta, sign * coefficient.factor, covariate, reference))
        return
    if exponent == 1.0 and isinstance(factor.base, Binary):
        constant = found.constant
        try:
            _take_sum(found, factor.base)
        except NotRecognizedError:
            found.constant = constant
            if not _take_as_choice(found, factor.base):
                raise
        return
    raise _unknown(factor.base if exponent == 1.0 else Binary("**", factor.base, factor.exponent))


# ------------------------------------------------------------------------------------------------------------------ sums


def _take_sum(found: _Found, node: Expression) -> None:
    """Take in a factor 1 + ETA, or 1 + THETA·(x - reference) and its kind."""
    summands = summands_of(node)
    constant = sum(one.constant for one in summands if not one.atoms)
    others = [one for one in summands if one.atoms]
    if constant == 0.0 and (alone := _typical_of_sum(others)) is not None:
        _take_sum_of_thetas(found, node, others, alone)
        return
    if not constant > 0.0:
        raise NotRecognizedError(f"has the factor {shown(node)}, a sum without a constant; expected 1 + …")
    found.constant *= constant
    if (
        len(others) == 1
        and len(others[0].atoms) == 1
        and (eta := element_number(others[0].atoms[0], "ETA")) is not None
    ):
        if others[0].constant != constant:
            raise NotRecognizedError(f"has the factor {shown(node)}; expected 1 + ETA(n)")
        _set_random(found, RandomEffect(eta, RandomEffectShape.PROPORTIONAL))
        return
    effect = _linear(found, others, constant)
    if effect is None:
        raise _unknown(node)
    found.effects.append(effect)


def _take_as_choice(found: _Found, node: Expression) -> bool:
    """Take in a sum with 1 and 0 in it as a choice, and return whether it could be."""
    for choice in choices_of_sum(node, found.items, found.codes):
        product = product_of(choice)
        alone = replace(found, effects=[], in_exponent=[], powers=[], alone={})
        try:
            for factor in product.factors:
                _take(alone, factor)
        except NotRecognizedError:
            continue
        found.constant, found.typical, found.is_log = alone.constant * product.constant, alone.typical, alone.is_log
        found.random, found.occasion = alone.random, alone.occasion
        found.effects += alone.effects
        found.in_exponent += alone.in_exponent
        found.powers += alone.powers
        for theta, exponent in alone.alone.items():
            found.alone[theta] = found.alone.get(theta, 0.0) + exponent
        return True
    return False


def _typical_of_sum(summands: list[Summand]) -> Summand | None:
    """Return the THETA that others than it are added to, as in THETA(1) + THETA(2)·(x - reference), or None where there is none."""
    of = [[number for atom in one.atoms if (number := element_number(atom, "THETA")) is not None] for one in summands]
    slopes = {number for one, thetas in zip(summands, of, strict=True) if len(one.atoms) > 1 for number in thetas}
    alone = [
        one
        for one, thetas in zip(summands, of, strict=True)
        if len(one.atoms) == 1 and thetas and thetas[0] not in slopes and one.constant > 0.0
    ]
    return alone[0] if len(alone) == 1 and len(summands) > 1 else None


def _take_sum_of_thetas(found: _Found, node: Expression, summands: list[Summand], typical: Summand) -> None:
    """Take in a typical value that a covariate adds to: that of the reference, times 1 + quotient·(x - reference)."""
    effect = _linear(found, [one for one in summands if one is not typical], typical.constant)
    theta = element_number(typical.atoms[0], "THETA")
    if effect is None or effect.coefficient.theta is None or theta is None:
        raise NotRecognizedError(
            f"has the factor {shown(node)}; expected such a sum of THETA(n) and THETA(m)*(x - reference), of one covariate"
        )
    _set_typical(found, theta, is_log=False)
    found.constant *= typical.constant
    found.effects.append(replace(effect, coefficient=replace(effect.coefficient, over=theta)))


def _linear(found: _Found, summands: list[Summand], constant: float) -> CovariateEffect | None:
    """Return 1 + coefficient·(x - reference) or 1 + coefficient·log(x / reference) from all but its constant."""
    slopes: list[tuple[int | None, float, Covariate, float | None]] = []
    alone: dict[int | None, float] = {}
    for one in summands:
        thetas = [number for atom in one.atoms if (number := element_number(atom, "THETA")) is not None]
        others = [atom for atom in one.atoms if element_number(atom, "THETA") is None]
        theta = thetas[0] if thetas else None
        if len(thetas) > 1 or len(others) > 1:
            return None
        if not others:
            alone[theta] = alone.get(theta, 0.0) + one.constant
            continue
        logarithm = others[0].arguments[0] if isinstance(others[0], Call) and others[0].function == "LOG" else None
        ratio = None if logarithm is None else ratio_of(logarithm, found.items)
        covariate = covariate_of(others[0], found.items) if ratio is None else ratio[0]
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
    etas = [number for atom in summand.atoms if (number := element_number(atom, "ETA")) is not None]
    if etas:
        scales = [number for atom in summand.atoms if (number := element_number(atom, "THETA")) is not None]
        if len(etas) > 1 or len(scales) > 1 or len(summand.atoms) > len(etas) + len(scales):
            raise NotRecognizedError(
                f"has {_shown_summand(summand)} in an exponent; expected an ETA alone, or times a number or THETA"
            )
        scale = Coefficient(summand.constant, scales[0] if scales else None)
        _set_random(found, RandomEffect(etas[0], scale=scale))
        return
    thetas = [number for atom in summand.atoms if (number := element_number(atom, "THETA")) is not None]
    others = [atom for atom in summand.atoms if element_number(atom, "THETA") is None]
    covariate = covariate_of(others[0], found.items) if len(others) == 1 else None
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
    """Take in what an IF made."""
    occasions = occasions_of(factor, found.items, found.codes)
    if occasions is not None:
        found.occasion = occasions if found.occasion is None else _put_occasions_together(found.occasion, occasions)
        return
    typicals = typicals_of(factor, found.items)
    if typicals is not None and found.typical is None:
        found.typical, effects = typicals
        found.effects += effects
        return
    guarded = _guarded(found, factor) or _replaced(found, factor)
    if guarded is not None:
        found.effects.append(guarded)
        return
    try:
        found.effects += effects_of(factor, found.items)
    except NotRecognizedError:
        # An effect on each side, as of a slope that changes at some value: each is 1 on the other's side.
        sides = (replace(factor, second=_ALONE), replace(factor, first=_ALONE))
        both = [one for side in sides if (one := _guarded(found, side)) is not None]
        if len(both) < len(sides):
            raise
        found.effects += both


def _put_occasions_together(some: OccasionEffect, others: OccasionEffect) -> OccasionEffect:
    """Return the random effects of occasions of two factors, as OC1*ETA(3)+OC2*ETA(4) has them."""
    codes = [code for code, _ in (*some.etas, *others.etas)]
    if some.item != others.item or len(set(codes)) < len(codes):
        raise NotRecognizedError("has random effects of occasions twice; the engine has one set for each parameter")
    return OccasionEffect(some.item, tuple(sorted((*some.etas, *others.etas))))


def _replaced(found: _Found, factor: Either) -> CovariateEffect | None:
    """Return the effect of a covariate as a plain factor, with a number in its place where it is missing; None for others."""
    match factor.first, factor.second:
        case Product(constant=number, factors=()), Product(
            constant=1.0, factors=(Power(base=Name() as item, exponent=Number(value=1.0)),)
        ) if number > 0.0:
            made = made_of(Choice(factor.condition, Number(number), item), found.items)
        case Product(constant=1.0, factors=(Power(base=Name() as item, exponent=Number(value=1.0)),)), Product(
            constant=number, factors=()
        ) if number > 0.0:
            made = made_of(Choice(factor.condition, item, Number(number)), found.items)
        case _:
            return None
    return None if made is None else CovariateEffect(made, EffectForm.POWER, Coefficient(1.0), 1.0)


def _guarded(found: _Found, factor: Either) -> CovariateEffect | None:
    """Return the effect of a covariate that is 1 where the covariate is missing: that of its reference there; None for others."""
    is_one_first = factor.first == _ALONE
    effect_of = factor.second if is_one_first else factor.first
    if (factor.second if not is_one_first else factor.first) != _ALONE or effect_of.constant != 1.0:
        return None
    inner = _Found(found.items, found.codes)
    try:
        for one in effect_of.factors:
            _take(inner, one)
        _put_exponents_together(inner)
    except NotRecognizedError:
        return None
    if len(inner.effects) != 1 or inner.typical or inner.random or inner.occasion or inner.constant != 1.0:
        return None
    (effect,) = inner.effects
    of = effect.covariate
    if effect.form is EffectForm.FACTOR or of.relation is not None or of.made_as is not None:
        return None
    reference = Number(abs(effect.reference))
    neutral = Unary("-", reference) if effect.reference < 0.0 else reference
    sides = (neutral, Name(of.item)) if is_one_first else (Name(of.item), neutral)
    made = made_of(Choice(factor.condition, *sides), found.items)
    return None if made is None else replace(effect, covariate=made)


def _unknown(node: Expression) -> NotRecognizedError:
    return NotRecognizedError(f"has the factor {shown(node)}, which is not recognized")


def _shown_summand(summand: Summand) -> str:
    atoms = [shown(atom) for atom in summand.atoms]
    return "*".join(atoms if summand.constant == 1.0 else [f"{summand.constant:g}", *atoms])[:LONGEST_SHOWN]
