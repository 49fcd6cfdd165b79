"""The emulated module from Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from atmqtt import Client, Modem, OperationFailedError, PortClosed, PortLostError, TimedOutError
from atmqtt.emulator import Emulator


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A name that no other test run has: ports are locked by the last part of theirs."""
    return tmp_path / f"tty-{os.getpid()}"


def test_options(tmp_path: Path, link: Path) -> None:
    trace = tmp_path / "trace.txt"
    with (
        Emulator(
            profile="ec600s",
            broker="loopback",
            baud=921600,
            latency=0.001,
            chunk="random",
            seed=7,
            faults=["open-result:code=4"],
            files=tmp_path / "flash",
            trace=trace,
            link=link,
        ) as emulator,
        Modem(link) as modem,
    ):
        assert modem.port_name == str(link)
        assert link.resolve() == Path(emulator.port)
        modem.files().upload("a.txt", "x")
        assert (tmp_path / "flash" / "a.txt").read_text() == "x"
        with pytest.raises(OperationFailedError):
            modem.client(0).open("broker")
        assert "AT+QMTOPEN" in emulator.trace_text()
        assert emulator.trace_text() == trace.read_text()
        assert emulator.lost == 0
        assert repr(emulator) == f'<atmqtt.emulator.Emulator "{emulator.port}">'
    assert not link.exists()
    emulator.stop()


def test_without_a_trace() -> None:
    with Emulator(trace=False) as emulator, Modem(emulator.port):
        assert emulator.trace_text() == ""


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"profile": "ec999"}, ValueError, 'profile is "ec999"; it must be one of note, '),
        ({"broker": "real"}, ValueError, 'broker is "real"; it must be one of loopback, network'),
        ({"chunk": "big"}, ValueError, 'chunk is "big"; it must be one of whole, byte, random'),
        ({"faults": ["nonsense"]}, ValueError, 'fault "nonsense": no fault is called nonsense'),
        ({"baud": -1}, ValueError, "baud is -1"),
        ({"latency": -1}, ValueError, "latency is -1"),
        ({"trace": True}, TypeError, "trace must be a path, None or False"),
        ({"trace": "/no/such/folder/trace"}, OSError, "/no/such/folder/trace"),
        ({"broker": "network", "latency": 1}, OSError, "latency"),
    ],
)
def test_wrong_options(options: dict[str, object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Emulator(**options)  # type: ignore[arg-type]


def test_what_is_published(emulator: Emulator, client: Client) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 publishes"):
        emulator.wait_published(timeout=0.01)
    client.publish("t", "x")
    [published] = emulator.wait_published()
    assert published.client_id == "me"
    assert repr(published) == (
        "Published(client_id='me', topic='t', payload=b'x', qos=0, retain=False, will=False)"
    )
    with pytest.raises(ValueError, match="cannot publish to the topic"):
        emulator.publish("a/#", "x")


def test_a_client_is_closed(emulator: Emulator, client: Client) -> None:
    assert not emulator.close_client("nobody")
    assert emulator.close_client("me")


def test_faults_while_it_runs(emulator: Emulator, modem: Modem) -> None:
    emulator.inject_fault("error:at=CSQ")
    with pytest.raises(Exception, match="AT\\+CSQ"):
        modem.command("AT+CSQ")
    with pytest.raises(ValueError, match="no fault is called"):
        emulator.inject_fault("nonsense")


def test_what_there_is() -> None:
    assert Emulator.profiles()[0] == "note"
    assert "bg96" in Emulator.profiles()
    assert "lose-result" in [name for name, _ in Emulator.faults()]


def test_plugged_out_and_in_behind_its_link(link: Path) -> None:
    with Emulator(link=link) as emulator:
        emulator.hang_up()
        assert not emulator.plugged
        emulator.plug()
        with Modem(link, patience=1) as modem:
            assert modem.info().model == "EC200A"


def test_replugged_by_itself(link: Path) -> None:
    with Emulator(link=link, replug_after=0.01) as emulator:
        with Modem(link) as modem:
            emulator.inject_fault("hang-up")
            *_, last = modem.events()
            assert isinstance(last, PortClosed)
        while True:
            try:
                with Modem(link, patience=1) as modem:
                    modem.command("AT")
                    return
            except PortLostError:
                pass


def program(*args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "atmqtt.emulator", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_program(link: Path, signum: signal.Signals) -> None:
    with program("--link", str(link), "--profile", "ec800m") as process:
        assert process.stdout is not None
        device = process.stdout.readline().rstrip("\n")
        assert link.resolve() == Path(device)
        with Modem(device) as modem:
            assert modem.info().model
        process.send_signal(signum)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")
    assert not link.exists()


def test_the_program_ends_with_its_input() -> None:
    with program("--exit-with-stdin") as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (0, "", "")


def test_the_program_helps() -> None:
    with program("--help") as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    for word in ["--link", "--broker", "--fault", "lose-result", "ec600s", "python -m atmqtt.emulator"]:
        assert word in output


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--profile", "ec999"], "ec999"),
        (["--no-such-option"], "--no-such-option"),
        (["--broker", "network", "--latency", "5"], "--latency is for --broker loopback"),
    ],
)
def test_the_program_refuses(args: list[str], text: str) -> None:
    with program(*args) as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (2, "")
    assert text in errors


def test_a_module_of_its_own(emulator: Emulator) -> None:
    with Emulator() as other:
        assert other.port != emulator.port
    with pytest.raises((OSError, TimedOutError)):
        Modem(other.port, patience=0)
