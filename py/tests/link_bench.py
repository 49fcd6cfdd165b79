"""An emulated module, and links on it that do not wait long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import atmqtt
from atmqtt import Events, Link, LinkChange, LinkState
from atmqtt.emulator import Emulator

PATIENCE = 30.0
"""Far more than anything takes here, in seconds: only a test that has failed waits for it."""

QUICK = atmqtt.Backoff(first=0.02, most=0.2, stable=3600, refused=3600)
"""Waits of milliseconds in place of seconds, and refusals that only the test ends."""


def start(emulator: Emulator, **options: Any) -> Link:
    """A link on the module, as ``me``."""
    options = {"broker": "broker.example", "silence": 0, "backoff": QUICK, **options}
    return Link(emulator.port, "me", **options)


def start_up(emulator: Emulator, **options: Any) -> tuple[Link, Events]:
    """A link that is up, with its events from then on."""
    link = start(emulator, **options)
    events = link.events(timeout=PATIENCE)
    until_up(events)
    return link, events


def start_down(emulator: Emulator, **options: Any) -> Link:
    """A link that is down, and stays so until it is told to try again."""
    emulator.inject_fault("connack:code=5")
    link = start(emulator, **options)
    try:
        link.wait_up(PATIENCE)
    except atmqtt.BrokerRefusedError:
        return link
    raise AssertionError("it is up")


def until(events: Events, wanted: Callable[[LinkChange], bool]) -> list[LinkChange]:
    """The changes of state up to and with the first that is wanted."""
    changes: list[LinkChange] = []
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        event = events.get(PATIENCE)
        if isinstance(event, LinkChange):
            changes.append(event)
            if wanted(event):
                return changes
    raise AssertionError(f"not in time: {changes}")


def until_up(events: Events) -> list[LinkChange]:
    """The changes of state up to and with the next time that the link is up."""
    return until(events, lambda change: change.state is LinkState.UP)


def payloads(emulator: Emulator) -> list[bytes]:
    """What clients have published, oldest first."""
    return [message.payload for message in emulator.published()]
