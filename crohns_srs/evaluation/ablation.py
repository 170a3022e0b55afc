"""What labels rest on: covariates left out of both stages, and everything fitted anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crohns_srs.evaluation.comparison import labelled, no_preference
from crohns_srs.evaluation.concordance import Concordance, concordance
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence
from pkpd.errors import InputError, input_error
from pkpd.toml_file import closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.config import Config
    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.predict.effects import Uncertainty
    from pkpd.arrays import IntArray


@dataclass(frozen=True, slots=True)
class Ablation:
    """Labels without some covariates.

    Parameters
    ----------
    without : tuple of str
        Terms that are left out.
    no_preference : dict of str to float
        Share of patients whose label says nothing, by the uncertainty.
    agreement : dict of str to Concordance
        With the labels of all covariates, by the uncertainty.
    reason : str
        Why the models could not be fitted; empty where they could.
    """

    without: tuple[str, ...]
    no_preference: dict[str, float]
    agreement: dict[str, Concordance]
    reason: str


def ablation(participants: Participants, without: Sequence[str], full: dict[Uncertainty, IntArray]) -> Ablation:
    """Fit both stages without some covariates and label the same participants.

    Parameters
    ----------
    participants : Participants
        The table.
    without : sequence of str
        Terms that are left out of every model in which they are.
    full : dict
        Labels of all covariates, by the uncertainty.
    """
    config = participants.config
    left = tuple(one for one in config.covariates if one.name not in without)
    fewer = replace(participants, config=replace(config, covariates=left))
    try:
        models = fitted_models(fit_sequence(fewer))
    except InputError as error:
        return Ablation(tuple(without), {}, {}, "; ".join(f"{one}" for one in error.problems))
    groups = {one: labelled(models, fewer, one) for one in full}
    return Ablation(
        tuple(without),
        {one.value: no_preference(group) for one, group in groups.items()},
        {one.value: concordance(full[one], group) for one, group in groups.items()},
        "",
    )


def ablation_sets(config: Config, asked: Sequence[str] | None) -> list[tuple[str, ...]]:
    """Return the sets of covariates to leave out: each one alone, and those asked for (names with commas between them).

    Raises
    ------
    InputError
        For names that are no covariates.
    """
    names = [one.name for one in config.covariates]
    found: list[tuple[str, ...]] = [(name,) for name in names]
    for text in asked or ():
        parts = tuple(part.strip() for part in text.split(","))
        for part in parts:
            if part not in names:
                raise input_error(
                    "--ablate", f"“{part}” is no covariate; {closest(part, names)}expected some of {', '.join(names)}"
                )
        if len(set(parts)) == len(names):
            raise input_error("--ablate", f"“{text}” leaves no covariate; expected fewer")
        if (one := tuple(dict.fromkeys(parts))) not in found:
            found.append(one)
    return found
