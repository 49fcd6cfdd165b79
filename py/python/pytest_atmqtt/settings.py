"""What a run is told: the options of the command line and of the configuration file."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

EMULATED = "emulated"
"""The port that stands for an emulated module of its own for every test."""

_OPTIONS = {
    "port": (
        "PORT",
        "run the tests on the module at this serial port, as /dev/ttyUSB2; "
        f"{EMULATED} = on an emulated module for each test (default)",
    ),
    "baud": ("N", "bits per second of the port (default: 115200)"),
    "broker": ("HOST[:PORT]", "broker that the module connects to; needed with a port"),
    "apn": ("NAME", "access point name that the module needs for its network, if any"),
}


@dataclass(frozen=True)
class Broker:
    """Where the client of a test connects to: what the fixture ``atmqtt_broker`` gives."""

    host: str
    """Host name or address."""
    port: int = 1883
    """TCP port, 1..65535."""
    username: str | None = None
    """User name, where the broker wants one."""
    password: str | None = field(default=None, repr=False)
    """Password; shown nowhere."""


@dataclass(frozen=True)
class Settings:
    """The options of a run."""

    port: str | None
    """The serial port of a real module; ``None`` = an emulated one for each test."""
    baud: int
    """Bits per second of the port."""
    broker: Broker | None
    """The broker, where one was given."""
    apn: str | None
    """The access point name, where one was given."""


SETTINGS = pytest.StashKey[Settings]()
"""Where the configuration of a run keeps its settings."""


def declare(parser: pytest.Parser) -> None:
    """Adds the options, on the command line and in the configuration file."""
    group = parser.getgroup("atmqtt", "MQTT through cellular modules (atmqtt)")
    for name, (metavar, text) in _OPTIONS.items():
        group.addoption(f"--atmqtt-{name}", metavar=metavar, default=None, help=text)
        parser.addini(f"atmqtt_{name}", f"as --atmqtt-{name}", default="")


def read(config: pytest.Config) -> Settings:
    """The settings of a run; the command line has the last word."""

    def given(name: str) -> tuple[str, str]:
        option = config.getoption(f"--atmqtt-{name}")
        if option is not None:
            return f"--atmqtt-{name}", str(option)
        return f"atmqtt_{name}", str(config.getini(f"atmqtt_{name}"))

    port = given("port")[1]
    broker = given("broker")
    return Settings(
        port=None if port in ("", EMULATED) else port,
        baud=_number(*given("baud"), 115_200, 4_000_000),
        broker=_broker(*broker) if broker[1] else None,
        apn=given("apn")[1] or None,
    )


def _number(option: str, text: str, default: int, highest: int) -> int:
    if not text:
        return default
    if text.isascii() and text.isdigit() and 0 < int(text) <= highest:
        return int(text)
    raise pytest.UsageError(f"{option} is {text!r}; it must be a number from 1 to {highest}")


def _broker(option: str, text: str) -> Broker:
    # An IPv6 address stands in brackets where a port follows, and may stand without where none does.
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
    elif text.count(":") > 1:
        host, colon, port = text, "", ""
    else:
        host, colon, port = text.partition(":")
    if not host or colon not in ("", ":") or (colon and not port):
        raise pytest.UsageError(f"{option} is {text!r}; it must be HOST or HOST:PORT")
    return Broker(host, _number(f"the port of {option}", port, 1883, 65_535))
