"""What a .lst (or .res) file says: how each step ended, counts, shrinkage, constants, messages; the control stream that it echoes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nonmem_ref.blocks import Message
from nonmem_ref.lines import read_lines
from nonmem_ref.number import parse_number, split_numbers
from nonmem_ref.run_status import INFINITE_OBJECTIVE, RunStatus

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = re.compile(
    r"NONLINEAR MIXED EFFECTS MODEL PROGRAM \(NONMEM\)\s+(?:DOUBLE PRECISION\s+)?VERSION\s+(\S+(?:\s+LEVEL\s+\S+)?)"
)
_RECORD = re.compile(r"\s*\$[A-Z]", flags=re.IGNORECASE)
_END_OF_ECHO = re.compile(r"\s*(NM-TRAN MESSAGES|License Registered|1NONLINEAR MIXED EFFECTS|PROBLEM NO\.:)")
_PROBLEM = re.compile(r"\s*PROBLEM NO\.:\s*(\d+)")
_TABLE, _METHOD = re.compile(r"\s*#TBLN:\s*(\d+)"), re.compile(r"\s*#METH:\s*(.*?)\s*$")
_TERM, _TERE = re.compile(r"\s*#TERM:"), re.compile(r"\s*#TERE:")
_OBJECTIVE = re.compile(r"\s*#OBJV:[*\s]*(?P<value>[^*\s]*)", flags=re.IGNORECASE)
_OLD_OBJECTIVE = re.compile(r"[\s*]*MINIMUM VALUE OF OBJECTIVE FUNCTION[\s*]*$")
_ITERATION = re.compile(r"0?\s*ITERATION NO\.:|\s*iteration\s+-?\d+", flags=re.IGNORECASE)
# The sentences of the four kinds of methods that say that a step is over.
_ENDED = re.compile(
    r"^[01 ]?\s*(?:MINIMIZATION (?:SUCCESSFUL|TERMINATED)"
    r"|(?:[A-Z\- ]+ )?(?:PORTION|OPTIMIZATION|PROCESS|BURN-IN|STEP|SAMPLING)\s+(?:WAS\s+)?(?:NOT\s+)?COMPLETED"
    r"|PROGRAM TERMINATED BY)"
)
_FAILED = re.compile(r"TERMINATED|NOT\s+COMPLETED")
_COUNTS = {
    "records": re.compile(r"\s*NO\. OF DATA RECS IN DATA SET:\s*(\d+)"),
    "observations": re.compile(r"\s*TOT\. NO\. OF OBS RECS:\s*(\d+)"),
    "individuals": re.compile(r"\s*TOT\. NO\. OF INDIVIDUALS:\s*(\d+)"),
}
_QUANTITIES = {
    "normal_points": re.compile(r"\s*TOTAL DATA POINTS NORMALLY DISTRIBUTED \(N\):\s*(\S+)"),
    "log_2pi_constant": re.compile(r"\s*N\*LOG\(2PI\) CONSTANT TO OBJECTIVE FUNCTION:\s*(\S+)"),
    "ofv_without_constant": re.compile(r"\s*OBJECTIVE FUNCTION VALUE WITHOUT CONSTANT:\s*(\S+)"),
    "ofv_with_constant": re.compile(r"\s*OBJECTIVE FUNCTION VALUE WITH CONSTANT:\s*(\S+)"),
    "function_evaluations": re.compile(r"\s*NO\. OF FUNCTION EVALUATIONS USED:\s*(\S+)"),
    "significant_digits": re.compile(r"\s*NO\. OF SIG\. DIGITS IN FINAL EST\.:\s*(\S+)"),
    "estimation_seconds": re.compile(r"\s*Elapsed estimation\s+time in seconds:\s*(\S+)"),
    "covariance_seconds": re.compile(r"\s*Elapsed covariance\s+time in seconds:\s*(\S+)"),
}
_SHRINKAGE = re.compile(
    r"\s*(ETABAR|SE|N|P VAL\.|(?:ETA|EBV|EPS|ETAS|EBVS|EPSS)HRINK(?:SD|VR)?|RELATIVEINF)(?:\(%\))?:?\s+(?=[-+.\d*N])(.*)$",
    flags=re.IGNORECASE,
)
_CONTINUED = re.compile(r"\s{8,}[-+.\d*]")
_SAID = re.compile(
    r"^[01 ]?\s*(?:HOWEVER, PROBLEMS OCCURRED|PARAMETER ESTIMATE IS NEAR ITS BOUNDARY|S? ?R? MATRIX ALGORITHMICALLY"
    r"|COVARIANCE STEP ABORTED|NO\. OF SIG\. DIGITS UNREPORTABLE|NUMERICAL HESSIAN|PSEUDO INVERSE|DUE TO "
    r"|PROGRAM TERMINATED|AN ERROR WAS FOUND|ERROR IN|OCCURS DURING|\(WARNING)",
)


@dataclass(slots=True)
class Step:
    """One estimation step as a listing tells it.

    Parameters
    ----------
    table : int or None
        Number of the table (``#TBLN``); None before NONMEM 7.
    method : str
        Name of the method.
    line : int
        Line that it begins in.
    status, reason : RunStatus, str
        How it ended, and the sentence of the listing that says so.
    ofv : float or None
        Objective as printed.
    quantities : dict of str to float
        Counts, constants and times that the step prints.
    shrinkage : dict of str to list of float
        Each line of the shrinkage block by its name (``ETASHRINKSD``), one number per random effect or residual.
    said : list of Message
        Sentences about problems, in NONMEM's words.
    """

    table: int | None
    method: str
    line: int
    status: RunStatus = RunStatus.INCOMPLETE
    reason: str = "The file ends before the step does."
    ofv: float | None = None
    quantities: dict[str, float] = field(default_factory=dict[str, float])
    shrinkage: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    said: list[Message] = field(default_factory=list[Message])


@dataclass(slots=True)
class ListedProblem:
    """One $PROBLEM.

    Parameters
    ----------
    number : int
        Its number.
    line : int
        Line that it begins in.
    counts : dict of str to int
        ``records``, ``observations``, ``individuals``.
    steps : list of Step
        Its estimation steps.
    """

    number: int
    line: int
    counts: dict[str, int] = field(default_factory=dict[str, int])
    steps: list[Step] = field(default_factory=list[Step])


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing.

    Parameters
    ----------
    control_stream : tuple of (line, text)
        The echo of the control stream, each line with its number in this file; empty where there is none.
    version : str or None
        NONMEM's version.
    problems : tuple of ListedProblem
        In order.
    said : tuple of Message
        Sentences about problems outside of steps.
    has_text : bool
        Whether anything but blanks stands in the file.
    """

    control_stream: tuple[tuple[int, str], ...]
    version: str | None
    problems: tuple[ListedProblem, ...]
    said: tuple[Message, ...]
    has_text: bool

    @property
    def last_step(self) -> Step | None:
        """The last estimation step of the last problem that has one."""
        steps = [step for problem in self.problems for step in problem.steps]
        return steps[-1] if steps else None

    def last_step_of(self, number: int) -> Step | None:
        """Return the last estimation step of a problem by its number."""
        steps = [step for problem in self.problems if problem.number == number for step in problem.steps]
        return steps[-1] if steps else None


@dataclass(slots=True)
class _Reader:
    echo: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    is_echo: bool = False
    version: str | None = None
    problems: list[ListedProblem] = field(default_factory=list[ListedProblem])
    said: list[Message] = field(default_factory=list[Message])
    has_text: bool = False
    step: Step | None = None
    in_term: bool = False
    in_old_objective: bool = False
    shrinkage: str | None = None


def read_listing(path: Path) -> Listing:
    """Read a listing of any run, whatever its version and wherever it ends.

    Parameters
    ----------
    path : Path
        The .lst or .res file.

    Returns
    -------
    Listing
        What was found.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    reader = _Reader()
    for lines in read_lines(path):
        for number, text in lines.texts():
            if text.strip():
                reader.has_text = True
                _take(reader, number, text)
    return Listing(tuple(reader.echo), reader.version, tuple(reader.problems), tuple(reader.said), reader.has_text)


def _take(reader: _Reader, number: int, text: str) -> None:
    if reader.version is None and not reader.problems and _take_echo(reader, number, text):
        return
    if found := _VERSION.search(text):
        reader.version = found.group(1)
        return
    if found := _PROBLEM.match(text):
        reader.problems.append(ListedProblem(int(found.group(1)), number))
        reader.step, reader.in_term = None, False
        return
    if reader.problems:
        for name, pattern in _COUNTS.items():
            if found := pattern.match(text):
                reader.problems[-1].counts[name] = int(found.group(1))
                return
    if not _begins_step(reader, number, text) and reader.step is not None:
        _take_step(reader, reader.step, number, text)
    elif _SAID.match(text):
        reader.said.append(Message(number, text[1:].strip() if text[0] in "01" else text.strip()))


def _take_echo(reader: _Reader, number: int, text: str) -> bool:
    """Take in a line of the control stream, or return that it is none."""
    if _END_OF_ECHO.match(text) or _VERSION.search(text):
        reader.is_echo = False
        return False
    if not reader.is_echo and not reader.echo and _RECORD.match(text):
        reader.is_echo = True
    if reader.is_echo:
        reader.echo.append((number, text))
    return reader.is_echo


def _begins_step(reader: _Reader, number: int, text: str) -> bool:
    """Begin a step where a line says so."""
    if found := _TABLE.match(text):
        _add_step(reader, Step(int(found.group(1)), "", number))
        return True
    if found := _METHOD.match(text):
        if reader.step is None or reader.step.method:
            _add_step(reader, Step(None, "", number))
        assert reader.step is not None  # noqa: S101 (just made)
        reader.step.method = found.group(1)
        return True
    if reader.step is None and reader.problems and (_ITERATION.match(text) or _ENDED.match(text)):
        # NONMEM VI and older print no marks.
        _add_step(reader, Step(None, "", number))
    return False


def _add_step(reader: _Reader, step: Step) -> None:
    if not reader.problems:
        reader.problems.append(ListedProblem(1, step.line))
    reader.problems[-1].steps.append(step)
    reader.step, reader.in_term, reader.shrinkage = step, False, None


def _take_step(reader: _Reader, step: Step, number: int, text: str) -> None:
    """Take in a line of an estimation step."""
    words = (text[1:] if text[0] in "01" else text).strip()
    if _TERM.match(text) or _TERE.match(text):
        reader.in_term = bool(_TERM.match(text))
        return
    if _ENDED.match(text):
        _end(step, words)
    if _SAID.match(text):
        step.said.append(Message(number, words))
    if found := _OBJECTIVE.match(text):
        step.ofv = _number(found.group("value"))
        return
    if reader.in_old_objective and (value := _number(words.strip("* ").strip())) is not None:
        step.ofv, reader.in_old_objective = value, False
        return
    reader.in_old_objective = reader.in_old_objective or bool(_OLD_OBJECTIVE.match(text))
    for name, pattern in _QUANTITIES.items():
        if found := pattern.match(text):
            if (value := _number(found.group(1))) is not None:
                step.quantities[name] = value
            return
    if found := _SHRINKAGE.match(text):
        name = found.group(1).upper()
        reader.shrinkage, step.shrinkage[name] = name, split_numbers(found.group(2)) or []
    elif reader.shrinkage is not None and _CONTINUED.match(text):
        step.shrinkage[reader.shrinkage] += split_numbers(text) or []
    else:
        reader.shrinkage = None


def _end(step: Step, words: str) -> None:
    """Take in a sentence that says that a step is over; a failure is not taken back by what follows."""
    failed = bool(_FAILED.search(words))
    if step.status is not RunStatus.TERMINATED:
        step.status = RunStatus.TERMINATED if failed else RunStatus.SUCCESSFUL
        step.reason = words.capitalize().rstrip(".") + "."


def _number(text: str | None) -> float | None:
    return parse_number(text) if text else None


def listing_status(listing: Listing) -> tuple[RunStatus, str]:
    """Return how the last estimation step ended, and one sentence."""
    if not listing.has_text:
        return RunStatus.UNREADABLE, "The file is empty, or holds no letter."
    step = listing.last_step
    if step is None:
        if listing.version is None and not listing.control_stream:
            return RunStatus.UNREADABLE, "Nothing in the file is of a NONMEM listing."
        said = listing.said[0].text if listing.said else "the listing ends before an estimation step"
        return RunStatus.NO_RESULTS, f"The estimation never started: {said.rstrip('.')}."
    if step.status is RunStatus.INCOMPLETE and "(evaluation)" in step.method.lower() and step.ofv is not None:
        return RunStatus.SUCCESSFUL, "The objective was evaluated at the given values; nothing was searched."
    if step.status is RunStatus.TERMINATED:
        due = [one.text for one in step.said if one.text.startswith("DUE TO")]
        return step.status, f"{step.reason.rstrip('.')}{': ' + due[0].lower() if due else ''}."
    if step.ofv is not None and not abs(step.ofv) < INFINITE_OBJECTIVE:
        return RunStatus.TERMINATED, "The objective is infinite or not a number."
    return step.status, step.reason
