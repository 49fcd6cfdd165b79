"""``atmqtt at``: an AT terminal."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from .. import (
    ClosedError,
    Disconnected,
    Error,
    ErrorKind,
    Event,
    InvalidArgumentError,
    Modem,
    PdpDeactivated,
    PingFailed,
    PortClosed,
    PortLostError,
    Restarted,
    Urc,
)
from . import exits, options, session, signals
from .exits import Exit, Failure
from .options import Options, Parser
from .output import Output
from .signals import Interrupted

__all__ = ["add", "run"]

EPILOG = """\
Where commands are given, or standard input is no terminal, they are sent one
after the other. Answers go to standard output; errors, and what the module says
by itself, to standard error. All commands are sent; the exit code is that of
the first that failed.

What would disturb the library is refused, with the reason: MQTT commands that
it sends itself, echo, numeric result codes, the baud rate.

In the terminal: Tab completes, the arrow keys bring back earlier commands,
Ctrl-C gives up waiting, Ctrl-D ends. Commands without values are also
remembered for the next time; those with values are not, because there may be a
PIN or password in them.
  .data FILE COMMAND   send the file when the module asks for data, as in
                       .data ca.pem AT+QFUPL="ca.pem",1234
  .help   .quit

examples:
  atmqtt at --modem /dev/ttyUSB2
  atmqtt at --modem /dev/ttyUSB2 AT+CSQ AT+CEREG?
  printf 'ATI\\nAT+CSQ\\n' | atmqtt at --modem /dev/ttyUSB2

"""

HELP = """\
AT...                a command for the module
.data FILE AT...     the same, and the file when it asks for data
.quit, Ctrl-D        end"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "at",
        help="an AT terminal; or send AT commands from a script",
        description="An AT terminal with history, in which what the module says by itself is seen "
        "at once.",
        epilog=EPILOG + exits.TABLE,
    )
    parser.add_argument("commands", metavar="COMMAND", nargs="*", help="send these and end")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=options.seconds,
        help="longest time for each answer [default: as long as the module may take]",
    )
    options.add_module(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="commands with their answers as lines of JSON; not in the terminal",
    )
    parser.set_defaults(run=run, parser=parser)


def run(options: Options, output: Output) -> int:
    """Opens the terminal, or sends what is given."""
    interactive = not options.commands and sys.stdin.isatty() and sys.stdout.isatty()
    with session.open_modem(options) as modem:
        if interactive:
            return Terminal(modem, options, output).run()
        modem.on_event = lambda event: _tell(event, output)
        return _batch(modem, options.commands or _lines(), options, output)


def _lines() -> Iterable[str]:
    return (line.strip() for line in sys.stdin if line.strip())


def _tell(event: Event, output: Output) -> None:
    if not _is_our_end(event):
        text, style = _words(event)
        output.note(text, style)


def _is_our_end(event: Event) -> bool:
    """Whether it is that we have closed the port ourselves."""
    return isinstance(event, PortClosed) and isinstance(event.error, ClosedError)


def _words(event: Event) -> tuple[str, str]:
    """What an event is in words, and its colour."""
    match event:
        case Urc():
            return event.text, "yellow"
        case Restarted():
            return "RDY (the module has restarted)", "bold yellow"
        case Disconnected(client=client, reason=reason):
            return f"+QMTSTAT: {client},{int(reason)} ({reason.text})", "bold yellow"
        case PingFailed(client=client):
            return f"+QMTPING: {client},1", "bold yellow"
        case PdpDeactivated(context=context):
            return f'+QIURC: "pdpdeact",{context}', "bold yellow"
        case PortClosed(error=error):
            return str(error), "red"
        case _:
            return str(event), "yellow"


def _send(modem: Modem, line: str, timeout: float | None) -> list[str]:
    """Sends a line, a command or ``.data FILE COMMAND``; gives the answer without its ``OK``."""
    if not line.startswith(".data"):
        return modem.command(line, timeout=timeout)
    words = line.split(maxsplit=2)
    if len(words) != 3:
        raise Failure("usage: .data FILE COMMAND")
    try:
        data = Path(words[1]).read_bytes()
    except OSError as error:
        raise Failure(str(error)) from error
    return modem.command_with_data(words[2], data, timeout=timeout)


