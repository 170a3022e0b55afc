"""$OMEGA and $SIGMA: initial variances, in blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nonmem_ref.control.tokens import RecordError, Token, is_short_for, number_of, tokens_of
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nonmem_ref.control.records import Record
    from pkpd.arrays import FloatArray

Rows: TypeAlias = tuple[tuple[float, ...], ...]

_MOST = 1000
_OPTIONS = {
    "FIXED": "FIXED",
    "UNINT": "",
    "VARIANCE": "VARIANCE",
    "STANDARD": "SD",
    "COVARIANCE": "COVARIANCE",
    "CORRELATON": "CORRELATION",
    "CORRELATION": "CORRELATION",
    "CHOLESKY": "CHOLESKY",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One block of OMEGA or SIGMA; an element of a diagonal is a block of its own.

    Parameters
    ----------
    rows : tuple of tuple of float
        Lower triangle of the initial covariance matrix, row by row, in whatever form it was given.
    is_fixed : bool
        Whether it is held.
    is_same : bool
        Whether it is held equal to the block before.
    labels : tuple of (str or None)
        Names in the code (``ETA(ECL)``), one for each row.
    comments : tuple of str
        What stands behind the semicolon in the line of each diagonal element, where it is the only one there.
    line : int
        Line of the file.
    """

    rows: Rows
    is_fixed: bool
    is_same: bool = False
    labels: tuple[str | None, ...] = ()
    comments: tuple[str, ...] = ()
    line: int = 0

    @property
    def size(self) -> int:
        """Number of its rows."""
        return len(self.rows)


def matrix_of(blocks: Sequence[Block]) -> FloatArray:
    """Return the whole matrix of blocks that follow each other."""
    n = sum(block.size for block in blocks)
    found = np.zeros((n, n))
    at = 0
    for block in blocks:
        for i, row in enumerate(block.rows):
            found[at + i, at : at + i + 1] = row
            found[at : at + i + 1, at + i] = row
        at += block.size
    return found


@dataclass(slots=True)
class _Cell:
    """One number with the options behind it."""

    value: float
    line: int
    options: set[str]
    label: str | None = None


@dataclass(slots=True)
class _Words:
    """The words of a record sorted by what they are."""

    cells: list[_Cell]
    options: set[str]
    size: int | None = None
    is_block: bool = False
    n_same: int = 0
    values: tuple[float, ...] | None = None
    names: tuple[str, ...] = ()


def read_blocks(record: Record, before: Sequence[Block]) -> tuple[tuple[Block, ...], tuple[Problem, ...]]:
    """Read one $OMEGA or $SIGMA record.

    Parameters
    ----------
    record : Record
        The record.
    before : sequence of Block
        Blocks of the records before it, for SAME.

    Returns
    -------
    tuple of Block, tuple of Problem
        Its blocks in order, and the first thing that cannot be read.
    """
    try:
        words = _sorted(tokens_of(record))
        blocks = _full(words, record, before) if words.is_block else _diagonal(words, record)
    except RecordError as error:
        return (), (Problem(f"line {error.line}, {record.place}", str(error)),)
    return tuple(blocks), ()


def _sorted(tokens: Sequence[Token]) -> _Words:
    words = _Words([], set())
    at = 0
    while at < len(tokens):
        at = _take(words, tokens, at)
    return words


