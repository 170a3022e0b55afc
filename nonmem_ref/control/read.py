"""From a control stream, or the listing that echoes one, to everything it says, or to each line that is not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.control.code import Code, parse_code
from nonmem_ref.control.data_record import read_data, read_input
from nonmem_ref.control.matrices import read_blocks
from nonmem_ref.control.records import CODE, logical_lines, split_records
from nonmem_ref.control.steps import read_estimation, read_step, read_subroutines
from nonmem_ref.control.thetas import read_thetas
from nonmem_ref.lines import read_lines
from nonmem_ref.listing import read_listing
from nonmem_ref.read import kind_of
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from nonmem_ref.control.data_record import DataRecord
    from nonmem_ref.control.matrices import Block
    from nonmem_ref.control.records import Record
    from nonmem_ref.control.steps import Estimation, StepRecord, Subroutines
    from nonmem_ref.control.thetas import Theta
    from nonmem_ref.dataset.items import DataItem

# Records that change neither the model nor what is estimated; of ETAS and PHIS only where the searches for ETA begin.
_PASSED_OVER = frozenset({"SIZES", "SCATTERPLOT", "WARNINGS", "ETAS", "PHIS"})
_STEPS = frozenset({"MODEL", "COVARIANCE", "TABLE", "SIMULATION"})
_READ = CODE | _STEPS | {"PROBLEM", "INPUT", "DATA", "SUBROUTINES", "THETA", "OMEGA", "SIGMA", "ESTIMATION"}
_ONCE = ("DATA", "SUBROUTINES")
# PROTECT differs from the functions themselves only where these have no value.
_HARMLESS_ABBREVIATED = ("DERIV1", "DERIV2", "COMRES", "FASTDER", "NOFASTDER", "CHECKMU", "NOCHECKMU", "PROTECT")
_REPLACE = re.compile(
    r"REPLACE\s+(THETA|ETA|EPS|ERR)\s*\(\s*([A-Z][A-Z0-9_,\s]*)\)\s*=\s*\1\s*\(([\d,\s]*)\)\s*", flags=re.IGNORECASE
)
_PRIORS = ("PRIOR", "THETAP", "THETAPV", "OMEGAP", "OMEGAPD", "SIGMAP", "SIGMAPD")
_REASONS = {
    **dict.fromkeys(_PRIORS, "the engine's population estimates have no priors"),
    "MIX": "the engine has no mixtures of populations",
    "MSFI": "estimates of a model specification file are not read; expected those of $THETA, $OMEGA and $SIGMA",
    "NONPARAMETRIC": "the engine's random effects are normal",
    "LEVEL": "the engine has random effects of subjects and occasions alone",
    **dict.fromkeys(("AES", "AESINITIAL"), "the engine has no algebraic equations beside its compartments"),
}
_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ControlProblem:
    """One $PROBLEM.

    Parameters
    ----------
    title : str
        What stands behind $PROBLEM.
    line : int
        Line that it begins in.
    items : tuple of DataItem
        $INPUT.
    data : DataRecord
        $DATA.
    subroutines : Subroutines or None
        $SUBROUTINES; None with $PRED.
    thetas : tuple of Theta
        $THETA.
    omega, sigma : tuple of Block
        $OMEGA and $SIGMA.
    codes : tuple of Code
        $PK, $ERROR, $PRED and $DES, records of one name put together.
    estimations : tuple of Estimation
        $ESTIMATION, in order.
    steps : tuple of StepRecord
        $MODEL, $COVARIANCE, $TABLE and $SIMULATION, in order.
    labels : mapping of (array, label) to int
        Number of each element of THETA, ETA and EPS that has a label: by $THETA, $OMEGA, $SIGMA or $ABBREVIATED REPLACE.
    unsupported : tuple of Problem
        Records, and lines of code, that are not supported, each with its line and the reason. The others are read all the same, so that whoever recognizes the
        model can tell these together with what else the engine has not.
    """

    title: str
    line: int
    items: tuple[DataItem, ...]
    data: DataRecord
    subroutines: Subroutines | None
    thetas: tuple[Theta, ...]
    omega: tuple[Block, ...]
    sigma: tuple[Block, ...]
    codes: tuple[Code, ...]
    estimations: tuple[Estimation, ...]
    steps: tuple[StepRecord, ...]
    labels: Mapping[tuple[str, str], int]
    unsupported: tuple[Problem, ...] = ()

    def code(self, record: str) -> Code | None:
        """Return the code of a routine, or None without it."""
        return next((one for one in self.codes if one.record == record), None)


@dataclass(frozen=True, slots=True)
class ControlReading:
    """What a control stream says.

    Parameters
    ----------
    problems_read : tuple of ControlProblem
        Each $PROBLEM in order; empty where anything is not understood. Records that are not supported are no reason: a $PROBLEM has its own.
    problems : tuple of Problem
        Each line that is not understood or not supported, with its record and the reason; the first of very many.
    notes : tuple of str
        Records that are passed over, in one sentence each.
    """

    problems_read: tuple[ControlProblem, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def read_control(path: Path) -> ControlReading:
    """Read a control stream.

    Parameters
    ----------
    path : Path
        A control stream of any name, or a listing (.lst, .res), whose echo is read with the lines of that file.

    Returns
    -------
    ControlReading
        What was found. Nothing that can stand in a file raises.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    if kind_of(path) == "lst":
        lines = list(read_listing(path).control_stream)
    else:
        lines = [one for some in read_lines(path) for one in some.texts()]
    return parse_control(lines)


