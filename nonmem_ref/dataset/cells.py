"""The cells of an NM-TRAN data file: comments left out, records split at commas, blanks and tabs.

Rules (NONMEM Users Guide IV, II.C.1, and help on $DATA): any number of blanks part two cells, a comma or a tab does with or without
blanks around it, two commas have a null cell between them, and a record may end before its last items, which are null then. Cells
beyond those of $INPUT are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.arrow import csv, pa
from pkpd.errors import input_error

if TYPE_CHECKING:
    from nonmem_ref.dataset.faults import Faults
    from nonmem_ref.dataset.options import DataOptions
    from pkpd.arrays import IntArray

# Longest line of NONMEM 7.3 and later (FSD in resource/SIZES.f90).
_LONGEST_LINE = 67_000
_LOW_BYTES = bytes(byte for byte in range(32) if byte != ord("\n"))
# Everything below the blank is a comma to NM-TRAN, but at the end of a line.
_TO_COMMAS = bytes.maketrans(_LOW_BYTES, b"," * len(_LOW_BYTES))
_LOW_AT_END = re.compile(rb"[\x00-\x09\x0b-\x1f] *$", flags=re.MULTILINE)
_COMMA = re.compile(rb" *, *")
_LETTER = re.compile(rb"[ \t]*[A-Za-z@#]")


@dataclass(frozen=True, slots=True)
class Cells:
    """Records as text.

    Parameters
    ----------
    columns : tuple of array
        One Arrow array of strings for each item of $INPUT; nothing for a null cell.
    lines : (n_records,) array
        Line of the file that each record stands in, from 1.
    short : (n_short,) array
        Lines of the records that end before the last item.
    """

    columns: tuple[Any, ...]
    lines: IntArray
    short: IntArray


def read_cells(path: str, n_items: int, options: DataOptions, faults: Faults) -> Cells:
    """Read the records of a file that are no comments.

    Parameters
    ----------
    path : str
        The file.
    n_items : int
        Number of items of $INPUT.
    options : DataOptions
        Which records are comments, how many are read, and whether a line may be blank.
    faults : Faults
        Where blank and overlong lines are noted.

    Raises
    ------
    InputError
        Where the file cannot be read, or is no text of one byte per letter.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise input_error(path, f"cannot be read: {error.strerror or error}; expected the file of $DATA") from None
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise input_error(path, "is UTF-16 text; expected plain text, as a CSV file is")
    kept, numbers = _records(data.removeprefix(b"\xef\xbb\xbf"), options)
    lines = np.array(numbers, dtype=np.int64)
    parted = _parted(kept)
    for i, line in enumerate(parted):
        if not line and not options.blank_lines:
            faults.add(numbers[i], "", "is blank; expected a record, or the option BLANKOK")
        elif len(line) > _LONGEST_LINE:
            faults.add(numbers[i], "", f"is {len(line):,} characters long; expected at most {_LONGEST_LINE:,}")
            parted[i] = line[:_LONGEST_LINE]
    columns, is_short = _columns(parted, n_items)
    return Cells(columns, lines, lines[is_short])


def _records(data: bytes, options: DataOptions) -> tuple[list[bytes], list[int]]:
    """Return the lines that are no comments, with their numbers."""
    every = data.replace(b"\r\n", b"\n").split(b"\n")
    # What follows the last line feed is no line; neither is the mark that DOS ends a file with.
    if every[-1] in {b"", b"\x1a"}:
        every.pop()
    kept = list(enumerate(every, start=1))
    marks = tuple(mark.encode() for mark in options.comments if mark != "@")
    if marks:
        kept = [one for one in kept if not one[1].startswith(marks)]
    if "@" in options.comments:
        kept = [one for one in kept if not _LETTER.match(one[1])]
    end = next((i for i, (_, line) in enumerate(kept) if line[:3] in {b"FIN", b"fin"}), None)
    kept = kept[:end][: options.n_records]
    return [line for _, line in kept], [number for number, _ in kept]


def _parted(lines: list[bytes]) -> list[bytes]:
    """Return lines with one comma between cells and nothing else."""
    text = b"\n".join(lines)
    has_low = len(text.translate(None, _LOW_BYTES)) < len(text)
    if not lines or (b" " not in text and not has_low):
        return lines
    text = _LOW_AT_END.sub(b" ", text).translate(_TO_COMMAS)
    if b"," in text:
        text = _COMMA.sub(b",", text)
    return [b",".join(line.split()) for line in text.split(b"\n")]


def _columns(lines: list[bytes], n_items: int) -> tuple[tuple[Any, ...], Any]:
    """Return the cells by column, each line cut or filled up to the number of items, and which lines were short."""
    n_commas = np.fromiter((line.count(b",") for line in lines), dtype=np.int64, count=len(lines))
    for i in np.flatnonzero(n_commas > n_items - 1).tolist():
        lines[i] = b",".join(lines[i].split(b",", n_items)[:n_items])
    is_short = n_commas < n_items - 1
    for i in np.flatnonzero(is_short).tolist():
        lines[i] += b"," * int(n_items - 1 - n_commas[i])
    names = [str(i) for i in range(n_items)]
    if not lines:
        return tuple(pa.array([], pa.string()) for _ in names), is_short
    text = b"\n".join([*lines, b""])
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode("utf-8")
    table = csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(column_names=names, block_size=1 << 24),
        parse_options=csv.ParseOptions(delimiter=",", quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return tuple(table.column(i).combine_chunks() for i in range(n_items)), is_short
