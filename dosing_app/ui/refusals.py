"""What is answered to requests that the app does not serve: one plain sentence, and none of what was sent.

Neither an answer nor a line of the log repeats a request or the message of an exception, since either may hold a
patient's values; of an exception, its kind and its places in the program are logged.
"""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from dash.exceptions import DependencyException
from flask import Response, abort, request
from werkzeug.exceptions import HTTPException

from dosing_app.ui import audit
from dosing_app.ui.addresses import PAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Flask

    from dosing_app.ui.elements import Dash

_LOGGER = logging.getLogger(__name__)
_CALL = "/_dash-update-component"
_ANY_OTHER_PATH = "/<path:path>"
_LOGGED_PLACES = 6
_SENTENCES = {
    HTTPStatus.BAD_REQUEST: "The request is not one of this app's, or names this server by a name that it does not trust.",
    HTTPStatus.NOT_FOUND: "There is nothing here; the app is at /.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This method is not answered here.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is larger than any patient case.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The request is not JSON; expected application/json.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The program failed; nothing was kept. Please report it.",
}


def refuse_plainly(app: Dash) -> None:
    """Refuse unknown paths and malformed calls, and let every refusal and failure be one sentence."""
    server: Flask = app.server
    callbacks = cast("dict[str, Any]", app.callback_map)  # pyright: ignore[reportUnknownMemberType]

    def refuse() -> None:
        # Dash answers every path with the page itself.
        is_unknown = request.url_rule is not None and request.url_rule.rule == _ANY_OTHER_PATH
        if is_unknown and request.path not in PAGES:
            abort(HTTPStatus.NOT_FOUND)
        if request.path == _CALL and request.method == "POST" and not is_call(_json(), callbacks):
            abort(HTTPStatus.BAD_REQUEST)

    def answer_failure(error: Exception) -> HTTPException | Response:
        if isinstance(error, HTTPException):
            return error
        _LOGGER.error("A request failed with %s at %s", type(error).__name__, _places(error))
        audit.record(None, model=None, event_model=None, outcome="failed")
        return Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    def say_plainly(response: Response) -> Response:
        if response.status_code >= HTTPStatus.BAD_REQUEST and response.mimetype == "text/html":
            status = HTTPStatus(response.status_code)
            response.set_data(_SENTENCES.get(status, f"{status.phrase}.") + "\n")
            response.mimetype = "text/plain"
        return response

    def answer_no_script(_: DependencyException) -> Response:
        return Response(status=HTTPStatus.NOT_FOUND)

    server.before_request(refuse)
    server.register_error_handler(DependencyException, answer_no_script)
    server.register_error_handler(Exception, answer_failure)
    server.after_request(say_plainly)


def is_call(body: object, callbacks: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether a document asks for one of the callbacks, with each of its inputs and no other."""
    if not isinstance(body, dict):
        return False
    call = cast("dict[str, Any]", body)
    output, changed = call.get("output"), call.get("changedPropIds", [])
    callback = callbacks.get(output) if isinstance(output, str) else None
    return (
        callback is not None
        and all(_fit(call.get(part, []), callback[part]) for part in ("inputs", "state"))
        and (callback["no_output"] or _are_outputs(call.get("outputs"), callback["output"]))
        and isinstance(changed, list)
        and all(isinstance(name, str) for name in cast("list[object]", changed))
    )


def _json() -> object:
    try:
        return request.get_json()
    except RecursionError:
        return None


def _fit(entries: object, declared: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the entries are those declared, in their order."""
    if not isinstance(entries, list):
        return False
    given = cast("list[object]", entries)
    return len(given) == len(declared) and all(map(_fits, given, declared))


def _fits(entry: object, declared: Mapping[str, Any]) -> bool:
    # The id of a group of components is a pattern in JSON; what comes for it is a list of entries.
    if str(declared["id"]).startswith("{"):
        return isinstance(entry, (dict, list))
    if not isinstance(entry, dict):
        return False
    named = cast("dict[str, Any]", entry)
    return (named.get("id"), named.get("property")) == (declared["id"], declared["property"])


def _are_outputs(entries: object, declared: object) -> bool:
    if not isinstance(declared, (list, tuple)):
        return isinstance(entries, (dict, list))
    return isinstance(entries, list) and len(cast("list[object]", entries)) == len(cast("list[object]", declared))


def _places(error: Exception) -> str:
    """Return where an exception came from, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_LOGGED_PLACES:]
    return " < ".join(f"{frame.filename}:{frame.lineno} ({frame.name})" for frame in reversed(frames)) or "no place"