def _take(words: _Words, tokens: Sequence[Token], at: int) -> int:
    """Take in the word at a place and return the place behind it."""
    token, word = tokens[at], tokens[at].upper
    follows = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if word == ",":
        return at + 1
    if is_short_for(word, "DIAGONAL") or word == "BLOCK":
        words.is_block = word == "BLOCK"
        if follows == "(":
            words.size, at = _count(tokens, at + 1), at + 3
        return at + 1
    if word == "SAME":
        words.n_same = 1
        if follows == "(":
            words.n_same, at = _count(tokens, at + 1), at + 3
        return at + 1
    if word in {"VALUES", "NAMES"} and follows == "(":
        end = _closing(tokens, at + 1)
        inside = [one for one in tokens[at + 2 : end] if one.text != ","]
        if word == "NAMES":
            words.names = tuple(one.upper for one in inside)
        else:
            words.values = tuple(_number(one) for one in inside)
        return end + 1
    if (option := _option(word)) is not None:
        # In a block options are of the whole, else of the number before.
        (words.options if words.is_block or not words.cells else words.cells[-1].options).add(option)
        return at + 1
    label = None
    if follows == "=":
        label, at = word, at + 2
        if at == len(tokens):
            raise RecordError(token.line, f"{label}= has no value")
    if tokens[at].text == "(":
        return _take_group(words, tokens, at, label)
    words.cells.append(_Cell(_number(tokens[at]), tokens[at].line, set(), label))
    return at + 1


def _take_group(words: _Words, tokens: Sequence[Token], at: int, label: str | None) -> int:
    """Take in ``(value option …)`` or ``(value, value …)xn``."""
    end = _closing(tokens, at)
    cells: list[_Cell] = []
    options: set[str] = set()
    for token in tokens[at + 1 : end]:
        if (option := _option(token.upper)) is not None:
            options.add(option)
        elif token.text != ",":
            cells.append(_Cell(_number(token), token.line, set(), label))
    if words.is_block:
        words.options |= options
    for cell in cells:
        cell.options |= options
    times, follows = 1, tokens[end + 1].upper if end + 1 < len(tokens) else ""
    if follows.startswith("X") and follows[1:].isdecimal():
        times, end = int(follows[1:]), end + 1
    if times * len(cells) > _MOST:
        raise RecordError(tokens[at].line, f"repeats values {times} times; expected at most {_MOST} in all")
    words.cells += [_Cell(cell.value, cell.line, set(cell.options), cell.label) for _ in range(times) for cell in cells]
    return end + 1


