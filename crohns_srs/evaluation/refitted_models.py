"""The models of a table in the form that patients are told by, as the published ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crohns_srs.lmm import held_covariance, held_shift, variance_spread
from crohns_srs.predict.class_model import ClassModel, ModelSet

if TYPE_CHECKING:
    from crohns_srs.srs.fit import SequenceFit, StageFit


def refitted_models(sequence: SequenceFit) -> ModelSet:
    """Return the models of a fit; those with the trials' effects held are the limit of the bootstrap that holds them, without its refits."""
    config = sequence.participants.config
    placebo = _model(sequence.placebo)
    classes = tuple(_model(one) for one in sequence.classes)
    return ModelSet(config.id, config.citation, config.doi, sequence.participants.sha256, config, placebo, classes)


def _model(stage: StageFit) -> ClassModel:
    fit = stage.fit
    lever = fit.moments.lever
    return ClassModel(
        stage.id,
        stage.title,
        fit.terms,
        fit.estimate,
        fit.covariance,
        fit.residual_variance * lever @ lever.T,
        variance_spread(fit),
        fit.estimate + held_shift(fit),
        held_covariance(fit),
        float(fit.group_variance[0]),
        fit.residual_variance,
        fit.n_obs,
        fit.n_obs - len(fit.terms),
        stage.carried,
    )
