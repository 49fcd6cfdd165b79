"""SIGINT, SIGTERM and SIGHUP end a command as an exception, so that it can say goodbye."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

__all__ = ["Interrupted", "heeded", "install", "raise_lost"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal came."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.exit_code = 128 + number
        """What a shell would say."""


class _Handler:
    """Raises at the first signal; a second one, a second later or more, ends the process at once."""

    def __init__(self) -> None:
        self._first: float | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
            raise Interrupted(number)
        # `timeout` of the coreutils sends its signal twice; that is one to us.
        if now - self._first >= 1:
            os._exit(128 + number)


def install() -> None:
    """From here on a signal raises :class:`Interrupted` in the main thread."""
    sys.unraisablehook = _raise_again
    handler = _Handler()
    for number in heeded():
        signal.signal(number, handler)


def heeded() -> list[signal.Signals]:
    """The signals that end a command; what a shell or nohup has turned off for us stays off."""
    return [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]


_AGAIN = 0.01
"""Seconds until a lost signal comes again: longer than the hook takes."""


def _raise_again(lost: sys.UnraisableHookArgs) -> None:
    """What Python does with an exception that nobody can take, but for signals.

    A signal may come while a destructor or the like runs, and would be lost there.
    """
    if not isinstance(lost.exc_value, Interrupted):
        sys.__unraisablehook__(lost)
        return
    number = lost.exc_value.number

    def handler(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Interrupted(number)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    _lost.append(lost.exc_value)


_lost: list[Interrupted] = []


def raise_lost() -> None:
    """Raises what was lost and has not come again yet; for the end of the program."""
    if signal.setitimer(signal.ITIMER_REAL, 0)[0] > 0:
        raise _lost[-1]
