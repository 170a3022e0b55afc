"""The catalogues: a folder of gettext files for each language, whose msgid is a stable key.

English is complete; what another language lacks is said in English, never as a key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.core import Locale
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT = "en"
PSEUDO = "qps"
"""A made-up language for tests: English made forty percent longer, with accents, so that what is not from the catalogue
and what has no room stands out."""

_FOLDER = Path(__file__).parent / "locales"
# A value in braces, and what a figure's own templates hold between doubled ones.
_UNTOUCHED = re.compile(r"(%?\{+[^{}]*\}+)")
_ACCENTED = str.maketrans("aeiouAEIOUcnsy", "àéîöüÀÉÎÖÜçñšÿ")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What one language has to say.

    Parameters
    ----------
    language : str
        Its code.
    templates : mapping of str to tuple of str
        Sentences by key with named values in braces; more than one where the number of something decides.
    plural : callable
        Which of the sentences a number takes.
    decimal_sign : str
        What stands before the decimals of a number.
    """

    language: str
    templates: Mapping[str, tuple[str, ...]]
    plural: Callable[[int], int]
    decimal_sign: str

    def template(self, key: str, count: int | None) -> str | None:
        """Return the sentence of a key, the one for `count` where there are several; None where it is missing."""
        forms = self.templates.get(key)
        if forms is None:
            return None
        return forms[0] if count is None or len(forms) == 1 else forms[min(self.plural(count), len(forms) - 1)]


def languages() -> tuple[str, ...]:
    """Return the codes of the languages there are, English first."""
    others = sorted(path.name for path in _FOLDER.iterdir() if path.is_dir() and path.name != DEFAULT)
    return (DEFAULT, *others)


def language_name(language: str) -> str:
    """Return what a language calls itself."""
    name = Locale.parse(language).get_display_name(language) or language
    return name[:1].upper() + name[1:]


@lru_cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language; English for one that there is none of.

    Parameters
    ----------
    language : str
        A code such as "de", or ``PSEUDO``.
    """
    if language == PSEUDO:
        english = catalogue(DEFAULT)
        longer = {key: tuple(map(_longer, forms)) for key, forms in english.templates.items()}
        return Catalogue(PSEUDO, longer, english.plural, english.decimal_sign)
    if language not in languages():
        return catalogue(DEFAULT)
    templates: dict[str, tuple[str, ...]] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        templates |= _read(path, language)
    # A plural rule of Babel names the form; the file lists them in the order of the rule of gettext, one before more.
    rule = Locale.parse(language).plural_form
    return Catalogue(language, templates, lambda n: 0 if rule(n) == "one" else 1, get_decimal_symbol(language))


def _read(path: Path, language: str) -> dict[str, tuple[str, ...]]:
    """Return the sentences of a file by key; an empty one counts as missing."""
    templates: dict[str, tuple[str, ...]] = {}
    with path.open("rb") as file:
        for entry in read_po(file, locale=language):
            key = entry.id if isinstance(entry.id, str) else entry.id[0]
            forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            if key and forms and all(forms):
                templates[key] = forms
    return templates


def _longer(template: str) -> str:
    """Return a sentence with accents and about two fifths more letters; values, and places of a figure's, untouched."""
    parts = [part if _UNTOUCHED.fullmatch(part) else part.translate(_ACCENTED) for part in _UNTOUCHED.split(template)]
    padding = "~" * (len(template) * 2 // 5)
    return "".join(parts) + (f" {padding}" if padding else "")
