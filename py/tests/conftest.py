"""An emulated module and a modem on it, fresh for every test."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from textwrap import dedent

import pytest

from atmqtt import Client, Modem
from atmqtt.emulator import Emulator

# A shell turns them off for what it runs in the background; the programs of the tests are to heed them.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A module of its own."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def modem(emulator: Emulator) -> Iterator[Modem]:
    """A modem on the emulated module."""
    with Modem(emulator.port) as modem:
        yield modem


@pytest.fixture
def client(modem: Modem) -> Client:
    """A client that is connected as ``me``."""
    client = modem.client(0)
    client.open("broker.example")
    client.connect("me")
    return client


@pytest.fixture
def run() -> Run:
    """Runs a program in an interpreter of its own, which must end well and say nothing on stderr."""

    def run(
        program: str, *args: str, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", dedent(program), *args],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done

    return run
