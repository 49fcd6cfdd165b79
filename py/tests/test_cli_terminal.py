"""The command line in a real terminal of 80 columns, with and without what makes it pleasant there."""

from __future__ import annotations

import os
import re
import signal
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cli_bench import Terminal, patiently

from atmqtt import Modem, PortBusyError
from atmqtt.emulator import Emulator


def is_coloured(terminal: Terminal) -> bool:
    """Whether anything on the screen has a colour."""
    return re.search(r"\x1b\[(\d+;)*[39][0-7](;|m)", terminal.screen(colours=True)) is not None


@pytest.fixture(params=["rich", "plain"])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """With rich and prompt_toolkit, and as if they were not installed."""
    if request.param == "rich":
        yield {}
        return
    folder = tmp_path / "missing"
    folder.mkdir()
    for name in ("rich", "prompt_toolkit"):
        (folder / f"{name}.py").write_text("raise ImportError(__name__)\n")
    yield {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


@pytest.fixture
def rich() -> None:
    """Nothing of what follows is to be seen without them."""
    pytest.importorskip("rich", reason="pip install 'atmqtt[cli]'")
    pytest.importorskip("prompt_toolkit", reason="pip install 'atmqtt[cli]'")


# --- at


def test_at(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port, **env) as terminal:
        terminal.wait(f"EC200A at {emulator.port}. .help helps, Ctrl-D ends.\nat>")
        terminal.press("AT+CSQ", "Enter")
        terminal.wait("at> AT+CSQ\n+CSQ: 28,99\nOK\nat>")
        terminal.press("ATE1", "Enter")
        screen = terminal.wait("refused: ")
        assert "E1 turns echo on" in screen
        terminal.press("AT+NOPE", "Enter")
        terminal.wait("module error: AT+NOPE")
        terminal.press(".help", "Enter")
        terminal.wait("the same, and the file when it asks for data\n")
        terminal.press("C-d")
        terminal.wait("exit 0.")
    assert "ATE1" not in emulator.trace_text()


def test_at_ends_by_quit(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port, **env) as terminal:
        terminal.wait("at>")
        terminal.press(".quit", "Enter")
        terminal.wait("exit 0.")


@pytest.mark.usefixtures("rich")
def test_at_shows_urcs_above_the_line_being_typed(emulator: Emulator, tmp_path: Path) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port) as terminal:
        terminal.wait("at>")
        terminal.press("AT+CS")
        terminal.wait("at> AT+CS")
        emulator.inject_urc('+QIND: "SMS DONE"')
        terminal.wait('+QIND: "SMS DONE"\nat> AT+CS')
        terminal.press("Q", "Enter")
        terminal.wait("+CSQ: 28,99\nOK\n")
        (urc,) = re.findall(r".*SMS DONE.*", terminal.screen(colours=True))
        assert "\x1b[33m" in urc


@pytest.mark.usefixtures("rich")
def test_at_has_a_history_without_secrets(emulator: Emulator, tmp_path: Path) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port) as terminal:
        terminal.wait("at>")
        for command in ("AT+CPIN=4711", "AT+CSQ"):
            terminal.press(command, "Enter")
            terminal.wait(f"{command}\n")
        terminal.wait("+CSQ: 28,99\nOK\nat>")
        # Both are there as long as it runs.
        terminal.press("Up", "Up")
        terminal.wait("OK\nat> AT+CPIN=4711")
        terminal.press("C-c", "C-d")
        terminal.wait("exit 0.")
    history = tmp_path / ".local" / "state" / "atmqtt" / "at-history"
    text = history.read_text()
    assert "AT+CSQ" in text
    assert "4711" not in text
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    with Terminal(tmp_path, "at", "--modem", emulator.port) as terminal:
        terminal.wait("at>")
        terminal.press("Up")
        terminal.wait("at> AT+CSQ")


