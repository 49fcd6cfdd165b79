"""An emulated Quectel module, so that everything can be tried and tested without hardware.

In a program::

    from atmqtt import Modem
    from atmqtt.emulator import Emulator

    with Emulator() as emulator, Modem(emulator.port) as modem:
        print(modem.info())

By itself, with the options of the program ``atmqtt-emulator``::

    $ python -m atmqtt.emulator --link /tmp/ttyQ
    /dev/pts/7
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass

from ._native import Emulator, _emulator_main

__all__ = ["Emulator", "Published", "main"]


@dataclass(frozen=True)
class Published:
    """One message that a client published at the broker inside, or its will."""

    client_id: str
    """Who published it. A client that connected without an identifier has the one it was given."""
    topic: str
    """Topic name."""
    payload: bytes
    """Payload."""
    qos: int
    """QoS 0..2 it was published with."""
    retain: bool
    """Retain flag it was published with."""
    will: bool
    """It is the client's will, published by the broker."""


def main(args: list[str] | None = None) -> int:
    """The program: serves an emulated module until SIGINT or SIGTERM; gives its exit status.

    Prints the path of the device as the first line. ``--help`` lists the options.
    """
    if args is None:
        args = sys.argv[1:]
    # From here on the signals are the program's own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _emulator_main(["python -m atmqtt.emulator", *args])


if __name__ == "__main__":
    sys.exit(main())
