"""What stands under a ``TABLE NO.`` line: names of columns and rows of numbers, in .ext, .phi, .cov, .shk, .grd and $TABLE files alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.lines import Lines, read_lines
from nonmem_ref.number import NOT_PRINTED, parse_number, split_numbers
from pkpd.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from pathlib import Path

_TITLE = re.compile(r"\s*TABLE\s+NO\.\s*(\d+)\s*:?\s*(.*?)\s*$", flags=re.IGNORECASE)
_TITLE_BYTES = re.compile(rb"^[ \t]*TABLE[ \t]+NO\.", flags=re.IGNORECASE | re.MULTILINE)
_PROBLEM = re.compile(r"\bProblem=(\d+)")
_BLANK_LINES = re.compile(rb"[ \t\n]*\n")
_WORDS_BYTES = re.compile(rb"[ \t]*[A-Za-z]")
# SIGMA(1,1) is one name, though commas part names in some formats.
_NAME = re.compile(r"[^\s,()]+(?:\([^)\s]*\))?")
# Without ONEHEADER, title and names are printed anew after so many rows.
_ROWS_BETWEEN_HEADS = 900
_IS_BETWEEN = np.isin(np.arange(256), [ord(one) for one in " \t,\n"])
# More than this of one kind says nothing more.
_MOST_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Message:
    """Something in a file that a reader should know.

    Parameters
    ----------
    line : int
        Line of the file, from 1; 0 for the file as a whole.
    text : str
        One sentence.
    """

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of numbers under one title.

    Parameters
    ----------
    number : int or None
        Number of the table; None where rows stand under no title.
    title : str
        What the title says behind the number: the method, with the problem that it belongs to.
    line : int
        Line of the title, or of the first row without one.
    names : tuple of str
        Names of the columns; empty where the file prints none.
    labels : tuple of str
        Name of each row, in files whose rows have one (.cov and its kind); else empty.
    values : (n_rows, n_columns) array
        Numbers; not a number where NONMEM could not print one, and in columns that a row cut off does not reach.
    lines : (n_rows,) array
        Line of the file that each row stands in.
    """

    number: int | None
    title: str
    line: int
    names: tuple[str, ...]
    labels: tuple[str, ...]
    values: FloatArray
    lines: IntArray

    @property
    def method(self) -> str:
        """Name of the estimation method, or of the evaluation."""
        return self.title.split(":", 1)[0].strip()

    @property
    def problem(self) -> int | None:
        """Number of the problem, where the title says it."""
        found = _PROBLEM.search(self.title)
        return None if found is None else int(found.group(1))


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of a file.

    Parameters
    ----------
    blocks : tuple of Block
        In the order of the file.
    messages : tuple of Message
        What could not be read as numbers, and what is missing; the first of many.
    cut_line : int or None
        Line of the last row, where it has fewer numbers than columns.
    """

    blocks: tuple[Block, ...]
    messages: tuple[Message, ...]
    cut_line: int | None


@dataclass(slots=True)
class _Open:
    """A block that is being read."""

    number: int | None
    title: str
    line: int
    names: tuple[str, ...] = ()
    labels: list[str] = field(default_factory=list[str])
    parts: list[FloatArray] = field(default_factory=list[FloatArray])
    lines: list[IntArray] = field(default_factory=list[IntArray])
    n_columns: int = 0
    n_rows: int = 0
    n_rows_at_head: int = 0


@dataclass(slots=True)
class _Reader:
    """What is known while a file is read line by line."""

    has_labels: bool
    done: list[Block] = field(default_factory=list[Block])
    open: _Open | None = None
    messages: list[Message] = field(default_factory=list[Message])
    n_left_out: int = 0
    cut_line: int | None = None

    def say(self, line: int, text: str) -> None:
        if len(self.messages) < _MOST_MESSAGES:
            self.messages.append(Message(line, text))
        else:
            self.n_left_out += 1


def read_blocks(path: Path, *, has_labels: bool = False) -> Blocks:
    """Read every block of a file.

    Parameters
    ----------
    path : Path
        File of one of the kinds above.
    has_labels : bool
        Whether each row begins with a name.

    Returns
    -------
    Blocks
        Nothing that NONMEM can write raises: what is no number is told.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    reader = _Reader(has_labels)
    for lines in read_lines(path):
        for number in lines.cut:
            reader.say(number, "the line is longer than a mebibyte and was cut there.")
        _take(reader, lines)
    _close(reader)
    if reader.n_left_out:
        reader.messages.append(Message(0, f"{reader.n_left_out} more lines could not be read whole."))
    return Blocks(tuple(reader.done), tuple(reader.messages), reader.cut_line)


