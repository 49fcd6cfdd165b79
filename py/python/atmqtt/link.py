"""What a :class:`~atmqtt.Link` is told and what it tells, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ._native import _find_usb_port
from .errors import Error
from .events import DisconnectReason, Event

__all__ = [
    "Backoff",
    "LinkCause",
    "LinkCauseKind",
    "LinkChange",
    "LinkState",
    "LinkStatus",
    "UsbPort",
    "WhenAlive",
    "WhenFull",
    "WhenUnconfirmed",
]


class LinkState(enum.Enum):
    """Where a link stands, in the order in which it comes up."""

    SEARCHING = "searching"
    """Looks for the serial port."""
    STARTING = "starting"
    """Opens it and brings the module's line into a known state."""
    ATTACHING = "attaching"
    """Waits for SIM, registration and the PDP context."""
    SECURING = "securing"
    """Uploads certificates and configures TLS."""
    OPENING = "opening"
    """Opens the network connection to the broker (``AT+QMTOPEN``)."""
    CONNECTING = "connecting"
    """Connects to the broker (``AT+QMTCONN``)."""
    UP = "up"
    """Connected: messages flow, and subscriptions are being made."""
    WAITING = "waiting"
    """Waits before it tries again."""
    REFUSED = "refused"
    """Waits for long, because trying again does not help by itself: see the cause."""
    REPAIRING = "repairing"
    """Repairs what is below the connection: the PDP context, or the module."""
    CLOSED = "closed"
    """The end."""


class LinkCauseKind(enum.Enum):
    """Why a link went from one state to another."""

    PROGRESS = "progress"
    """The step before is done."""
    DISCONNECTED = "disconnected"
    """The connection ended (``+QMTSTAT``)."""
    PING_FAILED = "ping failed"
    """A keep-alive ping failed (``+QMTPING``)."""
    PDP_DEACTIVATED = "pdp deactivated"
    """The network dropped the PDP context (``+QIURC: "pdpdeact"``)."""
    RESTARTED = "restarted"
    """The module restarted (``RDY``)."""
    FOUND_DISCONNECTED = "found disconnected"
    """The module says that the client is not connected, and had not said so before
    (``AT+QMTCONN?``)."""
    PORT_LOST = "port lost"
    """The serial port is gone, or was never there."""
    DEAF = "deaf"
    """The module does not answer."""
    FAILED = "failed"
    """A step failed, and may succeed another time."""
    REFUSED = "refused"
    """A step failed for a reason that stays: bad credentials, a SIM that wants its PIN, a setting that
    is out of range. It is not tried again for long."""
    ASKED = "asked"
    """The program said so: :meth:`Link.retry`, :meth:`Link.close`."""


@dataclass(frozen=True)
class LinkCause:
    """Why a link went from one state to another. ``str(cause)`` says it in words."""

    kind: LinkCauseKind
    """What it was."""
    text: str
    """The same in words."""
    reason: DisconnectReason | None = None
    """The ``+QMTSTAT`` code of :attr:`LinkCauseKind.DISCONNECTED`, with its advice."""
    error: Error | None = None
    """The error behind it, where there is one."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class LinkChange(Event):
    """A link went from one state to another."""

    before: LinkState
    """Where it was."""
    state: LinkState
    """Where it is."""
    cause: LinkCause
    """Why."""
    retry_in: float | None
    """How long it will wait, in seconds, in :attr:`LinkState.WAITING` and :attr:`LinkState.REFUSED`."""


@dataclass(frozen=True)
class LinkStatus:
    """How a link is and has been; :meth:`Link.status` gives it. Times are in seconds."""

    state: LinkState
    """Where it stands."""
    since: float
    """How long it has stood there."""
    last_trouble: LinkCause | None
    """Why it went there from :attr:`LinkState.UP`, or failed to get there, the last time."""
    retry_in: float | None
    """How long until it tries again by itself."""
    port: str | None
    """The serial port, where one has been found."""
    broker: tuple[str, int]
    """The broker that it is connected to, or tries next: host and port."""
    connections: int
    """How many times it has been up."""
    uptime: float
    """How long it has been up, all times together."""
    waiting: int
    """Messages that wait to be sent, or for their outcome."""
    waiting_bytes: int
    """The bytes of these, topics included."""
    accepted: int
    """Messages that were accepted: every publish that raised no error, and those found in the
    outbox."""
    delivered: int
    """Messages whose delivery was confirmed."""
    failed: int
    """Messages that ended otherwise: refused by the module, dropped, unconfirmed."""
    resent: int
    """How many times a message was sent again although an earlier sending may have arrived."""


@dataclass(frozen=True)
class Backoff:
    """How long a link waits between attempts, in seconds.

    The first wait after a trouble is up to ``first``, and every further one twice as long up to
    ``most``, each shortened at random by up to half, so that a thousand devices do not come back in the
    same second. A link that has stayed up for ``stable`` begins with ``first`` again.
    """

    first: float = 1.0
    """The first wait."""
    most: float = 300.0
    """The longest wait."""
    stable: float = 30.0
    """How long a link must be up to begin anew."""
    refused: float = 900.0
    """The wait after a cause that stays (bad credentials, for one)."""


@dataclass(frozen=True)
class UsbPort:
    """A serial port of a USB module by what identifies it, all of which has to fit.

    Read from ``/sys/class/tty``.
    """

    vendor: int = 0x2C7C
    """Vendor id; Quectel by default."""
    product: int | None = None
    """Product id; ``None`` = any."""
    serial: str | None = None
    """Serial number of the device; ``None`` = any. Many modules have none, or all the same."""
    path: str | None = None
    """Where it is plugged in, as the kernel names it: ``1-1.4`` is bus 1, port 1 of the computer, port 4
    of the hub; ``None`` = anywhere."""
    interface: int = 2
    """Number of the interface; most of these modules have the AT port that prints URCs at 2."""

    def find(self) -> str:
        """The device that it is at the moment.

        Where none fits it raises :class:`~atmqtt.PortLostError`, whose text has those that were seen.
        """
        return _find_usb_port(self)


class WhenFull(enum.Enum):
    """What a full queue does with one message more."""

    BLOCK = "block"
    """The publish waits for room, the default."""
    REFUSE = "refuse"
    """The publish fails with :class:`~atmqtt.QueueFullError`."""
    DROP_OLDEST = "drop oldest"
    """The oldest message that has not been sent makes room, and ends with
    :class:`~atmqtt.QueueFullError`."""


class WhenUnconfirmed(enum.Enum):
    """What becomes of a QoS 2 message whose sending was cut short after the module had it.

    The module cannot go on with the handshake of another connection.
    """

    REPORT = "report"
    """It ends with :class:`~atmqtt.UnconfirmedError`: at most once, and the program knows. The
    default."""
    RESEND = "resend"
    """It is sent again as a new message: at least once, perhaps twice."""


class WhenAlive(enum.Enum):
    """What a link does with a client of the module that is still connected from an earlier run."""

    REPLACE = "replace"
    """Closes it and connects anew, the default with an outbox."""
    ADOPT = "adopt"
    """Takes it over, where it is connected to one of the brokers and its settings allow its messages to
    be read safely; else replaces it. The default without an outbox."""
