"""Abbreviated code: the statements of $PK, $ERROR, $PRED or $DES put together into a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nonmem_ref.control.grammar import BlockEnd, BlockStart, OneLine, Otherwise, StatementError, parse_statement
from nonmem_ref.control.records import logical_lines
from nonmem_ref.control.tree import Assignment, Branch, Conditional, Statement
from pkpd.errors import Problem

if TYPE_CHECKING:
    from nonmem_ref.control.records import Record
    from nonmem_ref.control.tree import Condition

_PHRASE = re.compile(r"\s*\(([^()]*)\)")
_CALL_WORDS = re.compile(r"(ONLY|ONCE|EVERY|OBS|NONEVENT|ADDITIONAL|CALLFL|COMRES|CALL)\b", flags=re.IGNORECASE)
# Statements that a model of an engine cannot have.
_NOT_READ = re.compile(
    r"\s*(EXIT|CALL|WRITE|PRINT|RETURN|OPEN|CLOSE|REWIND|DO\s*WHILE|ENDDO|INCLUDE)(?![A-Za-z0-9_])(?!\s*=)",
    flags=re.IGNORECASE,
)
_LOOPS = frozenset({"DO WHILE", "DOWHILE", "ENDDO"})
_IF = re.compile(r"\s*IF\s*\(", flags=re.IGNORECASE)
DEEPEST_BLOCK = 20


@dataclass(frozen=True, slots=True)
class Code:
    """The abbreviated code of one routine.

    Parameters
    ----------
    record : str
        ``PK``, ``ERROR``, ``PRED`` or ``DES``.
    line : int
        Line that it begins in.
    calls : tuple of (line, str)
        Phrases in parentheses that say when it is called (``ONLY OBSERVATIONS``), as written.
    statements : tuple of Statement
        What it does, in order.
    unsupported : tuple of Problem
        Lines that are understood but that no model of the engine can have: verbatim code, EXIT, CALL, WRITE and their kind. They are among the
        faults of ``parse_code``, and the other lines can be looked at without them.
    """

    record: str
    line: int
    calls: tuple[tuple[int, str], ...]
    statements: tuple[Statement, ...]
    unsupported: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Block:
    """An IF that is not closed yet."""

    line: int
    branches: list[Branch] = field(default_factory=list[Branch])
    condition: Condition | None = None
    branch_line: int = 0
    body: list[Statement] = field(default_factory=list[Statement])

    def close_branch(self) -> None:
        if self.condition is not None:
            self.branches.append(Branch(self.condition, tuple(self.body), self.branch_line))


@dataclass(slots=True)
class _Builder:
    place: str
    blocks: list[_Block]
    faults: list[Problem] = field(default_factory=list[Problem])
    unsupported: list[Problem] = field(default_factory=list[Problem])

    def say(self, line: int, message: str) -> None:
        self.faults.append(Problem(f"line {line}, {self.place}", message))


def parse_code(record: Record) -> tuple[Code, tuple[Problem, ...]]:
    """Parse the abbreviated code of a record.

    Parameters
    ----------
    record : Record
        $PK, $ERROR, $PRED or $DES.

    Returns
    -------
    Code, tuple of Problem
        The tree of what was understood, and each line that was not with its reason.
    """
    # The routine itself is the block at the bottom.
    builder = _Builder(record.place, [_Block(record.line)])
    calls: list[tuple[int, str]] = []
    for i, (number, text) in enumerate(logical_lines(record)):
        rest = text
        phrase = _PHRASE.match(text)
        if i == 0 and phrase is not None and _CALL_WORDS.match(phrase[1].strip()):
            calls.append((number, " ".join(phrase[1].upper().split())))
            rest = text[phrase.end() :]
        if rest.strip():
            _take(builder, number, rest)
    for block in builder.blocks[1:]:
        builder.say(block.line, "IF … THEN is not closed; expected ENDIF")
    body, unsupported = tuple(builder.blocks[0].body), tuple(builder.unsupported)
    faults = (*builder.faults, *unsupported)
    return Code(record.name, record.line, tuple(calls), body, unsupported), faults


def _take(builder: _Builder, number: int, text: str) -> None:
    """Take in one statement."""
    if text.lstrip().startswith('"'):
        message = "is verbatim code (a quote first), which is not read; expected abbreviated code"
        builder.unsupported.append(Problem(f"line {number}, {builder.place}", message))
        return
    if refused := _NOT_READ.match(_without_condition(text)):
        word = " ".join(refused[1].upper().split())
        found = Problem(f"line {number}, {builder.place}", f"{word} is not read; expected assignments and IF")
        # Lines in a loop would be read as if they were done once.
        (builder.faults if word in _LOOPS else builder.unsupported).append(found)
        return
    try:
        part = parse_statement(text, number)
    except StatementError as error:
        builder.say(number, f"“{_shortened(text)}” {error}")
        return
    match part:
        case Assignment():
            builder.blocks[-1].body.append(part)
        case OneLine():
            branch = Branch(part.condition, (part.body,), number)
            builder.blocks[-1].body.append(Conditional((branch,), None, number))
        case BlockStart(is_first=True):
            if len(builder.blocks) > DEEPEST_BLOCK:
                builder.say(number, f"IF stands in more than {DEEPEST_BLOCK} others")
            builder.blocks.append(_Block(number, condition=part.condition, branch_line=number))
        case _:
            _take_end(builder, number, part)


def _without_condition(text: str) -> str:
    """Return what an IF of one line does, of others the line."""
    start = _IF.match(text)
    if start is None:
        return text
    level = 1
    for at in range(start.end(), len(text)):
        level += {"(": 1, ")": -1}.get(text[at], 0)
        if level == 0:
            return text[at + 1 :]
    return text


def _take_end(builder: _Builder, number: int, part: BlockStart | Otherwise | BlockEnd) -> None:
    """Take in ELSEIF, ELSE or ENDIF."""
    block = builder.blocks[-1]
    word = "ENDIF" if isinstance(part, BlockEnd) else "ELSE" if isinstance(part, Otherwise) else "ELSEIF"
    if len(builder.blocks) == 1:
        builder.say(number, f"{word} stands without IF … THEN before it")
        return
    if block.condition is None and not isinstance(part, BlockEnd):
        builder.say(number, f"{word} follows ELSE; expected ENDIF")
        return
    if isinstance(part, BlockEnd):
        otherwise = tuple(block.body) if block.condition is None else None
        block.close_branch()
        builder.blocks.pop()
        builder.blocks[-1].body.append(Conditional(tuple(block.branches), otherwise, block.line))
        return
    block.close_branch()
    block.body = []
    block.condition = part.condition if isinstance(part, BlockStart) else None
    block.branch_line = number


def _shortened(text: str) -> str:
    plain = text.strip()
    return plain if len(plain) <= 60 else f"{plain[:59]}…"
