"""The shipped models and the card of one as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import write_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.model.spec import CovariateDomain, ModelSpec


def print_models(specs: Sequence[ModelSpec]) -> None:
    """Print the list of models."""
    rows = tuple((spec.id, "yes" if spec.in_default_panel else "no", spec.population) for spec in specs)
    write_output(laid_out([Sheet("Models", ("model", "in averages", "population"), rows, wraps=2)]))


def print_model_card(spec: ModelSpec) -> None:
    """Print a model's card."""
    write_output(laid_out(_model_card(spec)))


def _model_card(spec: ModelSpec) -> Iterator[Sheet | str]:
    yield f"{spec.title} ({spec.id}, version {spec.version}, SHA-256 {spec.sha256[:12]}…)"
    yield f"{spec.citation} {spec.doi}".strip()
    yield f"Population: {spec.population}"
    yield f"In averages: {'yes' if spec.in_default_panel else 'no'}. {spec.panel_reason}".strip()
    yield Sheet(
        "Published values",
        ("parameter", "value", "unit", "RSE", "note"),
        tuple(
            (
                value.name,
                f"{value.value:g}",
                value.unit,
                "" if value.rse_pct is None else f"{value.rse_pct:g} %",
                value.note,
            )
            for value in spec.parameters
        ),
        wraps=4,
    )
    yield Sheet(
        "Covariates",
        ("covariate", "assumed where missing", "informed range", "unit"),
        tuple(_covariate(covariate) for covariate in spec.covariates.values()),
    )
    for label, lines in (("Caveat", spec.caveats), ("Decision", spec.decisions), ("Erratum", spec.errata)):
        for line in lines:
            yield f"{label}: {line}"


def _covariate(covariate: CovariateDomain) -> tuple[str, str, str, str]:
    low, high = covariate.soft_range
    if not covariate.categories:
        return covariate.name, f"{covariate.median:g}", f"{low:g} to {high:g}", covariate.unit
    labels = {code: label for label, code in covariate.categories}
    known = [label for code, label in labels.items() if low <= code <= high]
    return covariate.name, labels.get(covariate.median, f"{covariate.median:g}"), ", ".join(known), ""
