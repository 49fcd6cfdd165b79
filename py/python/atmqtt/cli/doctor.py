"""``atmqtt doctor``: what stands between this machine and a working session."""

from __future__ import annotations

import argparse
import getpass
import grp
import logging
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import (
    Error,
    Modem,
    PortBusyError,
    PortNotFoundError,
    PortPermissionError,
    RegistrationStatus,
    TimedOutError,
    UrcPort,
)
from .._logging import wire
from . import exits, options, session
from .exits import Exit
from .info import asked, operator_text, registration_text, signal_text
from .options import Options, Parser
from .output import Output, printable
from .usb import quectel_ports

__all__ = ["add", "run"]

EPILOG = """\
Looks in this order and stops where nothing further can be seen: the port,
permission, ModemManager, who else has the port, whether a module answers,
whether it has the MQTT commands of the library, SIM, signal, registration, PDP
context (which it activates), where the module prints its results, its clock,
and with -h the way to the broker.

examples:
  atmqtt doctor --modem /dev/ttyUSB2
  atmqtt doctor --modem /dev/ttyUSB2 -h broker.example --cafile ca.pem
  atmqtt doctor --modem /dev/ttyUSB2 --json | jq '.[] | select(.state=="fail")'

"""

PATIENCE = 2.0
"""Seconds that a port has before it is asked once more."""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        usage="atmqtt doctor --modem PORT [-h HOST] [options]",
        help="find what stands in the way of a session, and what to do about it",
        description="Finds what stands between this machine and a working MQTT session, and says "
        "what to do about it.",
        epilog=EPILOG + exits.TABLE,
    )
    options.add_module(parser)
    options.add_broker(parser)
    options.add_apn(parser)
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    parser.set_defaults(run=run, parser=parser, topic=[])


@dataclass(frozen=True)
class Finding:
    """What one look found."""

    check: str
    """What was looked at."""
    state: str
    """``ok``, ``warn`` (it may be meant so), or ``fail`` (nothing will work)."""
    text: str
    """What was seen."""
    fix: str | None = None
    """What to do about it."""


class Stop(Exception):
    """Nothing further can be seen."""


Findings = Iterator[Finding]


def run(options_: Options, output: Output) -> int:
    """Looks at everything and prints it as it comes."""
    broker = options_.host is not None or options_.url is not None
    if broker:
        options.finish_broker(options_, options_.parser)
    found: list[Finding] = []
    with session.port(options_) as port:
        doctor = Doctor(port, options_, broker)
        checks = doctor.findings()
        while True:
            with _Status(output, doctor.looking):
                finding = next(checks, None)
            if finding is None:
                break
            found.append(finding)
            if not output.json_wanted:
                _print(finding, output)
    failed = [finding for finding in found if finding.state == "fail"]
    if output.json_wanted:
        output.json([asdict(finding) for finding in found])
    elif failed:
        output.line("")
        output.line(f"{len(failed)} in the way: {', '.join(f.check for f in failed)}", "bold red")
    else:
        output.line("")
        output.line("nothing stands in the way", "bold green")
    return Exit.FOUND if failed else Exit.DONE


def _print(finding: Finding, output: Output) -> None:
    if output.out is None:
        print(f"{finding.state:<4}  {finding.check:<12}  {printable(finding.text)}", flush=True)
        if finding.fix is not None:
            print(f"{'':<4}  {'':<12}  -> {printable(finding.fix)}", flush=True)
        return
    from rich.table import Table
    from rich.text import Text

    mark, style = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}[finding.state]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1, style=style)
    grid.add_column(width=12, style="bold")
    grid.add_column(overflow="fold")
    grid.add_row(mark, finding.check, Text(printable(finding.text)))
    if finding.fix is not None:
        grid.add_row("", "", Text(f"→ {printable(finding.fix)}", style=style))
    output.out.print(grid)


