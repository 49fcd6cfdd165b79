"""``atmqtt info``: the module, its SIM, its signal, its network."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from .. import (
    CmeError,
    Modem,
    ModuleError,
    OperationFailedError,
    Operator,
    Registration,
    ServiceRegistration,
    Signal,
)
from . import exits, options, session
from .exits import Exit
from .options import Options, Parser
from .output import Output

__all__ = ["add", "asked", "operator_text", "registration_text", "run", "signal_text"]

T = TypeVar("T")

EXAMPLES = """\
examples:
  atmqtt info --modem /dev/ttyUSB2
  atmqtt info --modem /dev/ttyUSB2 --json | jq -r .module.imei

"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "info",
        help="show the module, its SIM, signal and network",
        description="Shows the module, its SIM, its signal and its network.",
        epilog=EXAMPLES + exits.TABLE,
    )
    options.add_module(parser)
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    parser.set_defaults(run=run, parser=parser)


def run(options: Options, output: Output) -> int:
    """Asks and prints."""
    with session.open_modem(options) as modem:
        if output.json_wanted:
            output.json(_everything(modem))
        else:
            output.fields(_fields(modem))
    return Exit.DONE


def asked(question: Callable[[], T]) -> T | None:
    """The answer; ``None`` where this module has none."""
    try:
        return question()
    except (ModuleError, CmeError, OperationFailedError):
        return None


def _fields(modem: Modem) -> dict[str, str]:
    module = modem.info()
    network = modem.network()
    sim = asked(network.sim)
    fields = {
        "port": modem.port_name,
        "module": f"{module.manufacturer} {module.model}".strip(),
        "revision": module.revision,
        "IMEI": module.imei,
        "SIM": "not known" if sim is None else sim.text,
        "ICCID": module.iccid,
        "IMSI": module.imsi,
        "signal": signal_text(asked(network.signal)),
        "registration": registration_text(asked(network.registration)),
        "operator": operator_text(asked(network.operator)),
    }
    return {name: value or "-" for name, value in fields.items()}


def _everything(modem: Modem) -> dict[str, object]:
    module = modem.info()
    network = modem.network()
    sim = asked(network.sim)
    return {
        "port": modem.port_name,
        "module": {
            "manufacturer": module.manufacturer,
            "model": module.model,
            "revision": module.revision,
            "imei": module.imei,
        },
        "sim": {
            "state": None if sim is None else sim.state,
            "iccid": module.iccid or None,
            "imsi": module.imsi or None,
        },
        "signal": signal_json(asked(network.signal)),
        "registration": registration_json(asked(network.registration)),
        "operator": operator_json(asked(network.operator)),
    }


def signal_text(signal: Signal | None) -> str:
    """The strength in dBm, and in a word."""
    if signal is None or signal.rssi_dbm is None:
        return "not known"
    return f"{signal.rssi_dbm} dBm ({_strength(signal.rssi_dbm)})"


def _strength(dbm: int) -> str:
    # The usual steps for RSSI in LTE.
    for least, word in ((-73, "excellent"), (-83, "good"), (-93, "fair"), (-105, "weak")):
        if dbm >= least:
            return word
    return "very weak"


def signal_json(signal: Signal | None) -> dict[str, object] | None:
    """The same as numbers."""
    if signal is None:
        return None
    return {"rssi_dbm": signal.rssi_dbm, "bit_error_rate": signal.bit_error_rate}


def registration_text(registration: Registration | None) -> str:
    """Whether there is packet data, and the status of each kind of service."""
    if registration is None:
        return "not known"
    found = {
        service: _word(one.status.name)
        for service, one in _services(registration).items()
        if one is not None
    }
    head = "registered" if registration.is_registered else "not registered"
    if not found:
        return head
    words = set(found.values())
    if len(words) == 1:
        (word,) = words
        return head if word == head else f"{head} ({word})"
    return f"{head} ({', '.join(f'{service} {word}' for service, word in found.items())})"


def _services(registration: Registration) -> dict[str, ServiceRegistration | None]:
    return {
        "LTE": registration.eps,
        "packet": registration.packet,
        "circuit": registration.circuit,
    }


def _word(name: str) -> str:
    return name.lower().replace("_", " ")


def registration_json(registration: Registration | None) -> dict[str, object] | None:
    """The same as numbers and words."""
    if registration is None:
        return None
    services: dict[str, object] = {"registered": registration.is_registered}
    for name in ("eps", "packet", "circuit"):
        one = getattr(registration, name)
        services[name] = (
            None
            if one is None
            else {
                "status": int(one.status),
                "text": _word(one.status.name),
                "area": one.area,
                "cell": one.cell,
                "technology": None if one.technology is None else one.technology.value,
            }
        )
    return services


def operator_text(operator: Operator | None) -> str:
    """Name, technology, band."""
    if operator is None:
        return "not known"
    technology = operator.technology.value if operator.technology else None
    parts = [operator.name or operator.numeric, operator.access or technology, operator.band]
    return ", ".join(part for part in parts if part) or "none"


def operator_json(operator: Operator | None) -> dict[str, object] | None:
    """The same, everything that is known."""
    if operator is None:
        return None
    return {
        "name": operator.name,
        "numeric": operator.numeric,
        "technology": None if operator.technology is None else operator.technology.value,
        "access": operator.access,
        "band": operator.band,
        "channel": operator.channel,
    }
