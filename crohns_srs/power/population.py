"""The patients that new trials are drawn from: a table, or synthetic ones like those that models were fitted to; and who of them is eligible."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.data.ipd_file import read_covariates
from crohns_srs.design import INTERCEPT
from crohns_srs.predict.population import drawn_values
from pkpd.errors import input_error
from pkpd.toml_file import closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.config import Config, Covariate
    from crohns_srs.predict.class_model import ModelSet
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_CONDITION = re.compile(r"^\s*(\w+)\s*(>=|<=|=|>|<)\s*(\S+)\s*$")


@dataclass(frozen=True, slots=True)
class Population:
    """Patients.

    Parameters
    ----------
    title : str
        Who they are.
    covariates : dict of str to (n_patients,) array
        Centred covariates by term.
    """

    title: str
    covariates: dict[str, FloatArray]

    @property
    def n_patients(self) -> int:
        """Number of patients."""
        return next(iter(self.covariates.values())).size

    def matrix(self, terms: Sequence[str]) -> FloatArray:
        """Return a model's columns, (n_patients, n_terms)."""
        ones: FloatArray = np.ones(self.n_patients)
        return np.column_stack([ones if name == INTERCEPT else self.covariates[name] for name in terms])


def read_population(path: str, config: Config) -> Population:
    """Read patients from a table with the configuration's columns; those of the placebo model alone may be absent and are then as usual.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    return Population(path, read_covariates(path, config))


def synthetic_population(models: ModelSet, n: int, seed: int) -> Population:
    """Draw patients like those that models were fitted to; covariates of the placebo model alone are as usual.

    Parameters
    ----------
    models : ModelSet
        Models, with whom they were fitted to.
    n : int
        How many.
    seed : int
        What they are drawn from.
    """
    covariates = drawn_values(models.population, n, np.random.default_rng(seed))
    beside = {one.name: np.full(n, one.default - one.centre) for one in models.config.covariates if one.is_placebo_only}
    return Population(f"synthetic patients like the participants of {models.id}", covariates | beside)


def eligible(population: Population, config: Config, conditions: Sequence[str]) -> Population:
    """Return the patients that fulfil all conditions, such as ``age_year>=50`` and ``sex=female``.

    Raises
    ------
    InputError
        For a condition that cannot be read, names no covariate, or leaves nobody.
    """
    kept: BoolArray = np.ones(population.n_patients, dtype=np.bool_)
    for text in conditions:
        kept &= _fulfils(population, config, text)
    if not kept.any():
        raise input_error(
            "--eligible",
            f"none of {population.n_patients:,} patients fulfils {' and '.join(conditions)}; expected some",
        )
    words = f"{population.title}, {' and '.join(conditions)}" if conditions else population.title
    return chosen_patients(replace(population, title=words), kept)


def chosen_patients(population: Population, rows: IntArray | BoolArray) -> Population:
    """Return some patients."""
    return Population(population.title, {name: column[rows] for name, column in population.covariates.items()})


def _fulfils(population: Population, config: Config, text: str) -> BoolArray:
    by_key = {one.case: one for one in config.covariates}
    found = _CONDITION.match(text)
    if found is None:
        raise input_error(
            "--eligible",
            f"“{text}” is no condition; expected NAME>=VALUE, NAME<=VALUE, NAME>VALUE, NAME<VALUE or NAME=VALUE",
        )
    key, sign, word = found.groups()
    if key not in by_key:
        raise input_error(
            "--eligible", f"“{key}” is no covariate; {closest(key, list(by_key))}expected one of {', '.join(by_key)}"
        )
    one = by_key[key]
    value, values = _value(one, word, sign), population.covariates[one.name] + one.centre
    # Centring and its reverse leave rounding errors around whole numbers.
    difference = np.round(values - value, 9)
    return {
        ">=": difference >= 0.0,
        "<=": difference <= 0.0,
        ">": difference > 0.0,
        "<": difference < 0.0,
        "=": difference == 0.0,
    }[sign]


def _value(one: Covariate, word: str, sign: str) -> float:
    words = one.words or (("false", "true") if one.is_binary else ())
    if words:
        if word not in words or sign != "=":
            raise input_error(
                "--eligible", f"“{one.case}{sign}{word}”; expected {one.case}={words[0]} or {one.case}={words[1]}"
            )
        return float(words.index(word))
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise input_error("--eligible", f"“{word}” is no finite number; expected one for {one.case}")
    return value
