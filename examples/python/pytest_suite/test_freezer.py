"""The freezer monitor in good times and bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import atmqtt
import pytest

if TYPE_CHECKING:
    from atmqtt.emulator import Emulator

    from freezer import FreezerMonitor


def sent(emulator: Emulator, topic: str) -> list[str]:
    """The payloads that have reached the broker at a topic."""
    return [one.payload.decode() for one in emulator.published() if one.topic == topic]


def test_commands_on_any_module(freezer: FreezerMonitor) -> None:
    """Runs on a real module too: the second client of the module is the other end."""
    freezer.start()
    other = freezer.modem.client(1)
    other.open(freezer.host, freezer.port)
    other.connect(f"{freezer.client_id}-op")
    other.subscribe(f"{freezer.name}/temperature", 1)
    assert freezer.measured(-20)
    reading = other.messages().get(10)
    assert reading is not None
    assert reading.payload == b"-20.0"
    other.publish(f"{freezer.name}/set", '{"limit": -25}', 1)
    assert freezer.obey(10) == 1
    assert freezer.limit == -25


def test_readings_and_alarm(freezer: FreezerMonitor, atmqtt_emulator: Emulator) -> None:
    freezer.start()
    for celsius in (-20, -17, -17, -19, -17, -16, -15, -14):
        assert freezer.measured(celsius)
    assert sent(atmqtt_emulator, f"{freezer.name}/status") == ["online"]
    assert len(sent(atmqtt_emulator, f"{freezer.name}/temperature")) == 8
    assert sent(atmqtt_emulator, f"{freezer.name}/alarm") == ["-15.0"]


def test_broker_lost(freezer: FreezerMonitor, atmqtt_emulator: Emulator) -> None:
    """The connection breaks, the broker is away for a while, and no reading is missing."""
    freezer.start()
    assert freezer.measured(-20)
    events = freezer.modem.events(10)
    atmqtt_emulator.set_policy(unavailable=True)
    assert atmqtt_emulator.close_client(freezer.client_id)
    assert any(isinstance(event, atmqtt.Disconnected) for event in events)
    assert sent(atmqtt_emulator, f"{freezer.name}/status") == ["online", "offline"]
    assert not freezer.measured(-21)
    assert not freezer.measured(-22)
    atmqtt_emulator.set_policy()
    assert freezer.measured(-23)
    readings = sent(atmqtt_emulator, f"{freezer.name}/temperature")
    assert readings == ["-20.0", "-21.0", "-22.0", "-23.0"]


def test_module_restart(freezer: FreezerMonitor, atmqtt_emulator: Emulator) -> None:
    """The module restarts by itself and has forgotten everything."""
    freezer.start()
    events = freezer.modem.events(30)
    atmqtt_emulator.inject_fault("reboot")
    assert any(isinstance(event, atmqtt.Restarted) for event in events)
    freezer.modem.network().wait_ready()
    assert freezer.measured(-20)
    assert sent(atmqtt_emulator, f"{freezer.name}/temperature") == ["-20.0"]
    assert atmqtt_emulator.publish(f"{freezer.name}/set", '{"limit": -30}', 1) == 1
    assert freezer.obey(10) == 1
    assert freezer.limit == -30


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_connection_refused(freezer: FreezerMonitor, atmqtt_emulator: Emulator, code: int) -> None:
    """Whatever the broker refuses with is told, and tried again with the next reading."""
    atmqtt_emulator.set_policy(connack={freezer.client_id: code})
    with pytest.raises(ConnectionRefusedError) as caught:
        freezer.start()
    assert isinstance(caught.value, atmqtt.BrokerRefusedError)
    assert caught.value.code == code
    assert not freezer.measured(-20)
    atmqtt_emulator.set_policy()
    assert freezer.measured(-21)
    assert sent(atmqtt_emulator, f"{freezer.name}/temperature") == ["-20.0", "-21.0"]


@pytest.mark.atmqtt(fault="open-result:code=4")
def test_name_not_resolved(freezer: FreezerMonitor) -> None:
    with pytest.raises(atmqtt.OperationFailedError):
        freezer.start()
    assert freezer.measured(-20)


HOSTILE = {
    "result code": b"\r\nOK\r\n",
    "lost connection": b'"\r\n+QMTSTAT: 0,1\r\n',
    "another message": b'x"\r\n+QMTRECV: 0,0,"freezer/set",13,"{""limit"": 9}"\r\n',
    "restart": b"\r\nRDY\r\n",
    "prompt": b"\r\n> ",
    "every byte": bytes(range(256)),
    "deep": b"[" * 1000,
    "other type": b'{"limit": "-20"}',
    "true": b'{"limit": true}',
    "not a number": b'{"limit": NaN}',
    "out of range": b'{"limit": 1e9}',
    "no object": b"[]",
    "empty": b"",
}


@pytest.mark.atmqtt(chunk="random")
@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_payload(freezer: FreezerMonitor, atmqtt_emulator: Emulator, payload: bytes) -> None:
    """No payload passes for anything else, and the monitor goes on."""
    freezer.start()
    atmqtt_emulator.publish(f"{freezer.name}/set", payload, 1)
    atmqtt_emulator.publish(f"{freezer.name}/set", '{"limit": -20}', 1)
    seen = 0
    while seen < 2:
        came = freezer.obey(10)
        assert came
        seen += came
    assert (seen, freezer.rejected, freezer.limit) == (2, 1, -20)
    assert freezer.measured(-21)
