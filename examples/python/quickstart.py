#!/usr/bin/env python3
"""MQTT through a module, from nothing to messages going out and coming back.

``python quickstart.py`` needs no hardware: it starts an emulated module in this process and opens its
pseudo-terminal as a serial port. ``python quickstart.py /dev/ttyUSB2 --host broker.example`` does the
same with a real one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

import atmqtt
from atmqtt.emulator import Emulator


def main() -> int:
    """Sends three MQTT messages through a cellular module and prints what comes back."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "port", nargs="?", help="serial device; without one an emulated module is started"
    )
    parser.add_argument("--baud", type=int, default=115200, help="bits per second of the serial device")
    parser.add_argument("--host", default="broker.example", help="broker that the module connects to")
    parser.add_argument("--port", dest="tcp_port", type=int, default=1883, help="TCP port of the broker")
    parser.add_argument("--topic", default="atmqtt/quickstart", help="topic to publish to")
    options = parser.parse_args()

    with contextlib.ExitStack() as stack:
        port = options.port or stack.enter_context(Emulator()).port
        modem = stack.enter_context(atmqtt.Modem(port, options.baud))
        info = modem.info()
        print(f"{port}: {info.manufacturer} {info.model}")

        client = modem.client(0)
        client.configure(keepalive=60)
        client.open(options.host, options.tcp_port)
        client.connect(f"quickstart-{os.getpid()}")
        granted = client.subscribe(options.topic, qos=2)
        print(f"subscribed to {options.topic}: {granted}")

        messages = client.messages(timeout=30)
        payloads = [
            b"plain text",
            b'{"json":["with","commas","and \\"quotes\\""],"n":3}',
            b'any bytes: "quotes", commas,\r\nOK\r\nline ends, and \xff\x00\xe2\x82\xac',
        ]
        for qos, payload in enumerate(payloads):
            client.publish(options.topic, payload, qos=qos)
            message = next(messages)
            print(f"QoS {qos}: {len(message.payload)} bytes on {message.topic}: {message.payload!r}")
            if message.payload != payload:
                print("the payload came back changed", file=sys.stderr)
                return 1

        client.disconnect()
    print("disconnected")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except atmqtt.Error as error:
        sys.exit(f"quickstart: {error}")
