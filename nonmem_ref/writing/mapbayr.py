"""A model and a cohort for mrgsolve with mapbayr: a model file with a compartment for each residual error, and a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.writing.control_text import PK_NAMES
from nonmem_ref.writing.other_code import Language, code_lines
from nonmem_ref.writing.other_model import blocks, equations, records, theta_name, theta_names
from pkpd.data.records import Censoring
from pkpd.errors import Problem
from pkpd.model.spec import ResidualKind, is_oral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.writing.data_rows import WrittenError
    from nonmem_ref.writing.other_model import OtherModel, Record
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

_BELOW = 1


def mapbayr_problems(model: ModelSpec, cohort: Cohort, errors: Sequence[WrittenError]) -> Iterator[Problem]:
    """Yield what mapbayr cannot say of a model with these residual errors, and of a cohort."""
    residual = model.residual
    if model.occasion_variances:
        yield Problem(
            model.id, "has random effects of occasions, which mapbayr does not estimate; expected a model without"
        )
    has_both = any(one.additive_sd > 0.0 and one.proportional_sd > 0.0 for one in errors)
    if residual.kind is ResidualKind.SDS_ADD and has_both:
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


def mapbayr_files(other: OtherModel, *, data: str) -> tuple[dict[str, str], tuple[str, ...], list[tuple[object, ...]]]:
    """Return texts, columns and records, arguments as of ``other_tools.other_files``."""
    model, written = other.model, other.written
    compartments, volume = equations(model)
    central = [name for name, _ in compartments].index("central") + 1
    # mapbayr tells residual errors apart by the compartment that a level is of: the first is the central one's, further
    # ones have an empty compartment each.
    compartment_of = {one.code: central if i == 0 else len(compartments) + i for i, one in enumerate(other.errors)}
    empty = [f"error{one.code}" for one in other.errors[1:]]
    # Doses by mouth go into the depot, infusions into the central compartment.
    marks = {"depot": "[ADM]", "central": "[OBS]" if is_oral(model.parameterization) else "[ADM, OBS]"}
    estimated = [name for name in written.thetas if not name.startswith("sigma_")]
    lines = [
        "$PROB",
        f"{model.id} {model.version}",
        "",
        "$PARAM @annotated",
        *(f"{theta_name(name)} : {other.parameters[name].value!r} : {name}" for name in estimated),
        "",
        *_covariates(other),
    ]
    for block in blocks(other):
        lines.append("$OMEGA" if len(block.names) == 1 else "$OMEGA @block")
        lines += [" ".join(map(repr, row)) for row in block.rows]
        lines.append("")
    level = f"central/{volume}"
    lines += [
        "$SIGMA",
        *(line for one in other.errors for line in _sigma(other, one)),
        "",
        "$CMT @annotated",
        *(f"{name} : {name} (mg) {marks.get(name, '')}".rstrip() for name, _ in compartments),
        *(f"{name} : empty, for levels with this error (mg) [OBS]" for name in empty),
        "",
        "$MAIN",
        *code_lines(other.statements, Language.CPP, theta_names(written)),
        "",
        "$ODE",
        *(f"dxdt_{name} = {slope};" for name, slope in compartments),
        *(f"dxdt_{name} = 0.0;" for name in empty),
        "",
        "$TABLE",
        *_table(other, level, compartment_of),
        "",
        f"$CAPTURE DV {'PAR MET ' if empty else ''}{' '.join(PK_NAMES[model.parameterization].values())}",
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
    has_limits = bool((other.cohort.censoring != int(Censoring.NONE)).any())
    rows = [_row(record, compartment_of, has_limits=has_limits) for record in records(other)]
    limits = ("LLOQ", "BLQ") if has_limits else ()
    head = ("ID", "time", "amt", "rate", "evid", "mdv", "cmt", "DV", *limits, *(one.name for one in written.covariates))
    texts = {name: "".join(f"{line}\n" for line in part) for name, part in (("model.cpp", lines), ("run.R", program))}
    return texts, head, rows


def _covariates(other: OtherModel) -> list[str]:
    """Return the covariates with the values that hold where data have none."""
    medians = {name: domain.median for name, domain in other.model.covariates.items()}
    lines = [
        f"{one.name} : {float(one.values(np.array([medians[one.covariate]]))[0])!r} : {one.meaning or one.covariate}"
        for one in other.written.covariates
    ]
    return ["$PARAM @annotated @covariates", *lines, ""] if lines else []


def _sigma(other: OtherModel, one: WrittenError) -> Iterator[str]:
    """Yield the pair of variances of an error that mapbayr asks for, the proportional first."""
    is_log = other.model.residual.kind is ResidualKind.LOGARITHMIC
    of = f", {one.name or 'any other'}" if len(other.errors) > 1 else ""
    yield f"{(0.0 if is_log else one.proportional_sd) ** 2!r} // proportional{of}"
    yield f"{one.additive_sd**2!r} // additive{', of the logarithm' if is_log else ''}{of}"


def _table(other: OtherModel, level: str, compartment_of: dict[int, int]) -> Iterator[str]:
    """Yield DV with the error of the record's compartment; with several errors also PAR and MET, which mapbayr then wants captured."""
    is_log = other.model.residual.kind is ResidualKind.LOGARITHMIC

    def with_error(place: int) -> str:
        first, second = 2 * place + 1, 2 * place + 2
        return f"{level}*exp(EPS({second}))" if is_log else f"{level}*(1.0 + EPS({first})) + EPS({second})"

    yield f"double DV = {with_error(0)};"
    for place, one in enumerate(other.errors[1:], start=1):
        yield f"if (self.cmt == {compartment_of[one.code]}) DV = {with_error(place)};"
    if len(other.errors) > 1:
        yield f"double PAR = {level};"
        yield f"double MET = {level};"


def _row(record: Record, compartment_of: dict[int, int], *, has_limits: bool) -> tuple[object, ...]:
    """Return a record of numbers alone: mapbayr refuses points; each level has a limit where one has, those that are quantified 0."""
    number, time, amount, rate, evid, mdv, compartment, level, cens, _ = (
        0.0 if cell == "." else cell for cell in record.event
    )
    if evid == 0:
        compartment = compartment_of[record.code]
    is_below = int(cens == _BELOW)
    limits = (level if is_below else 0.0, is_below) if has_limits else ()
    return (number, time, amount, rate, evid, mdv, compartment, level, *limits, *record.items)
