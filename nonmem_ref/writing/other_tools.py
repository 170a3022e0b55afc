"""A model of the engine and its cohort for other tools: nlmixr2, and mrgsolve with mapbayr."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from nonmem_ref.control.read import parse_control
from nonmem_ref.control.tree import Assignment, Conditional
from nonmem_ref.writing.control_text import PK_NAMES, control_text, lower_triangle
from nonmem_ref.writing.data_rows import data_rows
from nonmem_ref.writing.other_code import Language, code_lines
from pkpd.data.records import Censoring
from pkpd.errors import InputError, Problem
from pkpd.model.spec import ResidualKind, has_two_compartments, is_oral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.control.tree import Statement
    from nonmem_ref.writing.control_text import ControlText
    from pkpd.data.cohort import Cohort
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

Tool: TypeAlias = Literal["nlmixr2", "mrgsolve"]
_NO_NAME = re.compile(r"\W")
# Of the columns that the writer of NONMEM's data makes.
_EVID, _CMT, _DV, _CENS, _FIRST_COVARIATE = 4, 6, 7, 8, 10
_BELOW = 1


@dataclass(frozen=True, slots=True)
class OtherFiles:
    """What another tool reads.

    Parameters
    ----------
    texts : dict of str to str
        Files by name.
    head : tuple of str
        Columns of the data.
    rows : list of tuples
        Its records.
    """

    texts: dict[str, str]
    head: tuple[str, ...]
    rows: list[tuple[object, ...]]


def other_files(
    model: ModelSpec,
    parameters: Sequence[PopulationParameter],
    cohort: Cohort,
    tool: Tool,
    *,
    data: str,
    n_evaluations: int = 9999,
) -> OtherFiles:
    """Return a model and a cohort for another tool.

    The code is that of the control stream, word by word in another language, so that what is said of covariates, random effects and
    shapes is written in one place.

    Parameters
    ----------
    model : ModelSpec
        The model, at the values that become initial estimates.
    parameters : sequence of PopulationParameter
        Its parameters with the same values, bounds, and what is held.
    cohort : Cohort
        No covariate of the model is missing.
    tool : str
        The tool.
    data : str
        Name of the data file.
    n_evaluations : int
        0 has nlmixr2 evaluate its objective at these values; mapbayr fits no population.

    Raises
    ------
    InputError
        For each part of model or data that is not written, or that the tool cannot say.
    """
    faults = list(_mapbayr_problems(model, cohort) if tool == "mrgsolve" else _nlmixr2_problems(cohort))
    if model.residual.by_assay or model.residual.by_centre:
        faults.append(
            Problem(model.id, f"has a residual error for each assay or centre, which is not written for {tool}")
        )
    if any(one.covariate is not None for one in model.variances):
        faults.append(Problem(model.id, f"has a variance for each category, which is not written for {tool}"))
    n_occasions = int(cohort.occasion.max(initial=0)) + 1
    try:
        written = control_text(model, parameters, data=data, n_occasions=n_occasions)
    except InputError as error:
        raise InputError([*error.problems, *faults]) from None
    if faults:
        raise InputError(faults)
    (control,) = parse_control(enumerate(written.text.splitlines(), start=1)).problems_read
    code = control.code("PK")
    statements = () if code is None else tuple(_own(code.statements, written))
    if tool == "nlmixr2":
        return _nlmixr2(model, parameters, cohort, written, statements, data, n_evaluations)
    return _mrgsolve(model, parameters, cohort, written, statements, data)


def _nlmixr2_problems(cohort: Cohort) -> Iterator[Problem]:
    """Yield what nlmixr2 cannot say."""
    if (cohort.censoring == int(Censoring.BETWEEN)).any():
        message = "has levels between two limits; nlmixr2 takes LIMIT as what a level is known to lie beyond (M4), another likelihood"
        yield Problem("cohort", message)


def _mapbayr_problems(model: ModelSpec, cohort: Cohort) -> Iterator[Problem]:
    """Yield what mapbayr cannot say."""
    residual = model.residual
    if model.occasion_variances:
        yield Problem(
            model.id, "has random effects of occasions, which mapbayr does not estimate; expected a model without"
        )
    parts = (residual.additive_sd > 0.0) + (residual.proportional_sd > 0.0)
    if residual.kind is ResidualKind.SDS_ADD and parts > 1:
        yield Problem(model.id, "has standard deviations that add; mapbayr adds variances")
    if residual.exponent != 1.0 or residual.is_exponent_free:
        yield Problem(
            model.id,
            "has an error that grows with a power of the prediction; mapbayr has additive and proportional ones",
        )
    if not model.etas:
        yield Problem(model.id, "has no random effect; mapbayr needs at least one")
    kinds = {Censoring(int(kind)) for kind in np.unique(cohort.censoring)}
    if kinds & {Censoring.ABOVE, Censoring.BETWEEN}:
        yield Problem("cohort", "has levels above a limit or between two; mapbayr takes those below one alone")
    if Censoring.BELOW in kinds and residual.kind is ResidualKind.LOGARITHMIC:
        yield Problem(
            "cohort",
            "has levels below a limit under a logarithmic error, where mapbayr compares the limit with the logarithm",
        )


def _own(statements: Sequence[Statement], written: ControlText) -> Iterator[Statement]:
    """Yield the statements without NONMEM's scale, and without those that choose the random effect of an occasion."""
    for one in statements:
        body = one.branches[0].body if isinstance(one, Conditional) else (one,)
        first = body[0]
        target = first.target.name if isinstance(first, Assignment) else ""
        if target not in written.occasions and not re.fullmatch(r"S\d", target):
            yield one