def _take(reader: _Reader, lines: Lines) -> None:
    """Take in some lines, title by title."""
    data, first, start = lines.data, lines.first, 0
    # Most of a long file has no title: the plain search is quick, the pattern is not.
    found = [one.start() for one in _TITLE_BYTES.finditer(data)] if b"TABLE" in data.upper() else []
    for end in (*found, len(data) + 1):
        if end > start:
            part = data[start : end - 1]
            _take_part(reader, first, part)
            first += part.count(b"\n") + 1
            start = end


def _take_part(reader: _Reader, first: int, data: bytes) -> None:
    """Take in lines of which only the first may be a title: titles and names one by one, as far as the first row of numbers, then all at once if plain."""
    place, end = 0, len(data)
    while place < end and not (reader.open and reader.open.n_rows and not _WORDS_BYTES.match(data, place)):
        if blank := _BLANK_LINES.match(data, place):
            first, place = first + blank.group().count(b"\n"), blank.end()
            continue
        stop = data.find(b"\n", place)
        stop = end if stop < 0 else stop
        _take_line(reader, first, data[place:stop].decode("latin-1"))
        first, place = first + 1, stop + 1
    rest = data[place:]
    if rest and not _take_plain(reader, Lines(first, rest)):
        for number, text in Lines(first, rest).texts():
            _take_line(reader, number, text)


def _take_plain(reader: _Reader, lines: Lines) -> bool:
    """Take in rows of as many plain numbers as there are columns in one step, or return that they are not such."""
    block, data = reader.open, lines.data
    if reader.has_labels or block is None or not block.n_columns or data.count(b"\n") < 1:
        return False
    text = data.removesuffix(b"\n")
    counts = _tokens_by_line(text)
    if not (counts == block.n_columns).all():
        return False
    n_rows = counts.size
    values = _numbers(text, n_rows * block.n_columns)
    if values is None:
        return False
    block.parts.append(values.reshape(n_rows, block.n_columns))
    block.lines.append(np.arange(lines.first, lines.first + n_rows))
    block.n_rows += n_rows
    reader.cut_line = None
    return True


def _tokens_by_line(text: bytes) -> IntArray:
    """Return how many tokens stand in each line, with blanks, tabs or commas between them."""
    letters = np.frombuffer(text, dtype=np.uint8)
    is_between = _IS_BETWEEN[letters]
    begins = ~is_between
    begins[1:] &= is_between[:-1]
    starts = np.concatenate(([0], np.flatnonzero(letters == ord("\n")) + 1))
    # A line of nothing at the end has no place that a sum could begin at.
    return np.add.reduceat(np.append(begins, False), starts, dtype=np.int64)


def _numbers(text: bytes, n: int) -> FloatArray | None:
    """Return the numbers of plain text, or None where it is not exactly so many of them."""
    try:
        values = np.fromstring(text.replace(b",", b" "), sep=" ")
    except ValueError:
        return None
    return values if values.size == n else None


