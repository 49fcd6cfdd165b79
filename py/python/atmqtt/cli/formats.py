"""The formats of ``-F``, those of ``mosquitto_sub``."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import datetime

from .. import Message
from .output import printable

__all__ = ["Format", "FormatError"]


class FormatError(ValueError):
    """A format that cannot be read."""


class _Moment:
    """A message and when it came."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.nanoseconds = time.time_ns()
        self.time = datetime.fromtimestamp(self.nanoseconds // 10**9).astimezone()


_Part = Callable[[_Moment], bytes]

_ESCAPES = {
    "\\": b"\\",
    "0": b"\0",
    "a": b"\a",
    "e": b"\x1b",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
}

_UNKNOWN = {
    "q": "the module does not say with which QoS a message came",
    "r": "the module does not say whether a message was a retained one",
    **dict.fromkeys("ACDEFPRS", "modules have no MQTT 5"),
}

_PERCENT = re.compile(r"%([-0]*)(\d*)(?:\.(\d+))?(.?)", re.DOTALL)


class Format:
    """How a message is printed."""

    def __init__(self, text: str, *, pretty: bool = False) -> None:
        self._pretty = pretty
        self._parts: list[tuple[_Part, bool]] = []
        """What makes a piece, and whether it is the message's: the rest is the user's own."""
        at = 0
        while at < len(text):
            at = self._piece(text, at)

    def render(self, message: Message, *, terminal: bool) -> bytes:
        """The message; for a terminal without control characters of others.

        Raises:
            ValueError: For ``%J`` where the payload is no JSON.

        """
        moment = _Moment(message)
        pieces = ((part(moment), foreign) for part, foreign in self._parts)
        return b"".join(_harmless(piece) if foreign and terminal else piece for piece, foreign in pieces)

    def _piece(self, text: str, at: int) -> int:
        """Reads one piece of the format; where the next begins."""
        match text[at]:
            case "%":
                found = _PERCENT.match(text, at)
                assert found is not None
                self._percent(*found.groups())
                return found.end()
            case "@":
                letter = text[at + 1 : at + 2]
                if not letter:
                    raise FormatError("it ends with @")
                self._parts.append((_strftime(letter), False))
                return at + 2
            case "\\":
                letter = text[at + 1 : at + 2]
                if letter not in _ESCAPES:
                    raise FormatError(f"there is no \\{letter}")
                self._literal(_ESCAPES[letter])
                return at + 2
            case other:
                self._literal(other.encode("utf-8", "surrogateescape"))
                return at + 1

    def _literal(self, text: bytes) -> None:
        self._parts.append((lambda _: text, False))

    def _percent(self, flags: str, width: str, precision: str | None, letter: str) -> None:
        if letter == "%":
            self._literal(b"%")
            return
        if letter in _UNKNOWN and letter:
            raise FormatError(f"there is no %{letter}: {_UNKNOWN[letter]}")
        maker = self._makers().get(letter)
        if maker is None:
            raise FormatError(f"there is no %{letter}" if letter else "it ends with %")
        longest = None if precision is None or letter not in "tI" else int(precision)
        left = "-" in flags
        zeros = "0" in flags and not left and letter in "lmxX"
        room = int(width or 0)

        def part(moment: _Moment) -> bytes:
            piece = maker(moment)[:longest]
            if left:
                return piece.ljust(room)
            return piece.rjust(room, b"0" if zeros else b" ")

        self._parts.append((part, letter in "tp"))

    def _makers(self) -> dict[str, _Part]:
        return {
            "t": lambda moment: moment.message.topic_bytes,
            "p": lambda moment: moment.message.payload,
            "x": lambda moment: moment.message.payload.hex().encode(),
            "X": lambda moment: moment.message.payload.hex().upper().encode(),
            "l": lambda moment: b"%d" % len(moment.message.payload),
            "m": lambda moment: b"%d" % moment.message.msgid,
            "I": lambda moment: moment.time.strftime("%Y-%m-%dT%H:%M:%S%z").encode(),
            "U": lambda moment: b"%d.%09d" % divmod(moment.nanoseconds, 10**9),
            "j": lambda moment: self._json(moment, _text),
            "J": lambda moment: self._json(moment, _parsed),
        }

    def _json(self, moment: _Moment, payload: Callable[[bytes], dict[str, object]]) -> bytes:
        message = moment.message
        micros = moment.nanoseconds % 10**9 // 1000
        value = {
            "tst": moment.time.strftime(f"%Y-%m-%dT%H:%M:%S.{micros:06d}%z"),
            "topic": message.topic,
            "payloadlen": len(message.payload),
            **payload(message.payload),
        }
        if self._pretty:
            return json.dumps(value, indent=2).encode()
        return json.dumps(value, separators=(",", ":")).encode()


def _text(payload: bytes) -> dict[str, object]:
    """Text as such; bytes that are no UTF-8 in hexadecimal, under another name."""
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_hex": payload.hex()}


def _parsed(payload: bytes) -> dict[str, object]:
    try:
        return {"payload": json.loads(payload, parse_constant=_no_constant)}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the payload is no JSON: {error}") from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is none")


def _strftime(letter: str) -> _Part:
    if letter == "@":
        return lambda _: b"@"
    if letter == "N":
        return lambda moment: b"%09d" % (moment.nanoseconds % 10**9)
    return lambda moment: moment.time.strftime(f"%{letter}").encode()


def _harmless(piece: bytes) -> bytes:
    text = piece.decode("utf-8", "backslashreplace")
    return "\n".join(map(printable, text.split("\n"))).encode()