def _names(written: ControlText, language: Language) -> dict[str, str]:
    """Return what THETA, ETA and effects of occasions are called."""
    names = {f"THETA({i})": theta_name(name) for i, name in enumerate(written.thetas, start=1)}
    if language is Language.R:
        names |= {f"ETA({number})": _eta_name(eta) for eta, number in written.etas.items()}
        names |= {variable: _eta_name(eta) for variable, eta in written.occasions.items()}
    return names


def theta_name(name: str) -> str:
    """Return what a parameter of the engine is called in other tools."""
    return f"t_{_NO_NAME.sub('_', name)}"


def _eta_name(name: str) -> str:
    return f"eta_{_NO_NAME.sub('_', name)}"


def _equations(model: ModelSpec) -> tuple[list[tuple[str, str]], str]:
    """Return compartments with their derivatives in either language, and the volume of the central one."""
    names = PK_NAMES[model.parameterization]
    volume = names.get("v") or names["v1"]
    out = f"{names['ke']}*central" if "ke" in names else f"{names['cl']}/{volume}*central"
    into = f"{names['ka']}*depot - " if is_oral(model.parameterization) else "-"
    found = [("depot", f"-{names['ka']}*depot")] if is_oral(model.parameterization) else []
    if not has_two_compartments(model.parameterization):
        return [*found, ("central", f"{into}{out}")], volume
    q, v2 = names["q"], names["v2"]
    exchange = f"{q}/{volume}*central - {q}/{v2}*peripheral"
    return [
        *found,
        ("central", f"{into}{out} - {q}/{volume}*central + {q}/{v2}*peripheral"),
        ("peripheral", exchange),
    ], volume


