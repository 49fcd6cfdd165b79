"""What the library has to say, in Python's logging."""

from __future__ import annotations

import contextlib
import logging
import time

import pytest

from atmqtt import Client, ClosedError, Modem
from atmqtt.emulator import Emulator
from conftest import Run


def test_the_wire_is_logged(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "atmqtt")
    before = time.time()
    with Modem(emulator.port) as modem:
        modem.command("AT+CSQ")
        lines = [
            (record.name, record.levelname, record.getMessage())
            for record in caplog.records
            if "CSQ" in record.getMessage()
        ]
        assert lines == [
            ("atmqtt.wire", "DEBUG", "> AT+CSQ"),
            ("atmqtt.wire", "DEBUG", "< +CSQ: 28,99"),
        ]
        record = caplog.records[-1]
        assert before <= record.created <= time.time()
        assert record.threadName == "atmqtt-reader"


def test_secrets_are_masked(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "atmqtt")
    with Modem(emulator.port) as modem:
        client = modem.client(0)
        client.open("broker")
        client.connect("me", "user", "hunter2")
    assert "AT+QMTCONN=0" in caplog.text
    assert "hunter2" not in caplog.text


def test_nothing_is_logged_by_default(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with Modem(emulator.port) as modem:
        modem.command("AT+CSQ")
    assert caplog.records == []


def test_a_level_takes_effect_with_the_next_call(modem: Modem, caplog: pytest.LogCaptureFixture) -> None:
    modem.command("AT+CSQ")
    caplog.set_level(logging.DEBUG, "atmqtt")
    modem.command("AT+CIMI")
    caplog.set_level(logging.WARNING, "atmqtt")
    modem.command("AT+CGSN")
    assert "CIMI" in caplog.text
    assert "CSQ" not in caplog.text
    assert "CGSN" not in caplog.text


def test_the_wire_alone_can_be_silenced(modem: Modem, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "atmqtt")
    caplog.set_level(logging.INFO, "atmqtt.wire")
    modem.command("AT+CSQ")
    assert caplog.records == []


def test_warnings_are_logged(modem: Modem, caplog: pytest.LogCaptureFixture) -> None:
    modem.tls(0).configure(insecure=True, clock="ignore")
    [record, *_] = caplog.records
    assert (record.name, record.levelname) == ("atmqtt", "WARNING")


def test_a_handler_may_call_the_library(emulator: Emulator, client: Client) -> None:
    """On whichever thread it runs, under whichever lock."""

    class Publisher(logging.Handler):
        inside = False

        def emit(self, record: logging.LogRecord) -> None:
            if not Publisher.inside:
                Publisher.inside = True
                # The last records come while the port is closed.
                with contextlib.suppress(ClosedError):
                    client.publish("log", self.format(record), qos=1)
                Publisher.inside = False

    logger = logging.getLogger("atmqtt")
    handler = Publisher()
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    try:
        client.modem.command("AT+CSQ")
        logger.info("from the program")
        payloads = [one.payload for one in emulator.wait_published(2)]
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    assert b"> AT+CSQ" in payloads


def test_a_broken_handler_ends_nothing(run: Run) -> None:
    done = run(
        """
    import atmqtt, logging
    from atmqtt.emulator import Emulator

    class Broken(logging.Handler):
        def handle(self, record):
            raise ValueError("broken")

    logging.getLogger("atmqtt").addHandler(Broken())
    logging.getLogger("atmqtt").setLevel(logging.DEBUG)
    with Emulator() as emulator, atmqtt.Modem(emulator.port) as modem:
        print(modem.info().model)
    """,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "EC200A\n")
    assert "ValueError: broken" in done.stderr


def test_what_is_logged_at_the_end_is_written(run: Run) -> None:
    done = run(
        """
    import atmqtt, logging, sys
    from atmqtt.emulator import Emulator

    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(name)s %(message)s")
    emulator = Emulator()
    modem = atmqtt.Modem(emulator.port)
    emulator.inject_urc("+LAST: 1")
    while modem.events().get() is None:
        pass
    """
    )
    assert "atmqtt.wire < +LAST: 1\n" in done.stdout
