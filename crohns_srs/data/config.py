"""How a table of trials is to be read: outcome, arms, classes of drugs and covariates, from a small TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crohns_srs.data.schema import ConfigFile
from crohns_srs.design import INTERCEPT
from pkpd.errors import InputError, Problem, input_error
from pkpd.toml_file import TomlKind, place, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crohns_srs.data.schema import CovariateSection

DEFAULT_CONFIG = "rudrapatna_2025"
CONFIG_FILE = TomlKind(
    "a configuration", "expected a configuration (asuc-crohns-config/1)", "docs/how-to/crohns.md", ConfigFile
)
"""What a configuration is called and holds."""
PLACEBO = "placebo"
"""Key of the placebo model among those of the classes."""
_LIBRARY = Path(__file__).resolve().parents[1] / "library"


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
    """

    column: str
    unit: str
    response: tuple[float, ...]
    low: float
    high: float


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
    file = _LIBRARY / f"{DEFAULT_CONFIG}.toml" if path is None else Path(path)
    name = file.name if path is None else path
    if not name.strip():
        raise input_error("--config", f"the file name is empty; {CONFIG_FILE.asked}.")
    found, sha256 = read_toml(CONFIG_FILE, file, name)
    if problems := tuple(_problems(found, name)):
        raise InputError(problems)
    return _config(found, sha256)


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


def _config(found: ConfigFile, sha256: str) -> Config:
    out = found.outcome
    return Config(
        found.id,
        found.title,
        found.citation,
        found.doi,
        sha256,
        Outcome(out.column, out.unit, tuple(out.response), out.low, out.high),
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
    )
