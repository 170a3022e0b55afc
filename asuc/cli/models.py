"""`asuc models`: the pharmacokinetic models that are shipped, and the card of one of them."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from typing import Annotated, cast

import typer

from asuc.cli.output import print_json, write_output
from asuc.cli.source import is_event_model_file, read_event_model, read_model
from pkpd.model import load_model, model_names


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Model to show, or FILE.toml of your own, also of an event model; all are listed without.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """List the models, or show one model's card: population, parameters, domain, citation and caveats."""
    from asuc.cli.model_tables import print_model_card, print_models  # noqa: PLC0415 - rich is not needed for JSON

    if name is None:
        specs = [load_model(known) for known in model_names()]
        if as_json:
            keys = ("id", "version", "title", "population", "citation", "doi", "in_default_panel", "sha256")
            print_json(
                {"schema": "asuc-models/1", "models": [{key: getattr(spec, key) for key in keys} for spec in specs]}
            )
        else:
            print_models(specs)
        return
    if is_event_model_file(name):
        _show_event_model(name, as_json=as_json)
        return
    spec = read_model(name)
    if as_json:
        print_json({"schema": "asuc-model-card/1", "model": _plain(asdict(spec))})
    else:
        print_model_card(spec)


def _show_event_model(name: str, *, as_json: bool) -> None:
    model = read_event_model(name)
    if as_json:
        print_json({"schema": "asuc-event-model-card/1", "model": _plain(asdict(model))})
        return
    from asuc.cli.event_model_tables import event_model_card  # noqa: PLC0415 - rich is not needed for JSON
    from asuc.cli.layout import laid_out  # noqa: PLC0415

    write_output(laid_out(event_model_card(model)))


def _plain(value: object) -> object:
    """Return a value as JSON holds it: names of enumerations, lists for tuples."""
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        return {str(key): _plain(entry) for key, entry in entries.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in cast("list[object]", value)]
    return value.value if isinstance(value, Enum) else value
