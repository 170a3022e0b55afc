"""A table of very many rows, written part by part so that it need not fit the memory: CSV or Parquet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pkpd.data.arrow import csv, pa, parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from pkpd.arrays import FloatArray, IntArray


@contextmanager
def row_table(
    file: Path, number: str, word: str, words: Sequence[str], columns: Sequence[str]
) -> Generator[Callable[[IntArray, IntArray, FloatArray], None]]:
    """Yield what writes some rows: their numbers, the places of their words, and their values.

    Parameters
    ----------
    file : Path
        CSV, or Parquet where its name ends with that.
    number, word : str
        Names of the columns of a row's number and its word.
    words : sequence of str
        Words that rows have.
    columns : sequence of str
        Names of the columns of values; NaN is written as nothing.
    """
    schema = pa.schema([(number, pa.int64()), (word, pa.string()), *((name, pa.float64()) for name in columns)])
    kind: Any = parquet.ParquetWriter if file.suffix == ".parquet" else csv.CSVWriter
    dictionary = pa.array(list(words))
    with kind(str(file), schema) as writer:

        def write(numbers: IntArray, places: IntArray, values: FloatArray) -> None:
            text = pa.DictionaryArray.from_arrays(pa.array(places), dictionary).cast(pa.string())
            arrays = [pa.array(numbers), text, *(pa.array(one, from_pandas=True) for one in values)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write
