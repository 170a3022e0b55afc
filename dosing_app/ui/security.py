"""Headers of every answer: nothing loads from or is sent to another host, and nothing about a patient is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Response

    from dosing_app.ui.elements import Dash

LARGEST_REQUEST_BYTES = 8_000_000
_KEPT_BY_BROWSERS = ("/_dash-component-suites/", "/assets/")


def secure(app: Dash) -> None:
    """Put the headers on every answer and limit the size of requests; call it after the last callback.

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

    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        path = server_path()
        if not path.startswith(_KEPT_BY_BROWSERS):
            response.headers["Cache-Control"] = "no-store"
        return response

    def server_path() -> str:
        from flask import request  # noqa: PLC0415 - proxy of the request in hand

        return request.path

    server.after_request(add_headers)
