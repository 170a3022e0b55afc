"""The lines of a file as NONMEM leaves it: any bytes, cut off anywhere, of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 22
_LONGEST = 1 << 20
_LEFT_OUT = b"\0\r"
# What editors put before text in UTF-8 or UTF-16; letters of English in the latter are themselves without the NUL bytes.
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines that follow each other in a file.

    Parameters
    ----------
    first : int
        Number of the first of them, from 1.
    data : bytes
        The lines with a line feed at each end but perhaps the last; NUL bytes, carriage returns and a mark of the encoding removed.
    cut : tuple of int
        Numbers of lines that were too long and are kept up to a mebibyte.
    """

    first: int
    data: bytes
    cut: tuple[int, ...] = ()

    def texts(self) -> Iterator[tuple[int, str]]:
        """Yield number and text of each line; bytes above 127 are taken as Latin-1, which has a letter for each."""
        for number, line in enumerate(self.data.split(b"\n"), start=self.first):
            yield number, line.decode("latin-1")


def read_lines(path: Path, *, chunk: int = _CHUNK, longest: int = _LONGEST) -> Iterator[Lines]:
    """Yield the lines of a file, a few megabytes at a time.

    Parameters
    ----------
    path : Path
        File to read.
    chunk, longest : int
        Bytes that are read at once; bytes of a line that are kept.

    Yields
    ------
    Lines
        In order; no more than `chunk` and `longest` bytes are held.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    number, rest, skipping, is_start = 1, b"", False, True
    with path.open("rb") as file:
        while block := file.read(chunk):
            data = block.translate(None, _LEFT_OUT)
            if is_start:
                data, is_start = data.removeprefix(next((mark for mark in _MARKS if data.startswith(mark)), b"")), False
            if skipping:
                # The rest of a line that was too long.
                end = data.find(b"\n")
                if end < 0:
                    continue
                data, skipping = data[end:], False
            data = rest + data
            end = data.rfind(b"\n")
            whole, rest = (data[:end], data[end + 1 :]) if end >= 0 else (None, data)
            if whole is not None:
                yield _shortened(number, whole, longest)
                number += whole.count(b"\n") + 1
            if len(rest) > longest:
                yield Lines(number, rest[:longest], (number,))
                # What follows up to the end of the line belongs to it; its end makes an empty rest of it.
                rest, skipping = b"", True
    if rest:
        yield Lines(number, rest)


def _shortened(number: int, data: bytes, longest: int) -> Lines:
    """Return lines of which none is longer than wanted."""
    if len(data) <= longest:
        return Lines(number, data)
    lines = data.split(b"\n")
    cut = tuple(number + i for i, line in enumerate(lines) if len(line) > longest)
    return Lines(number, b"\n".join(line[:longest] for line in lines), cut) if cut else Lines(number, data)
