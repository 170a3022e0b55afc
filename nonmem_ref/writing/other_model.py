"""A model of the engine between its control stream and the languages of other tools: names, compartments, variances, records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.control.read import parse_control
from nonmem_ref.control.tree import Assignment, Conditional
from nonmem_ref.writing.control_text import PK_NAMES, control_text, lower_triangle, variance_names
from nonmem_ref.writing.data_rows import data_rows, error_item, error_names, written_errors
from pkpd.model.spec import has_two_compartments, is_oral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.control.tree import Statement
    from nonmem_ref.writing.control_text import ControlText
    from nonmem_ref.writing.data_rows import WrittenError
    from pkpd.data.cohort import Cohort
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

# R and C++ read letters of English alone.
_NO_NAME = re.compile(r"\W", re.ASCII)
_N_EVENT = 10


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A model and a cohort with the code of its parameters.

    Parameters
    ----------
    model : ModelSpec
        The model, at the values that become initial estimates.
    parameters : dict of str to PopulationParameter
        Its parameters by name.
    cohort : Cohort
        The cohort.
    written : ControlText
        The control stream.
    statements : tuple of statements
        Its $PK, without NONMEM's scale and without what chooses the random effect of an occasion.
    errors : tuple of WrittenError
        Residual errors of the cohort's levels.
    """

    model: ModelSpec
    parameters: dict[str, PopulationParameter]
    cohort: Cohort
    written: ControlText
    statements: tuple[Statement, ...]
    errors: tuple[WrittenError, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Random effects of the subject that are correlated, or a single one.

    Parameters
    ----------
    names : tuple of str
        Names; of one whose variance depends on a category, that with the category behind it.
    rows : list of list of float
        Lower triangle of their variances and covariances.
    is_fixed : bool
        Whether fits hold them.
    """

    names: tuple[str, ...]
    rows: list[list[float]]
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the data.

    Parameters
    ----------
    event : tuple
        ID, TIME, AMT, RATE, EVID, MDV, CMT, DV, CENS, LIMIT.
    code : int
        Which residual error a level has.
    items : tuple
        The occasion where there are effects of these, and the covariates.
    """

    event: tuple[object, ...]
    code: int
    items: tuple[object, ...]


def other_model(
    model: ModelSpec, parameters: Sequence[PopulationParameter], cohort: Cohort, *, data: str
) -> OtherModel:
    """Return a model with the code of its parameters, arguments as of ``other_tools.other_files``.

    Raises
    ------
    InputError
        For each part of the model that is not written.
    """
    n_occasions = int(cohort.occasion.max(initial=0)) + 1
    names = error_names(model, cohort)
    written = control_text(model, parameters, data=data, n_occasions=n_occasions, assays=names)
    (control,) = parse_control(enumerate(written.text.splitlines(), start=1)).problems_read
    code = control.code("PK")
    statements = () if code is None else tuple(_own(code.statements, written))
    by_name = {one.name: one for one in parameters}
    return OtherModel(model, by_name, cohort, written, statements, written_errors(model, names))


def _own(statements: Sequence[Statement], written: ControlText) -> Iterator[Statement]:
    """Yield the statements without NONMEM's scale, and without those that choose the random effect of an occasion."""
    for one in statements:
        body = one.branches[0].body if isinstance(one, Conditional) else (one,)
        first = body[0]
        target = first.target.name if isinstance(first, Assignment) else ""
        if target not in written.occasions and not re.fullmatch(r"S\d", target):
            yield one


def theta_name(name: str) -> str:
    """Return what a parameter of the engine is called in other tools."""
    return f"t_{_NO_NAME.sub('_', name)}"


def eta_name(name: str) -> str:
    """Return what a random effect of the engine is called in other tools."""
    return f"eta_{_NO_NAME.sub('_', name)}"


def theta_names(written: ControlText) -> dict[str, str]:
    """Return what each element of THETA is called."""
    return {f"THETA({i})": theta_name(name) for i, name in enumerate(written.thetas, start=1)}


def blocks(other: OtherModel) -> Iterator[Block]:
    """Yield the random effects of the subject in the order of their numbers in the control stream."""
    variance = {one.eta: one for one in other.model.variances}
    for group in other.written.blocks:
        first = variance[group[0]]
        names = variance_names(other.model, first)
        is_fixed = other.parameters[names[0]].is_fixed
        if first.covariate is None:
            yield Block(group, lower_triangle(other.model, group), is_fixed)
            continue
        for name, (_, omega2) in zip(names, first.table, strict=True):
            yield Block((name.removeprefix("omega2_"),), [[omega2]], is_fixed)


def equations(model: ModelSpec) -> tuple[list[tuple[str, str]], str]:
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


def records(other: OtherModel) -> Iterator[Record]:
    """Yield the records of the cohort."""
    model = other.model
    # Behind the events: the occasion where there are effects of these, then the code of the error where there are several.
    place = _N_EVENT + bool(model.occasion_variances)
    has_codes = error_item(model) is not None
    for row in data_rows(other.cohort, model, other.written.covariates, has_logarithms=False):
        code = int(float(str(row[place]))) if has_codes else 0
        yield Record(row[:_N_EVENT], code, (*row[_N_EVENT:place], *row[place + has_codes :]))
