#!/usr/bin/env python3
"""A data logger on a mast: publishes a reading every few seconds and takes orders, for years.

The link brings the connection up and keeps it up: broken connections, a module that restarts or hangs, a
port that comes back under another name. Readings wait while it is down, and with ``--outbox FILE`` they
survive the end of the program and a loss of power. An order changes the interval.

``python link.py`` shows it with an emulated module, whose network goes away for a while.
``python link.py usb --broker broker.example --apn internet`` runs until it is stopped, on the first
module of Quectel on USB; or give the path of its port.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import threading
import time

import atmqtt
from atmqtt.emulator import Emulator

log = logging.getLogger("link")


def measure() -> dict[str, float]:
    """A reading; the sensor would be here."""
    return {"time": round(time.time(), 3), "load": round(time.process_time() % 1, 3)}


def switch_power() -> None:
    """Switches the module off and on: a pin of the board, or a relay."""
    log.warning("here the power of the module would be switched")


def on_event(event: atmqtt.Event) -> None:
    """Tells what the link does."""
    match event:
        case atmqtt.LinkChange(state=atmqtt.LinkState.UP):
            log.info("up")
        case atmqtt.LinkChange(cause=cause, retry_in=float(wait)):
            log.info("down, next try in %.1f s: %s", wait, cause)
        case atmqtt.Subscribed(granted=atmqtt.Granted.REFUSED, topic=topic):
            log.error("the broker refuses %s", topic)
        case atmqtt.OutboxDamaged(messages=messages):
            log.error("%d readings in the outbox could not be read", messages)


class Logger:
    """Publishes readings, and takes orders."""

    def __init__(self, link: atmqtt.Link, topic: str, interval: float) -> None:
        self.link = link
        self.topic = topic
        self.interval = interval
        self.lost = 0
        link.on_message = self.order

    def order(self, message: atmqtt.Message) -> None:
        """Changes the interval; anybody may have sent it."""
        with contextlib.suppress(ValueError):
            self.interval = min(max(float(message.payload), 0.01), 3600)
            log.info("a reading every %g s from now on", self.interval)

    def told(self, delivering: atmqtt.Delivering) -> None:
        """What became of a reading, perhaps hours later."""
        try:
            delivering.wait()
        except atmqtt.Error as error:
            self.lost += 1
            log.error("reading %d: %s", delivering.number, error)

    def run(self, stop: threading.Event, count: int | None = None) -> None:
        """Takes readings, ``count`` of them or until it is to stop."""
        taken = 0
        while count is None or taken < count:
            reading = json.dumps(measure())
            self.link.publish_start(self.topic, reading).add_done_callback(self.told)
            taken += 1
            if stop.wait(self.interval):
                return


def main() -> None:
    """Logs readings over a link."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "port", nargs="?", help="serial device, or usb; without one an emulated module is started"
    )
    parser.add_argument("--broker", action="append", help="host or host:port; several are tried in turn")
    parser.add_argument("--apn", help="access point, where the subscription does not bring it")
    parser.add_argument("--id", default="mast-17", help="client id")
    parser.add_argument("--interval", type=float, default=10, help="seconds between readings")
    parser.add_argument("--outbox", help="file in which readings wait")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # The link tells of its states by events here.
    logging.getLogger("atmqtt").setLevel(logging.ERROR)

    topic = f"masts/{options.id}"
    with contextlib.ExitStack() as stack:
        emulator = None if options.port else stack.enter_context(Emulator())
        port = emulator.port if emulator else options.port
        link = stack.enter_context(
            atmqtt.Link(
                atmqtt.UsbPort() if port == "usb" else port,
                options.id,
                brokers=options.broker or ["broker.example"],
                apn=options.apn,
                subscriptions={f"{topic}/interval": 1},
                clean_session=False,  # orders wait at the broker while the link is down
                will=atmqtt.Will(f"{topic}/state", "gone", qos=1, retain=True),
                when_full=atmqtt.WhenFull.DROP_OLDEST,  # new readings matter more than old ones
                power_hook=switch_power,
                outbox=options.outbox,
            )
        )
        link.on_event = on_event
        stop = threading.Event()
        one = Logger(link, topic, options.interval if options.port else 0.1)
        if emulator is None:
            one.run(stop)
            return
        link.wait_up(60)
        one.run(stop, 3)
        emulator.inject_fault("open-result:code=-1")
        emulator.inject_fault("pdpdeact:context=1")
        one.run(stop, 7)
        link.flush()
        status = link.status()
        print(
            f"{status.delivered} of {status.accepted} readings arrived, {one.lost} were lost, "
            f"over {status.connections} connections"
        )


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