def _nlmixr2(
    model: ModelSpec,
    parameters: Sequence[PopulationParameter],
    cohort: Cohort,
    written: ControlText,
    statements: Sequence[Statement],
    data: str,
    n_evaluations: int,
) -> OtherFiles:
    by_name = {one.name: one for one in parameters}
    equations, volume = _equations(model)
    comments = [f"# {one.name} is {one.meaning}" for one in written.covariates if one.meaning]
    exponent = model.residual.exponent
    is_held = exponent != 1.0 and not model.residual.is_exponent_free
    lines = [
        f"# {model.id} {model.version}",
        *comments,
        "library(nlmixr2)",
        "",
        "model <- function() {",
        "  ini({",
        *(f"    {theta_name(name)} <- {_theta(by_name[name])}" for name in written.thetas),
        *([f"    {theta_name('sigma_exponent')} <- fix({exponent!r})"] if is_held else []),
        *(f"    {line}" for line in _omega(model, by_name, written)),
        "  })",
        "  model({",
        *(f"    {line}" for line in code_lines(statements, Language.R, _names(written, Language.R))),
        *(f"    d/dt({name}) <- {slope}" for name, slope in equations),
        f"    cp <- central/{volume}",
        f"    cp ~ {_residual(model)}",
        "  })",
        "}",
        "",
        f'data <- read.csv("{data}", na.strings = ".")',
        "# As in NONMEM, the covariates of a record hold until it from the one before.",
        'solver <- rxControl(covsInterpolation = "nocb", atol = 1e-10, rtol = 1e-10)',
        f"control <- foceiControl(maxOuterIterations = {n_evaluations}L, rxControl = solver)",
        'fit <- nlmixr2(model, data, est = "focei", control = control)',
    ]
    rows = [_nlmixr2_row(row) for row in data_rows(cohort, model, written.covariates, has_logarithms=False)]
    occasion = ("OCC",) if model.occasion_variances else ()
    columns = ("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "DV", "CENS", *occasion)
    head = (*columns, *(one.name for one in written.covariates))
    return OtherFiles({"model.R": "".join(f"{line}\n" for line in lines)}, head, rows)


def _nlmixr2_row(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return a record with CENS 1 or -1 of a level beyond its limit, which stands in DV."""
    return (*row[: _EVID + 1], *row[_CMT : _CENS + 1], *row[_FIRST_COVARIATE:])


def _theta(one: PopulationParameter) -> str:
    if one.is_fixed:
        return f"fix({one.value!r})"
    lower, upper = (("-Inf", "Inf")[i] if not np.isfinite(x) else repr(x) for i, x in enumerate((one.lower, one.upper)))
    if (lower, upper) == ("-Inf", "Inf"):
        return repr(one.value)
    return f"c({lower}, {one.value!r})" if upper == "Inf" else f"c({lower}, {one.value!r}, {upper})"


def _omega(model: ModelSpec, by_name: dict[str, PopulationParameter], written: ControlText) -> Iterator[str]:
    """Yield the variances of random effects, of correlated ones with their covariances."""
    for group in written.blocks:
        values = [repr(value) for row in lower_triangle(model, group) for value in row]
        text = values[0] if len(values) == 1 else f"c({', '.join(values)})"
        is_fixed = by_name[f"omega2_{group[0]}"].is_fixed
        yield f"{' + '.join(map(_eta_name, group))} ~ {f'fix({text})' if is_fixed else text}"
    for one in model.occasion_variances:
        value = f"fix({one.omega2!r})" if by_name[f"omega2_{one.eta}"].is_fixed else repr(one.omega2)
        yield f"{_eta_name(one.eta)} ~ {value} | OCC"


def _residual(model: ModelSpec) -> str:
    residual = model.residual
    if residual.kind is ResidualKind.LOGARITHMIC:
        return f"lnorm({theta_name('sigma_log')})"
    proportional = theta_name("sigma_proportional")
    exponent, has_power = theta_name("sigma_exponent"), residual.is_exponent_free or residual.exponent != 1.0
    parts = [f"add({theta_name('sigma_additive')})"] if residual.additive_sd > 0.0 else []
    if residual.proportional_sd > 0.0:
        parts.append(f"pow({proportional}, {exponent})" if has_power else f"prop({proportional})")
    if len(parts) > 1:
        parts.append("combined2()" if residual.kind is ResidualKind.VARIANCES_ADD else "combined1()")
    return " + ".join(parts)


def _mrgsolve(
    model: ModelSpec,
    parameters: Sequence[PopulationParameter],
    cohort: Cohort,
    written: ControlText,
    statements: Sequence[Statement],
    data: str,
) -> OtherFiles:
    by_name = {one.name: one for one in parameters}
    equations, volume = _equations(model)
    residual = model.residual
    is_log = residual.kind is ResidualKind.LOGARITHMIC
    error = "*exp(EPS(2))" if is_log else "*(1.0 + EPS(1)) + EPS(2)"
    # Doses by mouth go into the depot, infusions into the central compartment.
    marks = {"depot": "[ADM]", "central": "[OBS]" if is_oral(model.parameterization) else "[ADM, OBS]"}
    estimated = [name for name in written.thetas if not name.startswith("sigma_")]
    lines = [
        "$PROB",
        f"{model.id} {model.version}",
        "",
        "$PARAM @annotated",
        *(f"{theta_name(name)} : {by_name[name].value!r} : {name}" for name in estimated),
        "",
    ]
    if written.covariates:
        values = (
            (one, float(one.values(np.array([model.covariates[one.covariate].median]))[0]))
            for one in written.covariates
        )
        lines += [
            "$PARAM @annotated @covariates",
            *(f"{one.name} : {value!r} : {one.meaning or one.covariate}" for one, value in values),
            "",
        ]
    for group in written.blocks:
        lines.append("$OMEGA" if len(group) == 1 else "$OMEGA @block")
        lines += [" ".join(map(repr, row)) for row in lower_triangle(model, group)]
        lines.append("")
    additive, proportional = residual.additive_sd, 0.0 if is_log else residual.proportional_sd
    lines += [
        "$SIGMA",
        f"{proportional**2!r} // proportional",
        f"{additive**2!r} // additive{', of the logarithm' if is_log else ''}",
        "",
        "$CMT @annotated",
        *(f"{name} : {name} (mg) {marks.get(name, '')}".rstrip() for name, _ in equations),
        "",
        "$MAIN",
        *code_lines(statements, Language.CPP, _names(written, Language.CPP)),
        "",
        "$ODE",
        *(f"dxdt_{name} = {slope};" for name, slope in equations),
        "",
        "$TABLE",
        f"double DV = central/{volume}{error};",
        "",
        f"$CAPTURE DV {' '.join(PK_NAMES[model.parameterization].values())}",
    ]
    program = [
        "library(mrgsolve)",
        "library(mapbayr)",
        "",
        'model <- mread("model.cpp", rtol = 1e-10, atol = 1e-10)',
        "check_mapbayr_model(model)",
        f'data <- read.csv("{data}")',
        "estimates <- mapbayest(model, data)",
        "print(estimates)",
    ]
    has_limits = bool((cohort.censoring != int(Censoring.NONE)).any())
    rows = [
        _mrgsolve_row(row, has_limits=has_limits)
        for row in data_rows(cohort, model, written.covariates, has_logarithms=False)
    ]
    limits = ("LLOQ", "BLQ") if has_limits else ()
    head = ("ID", "time", "amt", "rate", "evid", "mdv", "cmt", "DV", *limits, *(one.name for one in written.covariates))
    texts = {name: "".join(f"{line}\n" for line in part) for name, part in (("model.cpp", lines), ("run.R", program))}
    return OtherFiles(texts, head, rows)


def _mrgsolve_row(row: tuple[object, ...], *, has_limits: bool) -> tuple[object, ...]:
    """Return a record of numbers alone: mapbayr refuses points; each level has a limit where one has, those that are quantified 0."""
    numbers = [0.0 if cell == "." else cell for cell in row]
    is_below = int(numbers[_CENS] == _BELOW)
    limits = (numbers[_DV] if is_below else 0.0, is_below) if has_limits else ()
    return (*numbers[: _DV + 1], *limits, *numbers[_FIRST_COVARIATE:])