def test_at_gives_up_waiting(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    emulator.inject_fault("delay-final:at=COPS,ms=3000,always")
    with Terminal(tmp_path, "at", "--modem", emulator.port, **env) as terminal:
        terminal.wait("at>")
        # Twice: the second Ctrl-C is as good as the first.
        for command, answer in (("AT+CSQ", "+CSQ: 28,99"), ("AT+CPIN?", "+CPIN: READY")):
            before = emulator.trace_text().count("AT+COPS?")
            terminal.press("AT+COPS?", "Enter")
            sent = partial(lambda n: emulator.trace_text().count("AT+COPS?") > n, before)
            patiently(sent, "the command")
            terminal.press("C-c")
            terminal.wait("given up waiting; the module may still be at it\nat>")
            terminal.press(command, "Enter")
            terminal.wait(f"{answer}\nOK\nat>")
        terminal.press("C-d")
        terminal.wait("exit 0.")


@pytest.mark.usefixtures("rich")
def test_at_ends_with_the_port(emulator: Emulator, tmp_path: Path) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port) as terminal:
        terminal.wait("at>")
        emulator.hang_up()
        screen = terminal.wait("exit 49.")
        assert f"port lost: {emulator.port} is gone" in screen


def test_at_ends_by_sigterm(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port, **env) as terminal:
        terminal.wait("at>")
        os.kill(holder(emulator.port), signal.SIGTERM)
        terminal.wait("exit 143.")


def holder(port: str) -> int:
    """The process that has the port."""
    with pytest.raises(PortBusyError) as caught:
        Modem(port)
    found = re.search(r"process (\d+) ", str(caught.value))
    assert found is not None, caught.value
    return int(found[1])


def test_at_shows_no_control_characters(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, "at", "--modem", emulator.port, **env) as terminal:
        terminal.wait("at>")
        emulator.inject_urc("\x1b[2J\x1b]0;x\x07")
        terminal.wait(r"\x1b[2J\x1b]0;x\x07")


# --- doctor


def test_doctor(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    emulator.inject_fault("registration:ms=0,code=3")
    with Terminal(tmp_path, "doctor", "--modem", emulator.port, **env) as terminal:
        screen = terminal.wait("exit 11.")
        coloured = is_coloured(terminal)
    assert coloured == (not env)
    assert max(map(len, screen.splitlines())) <= 80
    assert "2 in the way: registration, PDP context" in screen
    if env:
        assert "fail  registration  not registered (denied)" in screen
    else:
        assert "✗ registration not registered (denied)\n" in screen
        assert "\n               → the network refuses this card:" in screen


@pytest.mark.usefixtures("rich")
def test_no_colour_where_nobody_wants_it(emulator: Emulator, tmp_path: Path) -> None:
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with Terminal(tmp_path, "doctor", "--modem", emulator.port, **variables) as terminal:
            terminal.wait("exit 0.")
            assert not is_coloured(terminal)


# --- the others


def test_cert_push(tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(bytes(20_000))
    with Emulator(baud=115_200) as emulator:
        args = ["cert", "push", str(path), "--modem", emulator.port]
        with Terminal(tmp_path, *args, **env) as terminal:
            if not env:
                # On its way.
                patiently(lambda: "ca.pem ━" in (s := terminal.screen()) and "exit" not in s, "a bar")
            screen = terminal.wait("exit 0.")
    assert "ca.pem: uploaded, 20000 bytes, checksum 0000" in screen
    assert ("20.0/20.0 kB" in screen) == (not env)


def test_info(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, "info", "--modem", emulator.port, **env) as terminal:
        screen = terminal.wait("exit 0.")
        assert "IMEI          867000000000009\n" in screen
        assert is_coloured(terminal) == (not env)


def test_probe(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    ports = [emulator.port, "/dev/ttyNOWHERE"]
    with Terminal(tmp_path, "probe", *ports, **env) as terminal:
        screen = terminal.wait("exit 0.")
        assert "Quectel EC200A, IMEI 867000000000009" in screen


def test_network_waits(emulator: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    emulator.inject_fault("registration:ms=0,code=2")
    args = ["network", "--modem", emulator.port, "--wait"]
    with Terminal(tmp_path, *args, **env) as terminal:
        terminal.wait("waiting for the network: not registered (searching)")
        emulator.inject_fault("registration:ms=0,code=1")
        screen = terminal.wait("exit 0.")
    assert "context 1     10.64.0.2" in screen


def test_errors(tmp_path: Path, env: dict[str, str]) -> None:
    with Terminal(tmp_path, "info", "--modem", "/dev/ttyNOWHERE", **env) as terminal:
        screen = terminal.wait("exit 49.")
        assert "atmqtt info: port lost: /dev/ttyNOWHERE cannot be opened" in screen
        assert is_coloured(terminal) == (not env)