def _batch(modem: Modem, lines: Iterable[str], options: Options, output: Output) -> int:
    first = int(Exit.DONE)
    for line in lines:
        answer: list[str] = []
        error: Error | Failure | None = None
        try:
            answer = _send(modem, line, options.timeout)
        except PortLostError:
            raise
        except (Error, Failure) as failed:
            error = failed
            code = exits.of(failed) if isinstance(failed, Error) else int(failed.code)
            first = first or code
        if output.json_wanted:
            output.json(
                {
                    "command": line,
                    "answer": answer,
                    "ok": error is None,
                    "error": None if error is None else str(error),
                }
            )
            continue
        for text in answer:
            output.line(text)
        if error is None:
            output.line("OK", "green")
        else:
            output.error(str(error))
    return first


class Reader(Protocol):
    """What reads the lines of the terminal."""

    def read(self) -> str:
        """The next line.

        Raises:
            EOFError: There is none, or :meth:`stop` was called.

        """

    def stop(self) -> None:
        """Ends a :meth:`read`, from any thread, where that is possible."""


class Terminal:
    """The interactive one."""

    def __init__(self, modem: Modem, options: Options, output: Output) -> None:
        self._modem = modem
        self._timeout = options.timeout
        self._output = output
        self._closed = threading.Event()

    def run(self) -> int:
        """Reads and sends commands until the end of input."""
        # Asked first: it must not stand between the first prompt and its answer.
        model = self._modem.info(timeout=5).model or "module"
        try:
            from .prompt import Prompt, undisturbed
        except ImportError:
            return self._session(Readline(), model)
        with undisturbed():
            # What is printed from now on goes through what keeps the line being typed whole.
            self._output = Output(self._output.program)
            return self._session(Prompt(), model)

    def _session(self, reader: Reader, model: str) -> int:
        self._modem.on_event = lambda event: self._event(event, reader)
        self._output.note(f"{model} at {self._modem.port_name}. .help helps, Ctrl-D ends.")
        while not self._closed.is_set():
            try:
                line = reader.read().strip()
            except EOFError:
                break
            except (KeyboardInterrupt, Interrupted) as signal:
                if _ends(signal):
                    raise
                continue
            if line == ".quit":
                break
            if line == ".help":
                for text in HELP.splitlines():
                    self._output.line(text)
            elif line:
                self._command(line)
        if self._closed.is_set():
            return exits.LIBRARY + ErrorKind.PORT_LOST
        return Exit.DONE

    def _event(self, event: Event, reader: Reader) -> None:
        if _is_our_end(event):
            return
        text, style = _words(event)
        self._output.line(text, style, fold=not isinstance(event, Urc))
        if isinstance(event, PortClosed):
            self._closed.set()
            reader.stop()

    def _command(self, line: str) -> None:
        try:
            for text in _send(self._modem, line, self._timeout):
                self._output.line(text)
            self._output.line("OK", "green")
        except InvalidArgumentError as error:
            self._fail(f"refused: {error.detail}")
        except (Error, Failure) as error:
            self._fail(str(error))
        except (KeyboardInterrupt, Interrupted) as signal:
            if _ends(signal):
                raise
            self._fail("given up waiting; the module may still be at it")

    def _fail(self, text: str) -> None:
        self._output.line(text, "red", fold=True)


def _ends(signal: BaseException) -> bool:
    """Whether a signal ends the terminal; Ctrl-C only ends what is under way."""
    if isinstance(signal, Interrupted) and signal.exit_code != 130:
        return True
    # It has been dealt with: the next one is a first one again.
    signals.install()
    return False


class Readline:
    """Reads lines with what the interpreter has: history of this session, no more."""

    def __init__(self) -> None:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401

    def read(self) -> str:
        return input("at> ")

    def stop(self) -> None:
        """Not possible: it ends with the next line."""
