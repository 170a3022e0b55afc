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
    BETWEEN = 3


class EtaShape(IntEnum):
    """How a random effect eta, normal with mean 0, multiplies a term; formulas in ``kernels.random_effect``."""

    EXPONENTIAL = 0
    BOX_COX = 1
    T_DISTRIBUTED = 2
    PROPORTIONAL = 3
    ADDITIVE = 4


class ErrorKind(IntEnum):
    """What a measurement scatters around; formulas in ``kernels.residual``."""

    VARIANCES_ADD = 0
    SDS_ADD = 1
    LOGARITHMIC = 2


# Columns of the packed arrays below, and the position of each parameter in a row of individual parameters.
STEP, RATE, BOLUS = 0, 1, 2
EPOCH, OBSERVATION = 0, 1
LEVEL, CENSORED, LLOQ, ULOQ, ADDITIVE, PROPORTIONAL, EXPONENT, ERROR_KIND = 0, 1, 2, 3, 4, 5, 6, 7
N_OBSERVATION_COLUMNS = 8
TERM_PARAMETER, TERM_ETA, TERM_OCCASION_ETA, TERM_SHAPE = 0, 1, 2, 3
CL_OR_KE, CENTRAL_VOLUME, INTERCOMPARTMENTAL_CLEARANCE, PERIPHERAL_VOLUME, ABSORPTION_RATE = 0, 1, 2, 3, 4
N_PARAMETERS = 5


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
        STEP, time since the event before [day]; RATE, infusion rate into the central compartment during that time [mg/day];
        BOLUS, amount added at the event [mg]: to the depot where there is an absorption rate constant, else to the central
        compartment.
    event_index : (n_events, 2) array
        EPOCH, covariate row within the subject that drives the interval ending at the event; OBSERVATION within the
        subject made at the event, -1 where there is none.
    observations : (n_observations, 8) array
        LEVEL [mg/L]; CENSORED, a ``Censored`` code; LLOQ, ULOQ [mg/L], ends of the interval where BETWEEN; ADDITIVE [mg/L]
        and PROPORTIONAL residual error; EXPONENT of the prediction in the latter; ERROR_KIND, an ``ErrorKind``.
    log_typical : (n_epochs, n_terms) array
        Logarithm of each term's typical value under each covariate row.
    terms : (n_epochs, n_terms, 4) array
        TERM_PARAMETER, parameter that a term adds to; TERM_ETA, random effect that multiplies it (-1: none);
        TERM_OCCASION_ETA, random effect of the epoch's occasion, added to that (-1: none); TERM_SHAPE, an ``EtaShape``.
    shape : (n_terms,) array
        Parameter of the shape: lambda of Box and Cox, degrees of freedom.
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
    shape: FloatArray
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
    shape: FloatArray
    omega_cholesky: FloatArray
    frame: FloatArray
    line_scale: float
