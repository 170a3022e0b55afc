"""Which parameter of the engine is which element of THETA, OMEGA and SIGMA, and the control stream with other values of these."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from nonmem_ref.translation.model_file import category_label
from nonmem_ref.translation.terms import named_terms
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nonmem_ref.control.matrices import Block
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.recognition.parameter import Coefficient
    from nonmem_ref.recognition.recognize import RecognizedModel


class Scale(Enum):
    """How an element of NONMEM's follows from the engine's parameter x and a factor c."""

    RATIO = "x / c"
    LOGARITHM = "ln(x / c)"
    SQUARE = "c x²"
    ROOT = "√(x / c)"


@dataclass(frozen=True, slots=True)
class Correspondence:
    """One parameter of the engine that is one element of NONMEM's.

    Parameters
    ----------
    name : str
        The engine's name.
    element : str
        NONMEM's, as in .ext files: THETA1, OMEGA(2,1), SIGMA(1,1).
    scale : Scale
        How the element follows from the parameter.
    factor : float
        The factor in that.
    times : Correspondence or None
        The parameter whose element it is multiplied by then: the engine has the quotient of two THETA.
    """

    name: str
    element: str
    scale: Scale
    factor: float
    times: Correspondence | None = None

    def value_of(self, values: Mapping[str, float]) -> float:
        """Return the element for values of the engine's parameters."""
        own = self.element_value(values[self.name])
        return own if self.times is None else own * self.times.value_of(values)

    def slopes_of(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the element's derivatives by the engine's parameters that it depends on."""
        own = self.slope(values[self.name])
        if self.times is None:
            return {self.name: own}
        factor = self.element_value(values[self.name])
        others = {name: factor * slope for name, slope in self.times.slopes_of(values).items()}
        return {self.name: own * self.times.value_of(values), **others}

    def element_value(self, value: float) -> float:
        """Return the element for a value of the engine's parameter."""
        match self.scale:
            case Scale.RATIO:
                return value / self.factor
            case Scale.LOGARITHM:
                return math.log(value / self.factor)
            case Scale.SQUARE:
                return self.factor * value * value
            case Scale.ROOT:
                return math.sqrt(value / self.factor)

    def slope(self, value: float) -> float:
        """Return the element's derivative by the engine's parameter."""
        match self.scale:
            case Scale.RATIO:
                return 1.0 / self.factor
            case Scale.LOGARITHM:
                return 1.0 / value
            case Scale.SQUARE:
                return 2.0 * self.factor * value
            case Scale.ROOT:
                return 0.5 / math.sqrt(value * self.factor)


def correspondences(control: ControlProblem, model: RecognizedModel) -> tuple[Correspondence, ...]:
    """Return every parameter of the engine that is one element of NONMEM's.

    Parameters
    ----------
    control : ControlProblem
        The control stream.
    model : RecognizedModel
        What was recognized in it, at its initial estimates.
    """
    return (*_thetas(model), *_omegas(control, model), *_sigmas(control, model))


def _thetas(model: RecognizedModel) -> Iterator[Correspondence]:
    for one in named_terms(model.parameters):
        scale = Scale.LOGARITHM if one.term.is_log else Scale.RATIO
        typical = list(_theta(one.prefix, one.term.typical, scale))
        yield from typical
        for name, effect in one.effects():
            of = effect.coefficient
            if of.over is None:
                yield from _theta(name, of, Scale.RATIO)
            elif typical and of.over == one.term.typical.theta and scale is Scale.RATIO:
                yield Correspondence(name, f"THETA{of.theta}", Scale.RATIO, of.factor, typical[0])


def _theta(name: str, coefficient: Coefficient, scale: Scale) -> Iterator[Correspondence]:
    if coefficient.theta is not None and coefficient.over is None:
        yield Correspondence(name, f"THETA{coefficient.theta}", scale, coefficient.factor)


def _omegas(control: ControlProblem, model: RecognizedModel) -> Iterator[Correspondence]:
    is_fixed = [block.is_fixed for block in control.omega for _ in range(block.size)]
    terms = named_terms(model.parameters)
    randoms = [(one.eta, one.term.random) for one in terms if one.term.random is not None]
    for place, (name, random) in enumerate(randoms):
        i = random.eta
        if random.category is not None:
            for code, eta in random.etas:
                yield Correspondence(f"omega2_{name}_{category_label(code)}", f"OMEGA({eta},{eta})", Scale.RATIO, 1.0)
            continue
        scale = random.scale
        if scale.theta is None or control.thetas[scale.theta - 1].is_fixed:
            own = _scale_value(control, scale)
            yield Correspondence(f"omega2_{name}", f"OMEGA({i},{i})", Scale.RATIO, own * own)
            for other, before in randoms[:place]:
                element = f"OMEGA({max(i, before.eta)},{min(i, before.eta)})"
                factor = own * _scale_value(control, before.scale)
                yield Correspondence(f"omega2_{name}_{other}", element, Scale.RATIO, factor)
        elif is_fixed[i - 1]:
            factor = float(model.omega[i - 1, i - 1]) / control.thetas[scale.theta - 1].initial ** 2
            yield Correspondence(f"omega2_{name}", f"THETA{scale.theta}", Scale.ROOT, factor)
    for one in terms:
        if one.term.occasion is not None:
            first = min(eta for _, eta in one.term.occasion.etas)
            yield Correspondence(f"omega2_iov_{one.eta}", f"OMEGA({first},{first})", Scale.RATIO, 1.0)


def _scale_value(control: ControlProblem, scale: Coefficient) -> float:
    return scale.factor * (1.0 if scale.theta is None else control.thetas[scale.theta - 1].initial)


def _sigmas(control: ControlProblem, model: RecognizedModel) -> Iterator[Correspondence]:
    """Yield the parts of the residual error that follow from one element: a variance, or a THETA that scales them."""
    residual = model.residual
    first = "log" if residual.kind is ResidualKind.LOGARITHMIC else "additive"
    variances = [block.rows[i][i] for block in control.sigma for i in range(block.size)]
    parts: list[tuple[str, float, tuple[str, ...]]] = []
    for name, one in residual.groups:
        prefix = f"sigma_{name}" if name else "sigma"
        parts.append((f"{prefix}_{first}", one.additive, one.additive_from))
        parts.append((f"{prefix}_proportional", one.proportional, one.proportional_from))
    parts.append(("sigma_exponent", residual.exponent, residual.exponent_from))
    for name, value, origin in parts:
        if len(origin) != 1 or value <= 0.0:
            continue
        number = int(origin[0].partition("(")[2].rstrip(")").split(",")[0])
        if origin[0].startswith("SIGMA"):
            factor = variances[number - 1] / value**2
            yield Correspondence(name, f"SIGMA({number},{number})", Scale.SQUARE, factor)
        else:
            yield Correspondence(name, f"THETA{number}", Scale.RATIO, value / control.thetas[number - 1].initial)


def with_values(control: ControlProblem, values: Mapping[str, float]) -> ControlProblem:
    """Return a control stream with other initial estimates and no bounds.

    Parameters
    ----------
    values : mapping of str to float
        By element; elements that are not named stay.
    """
    thetas = tuple(
        replace(theta, initial=values.get(f"THETA{i}", theta.initial), lower=-math.inf, upper=math.inf)
        for i, theta in enumerate(control.thetas, start=1)
    )
    omega, sigma = (
        _blocks(blocks, name, values) for name, blocks in (("OMEGA", control.omega), ("SIGMA", control.sigma))
    )
    return replace(control, thetas=thetas, omega=omega, sigma=sigma)


def _blocks(blocks: Sequence[Block], name: str, values: Mapping[str, float]) -> tuple[Block, ...]:
    found: list[Block] = []
    at = 1
    for block in blocks:
        rows = tuple(
            tuple(values.get(f"{name}({at + i},{at + j})", value) for j, value in enumerate(row))
            for i, row in enumerate(block.rows)
        )
        found.append(replace(block, rows=rows))
        at += block.size
    return tuple(found)
