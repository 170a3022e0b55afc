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


# Columns of the packed arrays below, and the position of each parameter in a row of individual parameters.
STEP, RATE, BOLUS = 0, 1, 2
EPOCH, OBSERVATION = 0, 1
LEVEL, CENSORED, LLOQ, ULOQ, ADDITIVE, PROPORTIONAL = 0, 1, 2, 3, 4, 5
TERM_PARAMETER, TERM_ETA = 0, 1
CL_OR_KE, CENTRAL_VOLUME, INTERCOMPARTMENTAL_CLEARANCE, PERIPHERAL_VOLUME = 0, 1, 2, 3
N_PARAMETERS = 4


class PackedSubjects(NamedTuple):
    """All subjects of a problem, packed end to end; subject i owns the rows between consecutive starts.

    Few arrays of several columns: compiled code counts references to every array of a tuple that it hands on.

    Attributes
    ----------
    disposition : int
        A ``Disposition``.
    event_start, observation_start, epoch_start : (n_subjects + 1,) arrays
        First event, observation and covariate epoch of each subject.
    events : (n_events, 3) array
        STEP, time since the event before [day]; RATE, infusion rate during that time [mg/day]; BOLUS, amount added at
        the event [mg].
    event_index : (n_events, 2) array
        EPOCH, covariate row within the subject that drives the interval ending at the event; OBSERVATION within the
        subject made at the event, -1 where there is none.
    observations : (n_observations, 6) array
        LEVEL [mg/L]; CENSORED, a ``Censored`` code; LLOQ, ULOQ [mg/L]; ADDITIVE [mg/L] and PROPORTIONAL residual error.
    log_typical : (n_epochs, n_terms) array
        Logarithm of each term's typical value under each covariate row.
    terms : (n_terms, 2) array
        TERM_PARAMETER, parameter that a term adds to; TERM_ETA, random effect that multiplies it (-1: none).
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
    events: FloatArray
    event_index: IntArray
    observations: FloatArray
    log_typical: FloatArray
    terms: IntArray
    omega_cholesky: FloatArray
    frame: FloatArray
    line_scale: FloatArray


class PackedSubject(NamedTuple):
    """One subject's rows of ``PackedSubjects``."""

    disposition: int
    events: FloatArray
    event_index: IntArray
    observations: FloatArray
    log_typical: FloatArray
    terms: IntArray
    omega_cholesky: FloatArray
    frame: FloatArray
    line_scale: float
