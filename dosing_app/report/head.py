"""What stands at the head and at the foot of every report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHead:
    """What every report says of itself: what ``report.html`` shows around its answer.

    Parameters
    ----------
    language : str
        Code of the language that it is in.
    title, subject, label, computed, identity : str
        Head: what it is and of what, the case's own label, when it was computed; models, versions and hashes for every foot.
    case_sha256 : str
        Checksum of the case (``case_hash``).
    computed_at : datetime
        When it was computed, with its offset from UTC.
    sources : tuple of str
        Citations, and how every number is reproduced.
    """

    language: str
    title: str
    subject: str
    label: str
    computed: str
    identity: str
    case_sha256: str
    computed_at: datetime
    sources: tuple[str, ...]
