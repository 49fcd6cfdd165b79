"""``atmqtt probe``: finds the module among the serial ports."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from .. import Error, Modem, TimedOutError, UnconfirmedError
from . import exits
from .exits import Exit
from .options import Options, Parser, in_range
from .output import Output
from .usb import UsbPort, quectel_ports

__all__ = ["add", "run"]

EPILOG = """\
A module on USB has several serial ports: for diagnostics, for NMEA, and one or
two for AT commands. Each is asked who it is; those that answer can be used. A
module on a UART is asked where its port is named:

  atmqtt probe /dev/ttyS1 --baud 9600

"""

PATIENCE = 1.0
"""Seconds that a port has before it is asked once more."""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "probe",
        help="find the serial ports of modules and ask each",
        description="Finds the serial ports of Quectel modules on USB (vendor 2c7c) and asks each "
        "who it is.",
        epilog=EPILOG + exits.TABLE,
    )
    parser.add_argument("ports", metavar="PORT", nargs="*", help="ask these ports instead")
    parser.add_argument(
        "--baud",
        metavar="N",
        type=in_range(50, 4_000_000),
        default=115_200,
        help="bits per second of the ports [default: 115200]",
    )
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    parser.add_argument(
        "-d", "--debug", action="store_true", help="show every line of the ports on standard error"
    )
    parser.set_defaults(run=run, parser=parser)


@dataclass(frozen=True)
class Answer:
    """What a port answers."""

    port: str
    usb: str | None
    product: str | None
    interface: int | None
    answers: bool
    module: str | None
    imei: str | None
    error: str | None


def run(options: Options, output: Output) -> int:
    """Finds, asks and prints."""
    ports: list[str | UsbPort] = [*options.ports] or [*quectel_ports()]
    answers = _ask_all(ports, options.baud, output) if ports else []
    if output.json_wanted:
        output.json([asdict(answer) for answer in answers])
    elif answers:
        output.table(("port", "USB id", "interface", "answer"), [_row(answer) for answer in answers])
    if not answers:
        output.error(
            "no Quectel module on USB (vendor 2c7c); name the port of one on a UART, "
            "as in `atmqtt probe /dev/ttyS1`"
        )
    return Exit.DONE if any(answer.answers for answer in answers) else Exit.FOUND


def _ask_all(ports: list[str | UsbPort], baud: int, output: Output) -> list[Answer]:
    # They are different ports: one need not wait for the silence of another.
    with output.status("asking every port"), ThreadPoolExecutor(len(ports)) as pool:
        return list(pool.map(lambda port: _ask(port, baud), ports))


def _ask(port: str | UsbPort, baud: int) -> Answer:
    path = port if isinstance(port, str) else port.device
    module, imei, why = None, None, None
    try:
        with Modem(path, baud, patience=PATIENCE) as modem:
            info = modem.info(timeout=5)
            module = f"{info.manufacturer} {info.model}".strip() or "a module without a name"
            imei = info.imei
    except (TimedOutError, UnconfirmedError):
        why = "silent"
    except Error as error:
        why = str(error)
    usb = port if isinstance(port, UsbPort) else None
    return Answer(
        port=path,
        usb=None if usb is None else f"2c7c:{usb.product_id}",
        product=None if usb is None else usb.product,
        interface=None if usb is None else usb.interface,
        answers=module is not None,
        module=module,
        imei=imei,
        error=why,
    )


def _row(answer: Answer) -> tuple[str, str, str, str]:
    said = f"{answer.module}, IMEI {answer.imei}" if answer.answers else answer.error or ""
    interface = "-" if answer.interface is None else str(answer.interface)
    return answer.port, answer.usb or "-", interface, said