class Doctor:
    """The looks, in their order."""

    def __init__(self, port: str, options: Options, broker: bool) -> None:
        self._port = port
        self._options = options
        self._broker = broker
        self.looking = "the port"
        """What is being looked at."""

    def findings(self) -> Findings:
        """Everything that is found, as it is found."""
        try:
            yield from self._this_machine()
            yield from self._module()
        except Stop:
            return

    def _this_machine(self) -> Findings:
        yield from self._exists()
        yield from self._permission()
        yield from self._modem_manager()

    def _exists(self) -> Findings:
        path = Path(self._port)
        if not path.exists():
            others = [port.device for port in quectel_ports()]
            if others:
                fix = f"a Quectel module has {', '.join(others)}; `atmqtt probe` asks each"
            else:
                fix = (
                    "no Quectel module is on USB: check power and cable, and `dmesg`; "
                    "for one on a UART, whether the UART is enabled"
                )
            yield Finding("port", "fail", f"{path} does not exist", fix)
            raise Stop
        if not stat.S_ISCHR(path.stat().st_mode):
            fix = "name a serial device; `atmqtt probe` lists those of modules"
            yield Finding("port", "fail", f"{path} is no device", fix)
            raise Stop
        usb = next((usb for usb in quectel_ports() if usb.device == os.path.realpath(path)), None)
        what = f", {usb.product} on USB (2c7c:{usb.product_id})" if usb else ""
        yield Finding("port", "ok", f"{path}{what}")

    def _permission(self) -> Findings:
        if os.access(self._port, os.R_OK | os.W_OK):
            yield Finding("permission", "ok", "may be read and written")
            return
        status = os.stat(self._port)
        group = _group(status.st_gid)
        user = getpass.getuser()
        text = f"{user} may not open it (group {group}, mode {status.st_mode & 0o777:o})"
        fix = f"sudo usermod -aG {group} {user}, then log in again"
        if user in _members(status.st_gid):
            fix = f"{user} is in the group {group} already, but this session is older: log in again"
        elif status.st_gid in os.getgroups() or not status.st_mode & stat.S_IRGRP:
            fix = f"sudo chmod g+rw {self._port}; a udev rule with GROUP and MODE makes it last"
        yield Finding("permission", "fail", text, fix)
        raise Stop

    def _modem_manager(self) -> Findings:
        pid = _process("ModemManager")
        if pid is None:
            yield Finding("ModemManager", "ok", "is not running")
        elif _left_alone(self._port):
            yield Finding("ModemManager", "ok", "runs, and leaves this port alone")
        else:
            yield Finding(
                "ModemManager",
                "warn",
                f"runs (process {pid}) and may take the port",
                "sudo systemctl disable --now ModemManager; or a udev rule that sets "
                'ENV{ID_MM_PORT_IGNORE}="1" for the port',
            )

    def _module(self) -> Findings:
        self.looking = "the module"
        lines = _Lines()
        flow = session.flow_control(self._options)
        try:
            with lines:
                modem = Modem(self._port, self._options.baud, patience=PATIENCE, flow_control=flow)
        except Error as error:
            yield self._cannot_open(error, lines)
            return
        with modem:
            yield Finding("free", "ok", "nobody else has the port")
            yield from self._identity(modem, lines)
            yield from self._sim(modem)
            yield from self._signal(modem)
            yield from self._registration(modem)
            yield from self._context(modem)
            yield from self._urc_port(modem)
            yield from self._clock(modem)
            if self._broker:
                yield from self._session(modem)

    def _cannot_open(self, error: Error, lines: _Lines) -> Finding:
        if isinstance(error, PortBusyError):
            fix = "stop the program that has it; `sudo fuser -v " + self._port + "` shows it too"
            return Finding("free", "fail", error.detail, fix)
        if isinstance(error, (PortNotFoundError, PortPermissionError)):
            return Finding("port", "fail", error.detail)
        if not isinstance(error, TimedOutError):
            return Finding("module", "fail", str(error))
        text, fix = lines.diagnosis(self._options.baud)
        return Finding("module", "fail", text, fix)

    def _identity(self, modem: Modem, lines: _Lines) -> Findings:
        info = modem.info(timeout=10)
        name = f"{info.manufacturer} {info.model}, {info.revision}".strip(" ,")
        echo = "; echoed commands, which is off now" if lines.echoed else ""
        yield Finding("module", "ok", f"{name or 'answers'}{echo}")
        capabilities = modem.capabilities()
        if capabilities.supports("QMTPUBEX"):
            yield Finding("MQTT", "ok", "has the MQTT commands")
        elif capabilities.supports("QMTPUB") or capabilities.supports("QMTOPEN"):
            yield Finding(
                "MQTT",
                "fail",
                "has no AT+QMTPUBEX: it is of a family with other MQTT commands",
                "the library speaks LTE Standard(A): EC200, EC600, EC800, EG912, EG915; "
                "subscribing may work here, publishing does not",
            )
        else:
            yield Finding(
                "MQTT",
                "fail",
                "does not know the MQTT commands",
                "ask the supplier for a firmware with MQTT (AT+QMTOPEN=? must answer)",
            )
        alive = [n for n in range(6) if modem.client(n).found_alive is not None]
        if alive:
            yield Finding(
                "clients",
                "warn",
                f"client {', '.join(map(str, alive))} is still open, of an earlier program",
                "nothing needs to be done: pub, sub and open(replace=True) close it first",
            )

    def _sim(self, modem: Modem) -> Findings:
        self.looking = "the SIM"
        sim = asked(modem.network().sim)
        if sim is None:
            yield Finding("SIM", "warn", "the module does not say (AT+CPIN?)")
        elif sim.is_ready:
            yield Finding("SIM", "ok", sim.text)
        else:
            fix = {
                "pin required": "atmqtt at 'AT+CPIN=\"1234\"' with the PIN of the card; "
                "three wrong ones lock it",
                "puk required": 'AT+CPIN="PUK","new PIN" with the PUK of the operator',
                "absent": "insert the card with power off; check the holder and its contacts",
                "busy": "wait a few seconds and look again",
            }.get(sim.state, "try the card in a telephone")
            yield Finding("SIM", "fail", sim.text, fix)

    def _signal(self, modem: Modem) -> Findings:
        signal = asked(modem.network().signal)
        dbm = None if signal is None else signal.rssi_dbm
        state = "ok" if dbm is not None and dbm >= -105 else "warn"
        fix = None if state == "ok" else "check the antenna and its plug; try another place"
        yield Finding("signal", state, signal_text(signal), fix)

    def _registration(self, modem: Modem) -> Findings:
        self.looking = "the registration"
        registration = asked(modem.network().registration)
        if registration is None:
            yield Finding("registration", "warn", "the module does not say (AT+CEREG?)")
            return
        text = registration_text(registration)
        if registration.is_registered:
            operator = operator_text(asked(modem.network().operator))
            yield Finding("registration", "ok", f"{text}, {operator}")
            return
        services = (registration.eps, registration.packet, registration.circuit)
        statuses = {one.status for one in services if one is not None}
        if RegistrationStatus.DENIED in statuses:
            fix = (
                "the network refuses this card: is it activated, its plan paid and for this "
                "country, the module's IMEI not blocked?"
            )
        elif RegistrationStatus.SEARCHING in statuses:
            fix = "wait, up to minutes after power on; then antenna, coverage, bands of the module"
        else:
            fix = "atmqtt at AT+CFUN=1 turns the radio on; `AT+COPS=0` chooses a network by itself"
        yield Finding("registration", "fail", text, fix)

    def _context(self, modem: Modem) -> Findings:
        self.looking = "the PDP context"
        network = modem.network()
        number = self._options.context
        check = "PDP context"
        session.set_apn(modem, self._options)
        try:
            network.activate(number)
            address = network.address(number)
        except Error as error:
            apn = asked(lambda: network.apn(number))
            name = apn.name if apn is not None and apn.name else "none"
            yield Finding(
                check,
                "fail",
                f"{error.detail} (APN: {name})",
                "once SIM and registration are well, set the access point of the operator: "
                "atmqtt network --apn NAME --wait",
            )
            return
        shown = "no address"
        if address is not None:
            shown = ", ".join(str(one) for one in (address.v4, address.v6) if one) or shown
        yield Finding(check, "ok", f"context {number} is active, {shown}")

    def _urc_port(self, modem: Modem) -> Findings:
        port = asked(modem.network().urc_port)
        if port is None:
            yield Finding("URC port", "warn", "the module does not say (AT+QURCCFG)")
            return
        name = port.value if isinstance(port, UrcPort) else port
        expected = _expected_urc_ports(self._port)
        if expected and name not in expected:
            yield Finding(
                "URC port",
                "fail",
                f"results of MQTT commands are printed on {name}, and this is another port: every "
                "call would time out after its OK",
                f"atmqtt network --urc-port {expected[0]}; the module remembers it",
            )
        else:
            yield Finding("URC port", "ok", f"results are printed on {name}")

    def _clock(self, modem: Modem) -> Findings:
        clock = asked(modem.network().clock)
        ours = time.time()
        if ours < _LONG_AGO:
            yield Finding(
                "clock",
                "warn",
                "the clock of this computer is not set",
                "timedatectl set-ntp true, or set it from the module: atmqtt at AT+CCLK?",
            )
        elif clock is None:
            yield Finding("clock", "warn", "the module does not say (AT+CCLK?)")
        elif abs(clock.timestamp() - ours) < _DAY:
            yield Finding("clock", "ok", f"{clock:%Y-%m-%d %H:%M:%S %z}")
        else:
            yield Finding(
                "clock",
                "warn",
                f"the module has {clock:%Y-%m-%d}: with TLS, the dates of certificates are checked "
                "against that",
                "atmqtt network --set-clock, or --tls-clock set with pub and sub",
            )

    def _session(self, modem: Modem) -> Findings:
        self.looking = "the broker"
        where = f"{self._options.host}:{self._options.port}"
        client = modem.client(self._options.client)
        try:
            with session.connected(client, self._options):
                yield Finding("broker", "ok", f"connected to {where}, and disconnected")
        except Error as error:
            yield Finding("broker", "fail", str(error), _broker_fix(error, where))


