"""Headers of every answer: nothing loads from or is sent to another host, and nothing about a patient is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from dosing_app.ui.audit import time_requests
from dosing_app.ui.health import HEALTH_PATH, add_health_page
from dosing_app.ui.refusals import refuse_plainly
from dosing_app.ui.sign_on import ask_for_user

if TYPE_CHECKING:
    from flask import Response

    from dosing_app.ui.elements import Dash

LARGEST_REQUEST_BYTES = 8_000_000
_COMPONENTS_PATH = "/_dash-component-suites/"
_FOUND = frozenset({200, 304})


def secure(app: Dash) -> None:
    """Put the headers on every answer, limit requests, and add sign-on and the health page.

    Call it after the last callback.

    Scripts run from this server only, and of the inline ones only Dash's own, by their hashes. Styles need
    'unsafe-inline': the components place themselves by style attributes.
    """
    policy = "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {' '.join(app.csp_hashes())}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    server = app.server
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES
    time_requests(server)
    ask_for_user(server, open_paths=(HEALTH_PATH,))
    refuse_plainly(app)
    add_health_page(server)

    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if request.path.startswith(_COMPONENTS_PATH) and response.status_code in _FOUND:
            # Those whose address tells their version carry a year. The others, with Plotly the largest, are kept and
            # asked after by their hash.
            response.headers.setdefault("Cache-Control", "no-cache")
        # Assets carry their own as well; everything else may hold a patient's values.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    server.after_request(add_headers)
