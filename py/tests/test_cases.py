"""The table of cases that every language runs; see tests/cases/README.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import atmqtt
from atmqtt import Client, Modem, QoS
from atmqtt.emulator import Emulator

TABLE = Path(__file__).parents[2] / "tests" / "cases" / "cases.txt"
PAYLOAD = '{"a":"1,2"}'
PATIENCE = 20.0
"""Far more than any event takes, in seconds."""


@dataclass
class Case:
    name: str
    faults: list[str]
    operation: str
    status: int
    code: int | None
    events: list[str]

    @classmethod
    def read(cls, line: str) -> Case:
        name, faults, operation, status, code, events = (part.strip() for part in line.split("|"))
        return cls(
            name,
            [] if faults == "-" else faults.split(),
            operation,
            int(status),
            None if code == "-" else int(code),
            [] if events == "-" else events.split(),
        )


def cases() -> list[Case]:
    lines = TABLE.read_text(encoding="ascii").splitlines()
    return [Case.read(line) for line in lines if line and not line.startswith("#")]


def closed(modem: Modem) -> Client:
    client = modem.client(0)
    client.configure(packet_timeout=atmqtt.PacketTimeout(seconds=1, retries=0), keepalive=0)
    return client


def opened(modem: Modem) -> Client:
    client = closed(modem)
    client.open("broker.example", 1883)
    return client


def connect(client: Client) -> None:
    client.connect("case", "user", "secret")


def connected(modem: Modem) -> Client:
    client = opened(modem)
    connect(client)
    return client


def publish_when_closed(modem: Modem) -> None:
    client = connected(modem)
    modem.close()
    client.publish("t", PAYLOAD)


OPERATIONS: dict[str, Callable[[Modem, str], object]] = {
    "command": lambda modem, line: modem.command(line),
    "client": lambda modem, index: modem.client(int(index)),
    "keepalive": lambda modem, seconds: closed(modem).configure(keepalive=int(seconds)),
    "open": lambda modem, host: closed(modem).open(host, 1883),
    "connect": lambda modem, _: connect(opened(modem)),
    "subscribe": lambda modem, topic: connected(modem).subscribe(topic, 1),
    "unsubscribe": lambda modem, topic: connected(modem).unsubscribe(topic),
    "publish0": lambda modem, topic: connected(modem).publish(topic, PAYLOAD, 0),
    "publish1": lambda modem, topic: connected(modem).publish(topic, PAYLOAD, QoS.AT_LEAST_ONCE),
    "publish2": lambda modem, topic: connected(modem).publish(topic, PAYLOAD, 2),
    "publish-long": lambda modem, length: connected(modem).publish("t", b"x" * int(length), 1),
    "disconnect": lambda modem, _: connected(modem).disconnect(),
    "close": lambda modem, _: connected(modem).close(),
    "closed-port": lambda modem, _: publish_when_closed(modem),
    "upload": lambda modem, name: modem.files().upload(name, b"0123456789"),
    "download": lambda modem, name: modem.files().download(name),
    "delete": lambda modem, name: modem.files().delete(name),
    "tls": lambda modem, _: modem.tls(0).configure(ca=b"no certificate"),
}


def named(event: atmqtt.Event) -> str | None:
    match event:
        case atmqtt.Disconnected():
            return f"disconnected:{int(event.reason)}"
        case atmqtt.PingFailed():
            return "ping-failed"
        case atmqtt.Restarted():
            return "restarted"
        case atmqtt.PdpDeactivated():
            return f"pdp-deactivated:{event.context}"
        case atmqtt.PortClosed():
            return f"port-closed:{event.error.number}"
    return None


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_case(case: Case) -> None:
    name, _, argument = case.operation.partition(" ")
    with Emulator(faults=case.faults) as emulator, Modem(emulator.port) as modem:
        with modem.events() as events:
            status, code = 0, None
            try:
                OPERATIONS[name](modem, argument)
            except atmqtt.Error as error:
                status, code = error.number, error.code
            seen: list[str] = []
            # What is there already when all have come counts as well.
            while event := events.get(PATIENCE if len(seen) < len(case.events) else 0):
                if text := named(event):
                    seen.append(text)
        assert (status, code, seen) == (case.status, case.code, case.events)