def parse_control(lines: Iterable[tuple[int, str]]) -> ControlReading:
    """Parse the lines of a control stream, each with its number."""
    records, faults = split_records(lines)
    found: list[Problem] = list(faults)
    starts = [i for i, record in enumerate(records) if record.name == "PROBLEM"]
    if not starts:
        found.append(Problem("", "has no $PROBLEM; expected a control stream of NM-TRAN, or a listing that echoes one"))
        return ControlReading((), _bounded(found), ())
    before = [record for record in records[: starts[0]] if record.name not in _PASSED_OVER]
    found += [Problem(f"line {one.line}, {one.place}", "stands before $PROBLEM; expected it behind") for one in before]
    notes: list[str] = []
    read: list[ControlProblem] = []
    unsupported: list[Problem] = []
    for start, end in zip(starts, [*starts[1:], len(records)], strict=True):
        left_out = list(_sort_out(records[start:end], notes))
        problem = _problem(records[start:end], read[0] if read else None, left_out, found)
        unsupported += [one for one in left_out if one not in unsupported]
        if problem is not None:
            read.append(problem)
    return ControlReading(() if found else tuple(read), _bounded([*found, *unsupported]), tuple(notes))


def _bounded(found: list[Problem]) -> tuple[Problem, ...]:
    ordered = sorted(found, key=_line_of)
    left = len(ordered) - _MOST_SHOWN
    return (*ordered[:_MOST_SHOWN], Problem("", f"{left:,} more such lines")) if left > 0 else tuple(ordered)


def _line_of(problem: Problem) -> int:
    word = problem.place.partition(",")[0].removeprefix("line ")
    return int(word) if word.isdecimal() else 0


def _problem(
    records: Sequence[Record], first: ControlProblem | None, unsupported: list[Problem], faults: list[Problem]
) -> ControlProblem | None:
    """Return one $PROBLEM from its records, or None where it has no data; lines of code are added to what is not supported.

    One without routines has those of the first: NM-TRAN generates them once for a control stream, as for an estimation and a simulation behind it.
    """
    n_before = len(faults)
    by_name: dict[str, list[Record]] = {}
    for record in records:
        by_name.setdefault(record.name, []).append(record)
    head = records[0]
    for name in _ONCE:
        faults += [
            Problem(f"line {one.line}, {one.place}", "is there twice; expected one")
            for one in by_name.get(name, [])[1:]
        ]
    items, said = read_input(by_name.get("INPUT", []))
    faults += said
    data = _data(by_name, head, faults)
    subroutines = None
    if "SUBROUTINES" in by_name:
        subroutines, said = read_subroutines(by_name["SUBROUTINES"][0])
        faults += said
    thetas: list[Theta] = []
    for record in by_name.get("THETA", []):
        more, said = read_thetas(record)
        thetas += more
        faults += said
    omega, sigma = (_blocks(by_name.get(name, []), faults) for name in ("OMEGA", "SIGMA"))
    codes = _codes(by_name, faults)
    labels = _labels(thetas, omega, sigma, by_name.get("ABBREVIATED", []))
    if first is not None and subroutines is None and not codes:
        subroutines, codes, labels = first.subroutines, first.codes, {**first.labels, **labels}
    unsupported += [one for code in codes for one in code.unsupported]
    estimations: list[Estimation] = []
    for record in by_name.get("ESTIMATION", []):
        estimation, said = read_estimation(record, estimations[-1] if estimations else None)
        estimations.append(estimation)
        faults += said
    steps: list[StepRecord] = []
    for record in (one for one in records if one.name in _STEPS):
        step, said = read_step(record)
        steps.append(step)
        faults += said
    _check_routines(head, subroutines, {code.record for code in codes}, faults)
    if data is None or len(faults) > n_before:
        return None
    title = head.lines[0][1].strip()
    return ControlProblem(
        title,
        head.line,
        items,
        data,
        subroutines,
        tuple(thetas),
        omega,
        sigma,
        codes,
        tuple(estimations),
        tuple(steps),
        labels,
        tuple(unsupported),
    )


