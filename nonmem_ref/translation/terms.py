"""What the engine calls the terms of a translated model, their random effects and their parameters in fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.translation.covariates import case_name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nonmem_ref.recognition.parameter import CovariateEffect, RecognizedParameter


@dataclass(frozen=True, slots=True)
class NamedTerm:
    """A term of a parameter with its names.

    Parameters
    ----------
    parameter : str
        The engine's name of the parameter: v1.
    key : str
        What the term is called where the parameter has several, else empty: part1.
    term : RecognizedParameter
        What was recognized.
    prefix : str
        What names of its parameters in fits begin with.
    """

    parameter: str
    key: str
    term: RecognizedParameter
    prefix: str

    @property
    def target(self) -> str:
        """Return what random effects of a model file are on: v1, or v1.part1."""
        return f"{self.parameter}.{self.key}" if self.key else self.parameter

    @property
    def eta(self) -> str:
        """Return the name of its random effect: v1, or v1_part1."""
        return f"{self.parameter}_{self.key}" if self.key else self.parameter

    def effects(self) -> Iterator[tuple[str, CovariateEffect]]:
        """Yield its effects with their names in fits, that of a second one of the same covariate with a number."""
        seen: dict[str, int] = {}
        for effect in self.term.effects:
            name = f"{self.prefix}_{case_name_of(effect.covariate)}"
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name}_{seen[name]}"), effect


def named_terms(parameters: Mapping[str, RecognizedParameter]) -> tuple[NamedTerm, ...]:
    """Return the terms of all parameters, in their order."""
    found: list[NamedTerm] = []
    for name, one in parameters.items():
        for number, term in enumerate(one.terms, start=1):
            key = f"part{number}" if one.added else ""
            # As ``pkpd.model.population`` names them: by the random effect, or else by the place among all terms.
            own = "" if not key else f"_{key}" if term.random is not None else f"_{len(found)}"
            found.append(NamedTerm(name, key, term, f"{name}{own}"))
    return tuple(found)
