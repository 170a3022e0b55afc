"""An event model: what a file of `tte/library` says, checked and brought to the form that is computed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tte.model.coding import Coding

Matrix: TypeAlias = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class PublishedEstimate:
    """One estimate of the source, for the model card.

    Parameters
    ----------
    name : str
        ``lambda``, ``shape`` or ``beta``.
    value : float
        The value computed with.
    unit : str
        Unit, empty for a pure number.
    rse_pct : float or None
        Relative standard error [%].
    bootstrap : tuple of float
        Bootstrap median, 2.5 % and 97.5 % points; empty where none was published.
    published, source, note : str
        The number as printed, where it stands, and what a reader should know about it.
    """

    name: str
    value: float
    unit: str
    rse_pct: float | None = None
    bootstrap: tuple[float, ...] = ()
    published: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number that the source reports about its study or its classification; nothing is computed from it.

    Parameters
    ----------
    name : str
        Identifier, unique in the model.
    value : float
        Value in `unit`, or a count.
    unit : str
        Unit, empty for a count or a pure number.
    out_of : float or None
        For a count: among how many.
    interval : tuple of float
        Lower and upper limit, empty where none was published.
    interval_kind : str
        What the interval is: ``95 % confidence interval``, ``range``.
    source, note : str
        Where it stands and what a reader should know about it.
    """

    name: str
    value: float
    unit: str
    out_of: float | None = None
    interval: tuple[float, ...] = ()
    interval_kind: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A stated pair of exposure and risk that fixes the reference exposure.

    Parameters
    ----------
    log_auc_cl : float
        Exposure, ln(AUC/CL).
    risk : float
        Risk by `day`, in (0, 1).
    day : float
        Day [day].
    """

    log_auc_cl: float
    risk: float
    day: float


@dataclass(frozen=True, slots=True)
class AnchoredUncertainty:
    """Uncertainty of a model without a published covariance matrix; x_ref and the shape are held.

    ln H(horizon) at `centre` and β are independent normals.

    Parameters
    ----------
    variance : float
        Variance of ln H(horizon) at `centre`.
    centre : float
        Exposure ln(AUC/CL) at which that variance holds.
    beta_sd : float
        Standard deviation of β.
    """

    variance: float
    centre: float
    beta_sd: float


@dataclass(frozen=True, slots=True)
class CovarianceUncertainty:
    """Uncertainty by the covariance matrix of (ln λ, γ, β), jointly normal; x_ref is held.

    Parameters
    ----------
    matrix : tuple of tuple of float
        (3, 3), symmetric and positive definite.
    """

    matrix: Matrix


Uncertainty: TypeAlias = "AnchoredUncertainty | CovarianceUncertainty | None"


@dataclass(frozen=True, slots=True)
class EventModelCheck:
    """A value that the model must give.

    Parameters
    ----------
    name : str
        Its name in the file.
    log_auc_cl : float
        Exposure, ln(AUC/CL).
    from_day : float
        Day from which on the risk is meant, the person being event-free then [day].
    risk : float
        Expected risk from that day until the horizon.
    source : str
        Where the expectation comes from.
    """

    name: str
    log_auc_cl: float
    from_day: float
    risk: float
    source: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a recalibrated model was made from.

    Parameters
    ----------
    method : str
        ``intercept``, ``slope``, ``refit`` or ``bayes``.
    event_model, event_model_version, event_model_sha256 : str
        The old model.
    data_sha256 : str
        Hash of the file of event times.
    patients, events : int
        In that file.
    from_day : float
        Landmark after which they were at risk [day]; 0 for none.
    note : str
        What a reader should know.
    """

    method: str
    event_model: str
    event_model_version: str
    event_model_sha256: str
    data_sha256: str
    patients: int
    events: int
    from_day: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class EventModel:
    """A Weibull model of the time to an event, with an effect of exposure.

    ln H(t | x) = log_rate + shape·ln t + slope·(x - x_ref), x = ln(AUC/CL).

    Parameters
    ----------
    id, version, title, citation, doi, population, event : str
        Identity and origin; `doi` is empty where none is known.
    caveats, decisions : tuple of str
        What to be careful about, and what was decided where the source is silent.
    coding : Coding
        How λ, γ and β were written.
    log_rate : float
        ln H(1 day) at `x_ref` [H has no unit, time in days].
    shape : float
        Shape γ.
    beta : float
        Effect β of the exposure as published.
    slope : float
        Slope of ln H in the exposure, negative; β, or γ·β by the coding.
    x_ref : float
        Reference exposure ln(AUC/CL), given or derived from `anchor`.
    anchor : Anchor or None
        What `x_ref` was derived from.
    horizon_day : float
        Day by which risks are meant [day].
    window_day : tuple of float
        Start and end of the window of the AUC [day].
    threshold : float
        Exposure ln(AUC/CL) below which the risk counts as high.
    uncertainty : AnchoredUncertainty, CovarianceUncertainty or None
        What is known of the uncertainty of the estimates.
    pk_models : tuple of str
        Pharmacokinetic models whose exposure is on the scale of this event model.
    parameters : tuple of PublishedEstimate
        Published estimates, for cards.
    facts : tuple of Fact
        What the source reports about its study and its classification, for cards.
    checks : tuple of EventModelCheck
        Check values, all of them met.
    sha256 : str
        Hash of the file's bytes.
    provenance : Provenance or None
        What a recalibrated model was made from.
    """

    id: str
    version: str
    title: str
    citation: str
    doi: str
    population: str
    event: str
    caveats: tuple[str, ...]
    decisions: tuple[str, ...]
    coding: Coding
    log_rate: float
    shape: float
    beta: float
    slope: float
    x_ref: float
    anchor: Anchor | None
    horizon_day: float
    window_day: tuple[float, float]
    threshold: float
    uncertainty: Uncertainty
    pk_models: tuple[str, ...]
    parameters: tuple[PublishedEstimate, ...]
    facts: tuple[Fact, ...]
    checks: tuple[EventModelCheck, ...]
    sha256: str
    provenance: Provenance | None = None