def _take_line(reader: _Reader, number: int, text: str) -> None:
    """Take in one line."""
    if not text.strip():
        return
    if title := _TITLE.match(text):
        _begin(reader, int(title.group(1)), title.group(2), number)
        return
    if reader.open is None:
        reader.open = _Open(None, "", number)
    block = reader.open
    label, rest = _label(text) if reader.has_labels and block.names else ("", text)
    row = split_numbers(rest)
    if row is None:
        _take_words(reader, block, number, text)
        return
    block.n_columns = block.n_columns or len(block.names) or len(row)
    if len(row) != block.n_columns:
        row = _by_width(rest, block.n_columns) or row
    reader.cut_line = number if len(row) < block.n_columns else None
    if len(row) < block.n_columns:
        reader.say(number, f"the row has {len(row)} of {block.n_columns} numbers.")
    elif len(row) > block.n_columns:
        reader.say(number, f"the row has {len(row)} numbers, {block.n_columns} expected; the first are used.")
    row = [*row, *[NOT_PRINTED] * block.n_columns][: block.n_columns]
    block.parts.append(np.array([row]))
    block.lines.append(np.array([number]))
    block.n_rows += 1
    if reader.has_labels:
        block.labels.append(label)


def _begin(reader: _Reader, number: int, title: str, line: int) -> None:
    """Open a block, unless the title is printed anew within a table; after fewer rows it is that of a further replicate."""
    block = reader.open
    is_repeated = block is not None and (block.number, block.title) == (number, title)
    if block is not None and is_repeated and block.n_rows - block.n_rows_at_head == _ROWS_BETWEEN_HEADS:
        block.n_rows_at_head = block.n_rows
        return
    _close(reader)
    reader.open = _Open(number, title, line)


def _take_words(reader: _Reader, block: _Open, number: int, text: str) -> None:
    """Take in a line that is not of numbers alone: names of columns, or something that cannot be read."""
    names = tuple(_NAME.findall(text))
    if not block.names and not block.parts and any(name[0].isalpha() for name in names):
        block.names = names[1:] if reader.has_labels and names[0].upper() == "NAME" else names
        block.n_columns = len(block.names)
    elif names != block.names and not (reader.has_labels and names[1:] == block.names):
        label, rest = _label(text) if reader.has_labels else ("", text)
        values = [_or_nothing(token) for token in rest.replace(",", " ").split()]
        if block.n_columns and len(values) == block.n_columns and not np.isnan(values).all():
            reader.say(number, "the row holds something that is no number.")
            block.parts.append(np.array([values]))
            block.lines.append(np.array([number]))
            block.n_rows += 1
            if reader.has_labels:
                block.labels.append(label)
        else:
            reader.say(number, f"{text.strip()[:40]!r} cannot be read as numbers.")


def _or_nothing(token: str) -> float:
    found = parse_number(token)
    return NOT_PRINTED if found is None else found


def _label(text: str) -> tuple[str, str]:
    """Return the name that a row begins with, and what follows it."""
    found = _NAME.match(text.lstrip())
    return ("", text) if found is None else (found.group(), text.lstrip()[found.end() :])


def _by_width(text: str, n_columns: int) -> list[float] | None:
    """Return the numbers of a line cut into equal widths, where asterisks have run into each other."""
    width, left = divmod(len(text.rstrip()), n_columns)
    if left not in (0, 1) or "*" not in text:
        return None
    cells = [text[left + i * width : left + (i + 1) * width] for i in range(n_columns)]
    numbers = [split_numbers(cell) for cell in cells]
    if any(one is None or len(one) != 1 for one in numbers):
        return None
    return [one[0] for one in numbers if one]


def _close(reader: _Reader) -> None:
    block, reader.open = reader.open, None
    if block is None:
        return
    n_columns = block.n_columns or len(block.names)
    reader.done.append(
        Block(
            block.number,
            block.title,
            block.line,
            block.names,
            tuple(block.labels),
            np.concatenate(block.parts) if block.parts else np.empty((0, n_columns)),
            np.concatenate(block.lines) if block.lines else np.empty(0, dtype=np.int64),
        )
    )
