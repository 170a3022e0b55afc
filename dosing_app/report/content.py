"""Everything that the report of a case says, as plain data in the language being spoken."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.patient import canonical_json
from dosing_app.findings.case_words import model_name
from dosing_app.findings.numbers import shown
from dosing_app.findings.risk_rows import risks_table
from dosing_app.findings.risk_words import plan_words, risk_words, study_facts, validation_words
from dosing_app.findings.warning_words import warning_text
from dosing_app.language import say
from dosing_app.language.speaking import current_language
from dosing_app.report.basis import method_facts, parameters_table, short_hash, sources
from dosing_app.report.case_tables import doses_table, input_facts, left_out, samples_table
from dosing_app.report.head import ReportHead
from dosing_app.report.regimens import compared_regimens
from dosing_app.report.typed import NOTHING_TYPED

if TYPE_CHECKING:
    from datetime import datetime

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.decision.sensitivity import ModelAverage
    from dosing_app.decision.view import View
    from dosing_app.findings.risk_words import RiskWords
    from dosing_app.findings.table import Table
    from dosing_app.report.fact import Fact
    from dosing_app.report.regimens import Regimens
    from dosing_app.report.typed import Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent(ReportHead):
    """What the report says, beside its head.

    Parameters
    ----------
    view : View
        What the figures are drawn from.
    risk : RiskWords
        The answer.
    plan : str
        With which plan.
    inputs : tuple of Fact
        Single inputs, as typed.
    doses, samples : Table
        Rows, as typed; samples with what was expected of them.
    checks, notes : tuple of str
        Every warning, those to check before the figures are used apart from those good to know.
    reading : tuple of str
        How to read the answer: the study behind it and what it does not show.
    parameters, risks : Table
        Estimates with intervals, and the quantiles of the risk.
    method : tuple of Fact
        Models, estimation, what other models say.
    regimens : Regimens or None
        The regimens compared; None where there is no risk to aim at.
    left_out : tuple of str
        Imputations, exclusions and what was assumed.
    """

    view: View
    risk: RiskWords
    plan: str
    inputs: tuple[Fact, ...]
    doses: Table
    samples: Table
    checks: tuple[str, ...]
    notes: tuple[str, ...]
    reading: tuple[str, ...]
    parameters: Table
    risks: Table
    method: tuple[Fact, ...]
    regimens: Regimens | None
    left_out: tuple[str, ...]


def report_content(
    view: View,
    *,
    search: OptimizeResult | None,
    average: ModelAverage | None,
    computed_at: datetime,
    software: str,
    typed: Typed = NOTHING_TYPED,
) -> ReportContent:
    """Return what the report of a case says, in the language being spoken.

    Parameters
    ----------
    view : View
        The case and what was computed of it.
    search : OptimizeResult or None
        Its regimen search; None where there is no risk to aim at.
    average : ModelAverage or None
        What other models say; left out where None.
    computed_at : datetime
        When it was computed, with its offset from UTC.
    software : str
        Version of the software.
    typed : Typed
        What was typed otherwise than the case holds it, where it comes from a screen.
    """
    forecast, checksum = view.forecast, case_hash(view.forecast.case)
    texts = {level: _warnings(view, level) for level in ("check", "note")}
    reproduced = say("report.reproduces", software=software, hash=checksum)
    return ReportContent(
        language=current_language(),
        title=say("report.title", day=shown(forecast.case.now_day)),
        subject=say("report.subject"),
        label=forecast.case.label or "",
        computed=say("report.computed", time=computed_at.isoformat(" ", "minutes")),
        identity=_identity(view, software, checksum),
        case_sha256=checksum,
        computed_at=computed_at,
        view=view,
        risk=risk_words(view),
        plan=plan_words(forecast.case),
        inputs=input_facts(view, typed.covariates),
        doses=doses_table(view, typed),
        samples=samples_table(view, typed),
        checks=texts["check"],
        notes=texts["note"],
        reading=(study_facts(forecast.event_model), validation_words(forecast.event_model)),
        parameters=parameters_table(view),
        risks=risks_table(view),
        method=method_facts(view, average),
        regimens=None if search is None else compared_regimens(view, search),
        left_out=left_out(view),
        sources=(*sources(view), reproduced),
    )


def case_hash(case: PatientCase) -> str:
    """Return the SHA-256 of a case, for who holds it: of its canonical form, so that the same case has the same.

    Which keys a file leaves to their defaults, their order and how numbers are written do not matter.
    """
    return hashlib.sha256(canonical_json(case).encode()).hexdigest()


def _warnings(view: View, level: str) -> tuple[str, ...]:
    return tuple(warning_text(warning) for warning in view.warnings if warning.level == level)


def _identity(view: View, software: str, checksum: str) -> str:
    model = view.forecast.model
    return say(
        "report.identity",
        model=model_name(model.id),
        version=model.version,
        hash=short_hash(model.sha256),
        software=software,
        case=short_hash(checksum),
    )
