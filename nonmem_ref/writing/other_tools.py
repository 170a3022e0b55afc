"""A model of the engine and its cohort for other tools: nlmixr2, and mrgsolve with mapbayr."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from nonmem_ref.writing.data_rows import error_names, written_errors
from nonmem_ref.writing.mapbayr import mapbayr_files, mapbayr_problems
from nonmem_ref.writing.nlmixr2 import nlmixr2_files, nlmixr2_problems
from nonmem_ref.writing.other_model import other_model, theta_name
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.writing.other_model import OtherModel
    from pkpd.data.cohort import Cohort
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

Tool: TypeAlias = Literal["nlmixr2", "mrgsolve"]


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
    errors = written_errors(model, error_names(model, cohort))
    if tool == "mrgsolve":
        faults = list(mapbayr_problems(model, cohort, errors))
    else:
        faults = list(nlmixr2_problems(model, cohort, len(errors)))
    try:
        other = other_model(model, parameters, cohort, data=data)
    except InputError as error:
        raise InputError([*error.problems, *faults]) from None
    faults += _same_names(other)
    if faults:
        raise InputError(faults)
    if tool == "mrgsolve":
        return OtherFiles(*mapbayr_files(other, data=data))
    return OtherFiles(*nlmixr2_files(other, data=data, n_evaluations=n_evaluations))


def _same_names(other: OtherModel) -> Iterator[Problem]:
    """Yield the parameters that the languages of other tools have one name for."""
    count = Counter(map(theta_name, other.written.thetas))
    for name in (name for name, n in count.items() if n > 1):
        alike = ", ".join(one for one in other.written.thetas if theta_name(one) == name)
        message = f"has parameters whose names differ in letters that R and C++ do not read: {alike}"
        yield Problem(other.model.id, message)
