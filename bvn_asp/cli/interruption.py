"""Interrupts by the user, none of which gets lost."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from types import FrameType

INTERRUPTED = 130
"""Exit code of a command that was interrupted."""


class Interruption:
    """Lets no interrupt by the user get lost while it is entered: in the end there is a KeyboardInterrupt.

    Python drops one that is raised while an object is taken apart, and clingo ends the process if one is raised in what
    it calls. There it is put off; where one is dropped nevertheless, it comes again.
    """

    def __init__(self) -> None:
        self._noted = self._over = False

    def __enter__(self) -> None:
        # Another handler, or none, is the choice of whoever started this.
        self._mine = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._mine:
            signal.signal(signal.SIGINT, self._hear)
            self._hook, sys.unraisablehook = sys.unraisablehook, self._dropped

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if not self._mine:
            return
        self._over = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = self._hook
        told = isinstance(error, SystemExit) and error.code == INTERRUPTED
        if self._noted and not told and kind in (None, SystemExit):
            raise KeyboardInterrupt

    def _hear(self, _: int, frame: FrameType | None) -> None:
        self._noted = True
        while frame is not None:
            name = frame.f_code.co_name
            if name == "__del__" or name.lstrip("_").startswith("pyclingo_"):
                self._again()
                return
            frame = frame.f_back
        raise KeyboardInterrupt

    def _dropped(self, what: sys.UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            self._again()
        else:
            self._hook(what)

    def _again(self) -> None:
        def interrupt() -> None:
            time.sleep(0.01)
            if self._over:
                return
            if sys.platform == "win32":
                _thread.interrupt_main()
            else:
                # A signal wakes the main thread where it waits.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        _thread.start_new_thread(interrupt, ())
