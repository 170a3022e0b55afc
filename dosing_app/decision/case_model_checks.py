"""The rules of a case about its model: the body, covariates over time, and the names of model and assays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.case_faults import Fault, Path, closest, expected, quoted, shown
from dosing_app.decision.case_schema import COVARIATE_NAMES, is_possible_covariate
from dosing_app.decision.case_tree import Tree, as_object, day, number, rows_of
from dosing_app.language import Figure, Name, listed, message
from pkpd.model.covariate import body_mass_index, fat_free_mass
from pkpd.model.library import DEFAULT_MODEL, load_model, model_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.language import Message
    from pkpd.model.spec import ModelSpec

_BODY = ("weight_kg", "height_cm", "bmi_kg_per_m2", "fat_free_mass_kg")


def known_model(tree: Tree) -> Iterator[Fault]:
    """Check that the model is a shipped one."""
    name = tree.get("model")
    if isinstance(name, str) and name not in model_names():
        nearest, models = closest(name, model_names()), ", ".join(model_names())
        yield Fault(
            ("model",),
            message("fault.unknown_model", name=quoted(name), models=models)
            if nearest is None
            else message("fault.unknown_model_near", name=quoted(name), nearest=quoted(nearest), models=models),
        )


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
        said = message("fault.lean_above_weight", lean=shown(lean), field=Name("weight_kg"), weight=shown(weight))
        yield Fault((*place, "fat_free_mass_kg"), said)
    if bmi is None and height is not None:
        bmi = body_mass_index(weight, height)
        if not is_possible_covariate("bmi_kg_per_m2", bmi):
            said = message(
                "fault.impossible_bmi",
                height=shown(height),
                field=Name("weight_kg"),
                weight=shown(weight),
                bmi=Figure(f"{bmi:.3g}"),
                expected=expected("bmi_kg_per_m2"),
            )
            yield Fault((*place, "height_cm"), said)
            return
    sex = covariates.get("sex")
    if lean is None and bmi is not None and sex in ("male", "female"):
        derived = fat_free_mass(weight, bmi, is_male=sex == "male")
        if not is_possible_covariate("fat_free_mass_kg", derived):
            said = message(
                "fault.impossible_fat_free_mass",
                weight=shown(weight),
                bmi=Figure(f"{bmi:.3g}"),
                lean=Figure(f"{derived:.3g}"),
                expected=expected("fat_free_mass_kg"),
            )
            yield Fault((*place, "weight_kg"), said)


def covariates_over_time(tree: Tree) -> Iterator[Fault]:
    """Check that later rows hold only covariates that the model lets vary, and do not contradict those at the start."""
    start = as_object(tree.get("covariates"))
    model = _model(tree) if rows_of(tree, "covariates_over_time") else None
    varying = [] if model is None else [name for name, domain in model.covariates.items() if domain.time_varying]
    for row, later in rows_of(tree, "covariates_over_time"):
        names = [name for name in COVARIATE_NAMES if later.get(name) is not None]
        if not names:
            yield Fault(("covariates_over_time", row), message("fault.no_covariate", field=Name("time_day")))
        for name in names:
            if model is not None and name not in varying:
                said = _not_over_time(model, name, later[name], varying)
                yield Fault(("covariates_over_time", row, name), said)
            if day(later.get("time_day")) == 0 and start.get(name) not in (None, later[name]):
                said = message(
                    "fault.not_as_at_the_start",
                    value=shown(later[name]),
                    start=shown(start[name]),
                    field=Name("covariates"),
                )
                yield Fault(("covariates_over_time", row, name), said)


def _not_over_time(model: ModelSpec, name: str, value: object, varying: list[str]) -> Message:
    """Return that a model does not read a covariate over time, and what it reads."""
    if varying:
        only = listed([Name(other) for other in varying])
        return message("fault.not_over_time.only", value=shown(value), model=model.id, field=Name(name), keys=only)
    at_start = Name("covariates")
    return message("fault.not_over_time.none", value=shown(value), model=model.id, field=Name(name), start=at_start)


def known_assays(tree: Tree) -> Iterator[Fault]:
    """Check that an assay is one of the model's where it has an error for each; elsewhere its name is a note."""
    named = [(row, sample["assay"]) for row, sample in rows_of(tree, "samples") if isinstance(sample.get("assay"), str)]
    model = _model(tree) if named else None
    if model is None or not model.residual.by_assay:
        return
    for row, assay in named:
        if assay not in model.residual.by_assay:
            known = ", ".join(map(quoted, model.residual.by_assay))
            said = message("fault.unknown_assay", assay=shown(assay), model=model.id, assays=known)
            yield Fault(("samples", row, "assay"), said)


def _model(tree: Tree) -> ModelSpec | None:
    """Return the case's model, or None where there is none of that name."""
    name = tree.get("model")
    name = DEFAULT_MODEL if name is None else name
    return load_model(name) if isinstance(name, str) and name in model_names() else None


def _covariate(covariates: Tree, name: str) -> float | None:
    """Return a covariate whose value is possible by itself."""
    value = number(covariates.get(name))
    return value if value is not None and is_possible_covariate(name, value) else None
