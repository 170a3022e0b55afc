"""Models of one's own as a `ModelSet`: those of a fit, or of the folder that `asuc crohns fit` or `asuc crohns bootstrap` wrote."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from crohns_srs.data.config import PLACEBO, load_config
from crohns_srs.predict.class_model import ClassModel, ModelSet
from crohns_srs.predict.population import create_population
from crohns_srs.srs.schema import CrohnsBootstrap, CrohnsFit
from crohns_srs.srs.stage_numbers import covariate_moments, stage_numbers
from pkpd.errors import input_error

if TYPE_CHECKING:
    from crohns_srs.data.config import Config
    from crohns_srs.srs.fit import SequenceFit
    from crohns_srs.srs.schema import ModelEntry, ReplicateEntry
    from crohns_srs.srs.stage_numbers import StageNumbers
    from pkpd.arrays import FloatArray

FIT_FILE, CONFIG_FILE, BOOTSTRAP_FILE = "fit.json", "config.toml", "bootstrap.json"
"""What such a folder holds; refits only after a bootstrap."""
_EXPECTED = "expected the folder that `asuc crohns fit --out` or `asuc crohns bootstrap --out` wrote"

Document = TypeVar("Document", bound=BaseModel)


def fitted_models(sequence: SequenceFit) -> ModelSet:
    """Return the models of a fit, without its folder."""
    given = sequence.participants
    found = {one.id: _model(one.id, stage_numbers(one), None) for one in sequence.stages}
    mean, covariance = covariate_moments(given)
    return _model_set(given.config, given.sha256, found, _Moments(given.n_rows, mean, covariance, given.file))


def own_models(folder: str) -> ModelSet:
    """Return the models of a folder.

    Parameters
    ----------
    folder : str
        Folder.

    Raises
    ------
    InputError
        Where it holds no fit, or what it holds does not belong together.
    """
    document, sha256 = _read(CrohnsFit, Path(folder) / FIT_FILE)
    config = load_config(str(Path(folder) / CONFIG_FILE))
    if config.sha256 != document.config.sha256:
        raise input_error(
            str(Path(folder) / CONFIG_FILE), f"is not the configuration of the fit beside it; {_EXPECTED}"
        )
    if missing := [one.id for one in config.classes if one.id not in document.models]:
        raise input_error(str(Path(folder) / FIT_FILE), f"has no model of {missing[0]}; {_EXPECTED}")
    refits: dict[str, ReplicateEntry] = {}
    if (Path(folder) / BOOTSTRAP_FILE).exists():
        bootstrap, _ = _read(CrohnsBootstrap, Path(folder) / BOOTSTRAP_FILE)
        if bootstrap.data.sha256 != document.data.sha256 or bootstrap.config.sha256 != config.sha256:
            raise input_error(str(Path(folder) / BOOTSTRAP_FILE), f"is not of the fit beside it; {_EXPECTED}")
        refits = bootstrap.models if bootstrap.effects == "held" else {}
    found = {key: _model(key, one, refits.get(key)) for key, one in document.models.items()}
    told = document.covariates
    moments = _Moments(told.n_obs, np.array(told.mean), np.array(told.covariance), document.data.file)
    return _model_set(config, sha256, found, moments, is_refitted=bool(refits))


def _read(kind: type[Document], file: Path) -> tuple[Document, str]:
    try:
        content = file.read_bytes()
        return kind.model_validate_json(content), hashlib.sha256(content).hexdigest()
    except OSError:
        raise input_error(str(file), f"cannot be read; {_EXPECTED}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise input_error(str(file), f"{where}: {first['msg']}; {_EXPECTED}") from None


@dataclass(frozen=True, slots=True)
class _Moments:
    """Number, mean and covariance of the covariates of the participants of a file, as they are measured."""

    n_obs: int
    mean: FloatArray
    covariance: FloatArray
    file: str


def _model_set(
    config: Config, sha256: str, found: dict[str, ClassModel], moments: _Moments, *, is_refitted: bool = False
) -> ModelSet:
    source = f"{moments.n_obs:,} participants of {moments.file}"
    return ModelSet(
        config.id,
        config.citation,
        config.doi,
        sha256,
        config,
        found[PLACEBO],
        tuple(found[one.id] for one in config.classes),
        create_population(config.drug_covariates, moments.n_obs, moments.mean, moments.covariance, source),
        is_refitted,
    )


def _model(key: str, one: StageNumbers | ModelEntry, refits: ReplicateEntry | None) -> ClassModel:
    held = (one.held_estimate, one.held_vcov) if refits is None else (refits.median, refits.vcov)
    return ClassModel(
        key,
        one.title,
        tuple(one.terms),
        np.array(one.estimate),
        np.array(one.vcov),
        np.array(one.lever_square),
        np.array(one.variance_spread),
        np.array(held[0]),
        np.array(held[1]),
        one.var_trial,
        one.var_residual,
        one.n_obs,
        one.n_trials,
        one.df_test,
        np.array(one.carried),
    )
