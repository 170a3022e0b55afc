"""The terms of a model file, and what is wrong with its tables of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.model.spec import PARAMETER_NAMES
from pkpd.toml_file import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.model.schema import ModelFile, TermSection

    Keys = tuple[int | str, ...]


def term_sections(model: ModelFile) -> Iterator[tuple[str, str, Keys, TermSection]]:
    """Yield parameter, name, keys and content of each term, in the order of the parameters."""
    for parameter in PARAMETER_NAMES[model.parameterization]:
        section = model.parameters.get(parameter)
        if section is None:
            continue
        if section.terms is None:
            yield parameter, parameter, ("parameters", parameter), section
            continue
        for name, term in section.terms.items():
            yield parameter, f"{parameter}.{name}", ("parameters", parameter, "terms", name), term


def table_problems(
    model: ModelFile, keys: Keys, covariate: str, values: dict[str, float]
) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with a table that has one number for each category of a covariate."""
    domain = model.covariates.get(covariate)
    if domain is None:
        yield (*keys, "covariate"), unknown_covariate(model, covariate)
        return
    if not domain.categories:
        yield (*keys, "covariate"), f"'{covariate}' has no categories."
        return
    for label in sorted(domain.categories.keys() - values.keys()):
        yield (*keys, "values"), f"has nothing for '{label}' of {covariate}."
    for label in sorted(values.keys() - domain.categories.keys()):
        yield (*keys, "values", label), f"is not a category of {covariate}, which has {', '.join(domain.categories)}."


def unknown_covariate(model: ModelFile, name: str) -> str:
    """Return the sentence for a covariate without a domain."""
    hint = closest(name, list(model.covariates))
    return f"'{name}' has no domain; {hint}describe it under [covariates.{name}]."
