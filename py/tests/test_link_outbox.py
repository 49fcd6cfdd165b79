"""Links whose messages survive the program."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from link_bench import PATIENCE, payloads, start, start_down, start_up

import atmqtt
from atmqtt import Completed, LinkChange, LinkState, OutboxDamaged
from atmqtt.emulator import Emulator


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """Where it is."""
    return tmp_path / "outbox"


def test_what_was_accepted_survives_a_close(emulator: Emulator, outbox: Path) -> None:
    with start_down(emulator, outbox=outbox) as link:
        sent = [link.publish_start("t", str(n), 1 + n % 2) for n in range(10)]
    with pytest.raises(atmqtt.ClosedError):
        sent[0].wait()
    with start(emulator, outbox=str(outbox)) as link:
        events = (event for event in link.events(timeout=PATIENCE) if isinstance(event, Completed))
        ended = list(itertools.islice(events, len(sent)))
        assert link.flush(PATIENCE)
        status = link.status()
        assert (status.accepted, status.delivered, status.waiting) == (10, 10, 0)
        last = link.publish_start("t", "10")
        assert last.number > sent[-1].number
        last.wait(PATIENCE)
    assert [event.number for event in ended] == [one.number for one in sent]
    assert all(event.error is None for event in ended)
    assert payloads(emulator) == [str(n).encode() for n in range(11)]


def test_what_was_accepted_survives_sigkill(emulator: Emulator, outbox: Path) -> None:
    """A program is killed as soon as its last publish_start has returned."""
    program = """
        import os, signal, sys
        import atmqtt

        link = atmqtt.Link("/nowhere", "me", "broker", outbox=sys.argv[1])
        for n in range(20):
            link.publish_start("t", str(n))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", dedent(program), str(outbox)], check=False)
    assert done.returncode == -9
    with start(emulator, outbox=outbox) as link:
        assert link.flush(PATIENCE)
    assert payloads(emulator) == [str(n).encode() for n in range(20)]


def test_an_outcome_that_the_program_did_not_take_is_told_again(
    emulator: Emulator, outbox: Path
) -> None:
    """It may have been killed before it could."""

    def told(link: atmqtt.Link) -> list[tuple[int, bool]]:
        """What is told of earlier runs until the link is up, and that it is taken."""
        ends = []
        for event in link.events(timeout=PATIENCE):
            if isinstance(event, Completed):
                ends.append((event.number, isinstance(event.error, atmqtt.UnconfirmedError)))
            if isinstance(event, LinkChange) and event.state is LinkState.UP:
                return ends
        pytest.fail("it does not come up")

    link, _ = start_up(emulator, outbox=outbox)
    with link:
        emulator.inject_fault("stat:on=final,at=QMTPUBEX,client=0,code=1")
        sent = link.publish_start("t", "x", 2)
        # Nobody looks at what becomes of the first.
        link.publish("t", "y", 1, timeout=PATIENCE)
    for _ in range(2):
        with start(emulator, outbox=outbox) as link:
            # What goes to disk with it is not what nobody has been told yet.
            link.publish("t", "z", 1, timeout=PATIENCE)
    with start(emulator, outbox=outbox) as link:
        assert told(link) == [(sent.number, True)]
    with start(emulator, outbox=outbox) as link:
        assert told(link) == []
    assert payloads(emulator) == [b"x", b"y", b"z", b"z"]


def test_the_outbox_belongs_to_one_link(emulator: Emulator, outbox: Path) -> None:
    with start_down(emulator, outbox=outbox), pytest.raises(atmqtt.InvalidStateError):
        atmqtt.Link("/nowhere", "other", "broker", outbox=outbox)
    atmqtt.Link("/nowhere", "other", "broker", outbox=outbox).close()


def test_a_place_that_cannot_be_written(emulator: Emulator, tmp_path: Path) -> None:
    with pytest.raises(atmqtt.StorageError) as caught:
        start(emulator, outbox=tmp_path / "nowhere" / "outbox")
    assert isinstance(caught.value, OSError)
    assert caught.value.filename == str(tmp_path / "nowhere" / "outbox")
    assert emulator.trace_text() == ""


def test_an_outbox_that_is_damaged(emulator: Emulator, outbox: Path) -> None:
    with start_down(emulator, outbox=outbox) as link:
        link.publish_start("t", "lost")
    size = outbox.stat().st_size
    with outbox.open("r+b") as file:
        # Behind the page that says what it is.
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    link = start(emulator, outbox=outbox)
    event = link.events(timeout=PATIENCE).get(PATIENCE)
    while not isinstance(event, OutboxDamaged):
        event = link.events(timeout=PATIENCE).get(PATIENCE)
    assert event.set_aside is not None
    assert Path(event.set_aside).stat().st_size == size
    link.wait_up(PATIENCE)
    link.publish("t", "works", timeout=PATIENCE)
    link.close()


def test_others_cannot_read_it(emulator: Emulator, outbox: Path) -> None:
    with start_down(emulator, outbox=outbox) as link:
        link.publish_start("t", "secret")
        assert outbox.stat().st_mode & 0o077 == 0


def test_a_client_that_lives_is_replaced(emulator: Emulator, outbox: Path) -> None:
    """A late result for an earlier run must settle nothing."""
    with atmqtt.Modem(emulator.port) as modem:
        client = modem.client(0)
        client.open("broker.example")
        client.connect("me")
    link, _ = start_up(emulator, outbox=outbox)
    assert link.state is LinkState.UP
    assert emulator.trace_text().count("AT+QMTOPEN=0,") == 2
    link.close()
