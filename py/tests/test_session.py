"""A client from closed to connected and back."""

from __future__ import annotations

import array
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import atmqtt
from atmqtt import Client, Granted, Modem, QoS, State
from atmqtt.emulator import Emulator, Published


def test_states_of_a_session(emulator: Emulator, modem: Modem) -> None:
    client = modem.client(3)
    assert (client.index, client.modem, client.state, client.generation) == (3, modem, State.CLOSED, 0)
    client.open("broker.example", 8883)
    assert (client.state, client.generation) == (State.OPEN, 1)
    client.connect("sensor", "user", "secret")
    assert (client.state, client.generation) == (State.CONNECTED, 1)
    assert emulator.clients() == ["sensor"]
    client.disconnect()
    assert (client.state, client.generation) == (State.CLOSED, 1)
    assert emulator.clients() == []
    client.open("broker.example")
    client.close()
    client.close()
    assert (client.state, client.generation) == (State.CLOSED, 2)
    assert 'AT+QMTOPEN=3,\\"broker.example\\",8883' in emulator.trace_text()


def test_everything_can_be_started_and_waited_for(emulator: Emulator, modem: Modem) -> None:
    client = modem.client(0)
    assert client.open_start("broker").wait() is None
    assert client.connect_start("me", "user", "secret").wait() is None
    assert client.subscribe_start([("a", 2), "b"], qos=1).wait() == [
        Granted.EXACTLY_ONCE,
        Granted.AT_LEAST_ONCE,
    ]
    pending = client.publish_start("a", "x", QoS.AT_LEAST_ONCE)
    for _ in range(2):
        assert pending.wait(timeout=30) is None
    assert pending.done
    assert client.unsubscribe_start(["a", "b"]).wait() is None
    assert client.disconnect_start().wait() is None
    client.open("broker")
    assert client.close_start().wait() is None


@pytest.mark.parametrize(
    ("payload", "received"),
    [
        ("grün", "grün".encode()),
        (b"any \x00 bytes", b"any \x00 bytes"),
        (bytearray(b"array"), b"array"),
        (memoryview(b"__view__")[2:6], b"view"),
        (memoryview(b"s_t_e_p_")[::2], b"step"),
        (array.array("H", [0x4142, 0x4344]), array.array("H", [0x4142, 0x4344]).tobytes()),
        ("", b""),
        (b"x" * 1500, b"x" * 1500),
    ],
)
def test_payloads(emulator: Emulator, client: Client, payload: bytes | str, received: bytes) -> None:
    client.publish("t", payload, qos=1, retain=True)
    [published] = emulator.wait_published()
    assert published == Published("me", "t", received, 1, True, False)


@pytest.mark.parametrize("payload", [5, None, {"a": 1}, 1.5, [1, 2]])
def test_no_payloads(client: Client, payload: object) -> None:
    with pytest.raises(TypeError, match="payload must be bytes-like or str, not "):
        client.publish("t", payload)  # type: ignore[arg-type]


def test_arguments_are_refused_with_their_ranges(modem: Modem, client: Client) -> None:
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: modem.client(6), "client index is 6; it must be 0..=5"),
        (lambda: modem.client(-1), "client index is -1; it must be 0..=5"),
        (lambda: modem.tls(6), "tls context is 6; it must be 0..=5"),
        (lambda: client.publish("t", "x", qos=3), "qos is 3; it must be 0..=2"),
        (lambda: client.publish("t", b"x" * 1501, qos=1), "payload is 1501 bytes long"),
        (lambda: client.publish('a"b', "x"), "quotation marks"),
        (lambda: client.subscribe([]), "topics is empty"),
        (lambda: client.subscribe("t", 7), "qos is 7"),
        (lambda: client.subscribe([("t", 7)]), "qos is 7"),
        (lambda: modem.client(1).open("h", 0), "port is 0; it must be 1..=65535"),
        (lambda: modem.client(1).open("h", 70000), "port is 70000"),
        (lambda: modem.client(1).connect("a\r\nATD"), "client_id is"),
        (lambda: modem.command("AT", timeout=-1), "timeout is -1"),
        (lambda: modem.command("AT", timeout=float("nan")), "timeout is NaN"),
        (lambda: modem.command("AT+QMTCLOSE=0"), "AT\\+QMTCLOSE"),
        (lambda: modem.network().activate(17), "context is 17; it must be 1..=16"),
        (lambda: Modem("/dev/null", 0), "baudrate is 0"),
        (lambda: Modem("/dev/null", message_capacity=0), "message_capacity is 0"),
        (lambda: Modem("/dev/null", flow_control="xon"), "flow_control is 'xon'; it must be one of"),  # type: ignore[arg-type]
        (lambda: Modem("/dev/null", patience=-1), "patience is -1"),
    ]
    for call, text in calls:
        with pytest.raises(atmqtt.InvalidArgumentError, match=text) as caught:
            call()
        assert isinstance(caught.value, ValueError)
        assert caught.value.kind is atmqtt.ErrorKind.INVALID_ARGUMENT


