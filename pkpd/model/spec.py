"""A population pharmacokinetic model as plain data: what a model file says, checked and in internal units."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Structure(Enum):
    """Number of compartments that the drug distributes into."""

    ONE_COMPARTMENT = "one_compartment"
    TWO_COMPARTMENT = "two_compartment"


class Parameterization(Enum):
    """Which parameters a model file gives and its random effects act on."""

    CL_V = "cl_v"
    KE_V = "ke_v"
    CL_V1_Q_V2 = "cl_v1_q_v2"
    CL_V_KA = "cl_v_ka"
    KE_V_KA = "ke_v_ka"
    CL_V1_Q_V2_KA = "cl_v1_q_v2_ka"


class EffectForm(Enum):
    """How a covariate multiplies a parameter; the formulas stand in `pkpd.model.covariate`."""

    POWER = "power"
    LINEAR_FRACTION = "linear_fraction"
    LINEAR_BELOW = "linear_below"
    LINEAR_ABOVE = "linear_above"
    LINEAR_LOG = "linear_log"
    FACTOR = "factor"
    EXPONENTIAL = "exponential"
    EXPONENTIAL_LOG10 = "exponential_log10"
    POWER_LOG_RATIO = "power_log_ratio"
    CATEGORY = "category"
    CATEGORY_EXPONENTIAL = "category_exponential"


class RandomEffectShape(Enum):
    """How a random effect, normal with mean 0, changes a term; formulas in ``kernels.random_effect``."""

    EXPONENTIAL = "exponential"
    """term = typical · exp(eta)."""
    BOX_COX = "box_cox"
    """ln(term) = ln(typical) + (exp(lambda · eta) - 1) / lambda."""
    T_DISTRIBUTED = "t"
    """ln(term) = ln(typical) + Hill's expansion of a t variable in the normal eta."""
    PROPORTIONAL = "proportional"
    """term = typical · (1 + eta)."""
    ADDITIVE = "additive"
    """term = typical + eta."""


PARAMETER_NAMES: Mapping[Parameterization, tuple[str, ...]] = {
    Parameterization.CL_V: ("cl", "v"),
    Parameterization.KE_V: ("ke", "v"),
    Parameterization.CL_V1_Q_V2: ("cl", "v1", "q", "v2"),
    Parameterization.CL_V_KA: ("cl", "v", "ka"),
    Parameterization.KE_V_KA: ("ke", "v", "ka"),
    Parameterization.CL_V1_Q_V2_KA: ("cl", "v1", "q", "v2", "ka"),
}
"""Parameters of each parameterization, in the order used everywhere."""


def is_oral(parameterization: Parameterization) -> bool:
    """Return whether doses are absorbed from a depot."""
    return "ka" in PARAMETER_NAMES[parameterization]


def has_two_compartments(parameterization: Parameterization) -> bool:
    """Return whether there is a peripheral compartment."""
    return "q" in PARAMETER_NAMES[parameterization]


PARAMETER_UNITS: Mapping[str, str] = {
    "cl": "L/day",
    "q": "L/day",
    "v": "L",
    "v1": "L",
    "v2": "L",
    "ke": "1/day",
    "ka": "1/day",
}
"""Unit that each parameter is given in."""

SHAPE_PARAMETERS: Mapping[RandomEffectShape, str] = {
    RandomEffectShape.BOX_COX: "lambda",
    RandomEffectShape.T_DISTRIBUTED: "df",
}
"""Shapes that have a parameter of their own, and its name."""

SIGNED_SHAPES = frozenset({RandomEffectShape.PROPORTIONAL, RandomEffectShape.ADDITIVE})
"""Shapes under which part of the random effect's distribution would make a parameter negative."""

