"""The options that commands share, and how they are read."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from . import exits

__all__ = [
    "EMULATED",
    "Options",
    "Parser",
    "Refused",
    "add_apn",
    "add_broker",
    "add_module",
    "add_tls",
    "in_range",
    "seconds",
]

EMULATED = "emulated"
"""The port that is a module inside this program."""

Options = argparse.Namespace


class Parser(argparse.ArgumentParser):
    """Wrong options end with the exit code of the table; ``-h`` is free for the host."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        # Only the text below the options has its own lines.
        kwargs["description"] = textwrap.fill(kwargs.get("description") or "", 80)
        super().__init__(add_help=False, allow_abbrev=False, **kwargs)
        self.add_argument("--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where the help is."""
        self.exit(exits.Exit.USAGE, f"{self.prog}: {message}\nSee {self.prog} --help\n")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Ends the program."""
        # A reader that has left, as in `atmqtt --help | head -1`, is no failure.
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        super().exit(status, message)


class Refused(argparse.Action):
    """An option of the Mosquitto clients that cannot be had through a module, and why."""

    def __init__(self, *, why: str, **kwargs: Any) -> None:
        kwargs["help"] = argparse.SUPPRESS
        super().__init__(**kwargs)
        self._why = why

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Ends the program with the reason."""
        parser.error(f"{option_string} cannot be had through a module: {self._why}")


def in_range(low: int, high: int) -> Callable[[str], int]:
    """Reads a number of a range."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {low} to {high}")
        return number

    return read


def seconds(text: str) -> float:
    """Reads a time in seconds, above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def add_module(parser: argparse.ArgumentParser) -> None:
    """Which module, and how to talk to it."""
    group = parser.add_argument_group("module")
    group.add_argument(
        "--modem",
        metavar="PORT",
        default=os.environ.get("ATMQTT_MODEM"),
        help="serial port of the module, as /dev/ttyUSB2 (`atmqtt probe` finds it), or `emulated`: "
        "a module inside this program, for trying out [default: the variable ATMQTT_MODEM]",
    )
    group.add_argument(
        "--baud",
        metavar="N",
        type=in_range(50, 4_000_000),
        default=115_200,
        help="bits per second of the port [default: 115200]",
    )
    group.add_argument("--flow-control", action="store_true", help="RTS/CTS, here and in the module")
    group.add_argument(
        "-d",
        "--debug",
        action="store_true",
        help="show every line of the port on standard error; secrets are masked",
    )


def add_apn(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The way into the network."""
    group = parser.add_argument_group("network")
    group.add_argument(
        "--apn", metavar="NAME", help="access point of the operator [default: as the module has it]"
    )
    group.add_argument("--apn-user", metavar="NAME", default="", help="user name for it")
    group.add_argument(
        "--apn-password", metavar="PASSWORD", default="", help="password for it, by CHAP or PAP"
    )
    group.add_argument(
        "--context",
        metavar="N",
        type=in_range(1, 16),
        default=1,
        help="PDP context 1 to 16 [default: 1]",
    )
    return group


def add_broker(parser: argparse.ArgumentParser) -> None:
    """The broker, and who the client is there."""
    group = parser.add_argument_group("broker")
    group.add_argument(
        "-h",
        "--host",
        help="name or address of the broker; an emulated module without it has a broker of its own",
    )
    group.add_argument(
        "-p",
        "--port",
        type=in_range(1, 65_535),
        help="TCP port of the broker [default: 1883, with TLS 8883]",
    )
    group.add_argument(
        "-L",
        "--url",
        help="user, password, host, port and topic at once: "
        "mqtt[s]://[user[:password]@]host[:port]/topic",
    )
    group.add_argument("-i", "--id", help="client id [default: atmqtt- and the number of the process]")
    group.add_argument(
        "-I", "--id-prefix", metavar="PREFIX", help="client id is this and the process number"
    )
    group.add_argument("-u", "--username", metavar="NAME", help="user name")
    group.add_argument(
        "-P",
        "--pw",
        metavar="PASSWORD",
        help="password; others can see it in the list of processes, but not the variable "
        "ATMQTT_PASSWORD, which is taken without this option",
    )
    group.add_argument(
        "-k",
        "--keepalive",
        metavar="SECONDS",
        type=in_range(0, 3600),
        default=60,
        help="keep-alive, 0 to 3600; 0 = off [default: 60]",
    )
    group.add_argument(
        "-c",
        "--disable-clean-session",
        action="store_true",
        help="the broker keeps the session of this client id; needs -i",
    )
    group.add_argument(
        "-V",
        "--protocol-version",
        metavar="VERSION",
        choices=("mqttv31", "31", "mqttv311", "311"),
        default="mqttv311",
        help="mqttv31 or mqttv311; modules have no MQTT 5 [default: mqttv311]",
    )
    group.add_argument(
        "--client",
        metavar="N",
        type=in_range(0, 5),
        default=0,
        help="which of the six clients of the module [default: 0]",
    )
    will = parser.add_argument_group("will", "what the broker publishes if this client vanishes")
    will.add_argument("--will-topic", metavar="TOPIC", help="its topic")
    will.add_argument(
        "--will-payload", metavar="TEXT", default="", help="its message, at most 256 bytes"
    )
    will.add_argument("--will-qos", metavar="QOS", type=in_range(0, 2), default=0, help="its QoS")
    will.add_argument("--will-retain", action="store_true", help="the broker retains it")
    add_tls(parser)
    _refuse(
        parser,
        {
            "-A": "it chooses its own address",
            "--unix": "it reaches the network alone",
            "--proxy": "it has no proxy",
            "--capath": "it takes one file; use --cafile",
            "--tls-use-os-certs": "it does not have them; use --cafile",
            "--tls-alpn": "it has no ALPN",
            "--ciphers": "it takes one cipher suite by number; use --cipher-suite",
            "--psk": "it has no cipher suites with a shared key",
            "--psk-identity": "it has no cipher suites with a shared key",
            "-x": "it has no MQTT 5",
            "-D": "it has no MQTT 5",
        },
        nargs=None,
    )
    _refuse(parser, {"--nodelay": "it decides when to send"}, nargs=0)


def add_tls(parser: argparse.ArgumentParser) -> None:
    """TLS in the module."""
    tls = parser.add_argument_group(
        "TLS", "Files are uploaded unless the module has them; UFS:NAME is one that it has."
    )
    tls.add_argument("--cafile", metavar="FILE", help="PEM file of the CA that signs the broker's")
    tls.add_argument("--cert", metavar="FILE", help="PEM file that this client shows")
    tls.add_argument("--key", metavar="FILE", help="its private key")
    tls.add_argument(
        "--insecure",
        action="store_true",
        help="encrypt and check nobody, without --cafile: whoever is in between can read and change "
        "everything",
    )
    tls.add_argument(
        "--tls-version",
        metavar="VERSION",
        choices=("tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "any"),
        default="tlsv1.2",
        help="tlsv1.0, tlsv1.1, tlsv1.2 or any [default: tlsv1.2]",
    )
    tls.add_argument(
        "--cipher-suite",
        metavar="NUMBER",
        type=lambda text: int(text, 0),
        default=0xFFFF,
        help="IANA number of the only one, as 0xC02F [default: all that the module has]",
    )
    tls.add_argument(
        "--tls-context",
        metavar="N",
        type=in_range(0, 5),
        default=2,
        help="which SSL context of the module to use [default: 2]",
    )
    tls.add_argument(
        "--tls-clock",
        choices=("check", "set", "ignore"),
        default="check",
        help="dates of certificates: check them with the module's clock; set it from this computer "
        "first; or ignore them [default: check]",
    )


def _refuse(parser: argparse.ArgumentParser, options: dict[str, str], nargs: int | None) -> None:
    for option, why in options.items():
        parser.add_argument(option, action=Refused, why=why, nargs=nargs)


def refuse(parser: argparse.ArgumentParser, options: dict[str, str], *, takes_value: bool) -> None:
    """Options of the Mosquitto clients that cannot be had, each with its reason."""
    _refuse(parser, options, None if takes_value else 0)


def finish_broker(options: Options, parser: argparse.ArgumentParser) -> None:
    """Takes a URL apart and fills in what depends on other options."""
    options.tls = bool(options.cafile or options.cert or options.key or options.insecure)
    if options.url is not None:
        _take_url(options, parser)
    if options.host is None and options.modem != EMULATED:
        parser.error("no broker: say which with -h HOST")
    if options.tls and not (options.cafile or options.insecure):
        parser.error("TLS needs --cafile FILE, or --insecure to check nobody")
    if options.cafile and options.insecure:
        parser.error("--cafile and --insecure exclude each other")
    if options.disable_clean_session and options.id is None:
        parser.error("-c needs -i: the session is that of a client id")
    if options.id is not None and options.id_prefix is not None:
        parser.error("-i and -I exclude each other")
    if options.pw is None and options.username is not None:
        options.pw = os.environ.get("ATMQTT_PASSWORD")
    if options.pw is not None and options.username is None:
        parser.error("-P needs -u: there is no password without a user name")
    if options.will_topic is None and (options.will_payload or options.will_retain):
        parser.error("--will-payload and --will-retain need --will-topic")
    if options.port is None:
        options.port = 8883 if options.tls else 1883


def _take_url(options: Options, parser: argparse.ArgumentParser) -> None:
    try:
        url = urlsplit(options.url)
        port = url.port
    except ValueError as error:
        parser.error(f"-L: {error}")
    if url.scheme not in ("mqtt", "mqtts") or not url.hostname:
        parser.error("-L: a URL is mqtt[s]://[user[:password]@]host[:port]/topic")
    if options.host is not None or options.port is not None:
        parser.error("-L excludes -h and -p")
    options.host = url.hostname
    options.port = port
    options.tls = options.tls or url.scheme == "mqtts"
    if url.username is not None:
        options.username = unquote(url.username)
    if url.password is not None:
        options.pw = unquote(url.password)
    topic = unquote(url.path.removeprefix("/"))
    # A filter may hold what ends the path of other URLs.
    if url.fragment or options.url.endswith("#"):
        topic += "#" + unquote(url.fragment)
    if topic:
        several = isinstance(options.topic, list)
        options.topic = [*options.topic, topic] if several else topic
