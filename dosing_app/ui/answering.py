"""In which language and colours an answer of the server is given."""

from __future__ import annotations

from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from dosing_app.language import speaking
from dosing_app.ui.tokens import DARK_SCHEME, LIGHT_SCHEME, painting

if TYPE_CHECKING:
    from collections.abc import Generator


# The interpreter runs one thread, and compiled code beside it. More answers at once only take it from each other: on a
# busy machine eight threads cost fifty visitors half as much processor time again, and seconds of waiting.
_AT_ONCE = BoundedSemaphore(2)


def scheme_of(is_dark: bool | None) -> str:  # noqa: FBT001 - as the switch of the screen gives it
    """Return the colour scheme of the switch."""
    return DARK_SCHEME if is_dark else LIGHT_SCHEME


@contextmanager
def answering(language: str | None, is_dark: bool | None = None) -> Generator[None]:  # noqa: FBT001 - as the screen has it
    """Speak a language and paint in a scheme for as long as the block lasts; it begins once fewer than two others run.

    A block must not hold another one.
    """
    with _AT_ONCE, speaking(language), painting(scheme_of(is_dark)):
        yield
