"""What the program says, in the language of who reads it: sentences by key, their values, and the catalogues."""

from __future__ import annotations

from dosing_app.language.messages import Figure, Message, Name, Value, enumerated, listed, message, render
from dosing_app.language.speaking import say, speaking, spoken

__all__ = [
    "Figure",
    "Message",
    "Name",
    "Value",
    "enumerated",
    "listed",
    "message",
    "render",
    "say",
    "speaking",
    "spoken",
]
