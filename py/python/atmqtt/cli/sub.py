"""``atmqtt sub``: prints what arrives, with the options of ``mosquitto_sub``."""

from __future__ import annotations

import argparse
import sys
import time

from .. import ErrorKind, Granted, Message, Messages
from . import exits, options
from .connection import Connection, add_options, connection
from .exits import Exit, Failure
from .formats import Format, FormatError
from .options import Options, Parser, in_range
from .output import Output
from .signals import Interrupted
from .topics import matches

EPILOG = """\
formats of -F:
  %t   topic                        %l  length of the payload
  %p   payload                      %m  message id
  %x   payload in hexadecimal       %X  the same in capitals
  %j   JSON                         %J  JSON with a payload that is JSON
  %I   date and time, ISO 8601      %U  Unix time with nanoseconds
  @Y @m @d @H @M @S ... as strftime has them, and @N nanoseconds
  %% @@ \\\\ are these characters, \\n \\t \\r \\a \\v \\e \\0 what they are in C
  A width and a greatest width may follow the %, as in %-20.20t
  %q and %r cannot be had: the module does not say with which QoS a message
  came, nor whether it was a retained one

examples:
  atmqtt sub --modem /dev/ttyUSB2 -h broker.example -t 'room/#' -v
  atmqtt sub --modem /dev/ttyUSB2 -h broker.example -t a -F '@H:@M:@S %t %p'
  atmqtt sub --modem /dev/ttyUSB2 -h broker.example -t a --json | jq .payload

After a connection that was lost, topics are subscribed to again; what came in
between is not lost where -q is 1 or 2 and the session is kept: -i and -c.

On a terminal, control characters of topics and payloads are shown as escapes;
in a pipe the bytes are those that came. The options are those of
mosquitto_sub; those that cannot be had through a module are refused with the
reason.

"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "sub",
        help="print messages as they arrive, as mosquitto_sub does",
        usage="atmqtt sub --modem PORT -h HOST -t TOPIC [options]",
        description="Prints MQTT messages that arrive through a cellular module. Ctrl-C ends it.",
        epilog=EPILOG + exits.TABLE,
    )
    topics = parser.add_argument_group("subscription")
    topics.add_argument(
        "-t",
        "--topic",
        action="append",
        default=[],
        help="topic to subscribe to, wildcards included; repeatable",
    )
    topics.add_argument(
        "-q", "--qos", type=in_range(0, 2), default=0, help="highest QoS 0, 1 or 2 [default: 0]"
    )
    topics.add_argument(
        "-U",
        "--unsubscribe",
        metavar="TOPIC",
        action="append",
        default=[],
        help="topic to unsubscribe from, of a session that the broker has kept; repeatable",
    )
    topics.add_argument(
        "-T",
        "--filter-out",
        metavar="TOPIC",
        action="append",
        default=[],
        help="do not print messages of these topics, wildcards included; repeatable",
    )
    ends = parser.add_argument_group("end")
    ends.add_argument(
        "-C", metavar="COUNT", dest="count", type=in_range(1, 2**62), help="after so many messages"
    )
    ends.add_argument(
        "-W",
        metavar="SECONDS",
        dest="timeout",
        type=options.seconds,
        help="so long after the subscription; exit code 27",
    )
    ends.add_argument(
        "-E", dest="end_subscribed", action="store_true", help="once the broker has subscribed it"
    )
    prints = parser.add_argument_group("output")
    prints.add_argument("-v", "--verbose", action="store_true", help="the topic before each message")
    prints.add_argument("-F", dest="format", metavar="FORMAT", help="as this says, see below")
    prints.add_argument("--json", action="store_true", help="as lines of JSON: -F %%j")
    prints.add_argument("--pretty", action="store_true", help="JSON over several lines")
    prints.add_argument(
        "-N", dest="no_line_end", action="store_true", help="no line end after each message"
    )
    prints.add_argument("--quiet", action="store_true", help="print no errors")
    add_options(parser)
    options.add_module(parser)
    options.add_broker(parser)
    options.add_apn(parser)
    unknown = "it does not say which messages were retained ones"
    options.refuse(
        parser,
        {
            "-R": unknown,
            "--retained-only": unknown,
            "--remove-retained": unknown,
        },
        takes_value=False,
    )
    parser.set_defaults(run=run, parser=parser)


def run(options_: Options, output: Output) -> int:
    """Subscribes and prints."""
    parser = options_.parser
    options.finish_broker(options_, parser)
    if not options_.topic and not options_.unsubscribe:
        parser.error("no topic: say which with -t TOPIC")
    if sum(map(bool, (options_.verbose, options_.format, options_.json))) > 1:
        parser.error("-v, -F and --json exclude each other")
    try:
        format_ = _format(options_)
    except FormatError as error:
        parser.error(f"-F: {error}")
    subscriptions = [(topic, options_.qos) for topic in options_.topic]
    with connection(options_, output, subscriptions) as broker:
        # Before the connection: a kept session may bring messages with it.
        messages = broker.link.messages()
        broker.wait_up()
        _settle(broker, options_)
        try:
            return _receive(messages, format_, options_, output, broker)
        except Interrupted:
            # The usual end of a subscription.
            return Exit.DONE


def _format(options: Options) -> Format:
    if options.json:
        return Format("%j", pretty=options.pretty)
    if options.format is not None:
        return Format(options.format, pretty=options.pretty)
    return Format("%t %p" if options.verbose else "%p")


def _settle(broker: Connection, options: Options) -> None:
    """Ends old subscriptions, and waits for the new ones."""
    if options.unsubscribe:
        broker.link.modem().client(options.client).unsubscribe(options.unsubscribe)
    granted = broker.wait_subscribed(options.topic)
    if options.topic and all(granted[topic] is Granted.REFUSED for topic in options.topic):
        code = exits.LIBRARY + ErrorKind.OPERATION_FAILED
        raise Failure("the broker refused every subscription", code)


def _receive(
    messages: Messages, format_: Format, options: Options, output: Output, broker: Connection
) -> int:
    if options.end_subscribed:
        return Exit.DONE
    until = None if options.timeout is None else time.monotonic() + options.timeout
    printer = Printer(format_, options, output)
    left = options.count
    while left is None or left > 0:
        timeout = None if until is None else max(0.0, until - time.monotonic())
        message = messages.get(timeout)
        if message is None:
            if until is not None and until <= time.monotonic():
                raise Failure("timed out", Exit.TIMED_OUT)
            raise broker.failure()
        if printer.print(message) and left is not None:
            left -= 1
    return Exit.DONE


class Printer:
    """Prints messages on standard output."""

    def __init__(self, format_: Format, options: Options, output: Output) -> None:
        self._format = format_
        self._filters = [topic.encode() for topic in options.filter_out]
        self._end = b"" if options.no_line_end else b"\n"
        self._out = sys.stdout.buffer
        self._terminal = sys.stdout.isatty()
        self._output = output

    def print(self, message: Message) -> bool:
        """Prints a message; whether it is one that counts."""
        if any(matches(pattern, message.topic_bytes) for pattern in self._filters):
            return False
        try:
            text = self._format.render(message, terminal=self._terminal)
        except ValueError as error:
            self._output.warn(f"{message.topic}: {error}")
            return True
        self._out.write(text + self._end)
        self._out.flush()
        return True
