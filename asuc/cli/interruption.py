"""Ctrl-C that would be lost: inside the compiler's calls back into Python, or where Python passes over what is raised."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

# llvmlite's functions that LLVM calls through ctypes, which prints an exception of theirs and goes on.
_FILE, _FUNCTIONS = ("llvmlite", "binding", "executionengine.py"), "_raw_object_cache_"
_WAIT_SECOND = 0.02


def keep_interrupts() -> None:
    """Let every Ctrl-C end what is computed, whatever it comes into; where Ctrl-C is not heard anyway, nothing is changed."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _raise_once_more


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise ``KeyboardInterrupt``, or inside the compiler's calls a moment later."""
    if not _is_called_by_compiler(frame):
        raise KeyboardInterrupt
    _interrupt_later()


def _raise_once_more(unraisable: UnraisableHookArgs) -> None:
    """Raise ``KeyboardInterrupt`` a moment later where it came into a finalizer or another call of which Python passes over exceptions."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt) and not sys.is_finalizing():
        _interrupt_later()
    else:
        sys.__unraisablehook__(unraisable)


def _interrupt_later() -> None:
    # To the main thread itself: only so it leaves a call of the system that it waits in.
    main = threading.main_thread().ident
    later = threading.Timer(_WAIT_SECOND, signal.pthread_kill, (main, signal.SIGINT))
    later.daemon = True
    later.start()


def _is_called_by_compiler(frame: FrameType | None) -> bool:
    while frame is not None:
        code = frame.f_code
        if code.co_name.startswith(_FUNCTIONS) and PurePath(code.co_filename).parts[-len(_FILE) :] == _FILE:
            return True
        frame = frame.f_back
    return False