def test_subscriptions(emulator: Emulator, client: Client) -> None:
    emulator.set_policy(max_granted_qos=1)
    assert client.subscribe("one") == [Granted.AT_MOST_ONCE]
    granted = client.subscribe([("two", QoS.EXACTLY_ONCE), ("three", 0)])
    assert [one.qos for one in granted] == [QoS.AT_LEAST_ONCE, QoS.AT_MOST_ONCE]
    assert Granted.REFUSED.qos is None
    assert emulator.publish("two", "x", 1) == 1
    client.unsubscribe("two")
    assert emulator.publish("two", "x", 1) == 0
    client.unsubscribe(["one", "three"])
    assert emulator.publish("one", "x") == 0
    with pytest.raises(TypeError, match="topics are str"):
        client.subscribe([5])  # type: ignore[list-item]


def test_publishes_go_in_order(emulator: Emulator, client: Client) -> None:
    pending = [client.publish_start("t", str(n), qos=n % 3) for n in range(50)]
    for one in pending:
        one.wait()
    assert [int(one.payload) for one in emulator.published()] == list(range(50))
    assert len(emulator.published(clear=True)) == 50
    assert emulator.published() == []


def test_a_retained_message(emulator: Emulator, client: Client) -> None:
    assert emulator.retained("kept") is None
    client.publish("kept", "for later", retain=True)
    emulator.wait_published(1)
    assert emulator.retained("kept") == b"for later"


