"""Ctrl-C while the engine is compiled: what is raised inside the compiler's calls back into Python would be lost."""

from __future__ import annotations

import signal
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

# llvmlite's functions that LLVM calls through ctypes, which prints an exception of theirs and goes on.
_FILE, _FUNCTIONS = ("llvmlite", "binding", "executionengine.py"), "_raw_object_cache_"
_WAIT_SECOND = 0.02


def keep_interrupts() -> None:
    """Let every Ctrl-C end what is computed, whatever it comes into; where Ctrl-C is not heard anyway, nothing is changed."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise ``KeyboardInterrupt``, or inside the compiler's calls a moment later."""
    if not _is_called_by_compiler(frame):
        raise KeyboardInterrupt
    later = threading.Timer(_WAIT_SECOND, signal.raise_signal, (signal.SIGINT,))
    later.daemon = True
    later.start()


def _is_called_by_compiler(frame: FrameType | None) -> bool:
    while frame is not None:
        code = frame.f_code
        if code.co_name.startswith(_FUNCTIONS) and PurePath(code.co_filename).parts[-len(_FILE) :] == _FILE:
            return True
        frame = frame.f_back
    return False
