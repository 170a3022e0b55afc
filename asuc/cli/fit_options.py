"""Options that every command has which fits a model to a cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

MethodName = Literal["fo", "foce", "focei", "laplace", "exact"]
CensoredName = Annotated[
    Literal["drop", "half"] | None,
    typer.Option(help="Leave censored levels out, or take half the lower limit, instead of their likelihood."),
]
Fixed = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Hold a parameter at a value.")]
Initial = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Start a parameter at a value.")]


def pairs(option: str, given: Sequence[str] | None) -> dict[str, float]:
    """Return what stands behind `--fix` or `--init`.

    Raises
    ------
    InputError
        For words that are not NAME=VALUE.
    """
    found: dict[str, float] = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            sign = ""
            number = float("nan")
        if not sign:
            raise input_error(option, f"“{text}” is not NAME=VALUE, such as cl=0.49")
        found[name.strip()] = number
    return found
