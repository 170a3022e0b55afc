"""Iterations and final estimates: .ext files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.blocks import Block, Message, read_blocks
from nonmem_ref.run_status import INFINITE_OBJECTIVE, NOT_ESTIMATED, RunStatus, by_code

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.arrays import FloatArray, IntArray

# Codes of rows that are no iterations (nonmem.md, section 3).
FINAL, SE, EIGENVALUES, CONDITION, SD_CORRELATION, SD_CORRELATION_SE, FIXED, TERMINATION, GRADIENT = (
    -1_000_000_000 - i for i in range(9)
)
_LARGEST_CODE = 2.0**53


@dataclass(frozen=True, slots=True)
class Row:
    """One row of final values.

    Parameters
    ----------
    values : (n_parameters,) array
        One number for each parameter.
    objective : float
        What stands in the last column.
    line : int
        Line of the file.
    """

    values: FloatArray
    objective: float
    line: int


@dataclass(frozen=True, slots=True)
class EstimationTable:
    """What one estimation step wrote.

    Parameters
    ----------
    number : int or None
        Number of the table.
    method : str
        Name of the method.
    problem : int or None
        Number of the problem.
    line : int
        Line of the title.
    names : tuple of str
        Parameters in the file's order (THETA, SIGMA, OMEGA).
    objective_name : str
        Name of the last column: OBJ, SAEMOBJ, MCMCOBJ.
    iterations : (n_iterations,) array
        Numbers of the iterations; negative in the first phase of SAEM and BAYES.
    path : (n_iterations, n_parameters) array
        Values at each of them.
    objectives : (n_iterations,) array
        Objective at each of them.
    rows : dict of int to Row
        Final rows by code.
    status : RunStatus
        How the step ended, as far as this file says it.
    reason : str
        The same in a sentence.
    """

    number: int | None
    method: str
    problem: int | None
    line: int
    names: tuple[str, ...]
    objective_name: str
    iterations: IntArray
    path: FloatArray
    objectives: FloatArray
    rows: dict[int, Row]
    status: RunStatus
    reason: str

    @property
    def ofv(self) -> float | None:
        """Objective of the final row, or None without one."""
        return self.rows[FINAL].objective if FINAL in self.rows else None

    @property
    def standard_errors(self) -> FloatArray | None:
        """Standard errors, not a number where NONMEM estimated none; None without that row."""
        if SE not in self.rows:
            return None
        se = self.rows[SE].values
        return np.where(se == NOT_ESTIMATED, np.nan, se)

    @property
    def is_fixed(self) -> list[bool] | None:
        """Whether each parameter was fixed, or None in files of before NONMEM 7.3."""
        return [bool(value == 1.0) for value in self.rows[FIXED].values] if FIXED in self.rows else None


@dataclass(frozen=True, slots=True)
class ExtFile:
    """An .ext file.

    Parameters
    ----------
    tables : tuple of EstimationTable
        In the order of the file.
    messages : tuple of Message
        What could not be read.
    """

    tables: tuple[EstimationTable, ...]
    messages: tuple[Message, ...]


def read_ext(path: Path) -> ExtFile:
    """Read an .ext file of any run, failed and interrupted ones included.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ExtFile
        A table for each estimation step that wrote a title or a row.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    found = read_blocks(path)
    return ExtFile(tuple(map(_table, found.blocks)), found.messages)


def _table(block: Block) -> EstimationTable:
    n_parameters = max(block.values.shape[1] - 2, 0)
    names = block.names[1:-1] if len(block.names) > 1 else ()
    number = block.values[:, 0] if block.values.size else np.empty(0)
    # What is no number of an iteration is shown as none; damage can be of any size.
    code = np.where(np.abs(number) < _LARGEST_CODE, number, 0.0)
    is_final = code <= FINAL
    rows = {
        int(code[i]): Row(block.values[i, 1:-1], float(block.values[i, -1]), int(block.lines[i]))
        for i in np.flatnonzero(is_final)
    }
    iterations = code[~is_final].astype(np.int64)
    objectives = block.values[~is_final, -1] if block.values.size else np.empty(0)
    path = block.values[~is_final, 1:-1] if block.values.size else np.empty((0, n_parameters))
    status, reason = _status(block, rows, iterations, objectives)
    return EstimationTable(
        block.number,
        block.method,
        block.problem,
        block.line,
        names,
        block.names[-1] if block.names else "",
        iterations,
        path,
        objectives,
        rows,
        status,
        reason,
    )


def _status(block: Block, rows: dict[int, Row], iterations: IntArray, objectives: FloatArray) -> tuple[RunStatus, str]:
    """Return how a step ended, as far as its rows say it."""
    if not rows:
        if not iterations.size:
            return RunStatus.NO_RESULTS, "The table has no row: the estimation never started."
        return RunStatus.INCOMPLETE, f"The file ends after iteration {iterations[-1]}, before the final estimates."
    last = rows.get(FINAL)
    if last is None:
        return RunStatus.INCOMPLETE, f"The row of final estimates ({FINAL}) is missing."
    if _is_infinite(last.objective):
        if not np.isfinite(objectives).any() or _is_infinite(objectives[0]):
            return RunStatus.NO_RESULTS, "The objective is infinite at the initial values: the search never started."
        return RunStatus.TERMINATED, "The objective of the final row is infinite."
    if TERMINATION in rows:
        status, words = by_code(
            float(rows[TERMINATION].values[0]) if rows[TERMINATION].values.size else np.nan, block.method
        )
        return status, _sentence(words)
    if "(evaluation)" in block.method.lower():
        return RunStatus.SUCCESSFUL, "The objective was evaluated at the given values; nothing was searched."
    return (
        RunStatus.INCOMPLETE,
        f"There are final estimates and no row of the status ({TERMINATION}), which NONMEM before 7.3 does not write: see the .lst file.",
    )


def _is_infinite(objective: float) -> bool:
    return not abs(objective) < INFINITE_OBJECTIVE


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
