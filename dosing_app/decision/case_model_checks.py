"""The rules of a case about its model: the body, covariates over time, and the names of model and assays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.case_faults import Fault, Path, closest, shown
from dosing_app.decision.case_schema import COVARIATE_NAMES, expected_covariate, is_possible_covariate
from dosing_app.decision.case_tree import Tree, as_object, day, number, rows_of
from pkpd.model.covariate import body_mass_index, fat_free_mass
from pkpd.model.library import DEFAULT_MODEL, load_model, model_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.model.spec import ModelSpec

_BODY = ("weight_kg", "height_cm", "bmi_kg_per_m2", "fat_free_mass_kg")


def known_model(tree: Tree) -> Iterator[Fault]:
    """Check that the model is a shipped one."""
    name = tree.get("model")
    if isinstance(name, str) and name not in model_names():
        message = f"{shown(name)} is not a shipped model{closest(name, model_names())}; expected one of "
        yield Fault(("model",), message + ", ".join(model_names()))


def body_size(tree: Tree) -> Iterator[Fault]:
    """Check that weight, height, body mass index and fat-free mass fit one body, those that a model derives included."""
    known = as_object(tree.get("covariates"))
    yield from _body_faults(("covariates",), known)
    for row, later in rows_of(tree, "covariates_over_time"):
        known = known | {name: value for name, value in later.items() if value is not None}
        if any(later.get(name) is not None for name in _BODY):
            yield from _body_faults(("covariates_over_time", row), known)


def _body_faults(place: Path, covariates: Tree) -> Iterator[Fault]:
    weight, height, bmi, lean = (_covariate(covariates, name) for name in _BODY)
    if weight is None:
        return
    if lean is not None and lean > weight:
        message = f"{shown(lean)} is above weight_kg {shown(weight)}; expected at most the body weight"
        yield Fault((*place, "fat_free_mass_kg"), message)
    if bmi is None and height is not None:
        bmi = body_mass_index(weight, height)
        if not is_possible_covariate("bmi_kg_per_m2", bmi):
            message = f"{shown(height)} with weight_kg {shown(weight)} gives a body mass index of {bmi:.3g} kg/m2"
            yield Fault((*place, "height_cm"), f"{message}; expected {expected_covariate('bmi_kg_per_m2')}")
            return
    sex = covariates.get("sex")
    if lean is None and bmi is not None and sex in ("male", "female"):
        derived = fat_free_mass(weight, bmi, is_male=sex == "male")
        if not is_possible_covariate("fat_free_mass_kg", derived):
            message = f"{shown(weight)} with a body mass index of {bmi:.3g} gives a fat-free mass of {derived:.3g} kg"
            yield Fault((*place, "weight_kg"), f"{message}; expected {expected_covariate('fat_free_mass_kg')}")


def covariates_over_time(tree: Tree) -> Iterator[Fault]:
    """Check that later rows hold only covariates that the model lets vary, and do not contradict those at the start."""
    start = as_object(tree.get("covariates"))
    model = _model(tree) if rows_of(tree, "covariates_over_time") else None
    varying = [] if model is None else [name for name, domain in model.covariates.items() if domain.time_varying]
    for row, later in rows_of(tree, "covariates_over_time"):
        names = [name for name in COVARIATE_NAMES if later.get(name) is not None]
        if not names:
            yield Fault(("covariates_over_time", row), "holds no covariate; expected at least one besides time_day")
        for name in names:
            if model is not None and name not in varying:
                what = (
                    f"expected only {', '.join(varying)}" if varying else "expected it in covariates, as at the start"
                )
                message = f"{shown(later[name])} is given, but model {model.id} does not read {name} over time; {what}"
                yield Fault(("covariates_over_time", row, name), message)
            if day(later.get("time_day")) == 0 and start.get(name) not in (None, later[name]):
                message = (
                    f"{shown(later[name])} on day 0 is not {shown(start[name])} as in covariates; expected the same"
                )
                yield Fault(("covariates_over_time", row, name), message)


def known_assays(tree: Tree) -> Iterator[Fault]:
    """Check that an assay is one of the model's where it has an error for each; elsewhere its name is a note."""
    named = [(row, sample["assay"]) for row, sample in rows_of(tree, "samples") if isinstance(sample.get("assay"), str)]
    model = _model(tree) if named else None
    if model is None or not model.residual.by_assay:
        return
    for row, assay in named:
        if assay not in model.residual.by_assay:
            known = ", ".join(shown(name) for name in model.residual.by_assay)
            message = f"{shown(assay)} is not an assay of model {model.id}; expected one of {known}, or none"
            yield Fault(("samples", row, "assay"), message)


def _model(tree: Tree) -> ModelSpec | None:
    """Return the case's model, or None where there is none of that name."""
    name = tree.get("model")
    name = DEFAULT_MODEL if name is None else name
    return load_model(name) if isinstance(name, str) and name in model_names() else None


def _covariate(covariates: Tree, name: str) -> float | None:
    """Return a covariate whose value is possible by itself."""
    value = number(covariates.get(name))
    return value if value is not None and is_possible_covariate(name, value) else None
