"""``atmqtt doctor`` against what can be wrong."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_bench import atmqtt, environment, mosquitto, program, succeeds

from atmqtt import Modem
from atmqtt.emulator import Emulator

Finding = dict[str, str]


def doctor(port: str, *args: str, code: int) -> dict[str, Finding]:
    """What it finds, by check."""
    done = atmqtt("doctor", "--modem", port, "--json", *args)
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    findings = json.loads(done.stdout)
    for finding in findings:
        # Whatever is wrong has its fix.
        assert finding["state"] == "ok" or finding["fix"], finding
    return {finding["check"]: finding for finding in findings}


def failed(findings: dict[str, Finding]) -> list[str]:
    return [name for name, finding in findings.items() if finding["state"] == "fail"]


@contextlib.contextmanager
def modem_manager(mode: int) -> Iterator[None]:
    """Who runs one, or looks for one: there is one machine for all that run these tests at a time."""
    with open(Path(tempfile.gettempdir()) / "atmqtt-tests-modemmanager", "a") as lock:
        fcntl.flock(lock, mode)
        yield


def test_nothing_is_wrong(emulator: Emulator) -> None:
    succeeds("network", "--modem", emulator.port, "--set-clock")
    with modem_manager(fcntl.LOCK_SH):
        findings = doctor(emulator.port, "-h", "any", code=0)
    assert list(findings) == [
        "port",
        "permission",
        "ModemManager",
        "free",
        "module",
        "MQTT",
        "SIM",
        "signal",
        "registration",
        "PDP context",
        "URC port",
        "clock",
        "broker",
    ]
    assert {finding["state"] for finding in findings.values()} == {"ok"}
    assert "echoed commands" not in findings["module"]["text"]


def test_plain(emulator: Emulator) -> None:
    emulator.inject_fault("cme:at=CPIN,code=10,always")
    done = atmqtt("doctor", "--modem", emulator.port)
    assert done.returncode == 11
    lines = done.stdout.splitlines()
    assert f"ok    port          {emulator.port}" in lines
    assert "fail  SIM           no SIM is inserted, or it is not seen yet" in lines
    assert lines[-1] == "1 in the way: SIM"
    assert "\x1b" not in done.stdout


def test_echo_is_noticed(emulator: Emulator) -> None:
    assert "echoed commands, which is off now" in doctor(emulator.port, code=0)["module"]["text"]


def test_no_such_port() -> None:
    findings = doctor("/dev/ttyNOWHERE", code=11)
    assert list(findings) == ["port"]
    assert findings["port"]["text"] == "/dev/ttyNOWHERE does not exist"


def test_a_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert failed(doctor(str(tmp_path / "file"), code=11)) == ["port"]


def test_no_permission(emulator: Emulator) -> None:
    os.chmod(emulator.port, 0)
    command = [sys.executable, "-m", "atmqtt", "doctor", "--modem", emulator.port, "--json"]
    if os.geteuid() == 0:
        # Root without its privileges.
        command = [program("setpriv"), "--bounding-set=-all", "--inh-caps=-all", *command]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 11, done.stderr
    finding = json.loads(done.stdout)[-1]
    assert (finding["check"], finding["state"]) == ("permission", "fail")
    assert "may not open it" in finding["text"]
    assert "mode 0" in finding["text"]


def test_modem_manager_runs(emulator: Emulator, tmp_path: Path) -> None:
    """A process of its name will do: it must not be taken from whoever runs the tests."""
    copy = tmp_path / "ModemManager"
    copy.write_bytes(Path(program("sleep")).resolve().read_bytes())
    copy.chmod(0o755)
    with modem_manager(fcntl.LOCK_EX), subprocess.Popen([str(copy), "1000"]) as process:
        try:
            finding = doctor(emulator.port, code=0)["ModemManager"]
        finally:
            process.kill()
    assert finding["state"] == "warn"
    assert "may take the port" in finding["text"]
    assert "ID_MM_PORT_IGNORE" in finding["fix"]


def test_busy(emulator: Emulator) -> None:
    with Modem(emulator.port):
        findings = doctor(emulator.port, code=11)
    assert failed(findings) == ["free"]
    assert f"process {os.getpid()} " in findings["free"]["text"]


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """A serial line with nobody at its other end yet: the descriptor of that, and the port."""
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_silence(line: tuple[int, str]) -> None:
    findings = doctor(line[1], "--baud", "9600", code=11)
    assert failed(findings) == ["module"]
    assert findings["module"]["text"] == "nothing answers at 9600 baud"


def answered(line: tuple[int, str], answer: bytes | None) -> Finding:
    """What is found where something else than a module answers; ``None`` = what was sent."""
    master, port = line
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                sent = os.read(master, 1024)
                os.write(master, sent if answer is None else answer)
            except OSError:
                return

    # Ends with the descriptor, or the process.
    threading.Thread(target=serve, daemon=True).start()
    try:
        findings = doctor(port, code=11)
    finally:
        stop.set()
    assert failed(findings) == ["module"]
    return findings["module"]


def test_only_an_echo(line: tuple[int, str]) -> None:
    assert answered(line, None)["text"] == "only an echo of what is sent"


def test_nmea(line: tuple[int, str]) -> None:
    assert answered(line, b"$GPGGA,,,,,,0,,,,,,,,*66\r\n")["text"] == "this is a port for NMEA"


def test_another_baud_rate(line: tuple[int, str]) -> None:
    finding = answered(line, b"\xfe\x80\x1b[2J\x00\r\n")
    assert "--baud" in finding["fix"]


@pytest.mark.parametrize(
    ("faults", "check", "text", "fix"),
    [
        (["cme:at=CPIN,code=10,always"], "SIM", "no SIM is inserted", "insert the card"),
        (["cme:at=CPIN,code=11,always"], "SIM", "PIN", "AT+CPIN"),
        (["cme:at=CPIN,code=12,always"], "SIM", "PUK", "PUK of the operator"),
        (["registration:ms=0,code=3"], "registration", "denied", "the network refuses"),
        (["registration:ms=0,code=2"], "registration", "searching", "antenna"),
        (["registration:ms=0,code=0"], "registration", "not registered", "AT+CFUN=1"),
        (["error:at=QIACT,always"], "PDP context", "cannot be activated", "--apn NAME"),
    ],
)
def test_network_troubles(
    emulator: Emulator, faults: list[str], check: str, text: str, fix: str
) -> None:
    for fault in faults:
        emulator.inject_fault(fault)
    findings = doctor(emulator.port, code=11)
    assert check in failed(findings)
    assert text in findings[check]["text"]
    assert fix in findings[check]["fix"]


def test_clock(emulator: Emulator) -> None:
    finding = doctor(emulator.port, code=0)["clock"]
    assert finding["state"] == "warn"
    assert "--set-clock" in finding["fix"]


@pytest.mark.parametrize("profile", ["bg96", "m95"])
def test_a_module_of_another_family(profile: str) -> None:
    with Emulator(profile=profile) as emulator:
        findings = doctor(emulator.port, code=11)
    assert failed(findings) == ["MQTT"]
    assert "AT+QMTPUBEX" in findings["MQTT"]["text"]


def test_a_client_that_was_left_open(emulator: Emulator) -> None:
    with Modem(emulator.port) as modem:
        modem.client(2).open("any")
    finding = doctor(emulator.port, code=0)["clients"]
    assert finding["text"] == "client 2 is still open, of an earlier program"


def test_results_go_to_another_port() -> None:
    """Seen with a broker, where the port is none whose kind its name tells."""
    with Emulator(profile="note-uart") as emulator:
        findings = doctor(emulator.port, code=0)
        assert findings["URC port"]["text"] == "results are printed on usbat"


def test_broker(tmp_path: Path) -> None:
    with Emulator(broker="network") as emulator, mosquitto(tmp_path) as broker:
        where = ["-h", "127.0.0.1", "-p", str(broker.port)]
        findings = doctor(emulator.port, *where, code=0)
        assert findings["broker"]["text"] == (f"connected to 127.0.0.1:{broker.port}, and disconnected")
        findings = doctor(emulator.port, "-h", "127.0.0.1", "-p", "1", code=11)
        assert failed(findings) == ["broker"]
        assert "reachable from the Internet" in findings["broker"]["fix"]


def test_a_module_that_dies_meanwhile(emulator: Emulator) -> None:
    emulator.inject_fault("hang-up:at=CEREG,on=command")
    done = atmqtt("doctor", "--modem", emulator.port)
    assert done.returncode == 49
    assert "hung up" in done.stderr
    assert "ok    SIM" in done.stdout
