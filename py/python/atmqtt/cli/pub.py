"""``atmqtt pub``: publishes, with the options of ``mosquitto_pub``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from .. import ClosedError, Delivering, DisconnectedError, Link
from . import exits, options
from .connection import add_options, connection
from .exits import Failure
from .options import Options, Parser, in_range
from .output import Output

AHEAD = 10
"""Lines whose outcome is not known yet: the module's window of five, and as many that wait for it."""

EXAMPLES = """\
examples:
  atmqtt pub --modem /dev/ttyUSB2 -h broker.example -t room/1 -m 21.5 -q 1
  sensor | atmqtt pub --modem /dev/ttyUSB2 -h broker.example -t room/1 -l
  atmqtt pub --modem emulated -t room/1 -m 21.5 --debug

While the connection is down, messages wait. One of QoS 2 that was under way
when it was lost ends with exit code 44: whether it arrived cannot be known.

A module takes at most 1500 bytes a message. The options are those of
mosquitto_pub; those that cannot be had through a module are refused with the
reason.

"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "pub",
        help="publish messages, as mosquitto_pub does",
        usage="atmqtt pub --modem PORT -h HOST -t TOPIC (-m TEXT | -l | ...) [options]",
        description="Publishes MQTT messages through a cellular module.",
        epilog=EXAMPLES + exits.TABLE,
    )
    message = parser.add_argument_group("message")
    message.add_argument("-t", "--topic", help="topic to publish to")
    source = message.add_mutually_exclusive_group(required=True)
    source.add_argument("-m", "--message", metavar="TEXT", help="the message")
    source.add_argument("-f", "--file", metavar="FILE", type=Path, help="a file that is the message")
    source.add_argument(
        "-n",
        "--null-message",
        action="store_true",
        help="an empty message; with -r it removes a retained one",
    )
    source.add_argument(
        "-s", "--stdin-file", action="store_true", help="all of standard input is the message"
    )
    source.add_argument(
        "-l",
        "--stdin-line",
        action="store_true",
        help="every line of standard input is a message, as it comes; empty lines are not sent",
    )
    message.add_argument(
        "-q", "--qos", type=in_range(0, 2), default=0, help="QoS 0, 1 or 2 [default: 0]"
    )
    message.add_argument(
        "-r",
        "--retain",
        action="store_true",
        help="the broker keeps the message and gives it to later subscribers",
    )
    message.add_argument(
        "--repeat",
        metavar="N",
        type=in_range(1, 2**31),
        default=1,
        help="publish the message N times; not with -l",
    )
    message.add_argument(
        "--repeat-delay",
        metavar="SECONDS",
        type=options.seconds,
        default=0.0,
        help="time between these",
    )
    message.add_argument(
        "-M",
        "--max-inflight",
        metavar="N",
        type=in_range(1, 1000),
        default=AHEAD,
        help=f"messages whose outcome is waited for at a time; the module has five under way "
        f"[default: {AHEAD}]",
    )
    add_options(parser)
    options.add_module(parser)
    options.add_broker(parser)
    options.add_apn(parser)
    parser.add_argument("--quiet", action="store_true", help="print no errors")
    parser.set_defaults(run=run, parser=parser)


def run(options_: Options, output: Output) -> int:
    """Publishes."""
    options.finish_broker(options_, options_.parser)
    if options_.topic is None:
        options_.parser.error("no topic: say which with -t TOPIC")
    # What can be wrong with the message is known before anything is connected.
    payloads = _payloads(options_)
    with connection(options_, output) as broker:
        broker.wait_up()
        try:
            publisher = _Publisher(broker.link, options_)
            for payload in payloads:
                publisher.publish(payload)
            publisher.finish()
        except ClosedError:
            raise broker.failure() from None
    return exits.Exit.DONE


def _payloads(options: Options) -> Iterator[bytes]:
    if options.stdin_line:
        return _lines()
    return _repeated(_message(options), options)


def _message(options: Options) -> bytes:
    try:
        if options.message is not None:
            # As it was typed, whatever the locale.
            return str(options.message).encode("utf-8", "surrogateescape")
        if options.file is not None:
            return Path(options.file).read_bytes()
        if options.stdin_file:
            return sys.stdin.buffer.read()
    except OSError as error:
        raise Failure(str(error)) from error
    return b""


def _repeated(message: bytes, options: Options) -> Iterator[bytes]:
    for number in range(options.repeat):
        if number and options.repeat_delay:
            time.sleep(options.repeat_delay)
        yield message


def _lines() -> Iterator[bytes]:
    """The lines of standard input that are not empty, each as soon as it is there."""
    try:
        for line in sys.stdin.buffer:
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            if line:
                yield line
    except OSError as error:
        raise Failure(f"standard input: {error}") from error


class _Publisher:
    """Publishes without waiting for each message: several are under way at a time."""

    def __init__(self, link: Link, options: Options) -> None:
        self._link = link
        self._options = options
        self._under_way: deque[tuple[bytes, Delivering]] = deque()

    def publish(self, payload: bytes) -> None:
        """Publishes one more, after waiting for room where need be."""
        most = self._options.max_inflight
        while self._under_way and (len(self._under_way) >= most or self._under_way[0][1].done):
            self._settle()
        self._send(deque([payload]))

    def finish(self) -> None:
        """Waits until all have ended."""
        while self._under_way:
            self._settle()

    def _settle(self) -> None:
        """Waits for the oldest."""
        payload, delivering = self._under_way.popleft()
        try:
            delivering.wait()
        except DisconnectedError:
            self._send(deque([payload, *self._returned()]))

    def _send(self, payloads: deque[bytes]) -> None:
        options = self._options
        while payloads:
            try:
                delivering = self._link.publish_start(
                    options.topic, payloads[0], options.qos, options.retain
                )
            except DisconnectedError:
                # At QoS 0 a message does not wait by itself; and what is under way is older.
                payloads.extendleft(reversed(self._returned()))
                self._link.wait_up()
            else:
                self._under_way.append((payloads.popleft(), delivering))

    def _returned(self) -> list[bytes]:
        """Waits for all that are under way; those that were not sent, which is certain."""
        returned = []
        while self._under_way:
            payload, delivering = self._under_way.popleft()
            try:
                delivering.wait()
            except DisconnectedError:
                returned.append(payload)
        return returned
