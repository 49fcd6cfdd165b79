"""What passed the serial line during a test, in the form of the library's log.

::

       0.001204 > AT+QMTCONN=0,"sensor","user",***
       0.001391 < OK

Seconds since the start, ``>`` to the module or ``<`` to the host, and the line with secrets masked.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

LINES = 500
"""How many lines are shown, the last ones."""


def of_trace(trace: str) -> str:
    """The transcript of the trace of an emulated module (``Emulator.trace_text``)."""
    from atmqtt._native import _shown

    return _text(list(_Reader(_shown).read(trace)))


class WireLog(logging.Filter):
    """Keeps what the library logs about the serial line, as long as it is entered.

    Nobody else sees more of it than without: what only this one wanted goes no further.
    """

    # Below every level that somebody else would set.
    _LEVEL = logging.DEBUG - 1

    def __init__(self) -> None:
        super().__init__()
        self._logger = logging.getLogger("atmqtt.wire")
        self._level = self._logger.level
        self._records: deque[tuple[float, str]] = deque(maxlen=LINES)
        self._count = 0
        self._start = 0.0

    def __enter__(self) -> Self:
        self._level = self._logger.level
        self._logger.addFilter(self)
        self._logger.setLevel(self._LEVEL)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._logger.removeFilter(self)
        self._logger.setLevel(self._level)

    def filter(self, record: logging.LogRecord) -> bool:
        """Keeps a record; whether it would have been logged anyway."""
        self._start = self._start or record.created
        self._count += 1
        self._records.append((record.created - self._start, record.getMessage()))
        level = self._logger.level
        if level == self._LEVEL:
            level = self._level
        if level == logging.NOTSET and self._logger.parent is not None:
            level = self._logger.parent.getEffectiveLevel()
        return record.levelno >= level

    def text(self) -> str:
        """The transcript."""
        lines = [_line(at, text) for at, text in self._records]
        return _text(lines, self._count - len(lines))


def _line(at: float, text: str) -> str:
    # Nobody takes a quotation mark for an end here.
    return f"{at:11.6f} {text}".replace('\\"', '"')


def _text(lines: list[str], before: int = 0) -> str:
    before += max(0, len(lines) - LINES)
    if before:
        lines = [f"({before} lines before)", *lines[-LINES:]]
    return "\n".join(lines)


_ENTRY = re.compile(r"(?P<at>[\d.]+) (?P<way>[<>]) (?P<bytes>.*)")
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)")
_CHARACTERS = {"r": "\r", "n": "\n"}

_WRITES_FILE = re.compile(rb"\+(QFUPL|QFWRITE|QSECWRITE)=", re.IGNORECASE)
_READS_FILE = re.compile(rb"\+(QFDWL|QFREAD|QSECREAD)=", re.IGNORECASE)
_FINAL = re.compile(rb"OK|ERROR|\+CM[ES] ERROR:.*")


def _unescaped(text: str) -> bytes:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "x" and len(code) == 3:
            return chr(int(code[1:], 16))
        return _CHARACTERS.get(code, code)

    return _ESCAPE.sub(character, text).encode("latin-1")


class _Reader:
    """Puts lines together from the pieces of a trace.

    Each direction by itself, for a line of one may come in the middle of a line of the other. What
    a file holds is left out in both: it may be a private key.
    """

    def __init__(self, shown: Callable[[bytes], str]) -> None:
        self._shown = shown
        self._pending = {">": b"", "<": b""}
        self._began = {">": 0.0, "<": 0.0}
        # Bytes of a file that are not shown, and where they go.
        self._hidden = 0
        self._hides: str | None = None
        self._awaits_file = False
        # The last thing that the module has said is a prompt.
        self._prompted = False

    def read(self, trace: str) -> Iterator[str]:
        for entry in map(_ENTRY.fullmatch, trace.splitlines()):
            if entry is None:
                continue
            at, way = float(entry["at"]), entry["way"]
            yield from self._turn(way)
            for piece in re.split(rb"(?<=[\r\n])", _unescaped(entry["bytes"])):
                yield from self._piece(at, way, piece)
        for way in "><":
            yield from self._flush(way)
        yield from self._file()

    def _turn(self, way: str) -> Iterator[str]:
        """Before bytes of one direction: what the other left without an end of line."""
        if way == ">":
            if self._hides == "<":
                yield from self._file()
            if self._pending["<"].strip() == b">":
                yield from self._flush("<")
        elif self._prompted:
            # Data behind a prompt has no end of line.
            yield from self._flush(">")
            self._prompted = False

    def _piece(self, at: float, way: str, piece: bytes) -> Iterator[str]:
        if way == self._hides:
            if not self._hidden:
                self._began[way] = at
            self._hidden += len(piece)
            return
        if not self._pending[way]:
            self._began[way] = at
        self._pending[way] += piece
        if piece[-1:] in (b"\r", b"\n"):
            line = self._pending[way].strip(b"\r\n")
            if way == ">":
                self._command(line)
            else:
                yield from self._answer(line)
            yield from self._flush(way)

    def _command(self, line: bytes) -> None:
        if _WRITES_FILE.search(line):
            self._hides = ">"
        self._awaits_file = bool(_READS_FILE.search(line))

    def _answer(self, line: bytes) -> Iterator[str]:
        if self._hides == ">":
            yield from self._file()
            if not _FINAL.fullmatch(line):
                self._hides = ">"
        elif self._awaits_file and line.startswith(b"CONNECT"):
            self._hides = "<"
            self._awaits_file = False

    def _file(self) -> Iterator[str]:
        way, self._hides = self._hides, None
        hidden, self._hidden = self._hidden, 0
        if way and hidden:
            what = "of a file" if way == ">" else "of a file and its end"
            yield _line(self._began[way], f"{way} ({hidden} bytes {what})")

    def _flush(self, way: str) -> Iterator[str]:
        line = self._pending[way].strip(b"\r\n")
        self._pending[way] = b""
        if line:
            self._prompted = way == "<" and line.strip() == b">"
            yield _line(self._began[way], f"{way} {self._shown(line)}")
