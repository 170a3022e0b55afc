"""One patient, `asuc-crohns-case/1`: from JSON to the values that the models ask for, or to one sentence for each problem."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pkpd.errors import InputError, Problem, input_error
from pkpd.toml_file import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crohns_srs.data.config import Config, Covariate

SCHEMA = "asuc-crohns-case/1"
_OWN_KEYS = ("schema", "label", "unavailable")


@dataclass(frozen=True, slots=True)
class CrohnsCase:
    """One patient.

    Parameters
    ----------
    label : str
        Free text.
    values : dict of str to float
        Centred value of each covariate, by its term.
    imputed : tuple of str
        Keys of the case that were missing, for which a default stands; not that of a covariate of the placebo model alone.
    unavailable : tuple of str
        Ids of classes that are contraindicated or not to be had.
    """

    label: str
    values: dict[str, float]
    imputed: tuple[str, ...]
    unavailable: tuple[str, ...]


def read_case(text: str, config: Config) -> CrohnsCase:
    """Read a case.

    Parameters
    ----------
    text : str
        JSON.
    config : Config
        What the models' covariates are.

    Raises
    ------
    InputError
        With every problem, each naming its field.
    """
    data = _object(text)
    problems = list(_problems(data, config))
    if problems:
        raise InputError(problems)
    values: dict[str, float] = {}
    imputed: list[str] = []
    for one in config.covariates:
        given = data.get(one.case)
        if given is None and not one.is_placebo_only:
            imputed.append(one.case)
        value = one.default if given is None else _number(one, given)
        values[one.name] = value - one.centre
    unavailable = tuple(cast("list[str]", data.get("unavailable") or []))
    return CrohnsCase(str(data.get("label") or ""), values, tuple(imputed), unavailable)


def _object(text: str) -> dict[str, Any]:
    expected = f"expected a case, a JSON object ({SCHEMA})"
    try:
        data = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError:
        raise input_error("", f"is nested too deeply; {expected}") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise input_error("", f"is no JSON ({error}); {expected}") from None
    if not isinstance(data, dict):
        raise input_error("", f"holds {type(data).__name__}; {expected}")
    return cast("dict[str, Any]", data)


def _no_number(text: str) -> float:
    raise input_error(
        "", f"holds {text}, which is no number of JSON; expected finite numbers, or null for what is not known"
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if doubled := [name for name in names if names.count(name) > 1]:
        raise input_error(doubled[0], "stands there twice; expected each key once")
    return dict(pairs)


def _problems(data: dict[str, Any], config: Config) -> Iterator[Problem]:
    if data.get("schema") != SCHEMA:
        found = "missing" if "schema" not in data else repr(data["schema"])
        yield Problem("schema", f"{found}; expected '{SCHEMA}'")
    by_key = {one.case: one for one in config.covariates}
    known = [*_OWN_KEYS, *by_key]
    for key, value in data.items():
        if key not in known:
            yield Problem(key, f"unknown key; {closest(key, known)}expected one of {', '.join(known)}")
        elif key in by_key and value is not None:
            yield from _value_problems(by_key[key], value)
    if not isinstance(data.get("label", ""), str | None):
        yield Problem("label", f"{_shown(data['label'])}; expected text")
    yield from _class_problems(data.get("unavailable"), [one.id for one in config.classes])


def _value_problems(one: Covariate, value: object) -> Iterator[Problem]:
    if one.words:
        if value not in one.words:
            yield Problem(one.case, f"{_shown(value)}; expected '{one.words[0]}' or '{one.words[1]}', or null")
    elif one.is_binary:
        if not isinstance(value, bool):
            yield Problem(one.case, f"{_shown(value)}; expected true, false or null")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem(one.case, f"{_shown(value)}; expected a number{one.in_unit}, or null")
    elif not one.low <= value <= one.high:  # false for NaN and infinity as well
        yield Problem(one.case, f"{_shown(value)}; expected {one.low:g} to {one.high:g}{one.in_unit}, or null")


def _class_problems(value: object, ids: list[str]) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, list):
        yield Problem("unavailable", f"{_shown(value)}; expected a list of {', '.join(ids)}")
        return
    given = cast("list[object]", value)
    for i, one in enumerate(given):
        if one not in ids:
            hint = closest(str(one), ids)
            yield Problem(f"unavailable#{i + 1}", f"{_shown(one)}; {hint}expected one of {', '.join(ids)}")


def _number(one: Covariate, value: object) -> float:
    if one.words:
        return float(one.words.index(cast("str", value)))
    return float(cast("float", value))


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
