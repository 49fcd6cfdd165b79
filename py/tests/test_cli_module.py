"""``atmqtt info``, ``network``, ``probe``, ``cert`` and ``emulate`` against the emulated module."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cli_bench import Running, atmqtt, patiently, succeeds

from atmqtt import Modem
from atmqtt.cli.usb import UsbPort, quectel_ports
from atmqtt.emulator import Emulator

# --- info


def test_info(emulator: Emulator) -> None:
    assert succeeds("info", "--modem", emulator.port).splitlines() == [
        f"port          {emulator.port}",
        "module        Quectel EC200A",
        "revision      EC200AEMULATED",
        "IMEI          867000000000009",
        "SIM           the SIM is ready",
        "ICCID         89860000000000000000",
        "IMSI          001010123456789",
        "signal        -57 dBm (excellent)",
        "registration  registered (home)",
        "operator      EMULATED, FDD LTE, LTE BAND 3",
    ]


def test_info_json(emulator: Emulator) -> None:
    (line,) = succeeds("info", "--modem", emulator.port, "--json").splitlines()
    value = json.loads(line)
    assert value["module"]["imei"] == "867000000000009"
    assert value["sim"] == {
        "state": "ready",
        "iccid": "89860000000000000000",
        "imsi": "001010123456789",
    }
    assert value["signal"] == {"rssi_dbm": -57, "bit_error_rate": None}
    assert value["registration"]["registered"] is True
    assert value["registration"]["eps"]["text"] == "home"
    assert value["operator"]["numeric"] == "00101"


def test_info_of_a_module_that_knows_little(emulator: Emulator) -> None:
    for name in ("CPIN", "CSQ", "CREG", "CGREG", "CEREG", "COPS", "QNWINFO", "QCCID", "CIMI"):
        emulator.inject_fault(f"error:at={name},always")
    text = succeeds("info", "--modem", emulator.port)
    assert "IMSI          -\n" in text
    assert "signal        not known\n" in text
    value = json.loads(succeeds("info", "--modem", emulator.port, "--json"))
    assert value["sim"] == {"state": None, "iccid": None, "imsi": None}


@pytest.mark.parametrize("profile", Emulator.profiles())
def test_info_and_network_of_every_profile(profile: str) -> None:
    with Emulator(profile=profile) as emulator:
        for command in ("info", "network"):
            succeeds(command, "--modem", emulator.port)
            json.loads(succeeds(command, "--modem", emulator.port, "--json"))


def test_info_debug(emulator: Emulator) -> None:
    done = atmqtt("info", "--modem", emulator.port, "--debug")
    assert "> AT+CGSN" in done.stderr
    assert "< 867000000000009" in done.stderr
    assert "AT+" not in done.stdout


# --- network


def test_network(emulator: Emulator) -> None:
    rows = dict(
        line.split(maxsplit=1)
        for line in succeeds("network", "--modem", emulator.port).splitlines()
        if not line.startswith(("context", "URC"))
    )
    assert rows["APN"] == "that of the subscription"
    assert rows["registration"] == "registered (home)"
    assert "context 1     not active\n" in succeeds("network", "--modem", emulator.port)


def test_network_is_set_up(emulator: Emulator) -> None:
    args = ["--apn", "internet", "--apn-user", "me", "--apn-password", "hunter2", "--context", "3"]
    done = atmqtt(
        "network", "--modem", emulator.port, *args, "--wait", "20", "--urc-port", "uart1", "--set-clock"
    )
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].startswith("ready: 10.")
    assert "APN           internet\n" in done.stdout
    assert "context 3     10." in done.stdout
    assert "URC port      uart1\n" in done.stdout
    value = json.loads(succeeds("network", "--modem", emulator.port, "--context", "3", "--json"))
    assert value["apn"] == "internet"
    assert value["address"]["v4"].startswith("10.")
    clock = datetime.fromisoformat(value["clock"])
    assert abs((datetime.now(timezone.utc) - clock).total_seconds()) < 3600
    text = succeeds("network", "--modem", emulator.port, "--context", "3", "--deactivate")
    assert "context 3     not active\n" in text


def test_network_waits(emulator: Emulator) -> None:
    emulator.inject_fault("registration:ms=0,code=2")
    with Running("network", "--modem", emulator.port, "--wait", "30") as running:
        assert running.process.stderr is not None
        lines = iter(running.process.stderr.readline, "")
        assert any("not registered (searching)" in line for line in lines)
        emulator.inject_fault("registration:ms=0,code=5")
        code, out, _ = running.end()
    assert code == 0
    assert "registered (roaming)" in out


def test_network_waits_in_vain(emulator: Emulator) -> None:
    emulator.inject_fault("registration:ms=0,code=3")
    done = atmqtt("network", "--modem", emulator.port, "--wait", "0.5")
    assert done.returncode == 43
    assert "Denied" in done.stderr.splitlines()[-1]


def test_network_interrupted(emulator: Emulator) -> None:
    emulator.inject_fault("registration:ms=0,code=2")
    with Running("network", "--modem", emulator.port, "--wait") as running:
        assert running.process.stderr is not None
        assert running.process.stderr.readline() == "waiting for the network\n"
        assert running.end(signal.SIGINT)[0] == 130


# --- probe


def test_probe_named_ports(emulator: Emulator) -> None:
    master, slave = os.openpty()
    silent = os.ttyname(slave)
    done = atmqtt("probe", emulator.port, silent, "/dev/ttyNOWHERE", "--json")
    os.close(master)
    os.close(slave)
    assert done.returncode == 0
    first, second, third = json.loads(done.stdout)
    assert (first["answers"], first["module"]) == (True, "Quectel EC200A")
    assert first["imei"] == "867000000000009"
    assert (second["answers"], second["error"]) == (False, "silent")
    assert third["error"].startswith("port lost: /dev/ttyNOWHERE cannot be opened")


def test_probe_prints_a_table(emulator: Emulator) -> None:
    done = atmqtt("probe", emulator.port)
    assert (done.returncode, done.stderr) == (0, "asking every port\n")
    head, row = done.stdout.splitlines()
    assert head.split() == ["port", "USB", "id", "interface", "answer"]
    assert row.endswith("Quectel EC200A, IMEI 867000000000009")


def test_probe_finds_nothing_that_answers() -> None:
    done = atmqtt("probe", "/dev/ttyNOWHERE")
    assert done.returncode == 11
    assert "cannot be opened" in done.stdout


def usb_device(root: Path, name: str, vendor: str, interfaces: dict[int, str]) -> None:
    """A USB device with serial ports, as the kernel shows it."""
    device = root / "devices" / "usb1" / name
    device.mkdir(parents=True)
    (device / "idVendor").write_text(f"{vendor}\n")
    (device / "idProduct").write_text("6002\n")
    (device / "product").write_text("LTE Module\n")
    for number, tty in interfaces.items():
        port = device / f"{name}:1.{number}" / tty
        port.mkdir(parents=True)
        (port.parent / "bInterfaceNumber").write_text(f"{number:02x}\n")
        node = root / "class" / "tty" / tty
        node.mkdir(parents=True)
        (node / "device").symlink_to(port)


def test_usb_ports_of_quectel_are_found(tmp_path: Path) -> None:
    usb_device(tmp_path, "1-1", "2c7c", {2: "ttyUSB2", 4: "ttyUSB10"})
    usb_device(tmp_path, "1-2", "0403", {0: "ttyUSB1"})
    (tmp_path / "class" / "tty" / "tty0").mkdir()
    assert quectel_ports(tmp_path) == [
        UsbPort("/dev/ttyUSB2", "6002", "LTE Module", 2),
        UsbPort("/dev/ttyUSB10", "6002", "LTE Module", 4),
    ]
    assert quectel_ports(tmp_path / "nothing") == []


# --- cert


def test_cert(emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    data = b"-----BEGIN CERTIFICATE-----\n" + bytes(range(256)) * 8
    path.write_bytes(data)
    module = ["--modem", emulator.port]
    assert succeeds("cert", "push", str(path), *module).startswith("ca.pem: uploaded, 2076 bytes")
    assert "is there already" in succeeds("cert", "push", str(path), *module)
    assert json.loads(succeeds("cert", "push", str(path), *module, "--force", "--json")) == {
        "name": "ca.pem",
        "size": 2076,
        "checksum": json.loads(succeeds("cert", "push", str(path), *module, "--json"))["checksum"],
        "written": True,
    }
    # Another file of the same size is not the same.
    path.write_bytes(data[:-1] + b"!")
    assert "uploaded" in succeeds("cert", "push", str(path), "ca.pem", *module, "--ack")
    succeeds("cert", "push", str(path), "other", *module)
    with Modem(emulator.port) as modem:
        assert modem.files().download("ca.pem") == data[:-1] + b"!"
    done = atmqtt("cert", "ls", *module)
    assert done.stdout.splitlines() == ["name    bytes", "ca.pem   2076", "other    2076"]
    assert done.stderr.startswith("2 files; ")
    assert atmqtt("cert", "ls", "*.pem", *module).stdout.count("\n") == 2
    assert succeeds("cert", "rm", "ca.pem", "other", *module) == ""
    assert json.loads(succeeds("cert", "ls", *module, "--json"))["files"] == []


def test_cert_failures(emulator: Emulator, tmp_path: Path) -> None:
    module = ["--modem", emulator.port]
    assert atmqtt("cert", "push", str(tmp_path / "none"), *module).returncode == 10
    done = atmqtt("cert", "rm", "none", *module)
    assert done.returncode == 46
    assert "AT+QFDEL" in done.stderr
    big = tmp_path / "big"
    big.write_bytes(bytes(300_000))
    assert atmqtt("cert", "push", str(big), *module).returncode == 46
    assert atmqtt("cert", "push", str(big), 'a"b', *module).returncode == 41


# --- emulate


def test_emulate(tmp_path: Path) -> None:
    link = tmp_path / "ttyQ"
    with Running("emulate", "--link", str(link), "--profile", "ec800m") as running:
        assert running.line().startswith("/dev/pts/")
        assert "EC800M" in succeeds("info", "--modem", str(link))
        assert running.end(signal.SIGTERM)[0] == 0
    assert not link.exists()


def test_emulate_with_wrong_options() -> None:
    assert atmqtt("emulate", "--nonsense").returncode == 64
    assert atmqtt("emulate", "--link", "/nowhere/at/all").returncode == 10


def test_two_commands_one_after_the_other(emulator: Emulator) -> None:
    """Each leaves the port as it should be."""
    for _ in range(3):
        succeeds("info", "--modem", emulator.port)
    patiently(lambda: not emulator.clients(), "no client")
