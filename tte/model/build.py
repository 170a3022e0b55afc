"""An event model from the checked content of its file, and the checks that need several keys or its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.toml_file import place
from tte.model.coding import Coding, effect_multiplier, log_rate_at_reference, reference_from_anchor
from tte.model.event_model import (
    Anchor,
    AnchoredUncertainty,
    CovarianceUncertainty,
    EventModel,
    EventModelCheck,
    Fact,
    Provenance,
    PublishedEstimate,
)
from tte.model.predict import risk_from
from tte.model.schema import AnchoredSection, CovarianceSection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tte.model.event_model import Uncertainty
    from tte.model.schema import CheckSection, Estimate, EventModelFile, FactSection

# The results are called risk_day90 and auc_day14_28: a file that means other days would be misread.
_HORIZON_DAY = 90.0
_WINDOW_DAY = (14.0, 28.0)
# Check values are given with at least five digits.
_CHECK_TOLERANCE = 1e-4
_LARGEST_EXPOSURE = 100.0
SHAPE_STANDARD_ERRORS = 3.0
"""A shape of as many standard errors leaves 0.1 % below zero, where there is no hazard to speak of; fewer are refused."""


def build_event_model(content: EventModelFile, file: str, sha256: str) -> EventModel:
    """Return the event model that a file describes.

    Parameters
    ----------
    content : EventModelFile
        Content of the file, each key already of the right type.
    file : str
        Name of the file, for messages.
    sha256 : str
        Hash of the file's bytes.

    Returns
    -------
    EventModel
        The model; its check values are met and its covariance matrix, where it has one, is positive definite.

    Raises
    ------
    InputError
        With one problem for each thing that does not fit.
    """
    if problems := tuple(_problems(content, file)):
        raise InputError(problems)
    model = _build(content, sha256)
    if problems := tuple(_number_problems(model, file)):
        raise InputError(problems)
    return model


def _build(content: EventModelFile, sha256: str) -> EventModel:
    """Return the model of content that fits together."""
    shape, beta = content.parameters.shape.value, content.parameters.beta.value
    log_rate = log_rate_at_reference(content.coding, _log_lambda(content), shape=shape)
    slope = effect_multiplier(content.coding, shape=shape) * beta
    anchor = None
    if content.anchor is not None:
        anchor = Anchor(content.anchor.log_auc_cl, content.anchor.risk, content.anchor.day)
        x_ref = reference_from_anchor(
            risk=anchor.risk,
            day=anchor.day,
            log_auc_cl=anchor.log_auc_cl,
            log_rate=log_rate,
            shape=shape,
            slope=slope,
        )
    else:
        x_ref = content.reference.log_auc_cl if content.reference is not None else math.nan
    return EventModel(
        id=content.id,
        version=content.version,
        title=content.title,
        citation=content.citation,
        doi=content.doi,
        population=content.population,
        event=content.event,
        caveats=tuple(content.caveats),
        decisions=tuple(content.decisions),
        coding=content.coding,
        log_rate=log_rate,
        shape=shape,
        beta=beta,
        slope=slope,
        x_ref=x_ref,
        anchor=anchor,
        horizon_day=content.horizon_day,
        window_day=(content.window_day[0], content.window_day[1]),
        threshold=content.threshold.log_auc_cl,
        uncertainty=_uncertainty(content, x_ref),
        pk_models=tuple(content.pk_models),
        parameters=tuple(_estimates(content)),
        facts=tuple(_fact(name, section) for name, section in content.facts.items()),
        checks=tuple(_check(name, section) for name, section in content.checks.items()),
        sha256=sha256,
        provenance=None if content.provenance is None else Provenance(**content.provenance.model_dump()),
    )


def _log_lambda(content: EventModelFile) -> float:
    """Return ln λ."""
    section = content.parameters.lambda_
    if section.log10 is not None:
        return section.log10 * math.log(10.0)
    return math.log(section.value) if section.value is not None else math.nan


def _uncertainty(content: EventModelFile, x_ref: float) -> Uncertainty:
    """Return what is known of the uncertainty."""
    section = content.uncertainty
    match section:
        case AnchoredSection():
            # The logarithm of a rate estimated from n events has a variance of 1/n.
            variance = 1.0 / section.events if section.events is not None else section.variance
            centre = section.centre_log_auc_cl if section.centre_log_auc_cl is not None else x_ref
            return AnchoredUncertainty(variance if variance is not None else math.nan, centre, section.beta_sd)
        case CovarianceSection():
            return CovarianceUncertainty(tuple(tuple(row) for row in section.matrix))
        case _:
            return None


def _estimates(content: EventModelFile) -> Iterator[PublishedEstimate]:
    """Yield the published estimates."""
    parameters = content.parameters
    yield _estimate("lambda", math.exp(_log_lambda(content)), "1/day^shape", parameters.lambda_)
    yield _estimate("shape", parameters.shape.value, "", parameters.shape)
    yield _estimate("beta", parameters.beta.value, "1/ln(mg day^2/L^2)", parameters.beta)


def _estimate(name: str, value: float, unit: str, section: Estimate) -> PublishedEstimate:
    """Return one published estimate."""
    return PublishedEstimate(
        name,
        value,
        unit,
        rse_pct=section.rse_pct,
        bootstrap=tuple(section.bootstrap or ()),
        published=section.published,
        source=section.source,
        note=section.note,
    )


def _fact(name: str, section: FactSection) -> Fact:
    """Return one reported number."""
    return Fact(
        name,
        section.value,
        section.unit,
        out_of=section.out_of,
        interval=tuple(section.interval or ()),
        interval_kind=section.interval_kind,
        source=section.source,
        note=section.note,
    )


def _check(name: str, section: CheckSection) -> EventModelCheck:
    """Return one check value."""
    return EventModelCheck(name, section.log_auc_cl, section.from_day, section.risk, section.source)


def _problems(content: EventModelFile, file: str) -> Iterator[Problem]:
    """Yield what does not fit together."""
    if content.horizon_day != _HORIZON_DAY:
        message = f"{content.horizon_day:g}, expected {_HORIZON_DAY:g}: the results are risks by day {_HORIZON_DAY:g}."
        yield Problem(place(file, ("horizon_day",)), message)
    if tuple(content.window_day) != _WINDOW_DAY:
        message = f"{content.window_day}, expected {list(_WINDOW_DAY)}: the AUC is taken from day 14 to day 28."
        yield Problem(place(file, ("window_day",)), message)
    lambda_ = content.parameters.lambda_
    if (lambda_.value is None) == (lambda_.log10 is None):
        yield Problem(place(file, ("parameters", "lambda")), "expected exactly one of 'value' and 'log10'.")
    if (content.anchor is None) == (content.reference is None):
        message = "expected exactly one of [anchor] and [reference]; either fixes the reference exposure."
        yield Problem(file, message)
    yield from _uncertainty_problems(content, file)


def _uncertainty_problems(content: EventModelFile, file: str) -> Iterator[Problem]:
    """Yield what is wrong with the uncertainty."""
    section = content.uncertainty
    if isinstance(section, AnchoredSection) and (section.events is None) == (section.variance is None):
        yield Problem(place(file, ("uncertainty",)), "expected exactly one of 'events' and 'variance'.")
    if isinstance(section, CovarianceSection):
        where = place(file, ("uncertainty", "matrix"))
        if content.coding is not Coding.PROPORTIONAL_HAZARDS:
            message = f"belongs to coding 'proportional_hazards', found '{content.coding.value}'; refit in that coding."
            yield Problem(where, message)
        matrix = np.asarray(section.matrix)
        unequal = np.argwhere(~np.isclose(matrix, matrix.T, rtol=1e-6, atol=0.0))
        if unequal.size:
            i, j = unequal[0]
            message = (
                f"{matrix[i, j]:g} in row {i + 1}, column {j + 1}, but {matrix[j, i]:g} in row {j + 1}, column {i + 1}; "
                f"expected a symmetric matrix."
            )
            yield Problem(where, message)
        elif not _is_positive_definite(matrix):
            yield Problem(where, "is not positive definite, which a covariance matrix must be; check its entries.")
        elif content.parameters.shape.value < SHAPE_STANDARD_ERRORS * math.sqrt(matrix[1, 1]):
            message = (
                f"a shape of {content.parameters.shape.value:g} with standard error {math.sqrt(matrix[1, 1]):.3g} may be "
                f"below zero; expected a standard error of at most a third of the shape."
            )
            yield Problem(where, message)


def _is_positive_definite(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    """Return whether a symmetric matrix is a covariance matrix of full rank, scales aside."""
    scale = np.sqrt(np.abs(np.diag(matrix)))
    if not scale.all():
        return False
    return bool(np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0] > 1e-10)


def _number_problems(model: EventModel, file: str) -> Iterator[Problem]:
    """Yield where the model's own numbers contradict it."""
    if not abs(model.x_ref) <= _LARGEST_EXPOSURE:
        message = (
            f"gives a reference exposure of {model.x_ref:.4g}, expected one between -100 and 100; check parameters."
        )
        yield Problem(place(file, ("anchor",)), message)
        return
    for check in model.checks:
        found = risk_from(model, check.log_auc_cl, day=check.from_day)
        if not abs(found - check.risk) <= _CHECK_TOLERANCE * check.risk:
            message = f"{check.risk:g}, but the file's own numbers give {found:.6g}; correct one of them."
            yield Problem(place(file, ("checks", check.name, "risk")), message)
