"""Fixtures for tests of what talks to a cellular module, emulated or real.

pytest finds them by itself where atmqtt is installed::

    def test_the_broker_gets_it(atmqtt_client, atmqtt_emulator):
        atmqtt_client.publish("sensors/17", "21.5", qos=1)
        assert atmqtt_emulator.published()[0].payload == b"21.5"

With ``--atmqtt-port=/dev/ttyUSB2 --atmqtt-broker=broker.example`` the same tests run on a real module,
but for those that need the emulated one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from . import marker, settings
from .settings import SETTINGS, Broker, Settings

if TYPE_CHECKING:
    from atmqtt import Client, Modem
    from atmqtt.emulator import Emulator

_TRANSCRIPT = pytest.StashKey[Callable[[], str]]()
_INSIDE = Broker("broker.example")
"""The broker inside the emulated module, whose name does not matter."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    settings.declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options and registers the marker."""
    config.addinivalue_line("markers", marker.DESCRIPTION)
    config.stash[SETTINGS] = settings.read(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Names the real module, where the tests run on one."""
    run = config.stash[SETTINGS]
    if run.port is None:
        return []
    broker = f", broker {run.broker.host}:{run.broker.port}" if run.broker else ""
    return [f"atmqtt: {run.port} at {run.baud} baud{broker}"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Ends the run where a marker of a test that is to run has a wrong argument."""
    # A worker of pytest-xdist cannot say why it ends.
    if not hasattr(config, "workerinput"):
        wrong = [f"{item.nodeid}: {text}" for item in items for text in marker.wrong(item)]
        if wrong:
            raise pytest.UsageError("\n".join(wrong))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lets the test fail instead, where the run could not be ended."""
    wrong = list(marker.wrong(item))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Adds what passed the serial line to the report of a failure."""
    outcome = yield
    transcript = item.stash.get(_TRANSCRIPT, None)
    if transcript is not None:
        report = outcome.get_result()
        if report.failed:
            report.sections.append(("atmqtt serial line", transcript()))


def _run(request: pytest.FixtureRequest) -> Settings:
    return request.config.stash[SETTINGS]


def _load() -> None:
    """Imports atmqtt for the first time, which not every machine can."""
    wrong = None
    try:
        import atmqtt.emulator  # noqa: F401
    except ImportError as error:
        wrong = f"atmqtt cannot be loaded: {error}"
    if wrong:
        pytest.fail(wrong, pytrace=False)


@pytest.fixture
def atmqtt_emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulated module of its own, with a broker inside; an ``atmqtt.emulator.Emulator``.

    ``@pytest.mark.atmqtt(profile="bg96", fault="lose-result:at=QMTSUB")`` says what kind. Skips the
    test on a real module.
    """
    port = _run(request).port
    if port is not None:
        pytest.skip(f"needs the emulated module, and the tests run on {port} (--atmqtt-port)")
    _load()
    from atmqtt.emulator import Emulator

    from . import transcript

    wrong = None
    try:
        emulator = Emulator(**marker.of_emulator(marker.arguments(request.node)))
    except (ValueError, OverflowError) as error:
        wrong = f"{marker.WRITTEN}: {error}"
    if wrong:
        pytest.fail(wrong, pytrace=False)
    request.node.stash[_TRANSCRIPT] = lambda: transcript.of_trace(emulator.trace_text())
    with emulator:
        yield emulator


@dataclass(frozen=True)
class _Line:
    """The serial line of a test."""

    port: str
    baud: int
    emulated: bool
    profile: str | None
    network: bool
    """Whether the module reaches real brokers, where something may last longer than the test."""


@pytest.fixture
def _atmqtt_line(request: pytest.FixtureRequest) -> Iterator[_Line]:
    """The line of the module, for this test alone."""
    run = _run(request)
    wanted = marker.arguments(request.node)
    if run.port is None:
        emulator: Emulator = request.getfixturevalue("atmqtt_emulator")
        yield _Line(
            emulator.port,
            baud=wanted.get("baud") or run.baud,
            emulated=True,
            profile=wanted.get("profile"),
            network=wanted.get("broker") == "network",
        )
        return
    if wanted:
        given = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
        pytest.skip(f"needs an emulated module ({given}), and the tests run on {run.port}")
    _load()
    from . import hardware, transcript

    with hardware.locked(run.port), transcript.WireLog() as log:
        request.node.stash[_TRANSCRIPT] = log.text
        yield _Line(run.port, run.baud, emulated=False, profile=None, network=True)


@pytest.fixture
def atmqtt_port(request: pytest.FixtureRequest, _atmqtt_line: _Line) -> Iterator[str]:
    """The path of the module's serial device, for a program that opens it itself.

    That may be one on ``atmqtt.aio``, or one in another language. On a real module, what the program
    has left connected is closed after the test.
    """
    if _atmqtt_line.emulated:
        yield _atmqtt_line.port
        return
    from . import hardware

    run = _run(request)
    hardware.prepare(run, _atmqtt_line.port)
    yield _atmqtt_line.port
    hardware.release(run, _atmqtt_line.port)


@pytest.fixture
def atmqtt_modem(request: pytest.FixtureRequest, _atmqtt_line: _Line) -> Iterator[Modem]:
    """An ``atmqtt.Modem`` on the module, opened for this test.

    On a real module: in the network, where a broker or an access point name was given; and every
    client is closed after the test, whatever the test has done.
    """
    if "atmqtt_port" in request.fixturenames:
        # Looks after the port when it is not open here any more.
        request.getfixturevalue("atmqtt_port")
    import atmqtt

    line = _atmqtt_line
    if line.emulated:
        # Nothing is on its way from a module that has just been made.
        with atmqtt.Modem(line.port, line.baud, silence=0) as modem:
            yield modem
        return
    from . import hardware

    run = _run(request)
    with atmqtt.Modem(line.port, line.baud) as modem:
        hardware.make_ready(run, modem)
        yield modem
        if hardware.close_clients(modem):
            return
    # The test has closed the port, and may have left connections behind.
    hardware.release(run, line.port)


@pytest.fixture(scope="session")
def atmqtt_broker(request: pytest.FixtureRequest) -> Broker:
    """The broker to connect to: host, port, user name and password.

    It comes from ``--atmqtt-broker``. A ``conftest.py`` may have a fixture of this name in its place,
    with a password from wherever that is kept.
    """
    run = _run(request)
    if run.broker is None and run.port is not None:
        pytest.fail("tests that connect a real module need --atmqtt-broker=HOST", pytrace=False)
    return run.broker or _INSIDE


@pytest.fixture
def atmqtt_client_id() -> str:
    """The MQTT client id of ``atmqtt_client``: another for each test, 19 characters."""
    return f"pytest-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def atmqtt_client(
    _atmqtt_line: _Line, atmqtt_modem: Modem, atmqtt_broker: Broker, atmqtt_client_id: str
) -> Iterator[Client]:
    """Client 0 of the module, connected to ``atmqtt_broker``; an ``atmqtt.Client``.

    After the test its session at the broker is gone, and every subscription with it.
    """
    if _atmqtt_line.network and atmqtt_broker is _INSIDE:
        pytest.fail('tests with broker="network" need --atmqtt-broker=HOST', pytrace=False)
    if _atmqtt_line.profile is not None:
        # Some families do not activate the context by themselves.
        atmqtt_modem.network().wait_ready()
    client = atmqtt_modem.client(0)
    client.open(atmqtt_broker.host, atmqtt_broker.port)
    client.connect(atmqtt_client_id, atmqtt_broker.username, atmqtt_broker.password)
    yield client
    if _atmqtt_line.network:
        from . import hardware

        hardware.forget_session(client, atmqtt_client_id, atmqtt_broker)


@pytest.fixture
def atmqtt_topic() -> str:
    """The beginning of topics that are this test's alone, for tests that share a broker.

    As ``pytest/0123456789ab``: without wildcards, and without a slash at its end.
    """
    return f"pytest/{uuid.uuid4().hex[:12]}"
