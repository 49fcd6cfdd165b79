"""Reads the command line and runs the command."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback

from .. import Error, ErrorKind, __version__
from . import at, cert, doctor, emulate, exits, info, network, probe, pub, signals, sub
from .exits import Failure
from .options import Options, Parser
from .output import Output, printable
from .signals import Interrupted

__all__ = ["main"]

EPILOG = """\
Every command has its own --help. `--modem emulated` tries it without hardware:
  atmqtt info --modem emulated

variables:
  ATMQTT_MODEM     the port where --modem is not given
  ATMQTT_PASSWORD  the password of the user at the broker, where -P is not given
  NO_COLOR         no colours on a terminal either

Results go to standard output, everything else to standard error. On a terminal
there are colours, tables and progress bars where the package `rich` is
installed (pip install "atmqtt[cli]"); anywhere else the output is plain.

"""


def _parser() -> Parser:
    parser = Parser(
        prog="atmqtt",
        description="MQTT through the AT commands of Quectel cellular modules.",
        epilog=EPILOG + exits.TABLE,
    )
    parser.add_argument("--version", action="version", version=f"atmqtt {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (pub, sub, info, network, probe, doctor, at, cert, emulate):
        command.add(commands)
    return parser


def main(args: list[str] | None = None) -> int:
    """Runs the command line; gives its exit code."""
    if args is None:
        args = sys.argv[1:]
    if args[:1] == ["emulate"]:
        return emulate.main(args[1:])
    # Before anything is opened, so that nothing is left behind.
    signals.install()
    options = _parser().parse_args(args)
    name = options.parser.prog
    output = Output(name, json=getattr(options, "json", False), quiet=getattr(options, "quiet", False))
    _log(options)
    try:
        code = int(options.run(options, output))
        sys.stdout.flush()
        signals.raise_lost()
    except Error as error:
        output.error(str(error))
        code = exits.of(error)
    except Failure as failure:
        output.error(str(failure))
        code = int(failure.code)
    except (Interrupted, KeyboardInterrupt) as signal:
        output.note(f"{name}: interrupted")
        code = signal.exit_code if isinstance(signal, Interrupted) else 130
    except BrokenPipeError:
        # Nobody reads any more, as in `atmqtt sub ... | head -1`: that is an end like any other.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception:
        traceback.print_exc()
        code = exits.LIBRARY + ErrorKind.INTERNAL
    return code


class _Lines(logging.Formatter):
    """Times and texts; what comes from the port is made harmless for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return printable(super().format(record))


def _log(options: Options) -> None:
    """Shows the warnings of the library, or every line of the port where that is asked for."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(asctime)s.%(msecs)03d %(message)s", "%H:%M:%S"))
    handler.setLevel(logging.DEBUG if getattr(options, "debug", False) else logging.WARNING)
    logger = logging.getLogger("atmqtt")
    logger.addHandler(handler)
    logger.setLevel(handler.level)
