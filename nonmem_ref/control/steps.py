"""$SUBROUTINES, $MODEL, and the records that ask for steps: $ESTIMATION, $COVARIANCE, $TABLE, $SIMULATION."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nonmem_ref.control.tokens import Option, is_short_for, options_of, tokens_of
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nonmem_ref.control.records import Record

_ADVAN, _TRANS = re.compile(r"ADVAN(\d+)"), re.compile(r"TRANS(\d+)")
_METHODS = {"0": "FO", "ZERO": "FO", "FO": "FO", "1": "FOCE", "COND": "FOCE", "CONDITIONAL": "FOCE", "FOCE": "FOCE"}
_SAMPLING = ("ITS", "IMP", "IMPMAP", "SAEM", "BAYES", "NUTS", "DIRECT", "CHAIN", "HYBRID")
# Options without a value: full name, least letters, and the option that they set with its value.
_FLAGS = {
    "INTERACTION": ("interaction", True),
    "NOINTERACTION": ("interaction", False),
    "LAPLACIAN": ("laplacian", True),
    "LAPLACE": ("laplacian", True),
    "NOLAPLACIAN": ("laplacian", False),
    "NOLAPLACE": ("laplacian", False),
    "LIKELIHOOD": ("likelihood", True),
    "-2LOGLIKELIHOOD": ("minus_2_log_likelihood", True),
    "-2LLIKELIHOOD": ("minus_2_log_likelihood", True),
    "POSTHOC": ("posthoc", True),
    "NOPOSTHOC": ("posthoc", False),
    "NUMERICAL": ("numerical", True),
    "CENTERING": ("centering", True),
}
_MAXEVAL = "MAXEVALS"


@dataclass(frozen=True, slots=True)
class Subroutines:
    """$SUBROUTINES.

    Parameters
    ----------
    advan, trans : int or None
        Numbers of ADVAN and TRANS; None where they are not named (TRANS1 is meant then).
    tolerance : str or None
        TOL as written.
    line : int
        Line of the file.
    """

    advan: int | None
    trans: int | None
    tolerance: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Estimation:
    """One $ESTIMATION record, with what it takes over from the record before.

    Parameters
    ----------
    method : str
        ``FO``, ``FOCE``, or the name of a method of NONMEM 7 (``SAEM``, ``IMP``, …).
    flags : mapping of str to bool
        ``interaction``, ``laplacian``, ``likelihood``, ``minus_2_log_likelihood``, ``posthoc``, ``numerical``, ``centering``, where said.
    n_evaluations : int or None
        MAXEVALS.
    options : mapping of str to str
        All other options as written; without a value the text is empty.
    line : int
        Line of the file.
    """

    method: str = "FO"
    flags: Mapping[str, bool] = field(default_factory=dict[str, bool])
    n_evaluations: int | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    line: int = 0

    def has(self, flag: str) -> bool:
        """Return whether a flag is set."""
        return self.flags.get(flag, False)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """$MODEL, $COVARIANCE, $TABLE or $SIMULATION: its words in order.

    Parameters
    ----------
    name : str
        Full name of the record.
    options : tuple of Option
        Words, with a value or without.
    line : int
        Line of the file.
    """

    name: str
    options: tuple[Option, ...]
    line: int


def read_subroutines(record: Record) -> tuple[Subroutines, tuple[Problem, ...]]:
    """Read $SUBROUTINES; routines in files of their own are refused."""
    options, faults = options_of(tokens_of(record), record.place)
    found = Subroutines(None, None, None, record.line)
    for option in options:
        words = [option.name] if option.value is None else [option.name, option.value.upper()]
        advan = next((match for word in words if (match := _ADVAN.fullmatch(word))), None)
        trans = next((match for word in words if (match := _TRANS.fullmatch(word))), None)
        if advan is not None:
            found = replace(found, advan=int(advan[1]))
        elif trans is not None:
            found = replace(found, trans=int(trans[1]))
        elif option.name == "TOL":
            found = replace(found, tolerance=option.value)
        elif option.name in {"ATOL", "SSTOL", "SSATOL"} or (option.value or "").upper() in {"DP", "DOUBLE"}:
            continue
        else:
            what = option.name if option.value is None else f"{option.name}={option.value}"
            faults.append(
                Problem(
                    f"line {option.line}, {record.place}",
                    f"names {what}, which is not read; expected ADVANn and TRANSn",
                )
            )
    return found, tuple(faults)


def read_estimation(record: Record, before: Estimation | None) -> tuple[Estimation, tuple[Problem, ...]]:
    """Read $ESTIMATION.

    Parameters
    ----------
    record : Record
        The record.
    before : Estimation or None
        The one before it in the problem, whose options go on.
    """
    options, faults = options_of(tokens_of(record), record.place)
    found = replace(before or Estimation(), line=record.line)
    for option in options:
        name, value = option.name, option.value
        if len(name) >= 3 and "METHOD".startswith(name) and value is not None:
            method = _method(value.upper())
            if method is None:
                faults.append(
                    Problem(f"line {option.line}, {record.place}", f"has METHOD={value}; expected 0, 1, COND, SAEM, …")
                )
            else:
                found = replace(found, method=method)
        elif value is None and (flag := _flag(name)) is not None:
            found = replace(found, flags={**found.flags, flag[0]: flag[1]})
        elif is_short_for(name, _MAXEVAL) and value is not None:
            if not value.lstrip("-").isdecimal():
                faults.append(
                    Problem(f"line {option.line}, {record.place}", f"has {name}={value}; expected a whole number")
                )
            else:
                found = replace(found, n_evaluations=int(value))
        elif value is None and (is_short_for(name, "METHOD") or is_short_for(name, _MAXEVAL)):
            # A value behind a blank would be passed over, and with it another objective.
            faults.append(
                Problem(f"line {option.line}, {record.place}", f"has {name} without a value; expected {name}=…")
            )
        else:
            found = replace(found, options={**found.options, name: value or ""})
    return found, tuple(faults)


def read_step(record: Record) -> tuple[StepRecord, tuple[Problem, ...]]:
    """Read a record as a list of options."""
    options, faults = options_of(tokens_of(record), record.place)
    return StepRecord(record.name, tuple(options), record.line), tuple(faults)


def _method(word: str) -> str | None:
    if word in _METHODS:
        return _METHODS[word]
    if len(word) >= 3 and "CONDITIONAL".startswith(word):
        return "FOCE"
    return word if word in _SAMPLING else None


def _flag(word: str) -> tuple[str, bool] | None:
    least = 4 if word.startswith("NO") else 3
    # NUMERICAL and its kind begin with NO or N too: the full name decides first.
    return next((flag for name, flag in _FLAGS.items() if is_short_for(word, name, least)), None)
