"""``atmqtt emulate``: an emulated module, the program ``atmqtt-emulator``."""

from __future__ import annotations

import argparse
import signal

from .._native import _emulator_main
from .exits import Exit
from .options import Parser

__all__ = ["add", "main"]

# What the program itself says, in the terms of the table.
_CODES = {0: Exit.DONE, 1: Exit.FAILED, 2: Exit.USAGE}


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the list; its options are its own, see :func:`main`."""
    commands.add_parser(
        "emulate", help="serve an emulated module on a pseudo-terminal, for trying out and tests"
    )


def main(args: list[str]) -> int:
    """Serves an emulated module until SIGINT or SIGTERM."""
    # The signals are its own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = _emulator_main(["atmqtt emulate", *args])
    return _CODES.get(code, code)