def _labels(
    thetas: Sequence[Theta], omega: Sequence[Block], sigma: Sequence[Block], replaced: Sequence[Record]
) -> dict[tuple[str, str], int]:
    found = {("THETA", theta.label): i for i, theta in enumerate(thetas, start=1) if theta.label}
    for array, blocks in (("ETA", omega), ("EPS", sigma)):
        rows = [label for block in blocks for label in block.labels]
        found |= {(array, label): i for i, label in enumerate(rows, start=1) if label}
    for record in replaced:
        found |= _replaced(record) or {}
    return found


def _replaced(record: Record) -> dict[tuple[str, str], int] | None:
    """Return the labels of $ABBREVIATED REPLACE, or None where the record is another or chooses elements by a data item."""
    found: dict[tuple[str, str], int] = {}
    text = _text(record)
    if not text or _REPLACE.sub("", text):
        return None
    for array, written, numbers in _REPLACE.findall(text):
        labels, elements = written.replace(",", " ").split(), numbers.replace(",", " ").split()
        if len(labels) != len(elements):
            return None
        name = "EPS" if array.upper() == "ERR" else array.upper()
        found |= {(name, label.upper()): int(number) for label, number in zip(labels, elements, strict=True)}
    return found


def _text(record: Record) -> str:
    return " ".join(text for _, text in logical_lines(record)).strip()


def _sort_out(records: Sequence[Record], notes: list[str]) -> tuple[Problem, ...]:
    """Note the records that are passed over, and return those that are not supported."""
    found: list[Problem] = []
    for record in records:
        words = _text(record).upper().replace("=", " ").split()
        if record.name == "ABBREVIATED" and _replaced(record) is not None:
            continue
        if record.name in _PASSED_OVER:
            notes.append(f"Line {record.line}: {record.place} is passed over.")
        elif record.name == "ABBREVIATED" and words and words[0] in _HARMLESS_ABBREVIATED:
            notes.append(f"Line {record.line}: {record.place} {words[0]} is passed over.")
        elif record.name not in _READ:
            reason = _REASONS.get(record.name)
            message = "is not supported" if reason is None else f"is not supported: {reason}"
            found.append(Problem(f"line {record.line}, {record.place}", message))
    return tuple(found)


def _data(by_name: dict[str, list[Record]], head: Record, faults: list[Problem]) -> DataRecord | None:
    """Return $DATA, which with $INPUT is needed in each problem."""
    lacking = [name for name in ("INPUT", "DATA") if name not in by_name]
    faults += [
        Problem(f"line {head.line}, $PROBLEM", f"has no ${name}; expected one in each problem") for name in lacking
    ]
    if "DATA" not in by_name:
        return None
    data, said = read_data(by_name["DATA"][0])
    faults += said
    return data


def _blocks(records: Sequence[Record], faults: list[Problem]) -> tuple[Block, ...]:
    found: list[Block] = []
    for record in records:
        blocks, said = read_blocks(record, found)
        found += blocks
        faults += said
    return tuple(found)


def _codes(by_name: dict[str, list[Record]], faults: list[Problem]) -> tuple[Code, ...]:
    """Return the code of each routine; NM-TRAN puts several records of one name together."""
    found: list[Code] = []
    for name in sorted(CODE & by_name.keys()):
        parts: list[Code] = []
        for record in by_name[name]:
            code, said = parse_code(record)
            parts.append(code)
            faults += [one for one in said if one not in code.unsupported]
        calls = tuple(call for part in parts for call in part.calls)
        statements = tuple(one for part in parts for one in part.statements)
        unsupported = tuple(one for part in parts for one in part.unsupported)
        found.append(Code(name, parts[0].line, calls, statements, unsupported))
    return tuple(found)


def _check_routines(head: Record, subroutines: Subroutines | None, names: set[str], faults: list[Problem]) -> None:
    """Note routines that are missing or do not go together."""
    place = f"line {head.line}, $PROBLEM"
    has_advan = subroutines is not None and subroutines.advan is not None
    if "PRED" in names and ("PK" in names or has_advan):
        faults.append(Problem(place, "has $PRED and $PK or ADVAN; expected one of them"))
    elif "PRED" not in names and not has_advan:
        faults.append(Problem(place, "has neither $PRED nor ADVAN in $SUBROUTINES; expected one of them"))
    elif has_advan:
        faults += [
            Problem(place, f"has no ${name}; expected one with ADVAN") for name in ("PK", "ERROR") if name not in names
        ]
