"""The parts of the report on the power of new trials, from its document."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from asuc.validation.page import Section
from asuc.validation.report_table import Cell, Quantity, ReportTable, figure
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.figures.sheet import Drawing

_NAN = float("nan")
_PERCENT = percent_from_fraction(1.0)


def power_sections(document: Mapping[str, Any], drawings: Sequence[Drawing]) -> tuple[Section, ...]:
    """Return the parts of the report, in their order."""
    first, second, target = document["first"]["title"], document["second"]["title"], document["target"]
    difference = document["difference"]
    value, low, high = (figure(_PERCENT * difference[key], 1) for key in ("value", "q025", "q975"))
    has_effects = document["trial_effects"]["name"] == "by_class"
    drawn = "the parameters and the effects of a trial" if has_effects else "the parameters"
    people = f"{document['population']['title']} ({document['population']['n']:,} patients)"
    chances = f"{document['first']['response']:.1%} and {document['second']['response']:.1%}"
    said = (
        f"{first} against {second} in {people}. {document['trial_effects']['text']}",
        (
            f"Mean chance of a response (outcome of {document['response']:g} or more): {chances}, a difference of {value} percentage points (2.5 % to 97.5 % of the "
            f"distribution of {drawn}: {low} to {high}; greater for {first} in {difference['probability_first_better']:.0%} of it)."
        ),
        _needed(target, first),
    )
    by_name = {one.name: one for one in drawings}
    return (
        Section(
            "power",
            "Power",
            said,
            tables=(size_table(document),),
            drawings=tuple(by_name[name] for name in ("power-by-size",) if name in by_name),
        ),
        Section(
            "enrichment",
            "Trials of chosen patients",
            (
                "Patients in the order of the predicted difference of their chances. Power takes the estimates as true, by which patients are chosen as well; assurance does not.",
            ),
            tables=(coefficient_table(document), enrichment_table(document)),
            drawings=tuple(by_name[name] for name in ("enrichment",) if name in by_name),
        ),
    )


def size_table(document: Mapping[str, Any]) -> ReportTable:
    """Return power at each size of the arms."""
    head = (
        "Participants in each arm",
        "Power, simulated (%)",
        "Power, exact (%)",
        "with correction, simulated (%)",
        "with correction, exact (%)",
        "Assurance (%)",
        "Second found better (%)",
        "Type I error, simulated (%)",
        "Type I error, exact (%)",
        "Published procedure, no power (%)",
    )
    rows = tuple(
        (
            f"{one['n_per_arm']:,}",
            *(
                _percent(one[test][way])
                for test in ("chi_square", "chi_square_corrected")
                for way in ("simulated", "exact")
            ),
            _percent(one["assurance"]["first_better"]),
            _percent(one["assurance"]["second_better"]),
            *(_percent(one["type1"][way]) for way in ("simulated", "exact")),
            _percent(one["published_procedure"]["first_better"]),
        )
        for one in document["sizes"]
    )
    caption = (
        f"Chi-square tests of responders (two-sided, {_PERCENT * document['alpha']:g} %): trials that find {document['first']['title']} better; simulated ones have a Monte-Carlo error of up to "
        f"{_PERCENT * document['monte_carlo_se']:.1f} percentage points. Type I error: both arms {document['second']['title']}."
    )
    return ReportTable("power", caption, head, rows)


def coefficient_table(document: Mapping[str, Any]) -> ReportTable:
    """Return covariates in the models of both arms."""
    head = ("Covariate", document["first"]["title"], "SE", document["second"]["title"], "SE", "Opposite signs")
    rows = tuple(
        (
            one["title"],
            *(Quantity(one[key], _NAN, _NAN, 2) for key in ("first", "first_se", "second", "second_se")),
            "yes" if one["opposite"] else "",
        )
        for one in document["coefficients"]
    )
    return ReportTable(
        "coefficients",
        "Coefficients of the covariates in both models, that of a class being what it adds to placebo; opposite signs are what choosing patients lives on, and many are within their errors.",
        head,
        rows,
    )


def enrichment_table(document: Mapping[str, Any]) -> ReportTable:
    """Return trials among ever fewer patients."""
    sizes = [f"{one['n_per_arm']}" for one in document["sizes"]]
    head = (
        "Eligible (%)",
        "Least predicted difference (%)",
        f"{document['first']['title']} (%)",
        f"{document['second']['title']} (%)",
        *(f"Power, n {n} (%)" for n in sizes),
        *(f"Assurance, n {n} (%)" for n in sizes),
        f"n in each arm for {document['target']['power']:.0%}",
        "Patients looked at",
    )
    rows = tuple(
        (
            f"{_PERCENT * one['share']:.0f}",
            *(_percent(one[key]) for key in ("least_difference", "first", "second")),
            *(_percent(one["power"][n]) for n in sizes),
            *(_percent(one["assurance"][n]) for n in sizes),
            *(_count(one[key]) for key in ("n_per_arm", "screened")),
        )
        for one in document["enrichment"]
    )
    return ReportTable(
        "enrichment", "Trials among the patients of whom the models expect the greatest difference.", head, rows
    )


def _needed(target: Mapping[str, Any], first: str) -> str:
    if target["n_per_arm"] is None:
        return f"No number up to 20,000 participants in each arm has a power of {target['power']:.0%} to find {first} better."
    corrected = (
        f", {target['n_per_arm_corrected']:,} with continuity correction" if target["n_per_arm_corrected"] else ""
    )
    return f"A power of {target['power']:.0%} takes {target['n_per_arm']:,} participants in each arm{corrected}, the estimates taken as true."


def _percent(value: float) -> Cell:
    return Quantity(_PERCENT * value, _NAN, _NAN, 1)


def _count(value: float | None) -> Cell:
    return "none" if value is None or not isfinite(value) else round(value)
