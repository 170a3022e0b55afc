"""A recalibrated event model as the text of a file (`asuc-event-model/1`), with its own facts, caveats and decisions."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.toml_file import checked
from pkpd.units import percent_from_fraction
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.model.build import build_event_model
from tte.model.catalog import EVENT_MODEL_FILE
from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty
from tte.recalibration.parameters import log_hazard, parameters_of, risk_of, uncertainty_of
from tte.recalibration.population import HORIZON_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.diagnostics.prediction_errors import Measured
    from tte.model.event_model import EventModel
    from tte.recalibration.parameters import RiskParameters
    from tte.recalibration.recalibrate import Recalibration
    from tte.recalibration.threshold import ThresholdChoice

_WEEK_4_DAY = 28.0
_CHECK_DAYS = (0.0, 14.0, 28.0)
_METHODS = {
    "intercept": "ln lambda was estimated anew by maximum likelihood, the old linear predictor being an offset; shape and beta are the old ones and keep their old uncertainty.",
    "slope": "ln lambda and the slope of the linear predictor, which is beta, were estimated anew by maximum likelihood; the shape is the old one and keeps its old uncertainty, or is held where it had none.",
    "refit": "ln lambda, shape and beta were estimated anew by maximum likelihood; nothing of the old model is left but its form and its reference exposure.",
    "bayes": "Posterior means of (ln lambda, shape, beta) with the old model as prior, integrated by quadrature.",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a new model is called.

    Parameters
    ----------
    id, version : str
        Name and version.
    file : str
        Name of its file, for messages.
    data_file, data_sha256 : str
        Name and hash of the file of event times.
    population : str
        Whom it was recalibrated on, in words; empty for none given.
    """

    id: str
    version: str
    file: str
    data_file: str
    data_sha256: str
    population: str = ""


def recalibrated_model(found: Recalibration, threshold: ThresholdChoice, identity: Identity) -> tuple[str, EventModel]:
    """Return the text of the new model's file, and the model that it makes.

    Parameters
    ----------
    found : Recalibration
        With parameters, and without a refusal.
    threshold : ThresholdChoice
        Its threshold.
    identity : Identity
        What it is called.

    Raises
    ------
    InputError
        Where numbers lie outside what an event model file may hold.
    """
    text = "\n".join(_lines(found, threshold, identity)) + "\n"
    content = checked(EVENT_MODEL_FILE, tomllib.loads(text), identity.file)
    return text, build_event_model(content, identity.file, hashlib.sha256(text.encode()).hexdigest())


def _lines(found: Recalibration, threshold: ThresholdChoice, identity: Identity) -> Iterator[str]:
    old, events, parameters = found.request.model, found.events, found.parameters
    assert parameters is not None  # noqa: S101 - without a refusal there are some
    yield 'schema = "asuc-event-model/1"'
    yield f"id = {_text(identity.id)}"
    yield f"version = {_text(identity.version)}"
    yield f"title = {_text(f'{old.title}, recalibrated ({found.request.method})')}"
    yield f"citation = {_text(f'Recalibrated from {old.id} {old.version}: {old.citation}')}"
    yield f"doi = {_text(old.doi)}"
    yield f"population = {_text(_population(found, identity))}"
    yield f"event = {_text(old.event)}"
    yield 'hazard = "weibull"'
    yield 'coding = "proportional_hazards"'
    yield 'exposure = "log_auc_cl"'
    yield f"window_day = [{old.window_day[0]:g}, {old.window_day[1]:g}]"
    yield f"horizon_day = {old.horizon_day:g}"
    yield f"pk_models = [{', '.join(_text(name) for name in old.pk_models)}]"
    yield from _list("caveats", [*_caveats(found, threshold)])
    yield from _list("decisions", [*_decisions(found)])
    yield from _parameters(found, parameters)
    yield from ("", "[reference]", f"log_auc_cl = {parameters.x_ref!r}", f"source = {_text(f'that of {old.id}')}")
    yield from ("", "[threshold]", f"log_auc_cl = {float(threshold.value)!r}", f"source = {_text(threshold.why)}")
    yield from _uncertainty(found, parameters)
    yield from ("", "[provenance]", f'method = "{found.request.method}"', f"event_model = {_text(old.id)}")
    yield f"event_model_version = {_text(old.version)}"
    yield f'event_model_sha256 = "{old.sha256}"'
    yield f'data_sha256 = "{identity.data_sha256}"'
    yield from (f"patients = {events.n_subjects}", f"events = {events.n_events}", f"from_day = {found.from_day:g}")
    yield from _facts(found, threshold)
    yield from _checks(parameters, threshold)


