"""A message: the key of a sentence and its values; it becomes text in a language only where it is read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dosing_app.language.catalogue import DEFAULT, Catalogue, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_THIN_SPACE = "\u202f"


class Figure(str):
    """A number rounded for reading, with a decimal point and commas in thousands; each language has its own signs."""

    __slots__ = ()


class Name(str):
    """A name out of a file, such as ``lloq_mg_per_L``: the same in every language, until ``with_words`` replaces it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said.

    Parameters
    ----------
    key : str
        Key of the sentence in the catalogues.
    values : mapping of str to Value
        What stands in it by name: text as it is, a ``Figure``, a ``Name``, or another message.
    count : int or None
        How many of something there are, where the sentence depends on it.
    """

    key: str
    values: Mapping[str, Value] = field(default_factory=dict[str, "Value"], hash=False)
    count: int | None = None

    def __str__(self) -> str:
        """Return the English text of files and the command line: figures as they are, with commas in thousands."""
        return _rendered(self, catalogue(DEFAULT), lambda figure, _: figure)

    def with_words(self, words: Mapping[str, Value]) -> Message:
        """Return the message with a reader's own words for the names of a file.

        Parameters
        ----------
        words : mapping of str to Value
            What replaces a ``Name``, by that name, and a message among the values, by its key; the rest stays.
        """
        return replace(self, values={name: _in_words(value, words) for name, value in self.values.items()})


Value = str | Message


def message(key: str, *, count: int | None = None, **values: Value) -> Message:
    """Return a message.

    Parameters
    ----------
    key : str
        Key of the sentence.
    count : int, optional
        How many of something there are; it is a value of that name as well.
    **values : str, Figure, Name or Message
        What stands in the sentence.
    """
    return Message(key, values, count)


def listed(items: Sequence[Value], *, join: str = "list.comma", last: str | None = None) -> Value:
    """Return one or more things one after the other.

    Parameters
    ----------
    items : sequence of Value
        At least one.
    join : str
        Key of the sentence that joins two of them.
    last : str, optional
        Key of the one that joins the last.
    """
    said = items[0]
    for place, item in enumerate(items[1:], 2):
        said = message(last if last and place == len(items) else join, first=said, second=item)
    return said


def enumerated(items: Sequence[Value]) -> Value:
    """Return one or more things as a sentence lists them: A, B and C."""
    return listed(items, last="list.and")


def render(said: Message, language: str) -> str:
    """Return the text of a message in a language, in English where the language lacks it.

    Raises
    ------
    KeyError
        Where English lacks the key, or the sentence a value: both are mistakes in the program.
    """
    return _rendered(said, catalogue(language), localised)


def localised(figure: str, spoken: Catalogue) -> str:
    """Return a number with the signs of a language: a thin space in thousands, its own sign before decimals."""
    return figure.replace(",", _THIN_SPACE).replace(".", spoken.decimal_sign)


def _rendered(said: Message, spoken: Catalogue, write: Callable[[str, Catalogue], str]) -> str:
    """Return the text of a message, its figures as `write` writes them."""
    template = spoken.template(said.key, said.count)
    if template is None:
        spoken = catalogue(DEFAULT)
        template = spoken.template(said.key, said.count)
    if template is None:
        raise KeyError(said.key)
    values = {name: _text(value, spoken, write) for name, value in said.values.items()}
    if said.count is not None:
        values.setdefault("count", write(f"{said.count:,}", spoken))
    return template.format_map(values)


def _text(value: Value, spoken: Catalogue, write: Callable[[str, Catalogue], str]) -> str:
    if isinstance(value, Message):
        return _rendered(value, spoken, write)
    return write(value, spoken) if isinstance(value, Figure) else value


def _in_words(value: Value, words: Mapping[str, Value]) -> Value:
    if isinstance(value, Message):
        return words[value.key] if value.key in words else value.with_words(words)
    return words.get(value, value) if isinstance(value, Name) else value
