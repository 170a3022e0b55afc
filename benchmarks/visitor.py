"""A visitor of the app without a screen: it asks over HTTP what a browser would ask after each entry."""

from __future__ import annotations

import http.client
import json
import re
from collections import deque
from dataclasses import dataclass
from typing import Any

_TIMEOUT_SECONDS = 60.0
_CALL = "/_dash-update-component"
# A dot inside an id is escaped.
_LAST_DOT = re.compile(r"(?<!\\)\.")

Property = tuple[str, str]


class RequestError(Exception):
    """A request that was not answered as it should be."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback of the server, as its list of dependencies names it.

    Parameters
    ----------
    output : str
        Name of the callback.
    outputs, inputs, state : tuple of (id, property)
        What it changes, what it is called by, and what it also reads.
    is_initial : bool
        Whether it is called as the page opens.
    """

    output: str
    outputs: tuple[Property, ...]
    inputs: tuple[Property, ...]
    state: tuple[Property, ...]
    is_initial: bool


class Visitor:
    """Opens the page, and follows each change of a property through every callback of the server.

    The layout and the callbacks are asked of the server, so that nothing here depends on what is on the screen.
    Callbacks of groups of components (ids that are patterns) and those of the browser itself are left out.

    Parameters
    ----------
    host, port : str, int
        Where the server listens.
    headers : dict, optional
        Further headers of every request.
    """

    def __init__(self, host: str, port: int, headers: dict[str, str] | None = None) -> None:
        self.answers: list[bytes] = []
        self._connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        self._headers = headers or {}
        self._values: dict[Property, Any] = {}
        self._callbacks: tuple[Callback, ...] = ()

    def open(self) -> None:
        """Load the page, its layout and its callbacks, and ask those that a page asks at first."""
        self._ask("GET", "/")
        self._keep(json.loads(self._ask("GET", "/_dash-layout")))
        listed = json.loads(self._ask("GET", "/_dash-dependencies"))
        self._callbacks = tuple(_callback(each) for each in listed if _is_of_server(each))
        self._follow(deque((callback, ()) for callback in self._callbacks if callback.is_initial))

    def change(self, component: str, name: str, value: object) -> int:
        """Change a property, and return how many callbacks were asked for all that follows from it."""
        self._values[component, name] = value
        return self._follow(deque(self._asked_by(((component, name),))))

    def value(self, component: str, name: str) -> Any:  # noqa: ANN401 - whatever the component holds
        """Return a property as the page holds it."""
        return self._values.get((component, name))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _follow(self, waiting: deque[tuple[Callback, tuple[Property, ...]]]) -> int:
        self.answers = []
        while waiting:
            callback, changed = waiting.popleft()
            waiting.extend(self._asked_by(self._call(callback, changed)))
        return len(self.answers)

    def _asked_by(self, changed: tuple[Property, ...]) -> list[tuple[Callback, tuple[Property, ...]]]:
        asked = ((each, tuple(p for p in changed if p in each.inputs)) for each in self._callbacks)
        return [(callback, causes) for callback, causes in asked if causes]

    def _call(self, callback: Callback, changed: tuple[Property, ...]) -> tuple[Property, ...]:
        """Ask one callback, and return which properties its answer changes."""
        outputs = [{"id": component, "property": name} for component, name in callback.outputs]
        body = {
            "output": callback.output,
            "outputs": outputs if callback.output.startswith("..") else outputs[0],
            "inputs": [self._entry(*each) for each in callback.inputs],
            "state": [self._entry(*each) for each in callback.state],
            "changedPropIds": [f"{component}.{name}" for component, name in changed],
        }
        answer = self._ask("POST", _CALL, json.dumps(body).encode())
        self.answers.append(answer)
        response = json.loads(answer)["response"] if answer else {}
        for component, properties in response.items():
            for name, value in properties.items():
                self._values[component, name] = value
                self._keep(value)
        return tuple((component, name) for component, properties in response.items() for name in properties)

    def _entry(self, component: str, name: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": component, "property": name}
        held = (component, name) in self._values
        return {**entry, "value": self._values[component, name]} if held else entry

    def _keep(self, node: Any) -> None:  # noqa: ANN401 - a component, or whatever a property of one holds
        """Keep the properties of a component and of those inside it."""
        if isinstance(node, list):
            for each in node:
                self._keep(each)
        elif isinstance(node, dict):
            properties = node.get("props")
            if isinstance(properties, dict) and isinstance(properties.get("id"), str):
                self._values |= {(properties["id"], name): value for name, value in properties.items()}
            for each in node.values():
                self._keep(each)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status not in {http.client.OK, http.client.NO_CONTENT}:
            raise RequestError(f"{path}: status {response.status}, expected 200")
        return answer


def _is_of_server(listed: dict[str, Any]) -> bool:
    ids = [listed["output"], *(entry["id"] for entry in (*listed["inputs"], *listed["state"]))]
    return listed["clientside_function"] is None and not any("{" in name for name in ids)


def _callback(listed: dict[str, Any]) -> Callback:
    output: str = listed["output"]
    names = output[2:-2].split("...") if output.startswith("..") else [output]
    return Callback(
        output,
        tuple(_property(name) for name in names),
        tuple((entry["id"], entry["property"]) for entry in listed["inputs"]),
        tuple((entry["id"], entry["property"]) for entry in listed["state"]),
        is_initial=not listed["prevent_initial_call"],
    )


def _property(name: str) -> Property:
    dot = [found.start() for found in _LAST_DOT.finditer(name)][-1]
    return name[:dot].replace("\\.", "."), name[dot + 1 :]
