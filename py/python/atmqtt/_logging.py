"""The loggers that the native half writes to."""

from __future__ import annotations

import logging

logger = logging.getLogger("atmqtt")
"""Everything that the library has to say."""

wire = logging.getLogger("atmqtt.wire")
"""Every line of the serial port, at ``DEBUG``, with secrets masked."""


def emit(of_wire: bool, level: int, created: float, thread: str, text: str) -> None:
    """Handles a record of the native half as one of the time and thread that it comes from."""
    target = wire if of_wire else logger
    if not target.isEnabledFor(level):
        return
    record = target.makeRecord(target.name, level, "(atmqtt)", 0, text, (), None, "(atmqtt)")
    record.created = created
    record.msecs = created % 1 * 1000
    record.threadName = thread
    target.handle(record)
