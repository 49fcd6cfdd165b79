"""What happens by itself: everything a module reports that is not the answer to a call.

:meth:`Modem.events` and :attr:`Modem.on_event` give these, and those of a :class:`~atmqtt.Link`, which
has :class:`~atmqtt.LinkChange` besides. Messages are not among them: they come by
:meth:`Client.messages` and :attr:`Client.on_message`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ._native import _disconnect_reason
from .errors import Error
from .settings import Granted

__all__ = [
    "Completed",
    "DisconnectReason",
    "Disconnected",
    "Event",
    "InputLost",
    "Lagged",
    "OutboxDamaged",
    "PdpDeactivated",
    "PingFailed",
    "PortClosed",
    "Restarted",
    "Retransmission",
    "Subscribed",
    "Urc",
]


class DisconnectReason(enum.IntEnum):
    """Why a connection ended: the code of ``+QMTSTAT``. Codes without a name are members too."""

    CLOSED_BY_SERVER = 1
    """Closed or reset by the broker."""
    PING_FAILED = 2
    """A ping timed out or could not be sent."""
    CONNECT_FAILED = 3
    """CONNECT timed out or could not be sent."""
    CONNACK_FAILED = 4
    """CONNACK did not come."""
    REQUESTED = 5
    """The client sent DISCONNECT and the broker closed; the normal end."""
    SEND_FAILED = 6
    """The client closed because sending kept failing."""
    LINK_DEAD = 7
    """The link is dead or the broker is not available."""
    CLOSED_BY_CLIENT = 8
    """The client closed the connection itself."""

    @classmethod
    def _missing_(cls, value: object) -> DisconnectReason | None:
        if not isinstance(value, int):
            return None
        other = int.__new__(cls, value)
        other._name_ = f"OTHER_{value}"
        other._value_ = value
        return other

    @property
    def text(self) -> str:
        """The reason in words."""
        return _disconnect_reason(self)[0]

    @property
    def advice(self) -> str:
        """What the application note advises to do about it."""
        return _disconnect_reason(self)[1]


@dataclass(frozen=True)
class Event:
    """Something that happened without being asked for: one of the classes below."""


@dataclass(frozen=True)
class Disconnected(Event):
    """The connection of a client ended and nobody had asked for it (``+QMTSTAT``)."""

    client: int
    """Client 0..5."""
    generation: int
    """Which of its connections: counts up with every open."""
    reason: DisconnectReason
    """The ``+QMTSTAT`` code, with its advice."""


@dataclass(frozen=True)
class PingFailed(Event):
    """A keep-alive ping failed and the client is closed (``+QMTPING``)."""

    client: int
    """Client 0..5."""
    generation: int
    """Which of its connections."""


@dataclass(frozen=True)
class Retransmission(Event):
    """A packet was sent again; reported where :attr:`PacketTimeout.notice` asks for it.

    Not an end of anything.
    """

    client: int
    """Client 0..5."""
    generation: int
    """Which of its connections."""
    command: str
    """The command whose packet it was, as ``AT+QMTPUBEX``."""
    msgid: int
    """Message id of the packet; 0 where it has none."""
    count: int | None
    """How many times it has been sent again, where the module said."""


@dataclass(frozen=True)
class Restarted(Event):
    """The module has restarted (``RDY``): every client is closed, its settings are at their defaults."""


@dataclass(frozen=True)
class PdpDeactivated(Event):
    """The network dropped a PDP context; every client on it is closed."""

    context: int
    """The context 1..16."""


@dataclass(frozen=True)
class Lagged(Event):
    """The message queue of a client was full, and its oldest messages were dropped."""

    client: int
    """Client 0..5."""
    count: int
    """How many messages since the last such event."""


@dataclass(frozen=True)
class InputLost(Event):
    """Input was thrown away because it did not fit the bounds or could not be read."""

    what: str
    """What was lost, in words."""


@dataclass(frozen=True)
class Subscribed(Event):
    """A subscription of a link was made, after every connect anew, or refused."""

    client: int
    """Client 0..5."""
    topic: str
    """The topic filter."""
    granted: Granted
    """What the broker made of it."""


@dataclass(frozen=True)
class Completed(Event):
    """A message that a link found in its outbox has come to its end."""

    number: int
    """The number of the message, as :attr:`Delivering.number` was in the earlier run."""
    error: Error | None
    """What it ended with; ``None`` = it is delivered."""


@dataclass(frozen=True)
class OutboxDamaged(Event):
    """The outbox of a link was found damaged. What could be read of it is sent."""

    messages: int
    """Messages that could not be read."""
    set_aside: str | None
    """What the damaged file was renamed to, where a new one had to be begun."""


@dataclass(frozen=True)
class PortClosed(Event):
    """The port is gone or was closed; the last event of all."""

    error: Error
    """Why."""


@dataclass(frozen=True)
class Urc(Event):
    """Any other line that the module printed unasked."""

    line: bytes
    """The line, without its end."""

    @property
    def text(self) -> str:
        """The line as text; bytes that are no UTF-8 read as U+FFFD."""
        return self.line.decode("utf-8", "replace")
