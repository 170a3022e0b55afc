"""Some of the participants, the matrix of a model for them, and how they are drawn and held out."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.data.config import PLACEBO
from crohns_srs.design import INTERCEPT
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.ipd_file import Participants
    from pkpd.arrays import BoolArray, FloatArray, IntArray


class Unit(Enum):
    """What a bootstrap draws with replacement."""

    PARTICIPANTS = "participants"
    TRIALS = "trials"


def chosen(participants: Participants, rows: IntArray | BoolArray) -> Participants:
    """Return some rows, in the order given and as often as they are given."""
    covariates = {name: column[rows] for name, column in participants.covariates.items()}
    return replace(
        participants,
        trial=participants.trial[rows],
        arm=participants.arm[rows],
        outcome=participants.outcome[rows],
        covariates=covariates,
    )


def matrix(participants: Participants, terms: Sequence[str]) -> FloatArray:
    """Return a model's columns for all rows, (n_rows, n_terms)."""
    ones: FloatArray = np.ones(participants.n_rows)
    return np.column_stack([ones if name == INTERCEPT else participants.covariates[name] for name in terms])


def folds(participants: Participants, n_folds: int, seed: int) -> IntArray:
    """Return the fold of each row, 0 to n_folds - 1, each arm of each trial spread over all of them evenly.

    Raises
    ------
    InputError
        For fewer than two folds, or more than rows.
    """
    if not 2 <= n_folds <= participants.n_rows:
        raise input_error("--folds", f"is {n_folds}; expected 2 to {participants.n_rows}, the number of participants")
    rng = np.random.default_rng(seed)
    found = np.empty(participants.n_rows, dtype=np.int64)
    start = 0
    for rows in strata(participants):
        mixed = rng.permutation(rows)
        # Each arm goes on where the one before ended, so that small arms do not all fill the first folds.
        found[mixed] = (start + np.arange(rows.size)) % n_folds
        start += rows.size
    return found


def strata(participants: Participants) -> list[IntArray]:
    """Return the rows of each arm of each trial, in the order of their names."""
    keys = np.char.add(np.char.add(participants.trial, "\t"), participants.arm)
    return [np.flatnonzero(keys == key).astype(np.int64) for key in np.unique(keys)]


def resampled(participants: Participants, unit: Unit, rng: np.random.Generator) -> Participants:
    """Return participants drawn with replacement.

    Parameters
    ----------
    participants : Participants
        Who is drawn from.
    unit : Unit
        Participants, each arm of each trial keeping its size; or trials, as many as there are with the same arms, and then their participants
        likewise. A trial that is drawn twice counts as two.
    rng : numpy.random.Generator
        Source of random numbers.
    """
    if unit is Unit.PARTICIPANTS:
        return chosen(participants, np.concatenate([rng.choice(rows, rows.size) for rows in strata(participants)]))
    arms = {
        trial: tuple(np.unique(participants.arm[participants.trial == trial]))
        for trial in np.unique(participants.trial)
    }
    rows: list[IntArray] = []
    names: list[str] = []
    for kind in sorted(set(arms.values())):
        alike = [trial for trial, own in arms.items() if own == kind]
        for i, trial in enumerate(rng.choice(alike, len(alike))):
            for arm in kind:
                own = np.flatnonzero((participants.trial == trial) & (participants.arm == arm))
                rows.append(rng.choice(own, own.size).astype(np.int64))
                names += [f"{trial} #{i + 1}"] * own.size
    return replace(chosen(participants, np.concatenate(rows)), trial=np.array(names))


class Exchange(Enum):
    """What is exchanged where the classes are made not to differ; the value is the sentence the user reads."""

    WITHIN_TRIALS = "The classes of active participants are exchanged within each trial, as randomisation would allow."
    BETWEEN_TRIALS = (
        "The classes are exchanged between trials, each trial keeping its participants, since no trial has two classes: trials of all classes "
        "are then alike, and differ among themselves as they do."
    )
    PARTICIPANTS = (
        "The classes of active participants are exchanged among all of them, whatever their trial: every class then has participants of "
        "every trial, and differences between trials are no longer differences between classes."
    )


def usual_exchange(participants: Participants) -> Exchange:
    """Return what the design allows: within trials where each has several classes, between trials where each has one, otherwise among participants."""
    several = _several_classes(participants)
    if all(several):
        return Exchange.WITHIN_TRIALS
    return Exchange.PARTICIPANTS if any(several) else Exchange.BETWEEN_TRIALS


def exchanged(participants: Participants, exchange: Exchange, rng: np.random.Generator) -> Participants:
    """Return participants whose classes are exchanged, so that no class differs from another; outcomes and placebo arms stay.

    Raises
    ------
    InputError
        Where classes are to be exchanged within trials although some has one class alone, or between trials although some has several.
    """
    arm = participants.arm.copy()
    active = arm != PLACEBO
    if exchange is Exchange.PARTICIPANTS:
        arm[active] = rng.permutation(arm[active])
    elif exchange is Exchange.WITHIN_TRIALS:
        if not all(_several_classes(participants)):
            raise input_error(
                "--exchange",
                "is within-trials, but some trial has one class alone; expected between-trials or participants",
            )
        for trial in np.unique(participants.trial):
            own = active & (participants.trial == trial)
            arm[own] = rng.permutation(arm[own])
    else:
        if any(_several_classes(participants)):
            raise input_error(
                "--exchange",
                "is between-trials, but some trial has several classes; expected within-trials or participants",
            )
        trials = np.unique(participants.trial[active])
        classes = np.array([arm[active & (participants.trial == trial)][0] for trial in trials])
        for trial, one in zip(trials, rng.permutation(classes), strict=True):
            arm[active & (participants.trial == trial)] = one
    return replace(participants, arm=arm)


def _several_classes(participants: Participants) -> list[bool]:
    """Return whether each trial with active participants has several classes."""
    active = participants.arm != PLACEBO
    trials = np.unique(participants.trial[active])
    return [np.unique(participants.arm[active & (participants.trial == trial)]).size > 1 for trial in trials]