def test_a_limit_ends_the_waiting_only(emulator: Emulator, client: Client) -> None:
    emulator.inject_fault("delay-result:at=QMTPUBEX,ms=400")
    with pytest.raises(atmqtt.UnconfirmedError) as caught:
        client.publish("t", "late", qos=1, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    [published] = emulator.wait_published()
    assert published.payload == b"late"
    client.publish("t", "next", qos=1)


def test_what_has_not_begun_is_withdrawn(emulator: Emulator, client: Client) -> None:
    """The sixth message waits in the library, and is taken back."""
    emulator.inject_fault("delay-result:at=QMTPUBEX,ms=400,always")
    five = [client.publish_start("t", str(n), qos=1) for n in range(5)]
    with pytest.raises(atmqtt.TimedOutError, match="withdrawn"):
        client.publish("t", "sixth", qos=1, timeout=0.05)
    for one in five:
        one.wait()
    assert [one.payload for one in emulator.published()] == [b"0", b"1", b"2", b"3", b"4"]


def test_the_limit_of_the_modem(emulator: Emulator) -> None:
    with Modem(emulator.port, timeout=0.05) as modem:
        assert modem.timeout == 0.05
        emulator.inject_fault("delay-final:at=CSQ,ms=300,always")
        with pytest.raises(atmqtt.UnconfirmedError, match="50ms"):
            modem.command("AT+CSQ")
        assert modem.command("AT+CSQ", timeout=30) == ["+CSQ: 28,99"]
        assert modem.command("AT+CSQ", timeout=float("inf")) == ["+CSQ: 28,99"]


def test_a_pending_operation_is_waited_for_again(emulator: Emulator, client: Client) -> None:
    emulator.inject_fault("delay-result:at=QMTPUBEX,ms=300")
    pending = client.publish_start("t", "x", qos=1)
    assert not pending.done
    assert repr(pending) == "<atmqtt.Pending under way>"
    with pytest.raises(atmqtt.UnconfirmedError, match="goes on"):
        pending.wait(timeout=0)
    assert pending.wait() is None
    assert repr(pending) == "<atmqtt.Pending done>"


def test_done_callbacks(emulator: Emulator, client: Client) -> None:
    emulator.inject_fault("delay-result:at=QMTPUBEX,ms=100")
    called: list[atmqtt.Pending[None]] = []
    done = threading.Event()
    pending = client.publish_start("t", "x", qos=1)
    for _ in range(3):
        pending.add_done_callback(called.append)
    pending.wait()
    # Also where it is done already.
    pending.add_done_callback(lambda pending: done.set() if pending.done else None)
    assert done.wait(30)
    while len(called) < 3:
        pass
    assert called == [pending] * 3
    with pytest.raises(TypeError, match="must be callable"):
        pending.add_done_callback(5)  # type: ignore[arg-type]


def test_the_broker_refuses(emulator: Emulator, modem: Modem) -> None:
    emulator.set_policy(credentials=("user", "secret"), connack={"banned": 5})
    for client_id, password, code in [("me", "wrong", 4), ("banned", "secret", 5)]:
        client = modem.client(0)
        client.open("broker")
        with pytest.raises(atmqtt.BrokerRefusedError) as caught:
            client.connect(client_id, "user", password)
        error = caught.value
        assert isinstance(error, ConnectionRefusedError)
        assert (error.code, error.command, error.client) == (code, "AT+QMTCONN", 0)
        assert (error.number, error.kind.name) == (8, "CONNECTION_REFUSED")
        assert error.detail in str(error)
        assert password not in str(error)
        assert client.state is State.CLOSED
    client.open("broker")
    client.connect("me", "user", "secret")
    emulator.set_policy()


def test_open_fails(emulator: Emulator, modem: Modem) -> None:
    emulator.inject_fault("open-result:code=4")
    with pytest.raises(atmqtt.OperationFailedError, match="does not resolve") as caught:
        modem.client(0).open("no.such.host")
    assert caught.value.code == 4


def test_a_client_found_alive(emulator: Emulator) -> None:
    with Modem(emulator.port) as first:
        client = first.client(2)
        client.open("broker.example", 1884)
        client.connect("survivor")
        client.subscribe("t", 1)
    with Modem(emulator.port) as second:
        client = second.client(2)
        assert client.found_alive == ("broker.example", 1884)
        assert second.client(1).found_alive is None
        with pytest.raises(atmqtt.InvalidStateError):
            client.open("broker.example")
        client.adopt()
        assert client.state.value == "connected"
        emulator.publish("t", "after", 1)
        message = client.messages().get(30)
        assert message is not None
        assert message.payload == b"after"
        client.open("broker.example", replace=True)
        assert client.state is State.OPEN


def test_a_password_needs_a_username(modem: Modem) -> None:
    with pytest.raises(TypeError, match="a password needs a username"):
        modem.client(0).connect("me", password="secret")


def test_calls_end_when_the_port_closes(emulator: Emulator, client: Client) -> None:
    emulator.inject_fault("lose-result:at=QMTPUBEX,always")
    waiting = threading.Barrier(2)
    ended: list[BaseException] = []

    def publish() -> None:
        pending = client.publish_start("t", "x", qos=1)
        waiting.wait()
        try:
            pending.wait()
        except atmqtt.Error as error:
            ended.append(error)

    thread = threading.Thread(target=publish)
    thread.start()
    waiting.wait()
    client.modem.close()
    thread.join()
    assert [type(error) for error in ended] == [atmqtt.ClosedError]
    client.modem.close()
    with pytest.raises(atmqtt.ClosedError):
        client.modem.command("AT")
    with pytest.raises(atmqtt.ClosedError):
        client.publish("t", "x")


def test_a_lost_port(emulator: Emulator, modem: Modem, client: Client) -> None:
    events = modem.events()
    emulator.hang_up()
    assert not emulator.plugged
    closed = next(events)
    assert isinstance(closed, atmqtt.events.PortClosed)
    assert isinstance(closed.error, atmqtt.PortLostError)
    assert list(events) == []
    with pytest.raises(OSError, match="is gone"):
        client.publish("t", "x")
    emulator.plug()
    assert emulator.plugged
    # It starts, and hears nothing yet.
    with Modem(emulator.port, patience=1) as again:
        assert again.info().model == "EC200A"


def test_a_trace_that_the_emulator_replays(emulator: Emulator, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    with Modem(emulator.port, trace=trace) as modem:
        assert modem.is_open
        assert modem.command("AT+CSQ") == ["+CSQ: 28,99"]
    assert not modem.is_open
    assert "> AT+CSQ\\r" in trace.read_text()
    done = subprocess.run(
        [sys.executable, "-m", "atmqtt.emulator", "--replay", str(trace)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(atmqtt.InvalidArgumentError, match="/no/such/folder"):
        Modem(emulator.port, trace="/no/such/folder/trace")


def test_a_busy_port(emulator: Emulator, modem: Modem) -> None:
    with pytest.raises(atmqtt.PortBusyError) as caught:
        Modem(emulator.port)
    assert isinstance(caught.value, OSError)
    assert caught.value.filename == emulator.port


def test_ports_that_cannot_be_opened(tmp_path: object) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        Modem("/dev/no-such-port")
    assert isinstance(caught.value, atmqtt.PortNotFoundError)
    assert caught.value.filename == "/dev/no-such-port"
    assert caught.value.kind is atmqtt.ErrorKind.PORT_LOST
    with pytest.raises(atmqtt.PortLostError, match="no serial device"):
        Modem("/dev/null")


def test_a_port_with_nobody_behind_it() -> None:
    import os

    master, slave = os.openpty()
    try:
        with pytest.raises(atmqtt.TimedOutError):
            Modem(os.ttyname(slave), patience=0)
    finally:
        os.close(master)
        os.close(slave)
