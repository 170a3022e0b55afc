"""Draws of many subjects as one table, CSV or Parquet, written subject by subject so that it need not fit the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.arrow import csv, pa, parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pkpd.arrays import FloatArray


def written_draws(
    file: Path, names: Sequence[str], blocks: Iterable[tuple[str, FloatArray]], *, further: Mapping[str, str]
) -> int:
    """Write draws and return their number.

    Parameters
    ----------
    file : Path
        CSV, or Parquet where its name ends with that.
    names : sequence of str
        What is drawn.
    blocks : iterable of (str, (n, n_names) array)
        Each subject's name and draws; NaN is written as nothing.
    further : mapping of str to str
        Columns that hold the same everywhere.
    """
    columns = [("id", pa.string()), ("draw", pa.int64()), *((name, pa.float64()) for name in names)]
    schema = pa.schema([*columns, *((name, pa.string()) for name in further)])
    kind: Any = parquet.ParquetWriter if file.suffix == ".parquet" else csv.CSVWriter
    n = 0
    with kind(str(file), schema) as writer:
        for name, draws in blocks:
            size = len(draws)
            if not size:
                continue
            arrays = [pa.array([name] * size), pa.array(np.arange(1, size + 1))]
            arrays += [pa.array(draws[:, j], from_pandas=True) for j in range(len(names))]
            arrays += [pa.array([text] * size) for text in further.values()]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            n += size
    return n