def _population(found: Recalibration, identity: Identity) -> str:
    events, old = found.events, found.request.model
    where = f" at risk after day {found.from_day:g}" if found.from_day > 0.0 else ""
    whom = f", {identity.population}" if identity.population else ""
    said = f"{counted(events.n_subjects, 'patient')}{where} with {counted(events.n_events, 'event')} ({identity.data_file}){whom}"
    return said if found.request.method == "refit" else f"{said}; and of {old.id}: {old.population}"


def _caveats(found: Recalibration, threshold: ThresholdChoice) -> Iterator[str]:
    old, events = found.request.model, found.events
    yield f"{counted(events.n_events, 'event')} of {counted(events.n_subjects, 'patient')} inform what was estimated anew; nobody has validated the result on other patients."
    yield f"Exposure on this scale needs the clearance of {' or '.join(old.pk_models)}, and so did that of the patients it was recalibrated on."
    yield "The exposure is that of days 14 to 28, so it describes patients who are still at risk on day 28."
    if found.from_day == 0.0 and (early := _early_events(found)):
        yield f"{counted(early, 'event')} by day 28 {'was' if early == 1 else 'were'} in the fit, but threshold and accuracy are of those still at risk then."
    if threshold.is_chosen:
        yield "Threshold and accuracy come from the same patients; only other patients can confirm them."
    else:
        before, after = (_risk_at(one, threshold.value) for one in (parameters_of(old), found.parameters))
        yield (
            f"The threshold is that of {old.id}; the risk at it is {_percent(after)} by day 90 now and was {_percent(before)} there."
        )
    yield "The effect is an association: a patient who does not respond to anti-TNF at all gains nothing from more exposure."
    if found.request.method != "refit":
        for caveat in old.caveats:
            yield f"{old.id}: {caveat}"


def _decisions(found: Recalibration) -> Iterator[str]:
    request = found.request
    yield f"Method {request.method}: {_METHODS[request.method]}"
    if request.is_penalised:
        yield "The likelihood was penalised (Firth, Jeffreys)."
    if found.prior is not None:
        spread = math.sqrt(float(found.prior.covariance[1, 1]))
        yield (
            f"Prior: the uncertainty of {request.model.id} with the weight {found.prior.weight:g}; ln shape has a standard deviation of "
            f"{spread:.3g} ({found.prior.shape_source})."
        )
        yield "The file keeps the posterior's mean and covariance matrix as a normal distribution, so that mean and variance of ln H are those of the posterior for every day and exposure."
    if found.request.method in ("intercept", "slope"):
        yield "Estimates depend on what was held: its uncertainty goes into theirs by the information matrix."


def _parameters(found: Recalibration, parameters: RiskParameters) -> Iterator[str]:
    method, old = found.request.method, found.request.model.id
    held = {"intercept": ("shape", "beta"), "slope": ("shape",)}.get(method, ())
    values = (
        # the relative standard error of λ is the standard deviation of its logarithm
        ("lambda", f"log10 = {parameters.log_rate / math.log(10.0)!r}", 1.0),
        ("shape", f"value = {parameters.shape!r}", parameters.shape),
        ("beta", f"value = {parameters.slope!r}", abs(parameters.slope)),
    )
    for (name, line, size), sd in zip(values, parameters.sd.tolist(), strict=True):
        yield from ("", f"[parameters.{name}]", line)
        if sd > 0.0:
            yield f"rse_pct = {_rounded(percent_from_fraction(sd / size))}"
        source = f"held at the value of {old}" if name in held else f"estimated anew ({method})"
        yield f"source = {_text(source)}"


def _uncertainty(found: Recalibration, parameters: RiskParameters) -> Iterator[str]:
    yield from ("", "[uncertainty]")
    match uncertainty_of(parameters):
        case CovarianceUncertainty(matrix=matrix):
            yield 'kind = "covariance"'
            yield "matrix = ["
            yield from (f"  [{', '.join(repr(float(value)) for value in row)}]," for row in matrix)
            yield "]"
        case AnchoredUncertainty(variance=variance, centre=centre, beta_sd=beta_sd):
            yield 'kind = "anchored"'
            yield f"variance = {variance!r}"
            yield f"centre_log_auc_cl = {centre!r}"
            yield f"beta_sd = {beta_sd!r}"
        case _:
            yield 'kind = "none"'
    yield f"source = {_text(_uncertainty_source(found))}" if parameters.covariance.any() else ""


def _uncertainty_source(found: Recalibration) -> str:
    return {
        "bayes": "covariance matrix of the posterior",
        "refit": "inverse of the observed information, shape by the delta method",
    }.get(
        found.request.method,
        "inverse of the observed information of what was estimated, and the old uncertainty of what was held",
    )


