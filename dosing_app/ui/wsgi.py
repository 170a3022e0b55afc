"""The app for a server of the hospital's own choice, set up by variables of the environment.

``gunicorn --workers 2 --threads 4 dosing_app.ui.wsgi:application``. No process holds anything that another one lacks,
so that each request may go to any of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dosing_app.decision.crohns.omop import open_source
from dosing_app.ui.app import create_app
from dosing_app.ui.server import configure, keep_what_is_loaded
from dosing_app.ui.server_options import read_server_options
from pkpd.errors import InputError, input_error
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from dosing_app.decision.crohns.omop import OmopSource

# Gunicorn ends on it; on any other code it would start the worker again, and again.
_EXIT_NOT_STARTED = 4


def create_application(environment: Mapping[str, str]) -> Flask:
    """Return the WSGI application; its screen is empty at first.

    Parameters
    ----------
    environment : mapping of str to str
        ``ASUC_TRUSTED_HOST`` and ``ASUC_TRUSTED_PROXY`` (several with spaces between), ``ASUC_USER_HEADER``,
        ``ASUC_AUDIT_LOG``, ``ASUC_EVENT_MODEL`` (a file), ``ASUC_OMOP_URL`` with ``ASUC_OMOP_SCHEMA`` and
        ``ASUC_OMOP_CDAI`` (concepts with spaces between); an empty one counts as missing.

    Raises
    ------
    InputError
        With one problem for each option that is wrong.
    """
    options = read_server_options(
        trusted_hosts=environment.get("ASUC_TRUSTED_HOST", "").split(),
        user_header=environment.get("ASUC_USER_HEADER") or None,
        trusted_proxies=environment.get("ASUC_TRUSTED_PROXY", "").split(),
        audit_log=environment.get("ASUC_AUDIT_LOG") or None,
    )
    own = environment.get("ASUC_EVENT_MODEL")
    source = _source(environment, has_sign_on=options.sign_on is not None)
    app = create_app(event_model=load_event_model(Path(own)) if own else load_event_model(), omop=source)
    configure(app, options, names=())
    keep_what_is_loaded()
    return app.server


def _source(environment: Mapping[str, str], *, has_sign_on: bool) -> OmopSource | None:
    """Return the database that persons with Crohn's disease are chosen from; None where none is named."""
    url, concepts = environment.get("ASUC_OMOP_URL"), environment.get("ASUC_OMOP_CDAI", "").split()
    if not url:
        return None
    if wrong := [one for one in concepts if not one.isdecimal()]:
        raise input_error("ASUC_OMOP_CDAI", f"{wrong[0]!r} is no concept; expected numbers with spaces between")
    return open_source(
        url,
        schema=environment.get("ASUC_OMOP_SCHEMA") or None,
        index_date=None,
        cdai_concepts=[int(one) for one in concepts],
        is_reached_by_anybody=not has_sign_on,
    )


def _create_or_end() -> Flask:
    try:
        return create_application(os.environ)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(_EXIT_NOT_STARTED) from None


application = _create_or_end()
