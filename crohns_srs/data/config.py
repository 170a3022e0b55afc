"""How a table of trials is to be read: outcome, arms, classes of drugs and covariates, from a small TOML file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crohns_srs.data.schema import ConfigFile
from crohns_srs.design import INTERCEPT
from pkpd.errors import InputError, Problem, input_error
from pkpd.toml_file import TomlKind, closest, place, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crohns_srs.data.schema import CovariateSection, OtherUnitSection

DEFAULT_CONFIG = "rudrapatna_2025"
CONFIG_FILE = TomlKind(
    "a configuration", "expected a configuration (asuc-crohns-config/1)", "docs/how-to/crohns.md", ConfigFile
)
"""What a configuration is called and holds."""
PLACEBO = "placebo"
"""Key of the placebo model among those of the classes."""
_LIBRARY = Path(__file__).resolve().parents[1] / "library"


@dataclass(frozen=True, slots=True)
class OtherUnit:
    """A unit that a covariate's value is at times given in by mistake.

    Parameters
    ----------
    unit : str
        The unit.
    factor : float
        What turns a value in it into one in the covariate's unit.
    below, above : float
        Values below or above which the mistake is likely [the covariate's unit]; infinite where none is.
    """

    unit: str
    factor: float
    below: float
    above: float


@dataclass(frozen=True, slots=True)
class Covariate:
    """One covariate.

    Parameters
    ----------
    name : str
        Term of the models.
    column, title, unit : str
        Where it stands in the table, and what it is called.
    is_binary : bool
        Whether it is 0 or 1.
    centre : float
        What is taken from its values in the models [unit].
    is_centred : bool
        Whether the column holds values from which that was taken already.
    low, high : float
        Possible values, not centred [unit].
    is_placebo_only : bool
        Whether it is in the placebo model alone.
    case : str
        Key of a patient case that holds it.
    words : tuple of str
        What stands there for 0 and for 1; empty where that is false and true, or a number.
    default : float
        What stands for a value that is not known [unit].
    usual : tuple of float
        Values that the trials had, lowest and highest [unit]; empty where nothing is said of it.
    is_logarithmic : bool
        Whether ln(1 + value) is what is spread evenly around its mean in a population; otherwise the value itself.
    other_units : tuple of OtherUnit
        Units that are at times given by mistake.
    """

    name: str
    column: str
    title: str
    unit: str
    is_binary: bool
    centre: float
    is_centred: bool
    low: float
    high: float
    is_placebo_only: bool
    case: str
    words: tuple[str, ...]
    default: float
    usual: tuple[float, ...]
    is_logarithmic: bool = False
    other_units: tuple[OtherUnit, ...] = ()

    @property
    def in_unit(self) -> str:
        """Its unit as it follows a number."""
        return f" {self.unit}" if self.unit else ""

    def told(self, value: float) -> str:
        """Return a value, not centred, as text."""
        if self.words:
            return self.words[int(value)]
        if self.is_binary:
            return "yes" if value else "no"
        return f"{value:g}{self.in_unit}"


@dataclass(frozen=True, slots=True)
class DrugClass:
    """One class of drugs.

    Parameters
    ----------
    id : str
        Key of its model.
    treatment : str
        What stands in the column of treatments.
    title : str
        What it is called.
    """

    id: str
    treatment: str
    title: str


@dataclass(frozen=True, slots=True)
class Remission:
    """When a participant is well: where the value at baseline less the outcome is below a limit.

    Parameters
    ----------
    baseline : str
        Term of the covariate that is the value at baseline.
    below : float
        The limit [unit of the outcome].
    """

    baseline: str
    below: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome, of which more is better.

    Parameters
    ----------
    column, unit : str
        Where it stands, and its unit.
    response : tuple of float
        Values from which it counts as a response, the main one first [unit].
    low, high : float
        Possible values [unit].
    worthwhile : float or None
        Smallest difference between classes that would matter to a patient [unit]; None where nothing is said of it.
    remission : Remission or None
        When a participant is well; None where nothing is said of it.
    """

    column: str
    unit: str
    response: tuple[float, ...]
    low: float
    high: float
    worthwhile: float | None = None
    remission: Remission | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration.

    Parameters
    ----------
    id, title, citation, doi, sha256 : str
        What it is, and the hash of its file.
    outcome : Outcome
        Outcome.
    trial_column, treatment_column, placebo : str
        Columns of trial and treatment, and what stands there for placebo.
    classes : tuple of DrugClass
        Classes of drugs.
    covariates : tuple of Covariate
        Covariates in the order of the models' terms.
    """

    id: str
    title: str
    citation: str
    doi: str
    sha256: str
    outcome: Outcome
    trial_column: str
    treatment_column: str
    placebo: str
    classes: tuple[DrugClass, ...]
    covariates: tuple[Covariate, ...]

    @property
    def drug_covariates(self) -> tuple[Covariate, ...]:
        """Covariates of the models of classes."""
        return tuple(one for one in self.covariates if not one.is_placebo_only)


def load_config(path: str | None = None) -> Config:
    """Return a configuration.

    Parameters
    ----------
    path : str or None
        A TOML file; None for that of the published analysis of Crohn's disease.

    Raises
    ------
    InputError
        With one problem for each thing wrong in the file.
    """
    file = _file(path)
    name = file.name if path is None else path
    if not name.strip():
        raise input_error("--config", f"the file name is empty; {CONFIG_FILE.asked}.")
    found, sha256 = read_toml(CONFIG_FILE, file, name)
    if problems := tuple(_problems(found, name)):
        raise InputError(problems)
    return _config(found, sha256)


def config_bytes(path: str | None) -> bytes:
    """Return the file of a configuration as it is; None for that of the published analysis."""
    return _file(path).read_bytes()


def _file(path: str | None) -> Path:
    return _LIBRARY / f"{DEFAULT_CONFIG}.toml" if path is None else Path(path)


def _problems(found: ConfigFile, name: str) -> Iterator[Problem]:
    """Yield what only several keys together show."""
    for i, one in enumerate(found.classes):
        if one.id == PLACEBO:
            yield Problem(
                place(name, ("classes", i, "id")), f"'{PLACEBO}' is the placebo model; expected another name."
            )
        if one.treatment == found.treatment.placebo:
            message = f"'{one.treatment}' is the treatment of the placebo arms; expected another one."
            yield Problem(place(name, ("classes", i, "treatment")), message)
    yield from _doubled(name, "classes", "id", [one.id for one in found.classes])
    yield from _doubled(name, "classes", "treatment", [one.treatment for one in found.classes])
    yield from _doubled(name, "covariates", "name", [one.name for one in found.covariates])
    yield from _doubled(name, "covariates", "case", [one.case or one.name for one in found.covariates])
    used = {"outcome": found.outcome.column, "trial": found.trial.column, "treatment": found.treatment.column}
    columns: dict[str, str] = {}
    places = [((section, "column"), column) for section, column in used.items()]
    places += [(("covariates", i, "column"), one.column) for i, one in enumerate(found.covariates)]
    for keys, column in places:
        where = place(name, keys)
        if (other := columns.setdefault(column.upper(), where)) != where:
            message = f"'{column}' is the column of {other.removeprefix(f'{name}, ')} too; expected each column once."
            yield Problem(where, message)
    for i, one in enumerate(found.covariates):
        if one.name == INTERCEPT:
            yield Problem(
                place(name, ("covariates", i, "name")), f"'{INTERCEPT}' is the models' own; expected another name."
            )
        yield from _covariate_problems(one, name, i)
    if all(one.stage == "placebo" for one in found.covariates):
        message = "all are of stage 'placebo'; expected one or more of both stages, which tell patients apart."
        yield Problem(place(name, ("covariates",)), message)
    remission = found.outcome.remission
    baselines = [one.name for one in found.covariates if one.kind == "continuous" and one.stage == "both"]
    if remission and remission.baseline not in baselines:
        message = f"'{remission.baseline}' is no continuous covariate of both stages; {closest(remission.baseline, baselines)}expected the name of one."
        yield Problem(place(name, ("outcome", "remission", "baseline")), message)
    if found.outcome.low >= found.outcome.high:
        message = f"{found.outcome.low:g} is not below high, {found.outcome.high:g}."
        yield Problem(place(name, ("outcome", "low")), message)


def _doubled(name: str, section: str, key: str, values: Sequence[str]) -> Iterator[Problem]:
    for i, value in enumerate(values):
        if value in values[:i]:
            first = values.index(value) + 1
            yield Problem(
                place(name, (section, i, key)), f"'{value}' is that of {section}#{first} too; expected each once."
            )


def _covariate_problems(one: CovariateSection, name: str, i: int) -> Iterator[Problem]:
    where = ("covariates", i)
    if one.kind == "binary" and (one.centre or one.centred):
        yield Problem(place(name, (*where, "centre")), "a binary covariate is 0 or 1 and has no centre; leave it out.")
    if one.words is not None and one.kind != "binary":
        yield Problem(place(name, (*where, "words")), "only a binary covariate has words for 0 and 1; leave them out.")
    if one.usual is not None and one.usual[0] >= one.usual[1]:
        yield Problem(place(name, (*where, "usual")), f"{one.usual[0]:g} is not below {one.usual[1]:g}.")
    if one.low >= one.high:
        yield Problem(place(name, (*where, "low")), f"{one.low:g} is not below high, {one.high:g}.")
    if one.scale == "log1p" and (one.kind == "binary" or one.low < 0.0):
        message = "'log1p' is for a continuous covariate with low = 0 or more; leave it out, or give that."
        yield Problem(place(name, (*where, "scale")), message)
    for k, other in enumerate(one.other_units):
        if other.below is None and other.above is None:
            message = "says neither below nor above which values the unit is likely; give one."
            yield Problem(place(name, (*where, "other_units", k, "unit")), message)


def _config(found: ConfigFile, sha256: str) -> Config:
    out = found.outcome
    return Config(
        found.id,
        found.title,
        found.citation,
        found.doi,
        sha256,
        Outcome(
            out.column,
            out.unit,
            tuple(out.response),
            out.low,
            out.high,
            out.worthwhile,
            out.remission and Remission(out.remission.baseline, out.remission.below),
        ),
        found.trial.column,
        found.treatment.column,
        found.treatment.placebo,
        tuple(DrugClass(one.id, one.treatment, one.title) for one in found.classes),
        tuple(_covariate(one) for one in found.covariates),
    )


def _covariate(one: CovariateSection) -> Covariate:
    is_binary = one.kind == "binary"
    low, high = (0.0, 1.0) if is_binary else (one.low, one.high)
    stage: Literal["both", "placebo"] = one.stage
    default = one.default if one.default is not None else one.centre
    return Covariate(
        one.name,
        one.column,
        one.title,
        one.unit,
        is_binary,
        one.centre,
        one.centred,
        low,
        high,
        stage == "placebo",
        one.case or one.name,
        tuple(one.words or ()),
        default,
        tuple(one.usual or ()),
        one.scale == "log1p",
        tuple(_other_unit(other) for other in one.other_units),
    )


def _other_unit(one: OtherUnitSection) -> OtherUnit:
    below = -math.inf if one.below is None else one.below
    return OtherUnit(one.unit, one.factor, below, math.inf if one.above is None else one.above)
