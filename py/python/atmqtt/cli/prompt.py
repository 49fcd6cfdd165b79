"""What reads the lines of ``atmqtt at``; can only be imported where prompt_toolkit is installed."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from . import signals
from .signals import Interrupted

__all__ = ["Prompt", "undisturbed"]

COMMANDS = """\
ATI AT+CCLK? AT+CEREG? AT+CFUN? AT+CGDCONT? AT+CGMR AT+CGREG? AT+CGSN AT+CIMI AT+CMEE? AT+COPS? AT+CPIN?
AT+CREG? AT+CSQ AT+QCCID AT+QCFG= AT+QCSQ AT+QENG="servingcell" AT+QFLDS="UFS" AT+QFLST="*" AT+QIACT?
AT+QIACT= AT+QICSGP= AT+QIDEACT= AT+QIGETERROR AT+QMTCFG=? AT+QMTCONN? AT+QMTOPEN? AT+QMTPUBEX=?
AT+QNWINFO AT+QPOWD AT+QSSLCFG=? AT+QURCCFG="urcport" .data .help .quit"""
"""What Tab offers."""


def undisturbed() -> AbstractContextManager[None]:
    """What is printed meanwhile appears above the line being typed."""
    return patch_stdout(raw=True)


class Prompt:
    """Reads lines, with history and completion."""

    def __init__(self) -> None:
        self._prompt: PromptSession[str] = PromptSession(
            "at> ",
            history=_history(),
            auto_suggest=AutoSuggestFromHistory(),
            completer=WordCompleter(COMMANDS.split(), ignore_case=True, sentence=True),
            complete_while_typing=False,
        )

    def read(self) -> str:
        """The next line."""
        try:
            return self._prompt.prompt(pre_run=self._take_signals)
        finally:
            signals.install()

    def stop(self) -> None:
        """Ends a :meth:`read`, from any thread."""
        loop = self._prompt.app.loop
        if loop is not None:
            loop.call_soon_threadsafe(self._end, EOFError())

    def _take_signals(self) -> None:
        # An exception out of a handler would only be reported in here. Ctrl-C is a key.
        loop = asyncio.get_running_loop()
        for number in signals.heeded():
            if number != signal.SIGINT:
                loop.add_signal_handler(number, self._end, Interrupted(number))

    def _end(self, why: BaseException) -> None:
        app = self._prompt.app
        if app.is_running and not app.is_done:
            app.exit(exception=why)


class _WithoutSecrets(FileHistory):
    """Keeps no line in the file that may hold a PIN or a password."""

    def store_string(self, string: str) -> None:
        # Only what asks: a line that sets something stays in memory.
        asks = "=" not in string or string.rstrip().endswith("=?")
        if asks and string.upper().startswith("AT"):
            super().store_string(string)


def _history() -> History:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(state) / "atmqtt" / "at-history"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return _WithoutSecrets(str(path))
