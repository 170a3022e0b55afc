"""Everything that the report of a patient with Crohn's disease says, as plain data in the language being spoken."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from dosing_app.decision.crohns.case import class_ids, inputs, to_json
from dosing_app.decision.crohns.what_if import if_changed, if_missing
from dosing_app.findings.crohns.checks import checks
from dosing_app.findings.crohns.names import begun, class_name, input_name
from dosing_app.findings.crohns.rows import (
    differences_table,
    effects_table,
    most_sensitive,
    what_if_table,
    why_table,
)
from dosing_app.findings.crohns.words import (
    figure_label,
    headline,
    label_words,
    level_words,
    models_words,
    sentences,
    value_words,
)
from dosing_app.findings.numbers import shown
from dosing_app.language import say
from dosing_app.language.speaking import current_language
from dosing_app.report.basis import short_hash
from dosing_app.report.fact import Fact
from dosing_app.report.head import ReportHead

if TYPE_CHECKING:
    from datetime import datetime

    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.case import Tree
    from dosing_app.findings.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class CrohnsReport(ReportHead):
    """What the report says, beside its head.

    Parameters
    ----------
    answer : CrohnsAnswer
        What the figure is drawn from.
    headline : str
        The answer in one sentence.
    sentences : tuple of str
        What follows it.
    figure_label : str
        What the figure shows.
    inputs : tuple of Fact
        Inputs as entered, and the classes that were taken out.
    effects, differences, why, changed, missing : Table
        The answer in tables.
    sensitive : tuple of str
        Which changes move it most.
    labels : tuple of Fact
        The order of the classes by each way to state uncertainty.
    checks : tuple of (str, str)
        Every check, what it says first and what follows.
    method, reading : tuple of Fact, tuple of str
        What the figures rest on, and how to read them.
    """

    answer: CrohnsAnswer
    headline: str
    sentences: tuple[str, ...]
    figure_label: str
    inputs: tuple[Fact, ...]
    effects: Table
    differences: Table
    why: Table
    changed: Table
    missing: Table
    sensitive: tuple[str, ...]
    labels: tuple[Fact, ...]
    checks: tuple[tuple[str, str], ...]
    method: tuple[Fact, ...]
    reading: tuple[str, ...]


def crohns_report(answer: CrohnsAnswer, *, computed_at: datetime, software: str) -> CrohnsReport:
    """Return what the report of a patient says, in the language being spoken.

    Parameters
    ----------
    answer : CrohnsAnswer
        What was computed.
    computed_at : datetime
        When it was computed, with its offset from UTC.
    software : str
        Version of the software.
    """
    models, checksum = shipped_models(), case_hash(answer.tree)
    changed = if_changed(answer)
    missing = if_missing(answer)
    identity = say("crohns.identity", models=models_words(), software=software, case=short_hash(checksum))
    sensitive = (most_sensitive(answer, changed), most_sensitive(answer, missing))
    return CrohnsReport(
        language=current_language(),
        title=say("crohns.report_title"),
        subject=say("crohns.report_subject"),
        label=str(answer.tree.get("label") or ""),
        computed=say("report.computed", time=computed_at.isoformat(" ", "minutes")),
        identity=identity,
        case_sha256=checksum,
        computed_at=computed_at,
        answer=answer,
        headline=headline(answer),
        sentences=tuple(sentences(answer)),
        figure_label=figure_label(answer),
        inputs=_inputs(answer.tree),
        effects=effects_table(answer),
        differences=differences_table(answer),
        why=why_table(answer),
        changed=what_if_table(answer, changed),
        missing=what_if_table(answer, missing),
        sensitive=tuple(dict.fromkeys(said for said in sensitive if said)),
        labels=tuple(
            Fact(say(f"crohns.uncertainty_short.{one.value}"), label_words(answer, one)) for one in Uncertainty
        ),
        checks=tuple((one.lead, one.more) for one in checks(answer)),
        method=(
            Fact(say("report.model"), models_words()),
            Fact(say("crohns.uncertainty_choice"), say(f"crohns.uncertainty.{answer.uncertainty.value}")),
            Fact(say("crohns.intervals"), level_words(answer)),
            Fact(say("crohns.input.worthwhile"), say("crohns.points", points=shown(answer.worthwhile))),
        ),
        reading=(say("crohns.limits_of_it"), say("crohns.how_settled"), say("crohns.how_uncertain")),
        sources=(
            f"{models.citation} · {models.doi}",
            say("report.checksum", name=say("report.model"), hash=models.sha256),
            say("crohns.reproduces", software=software, hash=checksum, uncertainty=answer.uncertainty.value),
        ),
    )


def case_hash(tree: Tree) -> str:
    """Return the SHA-256 of a case, for who holds it; the same case has the same, however its file is written."""
    return hashlib.sha256(to_json(tree, indent=None).encode()).hexdigest()


def _inputs(tree: Tree) -> tuple[Fact, ...]:
    entered = [Fact(input_name(one.case), value_words(one.case, tree.get(one.case))) for one in inputs()]
    taken_out = [class_name(name) for name in class_ids() if name in (tree.get("unavailable") or [])]
    return (*entered, Fact(say("crohns.taken_out_name"), begun(", ".join(taken_out)) or say("crohns.label_none")))
