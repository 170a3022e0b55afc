"""A model and a cohort for nlmixr2: a function of R, and data with a compartment for each residual error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.writing.other_code import Language, code_lines
from nonmem_ref.writing.other_model import blocks, equations, eta_name, records, theta_name, theta_names
from pkpd.data.records import Censoring
from pkpd.errors import Problem
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nonmem_ref.writing.data_rows import WrittenError
    from nonmem_ref.writing.other_model import OtherModel, Record
    from pkpd.data.cohort import Cohort
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

_CMT = 6


def nlmixr2_problems(model: ModelSpec, cohort: Cohort, n_errors: int) -> Iterator[Problem]:
    """Yield what nlmixr2 cannot say of a model, and of a cohort whose levels have so many residual errors."""
    if (cohort.censoring == int(Censoring.BETWEEN)).any():
        message = "has levels between two limits; nlmixr2 takes LIMIT as what a level is known to lie beyond (M4), another likelihood"
        yield Problem("cohort", message)
    if n_errors > 1 and model.residual.is_exponent_free:
        message = (
            "has an exponent of the residual error that assays or centres share; nlmixr2 takes a parameter of the error "
            "in one of them alone"
        )
        yield Problem(model.id, message)


def nlmixr2_files(
    other: OtherModel, *, data: str, n_evaluations: int
) -> tuple[dict[str, str], tuple[str, ...], list[tuple[object, ...]]]:
    """Return texts, columns and records, arguments as of ``other_tools.other_files``."""
    written, (compartments, volume) = other.written, equations(other.model)
    comments = [f"# {one.name} is {one.meaning}" for one in written.covariates if one.meaning]
    levels = _levels(other)
    has_several = len(other.errors) > 1
    if has_several:
        comments += [f"# {levels[one.code]} has the error of {one.name or 'all others'}" for one in other.errors]
    lines = [
        f"# {other.model.id} {other.model.version}",
        *comments,
        "library(nlmixr2)",
        "",
        "model <- function() {",
        "  ini({",
        *(f"    {theta_name(name)} <- {_theta(other.parameters[name])}" for name in written.thetas),
        *(f"    {line}" for line in _held_exponents(other)),
        *(f"    {line}" for line in _omega(other)),
        "  })",
        "  model({",
        *(f"    {line}" for line in code_lines(other.statements, Language.R, _names(other))),
        *(f"    d/dt({name}) <- {slope}" for name, slope in compartments),
        f"    cp <- central/{volume}",
        *(f"    {name} <- cp" for name in levels.values() if name != "cp"),
        *(f"    {levels[one.code]} ~ {_residual(other, one)}" for one in other.errors),
        "  })",
        "}",
        "",
        f'data <- read.csv("{data}", na.strings = ".")',
        # Endpoints have names, so compartments do: without them the number of an endpoint would depend on their order.
        *(["data$CMT <- factor(data$CMT)"] if has_several else []),
        "# As in NONMEM, the covariates of a record hold until it from the one before.",
        'solver <- rxControl(covsInterpolation = "nocb", atol = 1e-10, rtol = 1e-10)',
        f"control <- foceiControl(maxOuterIterations = {n_evaluations}L, rxControl = solver)",
        'fit <- nlmixr2(model, data, est = "focei", control = control)',
    ]
    occasion = ("OCC",) if other.model.occasion_variances else ()
    columns = ("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "DV", "CENS", *occasion)
    head = (*columns, *(one.name for one in written.covariates))
    names = [name for name, _ in compartments]
    rows = [_row(record, names, levels if has_several else {}) for record in records(other)]
    return {"model.R": "".join(f"{line}\n" for line in lines)}, head, rows


def _levels(other: OtherModel) -> dict[int, str]:
    """Return the variable that levels of each residual error are compared with, an endpoint of its own."""
    if len(other.errors) == 1:
        return {other.errors[0].code: "cp"}
    return {one.code: f"cp{one.code}" for one in other.errors}


def _row(record: Record, compartments: list[str], levels: dict[int, str]) -> tuple[object, ...]:
    """Return a record with CENS 1 or -1 of a level beyond its limit, which stands in DV; with several errors CMT is a name."""
    number, time, amount, rate, evid, _, compartment, level, cens, _ = record.event
    if levels:
        compartment = levels[record.code] if evid == 0 else compartments[int(str(compartment)) - 1]
    return (number, time, amount, rate, evid, compartment, level, cens, *record.items)


def _names(other: OtherModel) -> dict[str, str]:
    """Return what THETA, ETA and effects of occasions are called."""
    etas = [name for block in blocks(other) for name in block.names]
    names = theta_names(other.written) | {f"ETA({i})": eta_name(eta) for i, eta in enumerate(etas, start=1)}
    return names | {variable: eta_name(eta) for variable, eta in other.written.occasions.items()}


def _theta(one: PopulationParameter) -> str:
    if one.is_fixed:
        return f"fix({one.value!r})"
    lower, upper = (("-Inf", "Inf")[i] if not np.isfinite(x) else repr(x) for i, x in enumerate((one.lower, one.upper)))
    if (lower, upper) == ("-Inf", "Inf"):
        return repr(one.value)
    return f"c({lower}, {one.value!r})" if upper == "Inf" else f"c({lower}, {one.value!r}, {upper})"


def _omega(other: OtherModel) -> Iterator[str]:
    """Yield the variances of random effects, of correlated ones with their covariances."""
    for block in blocks(other):
        values = [repr(value) for row in block.rows for value in row]
        text = values[0] if len(values) == 1 else f"c({', '.join(values)})"
        yield f"{' + '.join(map(eta_name, block.names))} ~ {f'fix({text})' if block.is_fixed else text}"
    for one in other.model.occasion_variances:
        is_fixed = other.parameters[f"omega2_{one.eta}"].is_fixed
        yield f"{eta_name(one.eta)} ~ {f'fix({one.omega2!r})' if is_fixed else repr(one.omega2)} | OCC"


def _exponent(other: OtherModel, one: WrittenError) -> str | None:
    """Return the name of the exponent of an error; None where it is 1.

    A held one is a parameter of each error, since nlmixr2 takes no parameter of the error in two endpoints.
    """
    residual = other.model.residual
    if residual.is_exponent_free:
        return theta_name("sigma_exponent")
    if residual.exponent == 1.0:
        return None
    return theta_name("sigma_exponent" if len(other.errors) == 1 else f"{one.prefix}_exponent")


def _held_exponents(other: OtherModel) -> Iterator[str]:
    if not other.model.residual.is_exponent_free:
        for one in other.errors:
            name = _exponent(other, one)
            if name is not None and one.proportional_sd > 0.0:
                yield f"{name} <- fix({other.model.residual.exponent!r})"


def _residual(other: OtherModel, one: WrittenError) -> str:
    kind = other.model.residual.kind
    if kind is ResidualKind.LOGARITHMIC:
        return f"lnorm({theta_name(f'{one.prefix}_log')})"
    proportional, exponent = theta_name(f"{one.prefix}_proportional"), _exponent(other, one)
    parts = [f"add({theta_name(f'{one.prefix}_additive')})"] if one.additive_sd > 0.0 else []
    if one.proportional_sd > 0.0:
        parts.append(f"prop({proportional})" if exponent is None else f"pow({proportional}, {exponent})")
    if len(parts) > 1:
        parts.append("combined2()" if kind is ResidualKind.VARIANCES_ADD else "combined1()")
    return " + ".join(parts)
