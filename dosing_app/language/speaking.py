"""The language of the reader who is being answered: set once for an answer, read by everything that it says."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from babel.dates import format_skeleton

from dosing_app.language.catalogue import DEFAULT, PSEUDO, catalogue
from dosing_app.language.messages import Message, Value, localised, render

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

_BABEL = {PSEUDO: DEFAULT}
"""Languages that Babel knows by another name."""
_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


@contextmanager
def speaking(language: str | None) -> Generator[None]:
    """Speak a language for as long as the block lasts; English where None."""
    token = _language.set(language or DEFAULT)
    try:
        yield
    finally:
        _language.reset(token)


def say(key: str, *, count: int | None = None, **values: Value) -> str:
    """Return the sentence of a key in the language being spoken (see ``message.message``)."""
    return render(Message(key, values, count), _language.get())


def spoken(said: Message | str) -> str:
    """Return a message in the language being spoken; text that is nobody's message stays as it is."""
    return render(said, _language.get()) if isinstance(said, Message) else said


def spoken_number(figure: str) -> str:
    """Return a rounded number with the signs of the language being spoken."""
    return localised(figure, catalogue(_language.get()))


def day_and_month(moment: datetime) -> str:
    """Return a date without its year as the language being spoken writes it: Jan 5, 5. Jan."""
    return format_skeleton("MMMd", moment, locale=_BABEL.get(_language.get(), _language.get()))


def current_language() -> str:
    """Return the code of the language being spoken."""
    return _language.get()
