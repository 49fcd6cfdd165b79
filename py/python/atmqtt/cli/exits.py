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
exit codes, the same for every command:
    0  done; with sub, also ended by a signal once it was subscribed
  1-5  the broker refused the connection with this return code: 1 protocol
       version, 2 client id, 3 not available, 4 user or password, 5 not
       authorised
   10  failed on this computer: a file, standard input
   11  doctor: something stands in the way; probe: no port answers
   27  sub -W: the time is over
   64  wrong options
  129, 130, 143  ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM before it was done
 and for the errors of the library, 40 + the number of their kind:
   41 invalid argument    42 invalid state      43 no answer: safe to repeat
   44 outcome unknown: repeating may duplicate  45 ERROR    46 +CME ERROR
   47 the result line carried a failure         48 refused  49 port lost
   50 port busy           51 wrong checksum     52 called from callback
   53 closed              54 internal           55 disconnected
   56 port stuck          57 outbox             58 queue full"""


class Failure(Exception):
    """A failure that is none of the library's: what to print, and the exit code."""

    def __init__(self, text: str, code: int = Exit.FAILED) -> None:
        super().__init__(text)
        self.code = code


def of(error: Error) -> int:
    """The exit code of an error of the library."""
    code = error.code
    if error.kind is ErrorKind.CONNECTION_REFUSED and code is not None and code in _CONNACK:
        return code
    return LIBRARY + error.number
