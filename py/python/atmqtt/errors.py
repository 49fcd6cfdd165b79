"""What can go wrong: one exception class for each kind of error.

Every class derives from :class:`Error`, and also from the built-in exception that a program would
catch anyway: a :class:`PortBusyError` is an ``OSError``, a :class:`DisconnectedError` a
``ConnectionError``. The numbers of the kinds never change; they are the same in Rust and C.
"""

from __future__ import annotations

import enum
import errno
import os
import queue

__all__ = [
    "BrokerRefusedError",
    "CalledFromCallbackError",
    "ChecksumMismatchError",
    "ClosedError",
    "CmeError",
    "DisconnectedError",
    "Error",
    "ErrorKind",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "ModuleError",
    "OperationFailedError",
    "PortBusyError",
    "PortLostError",
    "PortNotFoundError",
    "PortPermissionError",
    "PortStuckError",
    "QueueFullError",
    "StorageError",
    "TimedOutError",
    "UnconfirmedError",
]


class ErrorKind(enum.IntEnum):
    """What went wrong, as a number that never changes."""

    INVALID_ARGUMENT = 1
    INVALID_STATE = 2
    TIMEOUT = 3
    UNCONFIRMED = 4
    MODULE_ERROR = 5
    CME_ERROR = 6
    OPERATION_FAILED = 7
    CONNECTION_REFUSED = 8
    PORT_LOST = 9
    PORT_BUSY = 10
    CHECKSUM_MISMATCH = 11
    CALLED_FROM_CALLBACK = 12
    CLOSED = 13
    INTERNAL = 14
    DISCONNECTED = 15
    PORT_STUCK = 16
    STORAGE = 17
    QUEUE_FULL = 18


class Error(Exception):
    """A failed call. ``str(error)`` names the command, the client, what came back and what to do.

    No secret appears in it.
    """

    kind: ErrorKind = ErrorKind.INTERNAL
    """What went wrong; the same for every error of a class."""

    code: int | None
    """The number that the module gave, where it gave one: the ``<result>`` of a result line, the
    CONNACK return code, the number of a ``+CME ERROR``, or the ``+QMTSTAT`` code."""

    command: str | None
    """The AT command that failed, without its parameters, as ``AT+QMTOPEN``."""

    client: int | None
    """The MQTT client 0..5 that it concerns."""

    detail: str
    """The text without kind, command and client."""

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        command: str | None = None,
        client: int | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self._message = message
        self.code = code
        self.command = command
        self.client = client
        self.detail = message if detail is None else detail

    def __str__(self) -> str:
        # OSError has a form of its own where it has an errno or a file name.
        return self._message

    @property
    def number(self) -> int:
        """The number of :attr:`kind`, 1..18."""
        return int(self.kind)


class InvalidArgumentError(Error, ValueError):
    """An argument is out of range, too long, or holds a byte that cannot be sent.

    Nothing was sent.
    """

    kind = ErrorKind.INVALID_ARGUMENT


class InvalidStateError(Error, RuntimeError):
    """The client or the port is not in a state that allows the call. Nothing was sent."""

    kind = ErrorKind.INVALID_STATE


class TimedOutError(Error, TimeoutError):
    """No answer in time, and the module has accepted nothing: doing it again cannot duplicate."""

    kind = ErrorKind.TIMEOUT


class UnconfirmedError(Error, TimeoutError):
    """The module has accepted the command or message, but its outcome is unknown.

    Doing it again may duplicate.
    """

    kind = ErrorKind.UNCONFIRMED


class ModuleError(Error):
    """The module answered ``ERROR``."""

    kind = ErrorKind.MODULE_ERROR


class CmeError(Error):
    """The module answered ``+CME ERROR`` or ``+CMS ERROR``; :attr:`~Error.code` is its number."""

    kind = ErrorKind.CME_ERROR


class OperationFailedError(Error):
    """The result line carried a failure; :attr:`~Error.code` is its ``<result>``."""

    kind = ErrorKind.OPERATION_FAILED


class BrokerRefusedError(Error, ConnectionRefusedError):
    """The broker refused the connection; :attr:`~Error.code` is the CONNACK return code 1..5."""

    kind = ErrorKind.CONNECTION_REFUSED


class PortLostError(Error, OSError):
    """The serial port is gone (unplugged, hung up, broken), or cannot be opened."""

    kind = ErrorKind.PORT_LOST


class PortNotFoundError(PortLostError, FileNotFoundError):
    """There is no such serial port."""


class PortPermissionError(PortLostError, PermissionError):
    """The serial port may not be opened by this user."""


class PortBusyError(Error, OSError):
    """Another program has the serial port."""

    kind = ErrorKind.PORT_BUSY


class ChecksumMismatchError(Error):
    """A file arrived in the module with another checksum than it was sent with."""

    kind = ErrorKind.CHECKSUM_MISMATCH


class CalledFromCallbackError(Error, RuntimeError):
    """Called from a callback, where it could only wait for itself."""

    kind = ErrorKind.CALLED_FROM_CALLBACK


class ClosedError(Error, RuntimeError):
    """The port or the client was closed by this program, or the process was forked since."""

    kind = ErrorKind.CLOSED


class InternalError(Error, RuntimeError):
    """A fault of the library; please report it."""

    kind = ErrorKind.INTERNAL


class DisconnectedError(Error, ConnectionError):
    """The connection of the client ended before the module had accepted anything.

    :attr:`~Error.code` is the ``+QMTSTAT`` code where there was one.
    """

    kind = ErrorKind.DISCONNECTED


class PortStuckError(Error, OSError):
    """The module may still wait for a payload, and nothing may be sent to it.

    Without ``edit/timeout`` only a restart of the module helps.
    """

    kind = ErrorKind.PORT_STUCK


class StorageError(Error, OSError):
    """The outbox, where messages wait on disk, cannot be read or written.

    The text says why, as that the disk is full.
    """

    kind = ErrorKind.STORAGE


class QueueFullError(Error, queue.Full):
    """Too much waits to be sent already: there is no room for the message, or it had to make room."""

    kind = ErrorKind.QUEUE_FULL


_CLASSES: dict[int, type[Error]] = {
    int(cls.kind): cls
    for cls in (
        InvalidArgumentError,
        InvalidStateError,
        TimedOutError,
        UnconfirmedError,
        ModuleError,
        CmeError,
        OperationFailedError,
        BrokerRefusedError,
        PortLostError,
        PortBusyError,
        ChecksumMismatchError,
        CalledFromCallbackError,
        ClosedError,
        InternalError,
        DisconnectedError,
        PortStuckError,
        StorageError,
        QueueFullError,
    )
}


def _from_native(
    number: int,
    message: str,
    code: int | None,
    command: str | None,
    client: int | None,
    detail: str,
    path: str | None = None,
) -> Error:
    """The exception of an error of the native half; ``path`` is what could not be opened."""
    cls = _CLASSES.get(number, InternalError)
    if cls is PortLostError and path is not None:
        if not os.path.exists(path):
            cls = PortNotFoundError
        elif not os.access(path, os.R_OK | os.W_OK):
            cls = PortPermissionError
    error = cls(message, code=code, command=command, client=client, detail=detail)
    if isinstance(error, OSError) and path is not None:
        error.errno = _ERRNO.get(cls)
        error.filename = path
    return error


_ERRNO: dict[type[Error], int] = {
    PortNotFoundError: errno.ENOENT,
    PortPermissionError: errno.EACCES,
    PortBusyError: errno.EBUSY,
}
