"""``atmqtt at`` without a terminal: commands as arguments and from a pipe."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from cli_bench import Running, atmqtt, patiently, succeeds

from atmqtt import Modem
from atmqtt.emulator import Emulator


def test_commands_as_arguments(emulator: Emulator) -> None:
    text = succeeds("at", "--modem", emulator.port, "AT+CSQ", "AT+CPIN?")
    assert text == "+CSQ: 28,99\nOK\n+CPIN: READY\nOK\n"


def test_commands_from_a_pipe(emulator: Emulator) -> None:
    text = succeeds("at", "--modem", emulator.port, stdin="ATI\r\n\n  at+csq  \nAT")
    assert text == "Quectel\nEC200A\nRevision: EC200AEMULATED\nOK\n+CSQ: 28,99\nOK\nOK\n"


def test_all_are_sent_and_the_first_failure_is_told(emulator: Emulator) -> None:
    emulator.inject_fault("cme:at=COPS,code=30,always")
    done = atmqtt("at", "--modem", emulator.port, "AT+COPS?", "AT+NOPE", "AT+CSQ")
    assert done.returncode == 46
    assert done.stdout == "+CSQ: 28,99\nOK\n"
    first, second = done.stderr.splitlines()
    assert first.startswith("atmqtt at: CME error: AT+COPS: the module answered +CME ERROR: 30")
    assert second.startswith("atmqtt at: module error: AT+NOPE: ")


def test_what_would_disturb_is_refused_with_the_reason(emulator: Emulator) -> None:
    for command, why in (
        ("ATE1", "E1 turns echo on"),
        ("ATV0", "result codes"),
        ('AT+QMTPUBEX=0,0,0,0,"a",1', "the library does this itself"),
        ("AT+IPR=9600", "changes the baud rate"),
        ('AT+QFUPL="a",1', "command_with_data"),
        ("hello", "begins with AT"),
    ):
        done = atmqtt("at", "--modem", emulator.port, command)
        assert done.returncode == 41, command
        assert why in done.stderr
    assert "ATE1" not in emulator.trace_text()


def test_json(emulator: Emulator) -> None:
    done = atmqtt("at", "--modem", emulator.port, "--json", stdin='AT+CSQ\nAT+NOPE\nAT+QFLST="*"\n')
    assert done.returncode == 45
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first == {"command": "AT+CSQ", "answer": ["+CSQ: 28,99"], "ok": True, "error": None}
    assert second["ok"] is False
    assert second["error"].startswith("module error: AT+NOPE: ")
    assert third["command"] == 'AT+QFLST="*"'


def test_data(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"ten bytes\n")
    line = f'.data {tmp_path}/data AT+QFUPL="ten",10'
    assert succeeds("at", "--modem", emulator.port, line).startswith("+QFUPL: 10,")
    with Modem(emulator.port) as modem:
        assert modem.files().download("ten") == b"ten bytes\n"
    assert atmqtt("at", "--modem", emulator.port, ".data /nowhere AT").returncode == 10
    assert "usage: .data FILE COMMAND" in atmqtt("at", "--modem", emulator.port, ".data x").stderr


def test_urcs_go_to_standard_error(emulator: Emulator) -> None:
    with Running("at", "--modem", emulator.port) as running:
        running.write("AT\n")
        assert running.line() == "OK"
        emulator.inject_urc('+QIND: "SMS DONE"')
        assert running.process.stderr is not None
        assert running.process.stderr.readline() == '+QIND: "SMS DONE"\n'
        running.write("AT+CSQ\n")
        assert running.end() == (0, "+CSQ: 28,99\nOK\n", "")


def test_a_port_that_is_lost(emulator: Emulator) -> None:
    with Running("at", "--modem", emulator.port) as running:
        running.write("AT\n")
        assert running.line() == "OK"
        emulator.hang_up()
        assert running.process.stderr is not None
        assert "hung up" in running.process.stderr.readline()
        running.write("AT\n")
        assert running.end()[0] == 49


def test_a_time_limit(emulator: Emulator) -> None:
    emulator.inject_fault("delay-final:at=COPS,ms=5000,always")
    done = atmqtt("at", "--modem", emulator.port, "--timeout", "0.2", "AT+COPS?")
    assert done.returncode in (43, 44)


def test_interrupted_while_the_module_is_silent(emulator: Emulator) -> None:
    emulator.inject_fault("lose-final:at=COPS,always")
    with Running("at", "--modem", emulator.port, "AT+COPS?") as running:
        patiently(lambda: "AT+COPS?" in emulator.trace_text(), "the command")
        assert running.end(signal.SIGINT) == (130, "", "atmqtt at: interrupted\n")
