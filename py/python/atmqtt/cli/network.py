"""``atmqtt network``: what the way into the network is at, and setting it up."""

from __future__ import annotations

import argparse
from datetime import datetime

from .. import (
    Activating,
    ContextAddress,
    Modem,
    Network,
    Readiness,
    Ready,
    Registration,
    SimState,
    Trouble,
    UrcPort,
)
from . import exits, options, session
from .exits import Exit
from .info import (
    asked,
    operator_json,
    operator_text,
    registration_json,
    registration_text,
    signal_json,
    signal_text,
)
from .options import Options, Parser
from .output import Output

__all__ = ["add", "run"]

EXAMPLES = """\
What is to be set is set first, then waited for, then everything is shown. The
module forgets the access point when it restarts, and keeps the URC port.

examples:
  atmqtt network --modem /dev/ttyUSB2
  atmqtt network --modem /dev/ttyUSB2 --apn internet --wait
  atmqtt network --modem /dev/ttyS1 --urc-port uart1

"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "network",
        help="show the way into the network; set the APN, wait until it is there",
        description="Shows what the way into the network is at: SIM, signal, registration, PDP context.",
        epilog=EXAMPLES + exits.TABLE,
    )
    group = options.add_apn(parser)
    group.add_argument(
        "--urc-port",
        metavar="NAME",
        help="where the module prints results and URCs: usbat, usbmodem, uart1, uart2 or all",
    )
    group.add_argument(
        "--set-clock", action="store_true", help="set the module's clock from this computer"
    )
    group.add_argument(
        "--wait",
        metavar="SECONDS",
        nargs="?",
        const=120.0,
        type=options.seconds,
        help="activate the context and wait until it is there [SECONDS: 120]",
    )
    group.add_argument("--deactivate", action="store_true", help="deactivate the context")
    options.add_module(parser)
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    parser.set_defaults(run=run, parser=parser)


def run(options: Options, output: Output) -> int:
    """Sets, waits and prints."""
    if options.wait is not None and options.deactivate:
        options.parser.error("--wait and --deactivate exclude each other")
    with session.open_modem(options) as modem:
        network = modem.network()
        session.set_apn(modem, options)
        if options.urc_port is not None:
            network.set_urc_port(options.urc_port)
        if options.set_clock:
            network.set_clock()
        if options.deactivate:
            network.deactivate(options.context)
        if options.wait is not None:
            _wait(network, options, output)
        if output.json_wanted:
            output.json(_everything(modem, options.context))
        else:
            output.fields(_fields(modem, options.context))
    return Exit.DONE


def _wait(network: Network, options: Options, output: Output) -> None:
    with output.status("waiting for the network") as show:
        network.wait_ready(options.context, options.wait, lambda at: show(_stage(at)))


def _stage(readiness: Readiness) -> str:
    """What is being waited for, in words."""
    match readiness:
        case SimState():
            return f"waiting for the SIM: {readiness.text}"
        case Registration():
            return f"waiting for the network: {registration_text(readiness)}"
        case Activating():
            return "activating the PDP context"
        case Ready(address=address):
            return f"ready: {_address(address)}"
        case Trouble(error=error):
            return f"waiting for the module: {error}"


def _address(address: ContextAddress | None) -> str:
    if address is None:
        return "not active"
    return ", ".join(str(one) for one in (address.v4, address.v6) if one) or "active, no address"


def _fields(modem: Modem, context: int) -> dict[str, str]:
    network = modem.network()
    sim = asked(network.sim)
    apn = asked(lambda: network.apn(context))
    clock = asked(network.clock)
    port = asked(network.urc_port)
    return {
        "SIM": "not known" if sim is None else sim.text,
        "signal": signal_text(asked(network.signal)),
        "registration": registration_text(asked(network.registration)),
        "operator": operator_text(asked(network.operator)),
        "APN": "not known" if apn is None else apn.name or "that of the subscription",
        f"context {context}": _address(asked(lambda: network.address(context))),
        "URC port": "not known" if port is None else _port(port),
        "clock": "not known" if clock is None else clock.isoformat(sep=" "),
    }


def _port(port: UrcPort | str) -> str:
    return port.value if isinstance(port, UrcPort) else port


def _everything(modem: Modem, context: int) -> dict[str, object]:
    network = modem.network()
    sim = asked(network.sim)
    apn = asked(lambda: network.apn(context))
    address = asked(lambda: network.address(context))
    clock: datetime | None = asked(network.clock)
    port = asked(network.urc_port)
    return {
        "sim": None if sim is None else sim.state,
        "signal": signal_json(asked(network.signal)),
        "registration": registration_json(asked(network.registration)),
        "operator": operator_json(asked(network.operator)),
        "apn": None if apn is None else apn.name,
        "context": context,
        "address": None
        if address is None
        else {
            "v4": None if address.v4 is None else str(address.v4),
            "v6": None if address.v6 is None else str(address.v6),
        },
        "urc_port": None if port is None else _port(port),
        "clock": None if clock is None else clock.isoformat(),
    }
