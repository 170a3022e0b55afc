"""The parts of the report on an evaluation of pooled trials, from its document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asuc.crohns_report.validation_tables import (
    ablation_table,
    concordance_table,
    held_out_table,
    label_table,
    learner_table,
    null_table,
    performance_table,
    rule_tables,
    stability_table,
)
from asuc.validation.page import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.figures.sheet import Drawing

# Names of figures by the part that they stand in, and beginnings of the sentences on those that are not drawn.
_FIGURES = {
    "held-out": (("calibration-trials", "calibration-folds", "held-out-trials"), "Calibration"),
    "labels": (("labels",), "Labels"),
    "null": (("false-labels",), "False labels"),
    "stability": (("stability",), "Stability"),
    "rule": (("rule-value",), "Value of the rule"),
}
_KAPPA = (
    "“No opposite order” is the publication's concordance: labels contradict each other only where a pair of classes stands in opposite orders, so that a labeling that says nothing "
    "agrees with every other. κ takes away the agreement that the frequencies of each pair's orders would give by chance; there is none (“none”) where every pair has one order in all patients, "
    "which no agreement can be told from."
)
_RULE = "The rule gives each patient the class of which the models expect most. Models, rule and chances of classes were fitted without the participant. "
_KNOWN = "Every trial has every class: the chances of classes are those of its arms."
_NOT_KNOWN = (
    "Classes were not randomised against each other: chances of classes are estimated from the covariates, and trials of different classes are taken to differ in nothing that bears on the outcome "
    "but the covariates and the year in the placebo model. Where that fails, these values are wrong, and no interval says by how much."
)


def sections_of(
    document: Mapping[str, Any], drawings: Sequence[Drawing], left_out: Sequence[str]
) -> tuple[Section, ...]:
    """Return the parts of the report, in their order."""
    found = [
        Section(
            "held-out",
            "Outcomes that no model has seen",
            ("Each trial, and each of some folds, predicted by both stages fitted to the rest.",),
            tables=(performance_table(document), held_out_table(document)),
        ),
        Section(
            "labels",
            "Labels and their agreement",
            (_KAPPA,),
            tables=(
                label_table(document),
                concordance_table(document),
                *((learner_table(document),) if document["learners"] else ()),
            ),
        ),
        Section("ablation", "What labels rest on", tables=(ablation_table(document),)),
    ]
    if document["null"] is not None:
        found.append(
            Section(
                "null",
                "Labels where classes do not differ",
                (document["null"]["text"],),
                tables=(null_table(document),),
            )
        )
    if document["stability"] is not None:
        found.append(Section("stability", "Stability of labels", tables=(stability_table(document),)))
    rule = document["rule"]
    if rule["reason"]:
        found.append(Section("rule", "Value of the rule", (f"Not computed. {rule['reason']}",)))
    else:
        given = ", ".join(f"{document['classes'][key]} {share:.0%}" for key, share in rule["given"].items())
        said = (
            _RULE + (_KNOWN if rule["is_randomised"] else _NOT_KNOWN),
            f"The rule gives: {given}. Own class had a chance below 1 %: {rule['clipped']:.1%} of participants.",
        )
        found.append(Section("rule", "Value of the rule", said, tables=tuple(rule_tables(document))))
    return tuple(_with_figures(one, drawings, left_out) for one in found)


def warnings_of(document: Mapping[str, Any]) -> list[str]:
    """Return what to beware of."""
    said = list(document["notes"])
    said += [
        f"Held-out {way}: {held['n_missing']:,} participants have no prediction, since models could not be fitted without them; the table says why."
        for way, held in document["held_out"].items()
        if held["n_missing"]
    ]
    if document["failures"]:
        n = len(document["failures"])
        said.append(f"{n:,} replicates have no result, for example: {next(iter(document['failures'].values()))}")
    return said


def _with_figures(one: Section, drawings: Sequence[Drawing], left_out: Sequence[str]) -> Section:
    if one.key not in _FIGURES:
        return one
    names, beginning = _FIGURES[one.key]
    own = tuple(drawing for drawing in drawings if drawing.name in names)
    return replace(one, drawings=own, notes=tuple(text for text in left_out if text.startswith(beginning)))
