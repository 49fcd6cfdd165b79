"""``atmqtt sub``: prints what arrives, with the options of ``mosquitto_sub``."""

from __future__ import annotations

import argparse
import sys
import threading
import time

from .. import (
    Client,
    Disconnected,
    Event,
    Granted,
    InputLost,
    Lagged,
    Message,
    Messages,
    Modem,
    OperationFailedError,
    PdpDeactivated,
    PingFailed,
    PortClosed,
    Restarted,
)
from . import exits, options, session
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
    with session.open_modem(options_) as modem:
        watcher = Watcher(modem, output)
        client = modem.client(options_.client)
        # Before the connection: a kept session may bring messages with it.
        messages = client.messages()
        with session.connected(client, options_):
            _subscribe(client, options_, output)
            try:
                return _receive(messages, format_, options_, output, watcher)
            except Interrupted:
                # The usual end of a subscription.
                return Exit.DONE


def _format(options: Options) -> Format:
    if options.json:
        return Format("%j", pretty=options.pretty)
    if options.format is not None:
        return Format(options.format, pretty=options.pretty)
    return Format("%t %p" if options.verbose else "%p")


def _subscribe(client: Client, options: Options, output: Output) -> None:
    if options.unsubscribe:
        client.unsubscribe(options.unsubscribe)
    refused: list[OperationFailedError] = []
    # One by one: a broker may grant some and refuse others.
    for topic in options.topic:
        try:
            client.subscribe(topic, options.qos)
        except OperationFailedError as error:
            if error.code != Granted.REFUSED:
                raise
            refused.append(error)
            output.warn(f"{topic}: {error.detail}")
    if refused and len(refused) == len(options.topic):
        raise refused[0]


class Watcher:
    """Looks after what happens meanwhile.

    When the connection ends it closes the port, which ends the messages after the last that came, and
    keeps the reason.
    """

    def __init__(self, modem: Modem, output: Output) -> None:
        self._modem = modem
        self._output = output
        self._events = modem.events()
        self._why: str | None = None
        self._code = int(Exit.FAILED)
        self._thread = threading.Thread(target=self._watch, name="events", daemon=True)
        self._thread.start()

    def why(self) -> tuple[str, int]:
        """Why the messages have ended, with the exit code for it."""
        self._thread.join()
        return self._why or "the port was closed", self._code

    def _watch(self) -> None:
        for event in self._events:
            if self._ends(event):
                break
        self._modem.close()

    def _ends(self, event: Event) -> bool:
        disconnected = exits.LIBRARY + 15
        match event:
            case Disconnected(reason=reason):
                return self._end(f"disconnected: {reason.text}; {reason.advice}", disconnected)
            case PingFailed():
                return self._end("disconnected: no answer to a ping", disconnected)
            case Restarted():
                return self._end("the module has restarted", disconnected)
            case PdpDeactivated(context=context):
                text = f"the network has dropped PDP context {context}"
                return self._end(text, disconnected)
            case PortClosed(error=error):
                return self._end(str(error), exits.of(error))
            case Lagged(count=count):
                self._output.warn(f"{count} messages were dropped: printing is too slow")
            case InputLost(what=what):
                self._output.warn(f"lost: {what}")
            case _:
                pass
        return False

    def _end(self, why: str, code: int) -> bool:
        self._why = why
        self._code = code
        return True


def _receive(
    messages: Messages, format_: Format, options: Options, output: Output, watcher: Watcher
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
            why, code = watcher.why()
            output.error(why)
            return code
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
