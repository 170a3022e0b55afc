"""Population pharmacokinetic models: specification, covariate effects, typical values, loading from TOML."""

from __future__ import annotations

from pkpd.model.covariate import ResolvedCovariates, resolve_covariates
from pkpd.model.library import DEFAULT_MODEL, load_model, model_names
from pkpd.model.parameters import log_typical_terms, omega_matrix, terminal_half_life, typical_parameters
from pkpd.model.residual import residual_sd_parameters
from pkpd.model.spec import ModelSpec, Parameterization, Structure, Term

__all__ = [
    "DEFAULT_MODEL",
    "ModelSpec",
    "Parameterization",
    "ResolvedCovariates",
    "Structure",
    "Term",
    "load_model",
    "log_typical_terms",
    "model_names",
    "omega_matrix",
    "residual_sd_parameters",
    "resolve_covariates",
    "terminal_half_life",
    "typical_parameters",
]
