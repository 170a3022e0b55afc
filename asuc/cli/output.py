"""Where a command's output goes, and what is said where it cannot go there."""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import sys
import unicodedata
from typing import Any, TextIO

# For terminals that cannot show them; whatever else has no plain letters inside becomes a question mark.
_PLAIN = {
    "–": "-",
    "—": "-",
    "−": "-",
    "“": '"',
    "”": '"',
    "„": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "’": "'",
    "·": ".",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "±": "+-",
    "∞": "infinity",
    "ω": "omega",
    "η": "eta",
    "σ": "sigma",
    "μ": "u",
    "─": "-",
    "\N{FRACTION SLASH}": "/",  # ½ holds one
}
_FIRST_STAND_IN = 0xDC80  # of a byte in a file name that is no text: U+DC80 to U+DCFF, whose low byte it is
_LAST_STAND_IN = 0xDCFF


class OutputError(Exception):
    """Standard output cannot be written; the text says why."""


def adapt_to_terminal() -> None:
    """Let characters that the terminal's encoding lacks be written in plain letters instead of ending the command."""
    codecs.register_error("asuc.plain", _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="asuc.plain")


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    return "".join(_PLAIN.get(part, part if part.isascii() else "") for part in parts) or "?"


def escaped(text: str) -> str:
    r"""Return a text whose control characters are shown as escapes (``\x1b``), so that they do nothing to a terminal."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    code = ord(character)
    if _FIRST_STAND_IN <= code <= _LAST_STAND_IN:
        return f"\\x{code & 0xFF:02x}"
    # Spaces other than the common one are not printable in Python's sense.
    return " " if unicodedata.category(character) == "Zs" else character.encode("unicode_escape").decode("ascii")


def check_output() -> None:
    """Refuse to start where there is no standard output.

    Raises
    ------
    OutputError
        Where it is closed.
    """
    if sys.stdout is None:
        raise OutputError("it is closed")


def write_output(text: str) -> None:
    """Write a whole result on standard output.

    Raises
    ------
    OutputError
        Where it cannot be written.
    BrokenPipeError
        Where its reader has left.
    """
    check_output()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(_cause(error)) from error


def flush_output() -> None:
    """Write what others left in the buffer of standard output; raises as ``write_output`` does."""
    write_output("")


def print_json(document: dict[str, Any] | dict[str, object]) -> None:
    """Print one JSON document on standard output; raises as ``write_output`` does."""
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        # Escapes are the same document; plain letters in place of a character would be another one.
        text = json.dumps(document, ensure_ascii=True, indent=2, allow_nan=False)
    write_output(text + "\n")


def report(line: str) -> None:
    """Print one line on standard error, if there is one that can be written."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(escaped(line) + "\n")
        sys.stderr.flush()
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO | None) -> None:
    """Let what a stream could not write go nowhere; the interpreter would try again, and complain, as it ends."""
    if isinstance(stream, io.TextIOWrapper):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _cause(error: OSError) -> str:
    return error.strerror or errno.errorcode.get(error.errno or 0, str(error))