def _option(word: str) -> str | None:
    if word == "SD":
        return "SD"
    return next((meaning for name, meaning in _OPTIONS.items() if is_short_for(word, name)), None)


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Return the place of the parenthesis that closes one."""
    end = next((i for i in range(at + 1, len(tokens)) if tokens[i].text in "()"), None)
    if end is None or tokens[end].text == "(":
        raise RecordError(tokens[at].line, "a parenthesis is not closed")
    return end


def _count(tokens: Sequence[Token], at: int) -> int:
    """Return n of ``(n)``."""
    text = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if at + 2 >= len(tokens) or tokens[at + 2].text != ")" or not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise RecordError(tokens[at].line, f"has “({text}”; expected a number of rows from 1 to {_MOST} in parentheses")
    return int(text)


def _number(token: Token) -> float:
    value = number_of(token.text)
    if value is None:
        raise RecordError(token.line, f"“{token.text}” is neither a number nor an option that is read here")
    return value


def _diagonal(words: _Words, record: Record) -> list[Block]:
    if words.options - {""}:
        raise RecordError(
            record.line,
            f"{min(words.options - {''})} stands before any number; expected it behind the one it is meant for",
        )
    if words.n_same or words.values is not None:
        raise RecordError(record.line, "SAME and VALUES belong to BLOCK")
    if words.size is not None and words.size != len(words.cells):
        raise RecordError(record.line, f"has {len(words.cells)} numbers; expected {words.size}, as DIAGONAL says")
    if not words.cells:
        raise RecordError(
            record.line, "has no initial estimate, which NONMEM would search for; expected one for each element"
        )
    comments = _comments(record, [cell.line for cell in words.cells])
    names = (*words.names, *[None] * len(words.cells))
    found: list[Block] = []
    for cell, comment, name in zip(words.cells, comments, names, strict=False):
        value = cell.value**2 if cell.options & {"SD", "CHOLESKY"} else cell.value
        is_fixed = "FIXED" in cell.options
        if cell.value < 0.0 or (value == 0.0 and not is_fixed):
            raise RecordError(cell.line, f"has the variance {cell.value:g}; expected one above 0, or 0 FIXED")
        found.append(Block(((value,),), is_fixed, labels=(cell.label or name,), comments=(comment,), line=cell.line))
    return found


def _full(words: _Words, record: Record, before: Sequence[Block]) -> list[Block]:
    if words.n_same:
        return _same(words, record, before)
    n = words.size
    if n is None:
        raise RecordError(record.line, "BLOCK has no size; expected BLOCK(n), or BLOCK SAME")
    cells = words.cells
    if words.values is not None:
        if len(words.values) != 2 or cells:
            raise RecordError(
                record.line, "has VALUES and other numbers; expected VALUES(diagonal, off-diagonal) alone"
            )
        cells = [_Cell(words.values[i != j], record.line, set()) for i in range(n) for j in range(i + 1)]
    if len(cells) != n * (n + 1) // 2:
        raise RecordError(
            record.line, f"has {len(cells)} numbers; expected {n * (n + 1) // 2}, the lower triangle of BLOCK({n})"
        )
    lower = np.zeros((n, n))
    lower[np.tril_indices(n)] = [cell.value for cell in cells]
    matrix = _covariance(lower, words.options)
    is_fixed = "FIXED" in words.options
    if not matrix.any() and not is_fixed:
        raise RecordError(record.line, "is all 0; expected variances above 0, or FIXED")
    if matrix.any() and not _is_positive(matrix):
        raise RecordError(record.line, "is not positive definite; expected a covariance matrix")
    rows = tuple(tuple(matrix[i, : i + 1].tolist()) for i in range(n))
    # The label of a row stands before its first number; the comment that counts is that of its diagonal element.
    first, diagonal = [cells[i * (i + 1) // 2] for i in range(n)], [cells[(i + 1) * (i + 2) // 2 - 1] for i in range(n)]
    labels = words.names or tuple(cell.label for cell in first)
    if len(labels) != n:
        raise RecordError(record.line, f"has {len(labels)} names; expected {n}")
    comments = _comments(record, [cell.line for cell in diagonal])
    return [Block(rows, is_fixed, labels=labels, comments=comments, line=record.line)]


def _same(words: _Words, record: Record, before: Sequence[Block]) -> list[Block]:
    if words.cells or words.values is not None:
        raise RecordError(record.line, "has numbers beside SAME; expected none")
    if not before:
        raise RecordError(record.line, "has SAME, but no block stands before it")
    last = before[-1]
    if words.size not in {None, last.size}:
        raise RecordError(record.line, f"is BLOCK({words.size}) SAME; expected BLOCK({last.size}), as the block before")
    same = replace(last, is_same=True, labels=(None,) * last.size, comments=("",) * last.size, line=record.line)
    return [same] * words.n_same


def _covariance(lower: FloatArray, options: set[str]) -> FloatArray:
    """Return the covariance matrix of a lower triangle in the form that options say."""
    if "CHOLESKY" in options:
        return lower @ lower.T
    matrix = lower + np.tril(lower, -1).T
    diagonal = np.diag(matrix).copy()
    sd = diagonal if "SD" in options else np.sqrt(np.abs(diagonal))
    if "CORRELATION" in options:
        matrix = matrix * np.outer(sd, sd)
    np.fill_diagonal(matrix, diagonal**2 if "SD" in options else diagonal)
    return matrix


def _is_positive(matrix: FloatArray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _comments(record: Record, lines: Sequence[int]) -> tuple[str, ...]:
    """Return the comment of each number that is the only one of its line."""
    known = {number: text.partition(";")[2].strip() for number, text in record.lines}
    return tuple(known.get(line, "") if lines.count(line) == 1 else "" for line in lines)