_DAY = 86_400
_LONG_AGO = 1_704_067_200  # 2024-01-01: before this library


def _broker_fix(error: Error, where: str) -> str:
    if error.command == "AT+QMTOPEN":
        return (
            f"is {where} right, and reachable from the Internet? Firewalls and private addresses "
            "are not in the operator's network; with TLS, is it the port and the CA of the broker?"
        )
    if error.command == "AT+QMTCONN":
        return "check user name, password and client id; with TLS on the other side, --cafile"
    return "see the text"


def _expected_urc_ports(port: str) -> tuple[str, ...]:
    """Which URC ports a serial device may be, the likeliest first; empty = no idea."""
    name = os.path.basename(os.path.realpath(port))
    if name.startswith(("ttyUSB", "ttyACM")):
        return ("usbat", "usbmodem", "all")
    if name.startswith(("ttyS", "ttyAMA", "ttyTHS", "ttymxc", "ttyO", "ttySC", "ttyLP", "ttyHS")):
        return ("uart1", "uart2", "uart3", "all")
    return ()


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _members(number: int) -> list[str]:
    try:
        return grp.getgrgid(number).gr_mem
    except KeyError:
        return []


def _process(name: str) -> int | None:
    """A process of this name."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() == name:
                return int(folder.name)
        except OSError:
            continue
    return None


def _left_alone(port: str) -> bool:
    """Whether udev tells ModemManager to leave the port alone."""
    device = os.stat(port).st_rdev
    entry = Path(f"/run/udev/data/c{os.major(device)}:{os.minor(device)}")
    try:
        lines = entry.read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line in ("E:ID_MM_PORT_IGNORE=1", "E:ID_MM_DEVICE_IGNORE=1") for line in lines)


class _Lines(logging.Handler):
    """What the port says while it is opened."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent: list[str] = []
        self.received: list[str] = []

    def __enter__(self) -> _Lines:
        self._level = wire.level
        wire.addHandler(self)
        wire.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        wire.removeHandler(self)
        wire.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line."""
        direction, _, text = record.getMessage().partition(" ")
        (self.sent if direction == ">" else self.received).append(text)

    @property
    def echoed(self) -> bool:
        """Whether a command came back."""
        return any(line in self.sent for line in self.received)

    def diagnosis(self, baud: int) -> tuple[str, str]:
        """Why no module answers, by what came instead; and what to do."""
        others = [line for line in self.received if line not in self.sent]
        if not self.received:
            return (
                f"nothing answers at {baud} baud",
                "try the next port (`atmqtt probe`), another --baud, and whether it has power",
            )
        if not others:
            return (
                "only an echo of what is sent",
                "no module is behind it: are TX and RX connected to each other, or is this the "
                "other end of somebody's terminal?",
            )
        if any(line.startswith("$G") for line in others):
            return "this is a port for NMEA", "take another port of the module: `atmqtt probe`"
        return (
            f"no AT answer, but this: {others[0][:60]}",
            "a wrong --baud reads like this, a port for diagnostics too; try `atmqtt probe`",
        )


class _Status:
    """Shows on a terminal what is being looked at."""

    def __init__(self, output: Output, what: str) -> None:
        shown = output.err is not None and not output.json_wanted
        self._status = output.err.status(what) if output.err is not None and shown else None

    def __enter__(self) -> None:
        if self._status is not None:
            self._status.start()

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
