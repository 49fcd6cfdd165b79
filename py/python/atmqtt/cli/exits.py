"""What the exit codes mean. They never change."""

from __future__ import annotations

import enum

from ..errors import Error, ErrorKind

__all__ = ["TABLE", "Exit", "Failure", "of"]


class Exit(enum.IntEnum):
    """Exit codes that are not those of an error of the library."""

    DONE = 0
    FAILED = 10
    FOUND = 11
    TIMED_OUT = 27  # MOSQ_ERR_TIMEOUT
    USAGE = 64  # EX_USAGE of sysexits.h


LIBRARY = 40
"""What is added to the number of an error of the library."""

_CONNACK = range(1, 6)

TABLE = """\
exit codes:
     0  done; sub, network --wait and at: also ended by Ctrl-C where nothing was missing
   1-5  the broker refused the connection with this return code (1 protocol version,
        2 client id, 3 not available, 4 user or password, 5 not authorised)
    10  failed for a reason on this computer: a file, standard input
    11  found what was looked for, and it is bad: doctor: something stands in the way;
        probe: no port answers; sub: the broker grants no subscription
    27  sub: the time of -W is over
 41-56  an error of the library, 40 + its number, among them
        41 invalid argument     43 no answer, nothing was accepted: safe to try again
        42 invalid state        44 accepted, outcome unknown: again may duplicate
        45 module said ERROR    46 +CME ERROR      47 the result line carried a failure
        49 port lost            50 port busy       55 disconnected
    64  wrong options
   129, 130, 143  ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM before it was done"""


class Failure(Exception):
    """A failure that is none of the library's: what to print, and the exit code."""

    def __init__(self, text: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(text)
        self.code = code


def of(error: Error) -> int:
    """The exit code of an error of the library."""
    code = error.code
    if error.kind is ErrorKind.CONNECTION_REFUSED and code is not None and code in _CONNACK:
        return code
    return LIBRARY + error.number
