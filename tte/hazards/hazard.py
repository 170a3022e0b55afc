"""The hazards by name: their parameters, the scale on which covariates act on them, and their equations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tte.kernels import codes


class Link(Enum):
    """The scale of a linear predictor; the value is its name in results."""

    LOG = "log"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class HazardParameter:
    """A parameter of a hazard.

    Parameters
    ----------
    name : str
        Name in options and results.
    symbol : str
        As the equation writes it; options take it as well.
    link : Link
        Scale of its linear predictor.
    unit : str
        Empty for a pure number.
    description : str
        What it is.
    """

    name: str
    symbol: str
    link: Link
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class HazardFacts:
    """What is known of a hazard.

    Parameters
    ----------
    code : int
        Its number in compiled code.
    equation : str
        Its definition.
    parameters : tuple of HazardParameter
        In their order; a covariate named alone acts on the first.
    description : str
        Its course.
    """

    code: int
    equation: str
    parameters: tuple[HazardParameter, ...]
    description: str


class Hazard(Enum):
    """The hazards that can be fitted; the value is the name."""

    EXPONENTIAL = "exponential"
    WEIBULL = "weibull"
    GOMPERTZ = "gompertz"
    LOGLOGISTIC = "loglogistic"
    LOGNORMAL = "lognormal"
    SURGE = "surge"

    @property
    def facts(self) -> HazardFacts:
        """Return equation, parameters and description."""
        return _FACTS[self]

    @property
    def parameters(self) -> tuple[HazardParameter, ...]:
        """Return the parameters in their order; a covariate named alone acts on the first."""
        return _FACTS[self].parameters

    @property
    def code(self) -> int:
        """Return the number in compiled code."""
        return _FACTS[self].code


_FACTS = {
    Hazard.EXPONENTIAL: HazardFacts(
        codes.EXPONENTIAL,
        "H = lambda t",
        (HazardParameter("lambda", "lambda", Link.LOG, "1/day", "hazard"),),
        "constant",
    ),
    Hazard.WEIBULL: HazardFacts(
        codes.WEIBULL,
        "H = lambda t^gamma",
        (
            HazardParameter("lambda", "lambda", Link.LOG, "1/day^gamma", "cumulative hazard at day 1"),
            HazardParameter("shape", "gamma", Link.LOG, "", "shape; above 1 the hazard rises, below 1 it falls"),
        ),
        "a power of time",
    ),
    Hazard.GOMPERTZ: HazardFacts(
        codes.GOMPERTZ,
        "h = lambda exp(gamma t)",
        (
            HazardParameter("lambda", "lambda", Link.LOG, "1/day", "hazard at day 0"),
            HazardParameter("gamma", "gamma", Link.IDENTITY, "1/day", "growth; below 0 some never have the event"),
        ),
        "exponential in time",
    ),
    Hazard.LOGLOGISTIC: HazardFacts(
        codes.LOGLOGISTIC,
        "H = ln(1 + (t/alpha)^beta)",
        (
            HazardParameter("alpha", "alpha", Link.LOG, "day", "median"),
            HazardParameter("beta", "beta", Link.LOG, "", "shape; above 1 the hazard rises and then falls"),
        ),
        "log-logistic time",
    ),
    Hazard.LOGNORMAL: HazardFacts(
        codes.LOGNORMAL,
        "H = -ln Phi((mu - ln t)/sigma)",
        (
            HazardParameter("mu", "mu", Link.IDENTITY, "ln(day)", "mean of the logarithm of the time"),
            HazardParameter("sigma", "sigma", Link.LOG, "", "its standard deviation"),
        ),
        "log-normal time",
    ),
    Hazard.SURGE: HazardFacts(
        codes.SURGE,
        "h = A / (1 + ((t - PT)/SW)^4)",
        (
            HazardParameter("A", "A", Link.LOG, "1/day", "hazard at the peak"),
            HazardParameter("PT", "PT", Link.IDENTITY, "day", "day of the peak"),
            HazardParameter("SW", "SW", Link.LOG, "day", "half width at half of the peak"),
        ),
        "a surge around a day",
    ),
}
