"""The card of an event model as sheets: what it is, its values, its uncertainty, its threshold, and what to be careful about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asuc.cli.layout import Sheet
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tte.model.event_model import EventModel, Fact, PublishedEstimate

_NAMES = ("ln lambda", "shape", "beta")


def event_model_card(model: EventModel) -> Iterator[Sheet | str]:
    """Yield the card of an event model."""
    yield f"{model.title} ({model.id}, version {model.version}, SHA-256 {model.sha256[:12]}…)"
    yield f"{model.citation} {model.doi}".strip()
    yield f"Population: {model.population}"
    if model.provenance is not None:
        one = model.provenance
        since = f" at risk after day {one.from_day:g}" if one.from_day > 0.0 else ""
        yield (
            f"Recalibrated ({one.method}) from {one.event_model} {one.event_model_version} (SHA-256 {one.event_model_sha256[:12]}…) on "
            f"{counted(one.patients, 'patient')}{since} with {counted(one.events, 'event')} (SHA-256 of the data {one.data_sha256[:12]}…)."
        )
    yield f"Exposure on its scale: that of {', '.join(model.pk_models) or 'no pharmacokinetic model named'}."
    yield f"H(t) by coding {model.coding.value}; reference exposure {model.x_ref:.5g}."
    yield f"Threshold: risk counts as high below ln(AUC/CL) = {model.threshold:.5g}."
    yield Sheet(
        "Values",
        ("parameter", "value", "unit", "RSE", "bootstrap", "source"),
        tuple(_value(one) for one in model.parameters),
        wraps=5,
    )
    yield from _uncertainty(model)
    if model.facts:
        yield Sheet(
            "Facts of the study", ("fact", "value", "interval", "source"), tuple(map(_fact, model.facts)), wraps=3
        )
    if model.checks:
        yield Sheet(
            "Check values",
            ("check", "ln(AUC/CL)", "from day", "risk by day 90", "source"),
            tuple(
                (one.name, f"{one.log_auc_cl:.5g}", f"{one.from_day:g}", f"{one.risk:.6g}", one.source)
                for one in model.checks
            ),
            wraps=4,
        )
    for label, lines in (("Caveat", model.caveats), ("Decision", model.decisions)):
        for line in lines:
            yield f"{label}: {line}"


def _value(one: PublishedEstimate) -> tuple[str, ...]:
    spread = "" if not one.bootstrap else f"{one.bootstrap[1]:g} to {one.bootstrap[2]:g}"
    rse = "" if one.rse_pct is None else f"{one.rse_pct:.4g} %"
    return one.name, f"{one.value:.5g}", one.unit, rse, spread, one.source


def _uncertainty(model: EventModel) -> Iterator[Sheet | str]:
    from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty  # noqa: PLC0415 - the engine loads later

    match model.uncertainty:
        case AnchoredUncertainty(variance=variance, centre=centre, beta_sd=beta_sd):
            yield (
                f"Uncertainty: ln H(90) has the standard deviation {variance**0.5:.3g} at ln(AUC/CL) = {centre:.4g}, and beta, independent of "
                f"it, {beta_sd:.3g}; the shape is held."
            )
        case CovarianceUncertainty(matrix=matrix):
            rows = tuple((name, *(f"{value:.4g}" for value in row)) for name, row in zip(_NAMES, matrix, strict=True))
            yield Sheet("Covariance matrix", ("", *_NAMES), rows)
        case _:
            yield "Uncertainty: the estimates are taken as exact."


def _fact(one: Fact) -> tuple[str, ...]:
    of = "" if one.out_of is None else f" of {one.out_of:g}"
    ends = f"{one.interval[0]:.4g} to {one.interval[1]:.4g} ({one.interval_kind})" if one.interval else ""
    return one.name.replace("_", " "), f"{one.value:.4g}{of} {one.unit}".strip(), ends, one.source