def _facts(found: Recalibration, threshold: ThresholdChoice) -> Iterator[str]:
    events = found.events
    n, d = events.n_subjects, events.n_events
    name = "colectomies" if found.request.model.event == "colectomy" else "events"
    yield from _fact("patients_with_outcome", n, out_of=n)
    yield from _fact(name, d, out_of=n)
    exact = events.stop[events.kind == EventKind.EVENT]
    if exact.size and exact.size == d:
        ends = (float(exact.min()), float(exact.max()))
        yield from _fact(
            f"{found.request.model.event}_day_median", float(np.median(exact)), unit="day", ends=ends, kind="range"
        )
    if found.from_day == 0.0 and threshold.from_day == _WEEK_4_DAY and d and exact.size == d:
        yield from _fact(f"{name}_before_week_4", _early_events(found), out_of=d)
    exposure = events.covariates[found.request.covariate.upper()]
    yield from _fact("log_auc_cl_lowest", float(exposure.min()))
    yield from _fact("log_auc_cl_highest", float(exposure.max()))
    yield from _accuracy_facts(threshold, name)


def _accuracy_facts(threshold: ThresholdChoice, name: str) -> Iterator[str]:
    """Yield what the threshold does in those at risk after day 28; in others it means something else."""
    rule, finding = threshold.rule, threshold.finding
    if rule is None or finding is None or threshold.from_day != _WEEK_4_DAY:
        return
    table = rule.table
    high, low = table.true_positive + table.false_positive, table.false_negative + table.true_negative
    yield from _fact("high_risk_patients", high, out_of=high + low)
    yield from _fact(f"high_risk_{name}", table.true_positive, out_of=high)
    yield from _fact(f"low_risk_{name}", table.false_negative, out_of=low)
    for share in ("sensitivity", "specificity", "accuracy"):
        yield from _measured(share, getattr(rule.accuracy, share), scale=percent_from_fraction(1.0), unit="%")
    if threshold.is_chosen and finding.drawn is not None:
        drawn = finding.drawn
        yield from _fact(
            "sensitivity_corrected", _rounded(percent_from_fraction(drawn.sensitivity.corrected)), unit="%"
        )
        yield from _fact(
            "specificity_corrected", _rounded(percent_from_fraction(drawn.specificity.corrected)), unit="%"
        )
    if not math.isnan(rule.fisher.p):
        yield from _fact("fisher_p", float(f"{rule.fisher.p:.2g}"))
    if finding.auroc is not None:
        yield from _measured("auroc", finding.auroc.area)


def _measured(name: str, one: Measured, *, scale: float = 1.0, unit: str = "") -> Iterator[str]:
    if math.isnan(one.value):
        return
    value, low, high = (_rounded(scale * part) for part in one)
    ends = () if math.isnan(low) or math.isnan(high) else (low, high)
    yield from _fact(name, value, unit=unit, ends=ends, kind="95 % confidence interval")


def _fact(
    name: str,
    value: float,
    *,
    unit: str = "",
    out_of: float | None = None,
    ends: tuple[float, ...] = (),
    kind: str = "",
) -> Iterator[str]:
    yield from ("", f"[facts.{name}]", f"value = {value!r}")
    if unit:
        yield f"unit = {_text(unit)}"
    if out_of:
        yield f"out_of = {out_of!r}"
    if ends:
        yield from (f"interval = [{ends[0]!r}, {ends[1]!r}]", f"interval_kind = {_text(kind)}")


def _checks(parameters: RiskParameters, threshold: ThresholdChoice) -> Iterator[str]:
    """Yield the risk at the threshold, so that a number that is changed afterwards is found."""
    mean, _ = log_hazard(parameters, np.array([threshold.value]), day=HORIZON_DAY)
    for day in _CHECK_DAYS:
        ahead = float(mean[0]) + math.log1p(-((day / HORIZON_DAY) ** parameters.shape))
        risk = float(risk_of(np.array([ahead]))[0])
        if not 0.0 < risk < 1.0:
            continue
        yield from ("", f"[checks.threshold_from_day_{day:g}]", f"log_auc_cl = {float(threshold.value)!r}")
        yield from (f"from_day = {day:g}", f"risk = {risk!r}", 'source = "computed when the file was written"')


def _early_events(found: Recalibration) -> int:
    """Return how many events happened by day 28, those known by an interval with its end."""
    events = found.events
    return int(((events.kind != EventKind.CENSORED) & (events.upper <= _WEEK_4_DAY)).sum())


def _risk_at(parameters: RiskParameters | None, log_auc_cl: float) -> float:
    assert parameters is not None  # noqa: S101 - without a refusal there are some
    mean, _ = log_hazard(parameters, np.array([log_auc_cl]), day=HORIZON_DAY)
    return float(risk_of(mean)[0])


def _list(name: str, sentences: list[str]) -> Iterator[str]:
    yield f"{name} = ["
    yield from (f"  {_text(sentence)}," for sentence in sentences)
    yield "]"


def _text(value: str) -> str:
    """Return a string of TOML, of which JSON's are a part but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _percent(share: float) -> str:
    return f"{percent_from_fraction(share):.3g} %"
