#!/usr/bin/env python3
"""A data logger: publishes a reading every few seconds and survives what happens in the field.

Readings that could not be published are kept, the newest thousand of them, and published when the
broker can be reached again. A reading whose outcome is unknown is published again: the broker may have
it twice, but not never.

``python logger.py`` shows it with an emulated module, whose broker goes away for a while.
``python logger.py /dev/ttyUSB2 --host broker.example`` runs until it is stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import time
from collections import deque

import atmqtt
from atmqtt.emulator import Emulator

log = logging.getLogger("logger")


def measure() -> dict[str, float]:
    """A reading; the sensor would be here."""
    return {"time": round(time.time(), 3), "load": round(time.process_time() % 1, 3)}


class Logger:
    """Keeps readings and publishes them."""

    def __init__(self, modem: atmqtt.Modem, host: str, port: int, client_id: str, topic: str) -> None:
        self.client = modem.client(0)
        self.host = host
        self.port = port
        self.client_id = client_id
        self.topic = topic
        self.kept: deque[str] = deque(maxlen=1000)

    def connect(self) -> None:
        """Opens and connects the client, where it is not connected."""
        if self.client.state is not atmqtt.State.CONNECTED:
            self.client.open(self.host, self.port, replace=True)
            self.client.connect(self.client_id)
            log.info("connected to %s", self.host)

    def publish(self) -> None:
        """Publishes what is kept, the oldest first, and forgets what the broker has."""
        while self.kept:
            self.connect()
            self.client.publish(self.topic, self.kept[0], qos=1)
            self.kept.popleft()

    def run(self, interval: float, count: int | None) -> None:
        """Takes a reading every ``interval`` seconds, ``count`` of them or without end."""
        wait = interval
        while count is None or count > 0:
            self.kept.append(json.dumps(measure()))
            try:
                self.publish()
                wait = interval
            except (atmqtt.PortLostError, atmqtt.PortStuckError, atmqtt.ClosedError):
                raise  # the module itself is gone: for whoever started this
            except atmqtt.Error as error:
                # Longer each time, so that a broker that comes back is not run over.
                wait = min(2 * wait, 300)
                log.warning("%d readings kept, next try in %g s: %s", len(self.kept), wait, error)
            if count is not None:
                count -= 1
            time.sleep(wait)
        self.publish()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "port", nargs="?", help="serial device; without one an emulated module is started"
    )
    parser.add_argument("--host", default="broker.example", help="broker that the module connects to")
    parser.add_argument("--port", dest="tcp_port", type=int, default=1883, help="TCP port of the broker")
    parser.add_argument("--topic", default="atmqtt/logger", help="topic to publish to")
    parser.add_argument("--interval", type=float, default=10, help="seconds between readings")
    parser.add_argument("--debug", action="store_true", help="show every line of the serial port")
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.DEBUG if options.debug else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
    )

    def logger(modem: atmqtt.Modem) -> Logger:
        return Logger(modem, options.host, options.tcp_port, "logger-17", options.topic)

    if options.port:
        with atmqtt.Modem(options.port) as modem:
            modem.network().wait_ready(progress=lambda readiness: log.info("%s", readiness))
            logger(modem).run(options.interval, None)
    else:
        with Emulator() as emulator, atmqtt.Modem(emulator.port) as modem:
            one = logger(modem)
            one.run(0.1, 2)
            # The connection breaks, and the broker cannot be reached twice.
            emulator.close_client(one.client_id)
            emulator.inject_fault("open-result:code=-1,times=2")
            one.run(0.1, 4)
            print(f"{len(emulator.published())} readings arrived")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