COVARIATE_UNITS: Mapping[str, str] = {
    "weight_kg": "kg",
    "crp_mg_per_L": "mg/L",
    "albumin_g_per_L": "g/L",
    "sex": "category",
    "age_year": "year",
    "height_cm": "cm",
    "bmi_kg_per_m2": "kg/m2",
    "fat_free_mass_kg": "kg",
    "ada_positive": "category",
    "ada_ng_per_mL": "ng/mL",
    "immunomodulator": "category",
    "steroid": "category",
    "extensive": "category",
    "diagnosis": "category",
    "mayo": "category",
}
"""Covariates that a patient case can give, with the unit each is held in."""

COVARIATE_CODES: Mapping[str, Mapping[str, float]] = {
    "sex": {"female": 0.0, "male": 1.0},
    "ada_positive": {"negative": 0.0, "positive": 1.0},
    "immunomodulator": {"no": 0.0, "yes": 1.0},
    "steroid": {"no": 0.0, "yes": 1.0},
    "extensive": {"no": 0.0, "yes": 1.0},
    "diagnosis": {"UC": 0.0, "CD": 1.0},
    "mayo": {"1": 1.0, "2": 2.0, "3": 3.0},
}
"""Labels and codes of the coded covariates that a patient case can give."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One covariate's multiplicative effect on one term.

    Parameters
    ----------
    covariate : str
        Case name of the covariate.
    form : EffectForm
        Formula; see `pkpd.model.covariate.log_effect`.
    coefficient : float
        Coefficient of the formula; not read by the two category forms.
    reference : float
        Covariate value at which the effect is 1, in the covariate's unit.
    floor : float or None
        Smallest covariate value the formula is evaluated at.
    category : float or None
        Where given, the formula sees 1 for this code of the covariate and 0 for every other.
    table : tuple of (code, value)
        Multiplier (``category``) or its logarithm (``category_exponential``) of each code.
    """

    covariate: str
    form: EffectForm
    coefficient: float = 0.0
    reference: float = 0.0
    floor: float | None = None
    category: float | None = None
    table: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of an individual parameter: value · Π effects · exp(eta), or another shape of the random effect.

    Parameters
    ----------
    parameter : str
        Parameter that the term adds to. All parameters but Ternant 2008's V1 have a single term.
    value : float
        Typical value at the reference covariates, in the parameter's unit.
    effects : tuple of Effect
        Covariate effects, multiplied.
    eta : str or None
        Name of the random effect on the term.
    shape : RandomEffectShape
        How the random effect, with that of the occasion added to it, changes the term.
    shape_parameter : float
        lambda of Box and Cox, or degrees of freedom; 0 for the other shapes.
    occasion_eta, centre_eta : str or None
        Names of the random effects of the occasion, and of the centre; the latter always multiplies by exp(eta).
    """

    parameter: str
    value: float
    effects: tuple[Effect, ...] = ()
    eta: str | None = None
    shape: RandomEffectShape = RandomEffectShape.EXPONENTIAL
    shape_parameter: float = 0.0
    occasion_eta: str | None = None
    centre_eta: str | None = None


@dataclass(frozen=True, slots=True)
class EtaVariance:
    """Variance of one random effect on the logarithmic scale.

    Parameters
    ----------
    eta : str
        Name of the random effect.
    omega2 : float
        Variance; of the first category where it depends on a covariate.
    covariate : str or None
        Categorical covariate that the variance depends on.
    table : tuple of (code, variance)
        Variance for each code of that covariate; empty without one.
    """

    eta: str
    omega2: float
    covariate: str | None = None
    table: tuple[tuple[float, float], ...] = ()


class ResidualKind(Enum):
    """How the two parts of the residual error make its standard deviation; formulas in ``kernels.residual``."""

    VARIANCES_ADD = "variances_add"
    """sd² = additive² + (proportional · prediction^exponent)²."""
    SDS_ADD = "sds_add"
    """sd = additive + proportional · prediction^exponent."""
    LOGARITHMIC = "logarithmic"
    """The logarithm of the level scatters around that of the prediction with sd = additive; without a proportional part."""


@dataclass(frozen=True, slots=True)
class ResidualError:
    """Residual error.

    Parameters
    ----------
    additive_sd : float
        Additive standard deviation [mg/L], of the logarithm where the kind is LOGARITHMIC; used where no assay is named.
    proportional_sd : float
        Proportional standard deviation (fraction), used where no assay is named.
    by_assay : dict of str to (float, float)
        Additive [mg/L] and proportional standard deviation of each named assay; empty in most models.
    kind : ResidualKind
        How the parts make the standard deviation.
    exponent : float
        Power of the prediction in the proportional part.
    by_centre : dict of str to (float, float)
        Likewise of each named centre; the others have the general error. A model has errors by assay or by centre.
    is_exponent_free : bool
        Whether fits estimate the exponent.
    """

    additive_sd: float
    proportional_sd: float
    by_assay: Mapping[str, tuple[float, float]]
    kind: ResidualKind = ResidualKind.VARIANCES_ADD
    exponent: float = 1.0
    by_centre: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    is_exponent_free: bool = False


@dataclass(frozen=True, slots=True)
class CovariateDomain:
    """What a model knows of one covariate.

    Parameters
    ----------
    name : str
        Case name.
    column : str
        Column of a cohort file.
    unit : str
        Unit of every number here; ``category`` for coded covariates.
    median : float
        Value used where the covariate is missing.
    median_source : str
        Where that value comes from.
    soft_range : (float, float)
        Range that informed the model, ends included; outside it an answer is flagged.
    soft_source : str
        Where that range comes from.
    hard_range : (float, float)
        Range of possible values; outside it the value is refused.
    low_excluded : bool
        Whether the lower end of the hard range is itself refused.
    time_varying : bool
        Whether the model reads changes of the covariate over time.
    categories : tuple of (label, code)
        Labels and codes of a coded covariate; empty for a continuous one.
    """

    name: str
    column: str
    unit: str
    median: float
    median_source: str
    soft_range: tuple[float, float]
    soft_source: str
    hard_range: tuple[float, float]
    low_excluded: bool
    time_varying: bool
    categories: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """Who was in a model's study and how they were treated, to compare a case with.

    Parameters
    ----------
    eligibility : str
        Whom the study took in, as a noun phrase in the plural.
    first_dose_mg_per_kg : (float, float) or None
        Smallest and largest first dose [mg/kg]; None where not published.
    infusions : (int, int) or None
        Smallest and largest number of infusions of a patient; None where not published.
    first_sample_day_max : float or None
        Day by which its method needs a first sample [day]; None where it needs none.
    sample_day_max : float or None
        Latest day of a sample that made a patient eligible [day]; None where not published.
    source : str
        Where the numbers stand.
    """

    eligibility: str
    first_dose_mg_per_kg: tuple[float, float] | None
    infusions: tuple[int, int] | None
    first_sample_day_max: float | None
    sample_day_max: float | None
    source: str


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """One number of the source, for the model card.

    Parameters
    ----------
    name : str
        Identifier, unique in the model: ``cl``, ``cl_weight_kg``, ``iiv_cl``, ``residual_proportional``.
    value : float
        Value in `unit`.
    unit : str
        Unit, empty for a pure number.
    rse_pct, shrinkage_pct : float or None
        Relative standard error and shrinkage [%].
    bootstrap : tuple of float
        Bootstrap median, 2.5 % and 97.5 % points; empty where none was published.
    is_fixed : bool
        Whether the source fixed the value instead of estimating it.
    published : str
        The number as printed, where the unit differs from the one here.
    source : str
        Table, equation or page.
    note : str
        What a reader should know about it.
    """

    name: str
    value: float
    unit: str
    rse_pct: float | None = None
    shrinkage_pct: float | None = None
    bootstrap: tuple[float, ...] = ()
    is_fixed: bool = False
    published: str = ""
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """A typical patient and the parameters that the model must give for them.

    Parameters
    ----------
    name : str
        Name of the patient.
    covariates : dict of str to float
        Covariates of the patient.
    expected : dict of str to float
        Expected parameters, and ``half_life_terminal_day``.
    source : str
        Where the expected values come from.
    """

    name: str
    covariates: Mapping[str, float]
    expected: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A population pharmacokinetic model.

    An individual parameter is the sum over its terms of value · Π effects · exp(eta), with the etas normal with mean 0
    and the covariance of `pkpd.model.parameters.omega_matrix`. Random effects of occasions and centres are independent of
    them, and of those of other occasions and centres.

    Parameters
    ----------
    id, version, title, citation, doi, population, route : str
        Identity and origin; `doi` is empty where none is known.
    is_adult : bool
        Whether (mostly) adults informed the model.
    disease : str
        Disease of the patients who informed it.
    study : Study or None
        What is known of their treatment; None where the file does not say.
    caveats, errata, decisions : tuple of str
        What to be careful about, what is wrong in the sources, what was decided where they are silent or disagree.
    structure : Structure
        Compartments.
    parameterization : Parameterization
        Which parameters the terms add up to.
    parameters : tuple of PublishedValue
        Every published number that the model uses, for cards.
    not_used : tuple of PublishedValue
        Published numbers that an intravenous forecast does not use (absorption, for one).
    terms : tuple of Term
        Summands of the parameters, in the order of the parameters.
    etas : tuple of str
        Names of the random effects, in the order of the terms.
    variances : tuple of EtaVariance
        Variances of the random effects, in the order of `etas`.
    correlations : tuple of (str, str, float)
        Correlations between random effects, of subjects or of occasions; pairs not listed are uncorrelated.
    residual : ResidualError
        Residual error.
    covariates : dict of str to CovariateDomain
        Covariates that the model reads.
    checks : tuple of ModelCheck
        Check values, all of them met.
    event_model : str or None
        Event model whose exposure metric is calibrated on this model.
    in_default_panel : bool
        Whether the model takes part in averages over models by default.
    panel_reason : str
        Why it does or does not.
    sha256 : str
        Hash of the file's bytes.
    occasion_variances, centre_variances : tuple of EtaVariance
        Variances of the random effects of an occasion and of a centre, the same for every one.
    bounds : dict of str to (float, float)
        Open bounds of the parameters of a fit, by their names there; infinite where one side has none. Names that the model has no
        parameter of say nothing.
    has_own_units : bool
        Whether its numbers are in the units of the data that it is fitted to, in place of days, mg and L.
    """

    id: str
    version: str
    title: str
    citation: str
    doi: str
    population: str
    route: str
    is_adult: bool
    disease: str
    study: Study | None
    caveats: tuple[str, ...]
    errata: tuple[str, ...]
    decisions: tuple[str, ...]
    structure: Structure
    parameterization: Parameterization
    parameters: tuple[PublishedValue, ...]
    not_used: tuple[PublishedValue, ...]
    terms: tuple[Term, ...]
    etas: tuple[str, ...]
    variances: tuple[EtaVariance, ...]
    correlations: tuple[tuple[str, str, float], ...]
    residual: ResidualError
    covariates: Mapping[str, CovariateDomain]
    checks: tuple[ModelCheck, ...]
    event_model: str | None
    in_default_panel: bool
    panel_reason: str
    sha256: str
    occasion_variances: tuple[EtaVariance, ...] = ()
    centre_variances: tuple[EtaVariance, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    has_own_units: bool = False

    @property
    def occasion_etas(self) -> tuple[str, ...]:
        """Return the names of the random effects of an occasion."""
        return tuple(variance.eta for variance in self.occasion_variances)

    @property
    def centre_etas(self) -> tuple[str, ...]:
        """Return the names of the random effects of a centre."""
        return tuple(variance.eta for variance in self.centre_variances)

    def __hash__(self) -> int:
        """Return a hash of the identity, so that results can be cached by model."""
        return hash((self.id, self.sha256))
