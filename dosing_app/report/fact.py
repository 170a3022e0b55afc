"""The form that single facts of the report come in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact under its name, with a remark where there is one."""

    name: str
    value: str
    remark: str = ""
