"""Whether the random effects of a model file fit its terms and one another: one sentence for each thing that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.model.sections import table_problems, term_sections
from pkpd.model.spec import SHAPE_PARAMETERS, RandomEffectShape
from pkpd.toml_file import closest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.model.schema import EtaSection, ModelFile, SharedEtaSection

    Keys = tuple[int | str, ...]

# Of a random effect on the logarithm of a parameter, or relative to it.
_LARGEST_VARIANCE = 25.0
# Shapes of which a coefficient of variation gives the variance.
_HAVE_CV = frozenset({RandomEffectShape.EXPONENTIAL, RandomEffectShape.PROPORTIONAL})
# What the integral over the centres is made for.
_MOST_CENTRE_EFFECTS = 2
OCCASION, CENTRE = "iov_", "centre_"
"""What the names of random effects of occasions and centres begin with."""


def eta_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the random effects of the subjects."""
    taken: dict[str, str] = {}
    shared = {f"{OCCASION}{name}" for name in model.iov} | {f"{CENTRE}{name}" for name in model.centre}
    for name, eta in model.iiv.items():
        keys: Keys = ("iiv", name)
        yield from _target_problems(model, keys, eta.on or name, taken)
        if name in shared:
            yield keys, "is the name of a random effect of the occasion or centre; give it another name, and 'on'."
        if _n_given(eta) != 1:
            yield keys, "expected exactly one of 'cv_pct', 'omega2' and 'omega2_by'."
        yield from _shape_problems(keys, eta)
        if eta.omega2_by is not None:
            covariate = eta.omega2_by.covariate
            yield from table_problems(model, (*keys, "omega2_by"), covariate, eta.omega2_by.values)
            if covariate in model.covariates and model.covariates[covariate].time_varying:
                yield (
                    (*keys, "omega2_by"),
                    f"{covariate} is time-varying, but a random effect has one variance; declare it constant.",
                )


def shared_eta_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the random effects of occasions and centres."""
    for group, etas in (("iov", model.iov), ("centre", model.centre)):
        taken: dict[str, str] = {}
        for name, eta in etas.items():
            keys: Keys = (group, name)
            yield from _target_problems(model, keys, eta.on or name, taken)
            if _n_given(eta) != 1:
                yield keys, "expected exactly one of 'cv_pct' and 'omega2'."
    shapes = {eta.on or name: eta.shape for name, eta in model.iiv.items()}
    for name, eta in model.iov.items():
        if eta.cv_pct is not None and shapes.get(eta.on or name, RandomEffectShape.EXPONENTIAL) not in _HAVE_CV:
            yield ("iov", name), "the random effect that it adds to has a shape without a CV; give 'omega2'."
    for name, eta in model.centre.items():
        if shapes.get(eta.on or name) is RandomEffectShape.ADDITIVE:
            yield (
                ("centre", name),
                "multiplies a parameter whose own random effect is additive; give that another shape.",
            )
    if len(model.centre) > _MOST_CENTRE_EFFECTS:
        yield ("centre",), f"has {len(model.centre)} random effects, expected at most {_MOST_CENTRE_EFFECTS}."


def _target_problems(model: ModelFile, keys: Keys, target: str, taken: dict[str, str]) -> Iterator[tuple[Keys, str]]:
    """Yield a random effect on no term, or on one that has one already."""
    terms = [name for _, name, _, _ in term_sections(model)]
    if target not in terms:
        hint = closest(target, terms)
        yield (
            (*keys, "on"),
            f"'{target}' is not a parameter or term of this model; {hint}it has {', '.join(terms)}.",
        )
    other = taken.setdefault(target, str(keys[-1]))
    if other != keys[-1]:
        yield (*keys, "on"), f"'{target}' has the random effect {other} already."


def _n_given(eta: EtaSection | SharedEtaSection) -> int:
    """Return how many ways of stating its variance a random effect uses."""
    return sum(getattr(eta, name, None) is not None for name in ("cv_pct", "omega2", "omega2_by"))


def _shape_problems(keys: Keys, eta: EtaSection) -> Iterator[tuple[Keys, str]]:
    """Yield what does not go with the shape of a random effect."""
    shape = f"shape '{eta.shape.value}'"
    wanted = SHAPE_PARAMETERS.get(eta.shape)
    for name, value in (("lambda", eta.lambda_), ("df", eta.df)):
        if name == wanted and value is None:
            yield keys, f"{shape} needs '{name}'."
        if name != wanted and value is not None:
            yield (*keys, name), f"is not used by {shape}; remove it."
    if eta.shape_fixed and wanted is None:
        yield (*keys, "shape_fixed"), f"{shape} has no parameter that could be fixed; remove it."
    if eta.cv_pct is not None and eta.shape not in _HAVE_CV:
        yield (
            (*keys, "cv_pct"),
            f"does not say how wide a random effect of {shape} is; give 'omega2', the variance of eta.",
        )
    largest = [eta.omega2 or 0.0, *(eta.omega2_by.values.values() if eta.omega2_by else ())]
    if eta.shape is not RandomEffectShape.ADDITIVE and max(largest) > _LARGEST_VARIANCE:
        yield (*keys, "omega2"), f"{max(largest):g}, expected a number of at most {_LARGEST_VARIANCE:g}."


def correlation_problems(model: ModelFile) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong with the correlations."""
    seen: set[frozenset[str]] = set()
    occasion = [f"{OCCASION}{name}" for name in model.iov]
    for index, correlation in enumerate(model.correlations):
        keys: Keys = ("correlations", index, "etas")
        for eta in correlation.etas:
            if eta not in model.iiv and eta not in occasion:
                hint = closest(eta, [*model.iiv, *occasion])
                yield keys, f"{shown(eta)} is not a random effect; {hint}see [iiv]."
        pair = frozenset(correlation.etas)
        if len(pair) == 1:
            yield keys, f"{shown(correlation.etas[0])} stands there twice; name two random effects."
        if len(pair & set(occasion)) == 1 and len(pair & set(model.iiv)) == 1:
            yield (
                keys,
                f"{' and '.join(correlation.etas)} are of a subject and of an occasion, which are independent; remove it.",
            )
        if pair in seen:
            yield keys, f"the pair {' and '.join(correlation.etas)} stands there twice."
        seen.add(pair)
