"""Predictions and residuals in the files of $TABLE, beside ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.blocks import read_blocks
from nonmem_ref.comparison.run_files import last_name, table_files
from nonmem_ref.control.tokens import is_short_for
from pkpd.diagnostics.residuals import residuals
from pkpd.kernels.codes import CENSORED
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.blocks import Block
    from nonmem_ref.comparison.run_files import RunFiles
    from nonmem_ref.control.steps import StepRecord
    from nonmem_ref.translation.translate import Translation
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.fit import Fit


@dataclass(frozen=True, slots=True)
class RecordNumbers:
    """What a table file says of each observation, and ours.

    Parameters
    ----------
    file : str
        Name of the table file.
    ids : tuple of str
        Subject of each observation.
    lines : (n,) array
        Its line in the file.
    time : (n,) array
        Its time, in the unit of the run.
    columns : dict of str to pair of (n,) arrays
        PRED, IPRED, CWRES and CWRESI, those that the table has: theirs, NaN where NONMEM prints something else, and ours.
    is_log : bool
        Whether predictions are logarithms.
    """

    file: str
    ids: tuple[str, ...]
    lines: IntArray
    time: FloatArray
    columns: dict[str, tuple[FloatArray, FloatArray]]
    is_log: bool


_COLUMNS: tuple[str, ...] = ("PRED", "IPRED", "CWRES", "CWRESI")
PREDICTIONS = ("PRED", "IPRED")
# Words of $TABLE that are no columns, and what is printed behind the columns without NOAPPEND.
_WORDS = [
    "PRINT",
    "NOPRINT",
    "HEADER",
    "NOHEADER",
    "ONEHEADER",
    "ONEHEADERALL",
    "TITLE",
    "NOTITLE",
    "LABEL",
    "NOLABEL",
    "APPEND",
    "NOAPPEND",
    "FIRSTONLY",
    "LASTONLY",
    "FIRSTLASTONLY",
    "FORWARD",
    "NOFORWARD",
    "CONDITIONAL",
    "UNCONDITIONAL",
    "OMITTED",
    "EXCLUDE_BY",
    "PARAFILE",
    "WRESCHOL",
    "NOSUB",
]
_APPENDED = ("DV", "PRED", "RES", "WRES")


def record_numbers(
    run: RunFiles, translation: Translation, at: Fit
) -> tuple[tuple[RecordNumbers, ...], tuple[tuple[str, str], ...]]:
    """Return the predictions and residuals of the files of a run's $TABLE records, and what they lack with the reason.

    Parameters
    ----------
    run : RunFiles
        Its files.
    translation : Translation
        The run in the engine's terms.
    at : Fit
        The engine's evaluation at the final estimates.
    """
    steps = [step for step in translation.control.steps if step.name == "TABLE"]
    wanted = {option.name for step in steps for option in step.options if option.value is None} & set(_COLUMNS)
    if not wanted:
        return (), (("predictions and residuals", "The run has no $TABLE with PRED, IPRED or CWRES."),)
    found: list[RecordNumbers] = []
    done: set[str] = set()
    for file, block in _tables(run, translation, steps):
        if names := [name for name in _COLUMNS if name in block.names and name not in done]:
            found.append(_numbers(file, block, names, translation, at))
            done.update(names)
    lacking = [name for name in _COLUMNS if name in wanted - done]
    if not found:
        return (), (("predictions and residuals", f"No file here is the table with {', '.join(lacking)}."),)
    return tuple(found), tuple((name, "No file here is the table with it.") for name in lacking)


def _numbers(file: str, block: Block, names: Sequence[str], translation: Translation, at: Fit) -> RecordNumbers:
    """Return the columns of some names of a table, beside ours."""
    of = translation.dataset.columns
    is_level = ((of["EVID"] == 0.0) & (of["MDV"] == 0.0))[: block.lines.size]
    n = int(is_level.sum())
    own = residuals(at)
    values = dict(zip(_COLUMNS, (own.pred, own.ipred, own.cwres, own.cwresi), strict=True))
    is_quantified = (at.population.packed.observations[:, CENSORED] == 0.0)[:n]
    is_log = at.population.model.residual.kind is ResidualKind.LOGARITHMIC
    columns: dict[str, tuple[FloatArray, FloatArray]] = {}
    for name in names:
        # Of an observation that counts with a probability NONMEM prints that in place of the prediction.
        theirs = np.where(is_quantified, block.values[is_level, block.names.index(name)], np.nan)
        ours = values[name][:n]
        columns[name] = theirs, np.log(ours) if is_log and name in PREDICTIONS else ours
    cohort = at.population.cohort
    ids = np.repeat(cohort.ids, np.diff(cohort.sample_start))[:n]
    time = of["TIME"][: block.lines.size][is_level]
    return RecordNumbers(file, tuple(ids.tolist()), block.lines[is_level], time, columns, is_log)


def _tables(run: RunFiles, translation: Translation, steps: Sequence[StepRecord]) -> Iterator[tuple[str, Block]]:
    """Yield the tables whose rows are the data's, or its first ones, with the names of their files."""
    dataset = translation.dataset
    names_of = {file: _printed_names(step) for step in steps if (file := _file_of(step))}
    for path in table_files(run.folder, tuple(names_of)):
        own_names = next((names for file, names in names_of.items() if last_name(file) == path.name.lower()), ())
        for block in read_blocks(path).blocks:
            # NOHEADER and NOLABEL leave the names out, which $TABLE has.
            named = block if block.names or len(own_names) != block.values.shape[1] else replace(block, names=own_names)
            n = named.lines.size
            if not {"ID", "TIME"} <= set(named.names) or not 0 < n <= dataset.lines.size:
                continue
            own = {name: named.values[:, named.names.index(name)] for name in ("ID", "TIME")}
            if all(np.allclose(own[name], dataset.columns[name][:n], rtol=1e-3, atol=1e-3) for name in own):
                yield path.name, named


def _file_of(step: StepRecord) -> str | None:
    return next((one.value for one in step.options if is_short_for(one.name, "FILE") and one.value), None)


def _printed_names(step: StepRecord) -> tuple[str, ...]:
    """Return the columns of a $TABLE record in the order in which NONMEM prints them."""
    words = [one.name for one in step.options if one.value is None]
    names = [word for word in words if not any(is_short_for(word, name, 5) for name in _WORDS)]
    is_appended = not any(is_short_for(word, "NOAPPEND", 5) for word in words)
    return (*names, *(_APPENDED if is_appended else ()))
