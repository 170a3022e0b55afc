"""Integer codes and packed arrays that cross from objects to compiled code."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from pkpd.arrays import FloatArray, IntArray


class Disposition(IntEnum):
    """Which closed form moves the amounts, and what its first parameter is."""

    ONE_COMPARTMENT_CL = 1
    ONE_COMPARTMENT_KE = 2
    TWO_COMPARTMENT = 3


class Censored(IntEnum):
    """How an observation enters the likelihood."""

    NONE = 0
    BELOW = 1
    ABOVE = 2


# The position of each parameter in a row of individual parameters.
CL_OR_KE = 0
CENTRAL_VOLUME = 1
INTERCOMPARTMENTAL_CLEARANCE = 2
PERIPHERAL_VOLUME = 3
N_PARAMETERS = 4


class PackedSubjects(NamedTuple):
    """All subjects of a problem, packed end to end; subject i owns the slices between consecutive starts.

    Attributes
    ----------
    disposition : int
        A ``Disposition``.
    event_start, observation_start, epoch_start : (n_subjects + 1,) arrays
        First event, observation and covariate epoch of each subject.
    step, rate, bolus : (n_events,) arrays
        Time since the event before [day], infusion rate during that time [mg/day], amount added at the event [mg].
    epoch : (n_events,) array
        Covariate row, counted within the subject, that drives the interval ending at the event.
    observation : (n_events,) array
        Observation made at the event, counted within the subject; -1 where there is none.
    level, censored, lloq, uloq, additive, proportional : (n_observations,) arrays
        Measured levels [mg/L], ``Censored`` codes, limits [mg/L], residual error [mg/L, fraction].
    log_typical : (n_epochs, n_terms) array
        Logarithm of each term's typical value under each covariate row.
    term_parameter, term_eta : (n_terms,) arrays
        Parameter that a term adds to, random effect that multiplies it (-1: none).
    omega_cholesky : (n_subjects, n_eta, n_eta) array
        Lower Cholesky factor of the covariance of the random effects.
    frame : (n_subjects, n_eta, n_eta) array
        Orthonormal basis in whitened coordinates; its first column is the direction of the integration lines.
    line_scale : (n_subjects,) array
        Change of the logarithm of every clearance and volume along a line of constant rate constants; 0 where the
        lines run along the clearance alone.
    """

    disposition: int
    event_start: IntArray
    observation_start: IntArray
    epoch_start: IntArray
    step: FloatArray
    rate: FloatArray
    bolus: FloatArray
    epoch: IntArray
    observation: IntArray
    level: FloatArray
    censored: IntArray
    lloq: FloatArray
    uloq: FloatArray
    additive: FloatArray
    proportional: FloatArray
    log_typical: FloatArray
    term_parameter: IntArray
    term_eta: IntArray
    omega_cholesky: FloatArray
    frame: FloatArray
    line_scale: FloatArray


class PackedSubject(NamedTuple):
    """One subject's slices of ``PackedSubjects``."""

    disposition: int
    step: FloatArray
    rate: FloatArray
    bolus: FloatArray
    epoch: IntArray
    observation: IntArray
    level: FloatArray
    censored: IntArray
    lloq: FloatArray
    uloq: FloatArray
    additive: FloatArray
    proportional: FloatArray
    log_typical: FloatArray
    term_parameter: IntArray
    term_eta: IntArray
    omega_cholesky: FloatArray
    frame: FloatArray
    line_scale: float
