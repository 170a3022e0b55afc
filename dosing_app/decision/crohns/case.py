"""A case as the screen and its files hold it: JSON with keys of the models, or one sentence for each problem."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from crohns_srs.predict.case import SCHEMA, read_case
from crohns_srs.predict.library import shipped_models
from pkpd.errors import input_error

if TYPE_CHECKING:
    from crohns_srs.data.config import Covariate

EXAMPLE = Path(__file__).parents[2] / "examples" / "crohns" / "example_1.json"
"""The patient of the publication's figure of its calculator."""

Tree = dict[str, Any]
"""A case as JSON holds it."""


def inputs() -> tuple[Covariate, ...]:
    """Return what is asked of a patient: the covariates of the classes' models, in the order of the terms."""
    return tuple(one for one in shipped_models().config.covariates if not one.is_placebo_only)


def class_ids() -> tuple[str, ...]:
    """Return the ids of all classes."""
    return tuple(one.id for one in shipped_models().classes)


def class_title(class_id: str) -> str:
    """Return what a class is called."""
    return next(one.title for one in shipped_models().classes if one.id == class_id)


def studied() -> dict[str, tuple[int, int]]:
    """Return how many trials and participants are behind each class, by its id."""
    return {one.id: (one.n_trials, one.n_obs) for one in shipped_models().classes}


def worthwhile_usual() -> float:
    """Return the smallest difference that counts unless another is entered [CDAI points]."""
    usual = shipped_models().config.outcome.worthwhile
    assert usual is not None, "shipped with it"  # noqa: S101
    return usual


def example_tree() -> Tree:
    """Return the example."""
    return read_tree(EXAMPLE.read_bytes())


def read_tree(content: bytes) -> Tree:
    """Return the case of a file, checked.

    Raises
    ------
    InputError
        With every problem, each naming its field.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise input_error("", f"byte {error.start + 1} is not UTF-8 text; expected a case ({SCHEMA})") from None
    read_case(text, shipped_models().config)
    return cast("Tree", json.loads(text))


def to_json(tree: Tree, *, indent: int | None = 2) -> str:
    """Return a case as the text of a file, its keys in the order of the models, what is not known as null.

    The same case gives the same text.
    """
    known: Tree = {"schema": SCHEMA}
    if tree.get("label"):
        known["label"] = tree["label"]
    known |= {one.case: _plain(tree.get(one.case)) for one in inputs()}
    beside = {one.case for one in shipped_models().config.covariates if one.is_placebo_only}
    known |= {key: _plain(tree[key]) for key in sorted(beside) if tree.get(key) is not None}
    taken_out = set(cast("list[str]", tree.get("unavailable") or []))
    known["unavailable"] = [name for name in class_ids() if name in taken_out]
    return json.dumps(known, indent=indent, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """Return a whole number without decimals, so that 348 and 348.0 are one case."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
