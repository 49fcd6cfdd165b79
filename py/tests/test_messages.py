"""What a client receives, and what happens by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import atmqtt
from atmqtt import Client, DisconnectReason, Message, Modem
from atmqtt.emulator import Emulator


def test_messages_one_after_the_other(emulator: Emulator, client: Client) -> None:
    client.subscribe("t/#", 2)
    for n in range(3):
        emulator.publish(f"t/{n}", bytes([n]), n)
    messages = client.messages(timeout=30)
    received = [next(messages) for _ in range(3)]
    assert [(one.topic, one.payload) for one in received] == [
        ("t/0", b"\0"),
        ("t/1", b"\1"),
        ("t/2", b"\2"),
    ]
    first = received[0]
    assert (first.client, first.msgid, first.generation) == (0, 0, 1)
    assert first.topic_bytes == b"t/0"
    assert repr(first) == "Message(client=0, topic='t/0', payload=b'\\x00', msgid=0, generation=1)"
    match first:
        case Message(topic, payload):
            assert (topic, payload) == ("t/0", b"\0")


def test_messages_compare_by_value(emulator: Emulator, client: Client) -> None:
    client.subscribe("t")
    emulator.publish("t", "same")
    emulator.publish("t", "same")
    emulator.publish("t", "other")
    messages = client.messages(timeout=30)
    one, two, three = (next(messages) for _ in range(3))
    assert one == two
    assert hash(one) == hash(two)
    assert one != three
    assert len({one, two, three}) == 2
    assert one != "same"


def test_the_iteration_ends_when_nothing_comes(emulator: Emulator, client: Client) -> None:
    client.subscribe("t")
    emulator.publish("t", "only")
    assert [one.payload for one in client.messages(timeout=0.2)] == [b"only"]
    messages = client.messages()
    assert messages.get(0) is None
    assert messages.get(timeout=0.01) is None


def test_one_consumer_at_a_time(emulator: Emulator, client: Client) -> None:
    with client.messages() as messages:
        with pytest.raises(atmqtt.InvalidStateError):
            client.messages()
        with pytest.raises(atmqtt.InvalidStateError):
            client.on_message = print
        assert client.on_message is None
    assert messages.get() is None
    client.on_message = print
    with pytest.raises(atmqtt.InvalidStateError):
        client.messages()
    client.on_message = None
    client.messages()


def test_closing_messages_ends_a_wait(client: Client) -> None:
    messages = client.messages()
    waiting = threading.Barrier(2)
    got: list[Message | None] = []

    def wait() -> None:
        waiting.wait()
        got.append(messages.get())

    thread = threading.Thread(target=wait)
    thread.start()
    waiting.wait()
    messages.close()
    thread.join()
    assert got == [None]
    client.messages()


def test_callbacks_in_order_on_one_thread(emulator: Emulator, client: Client) -> None:
    received: list[tuple[bytes, int]] = []
    done = threading.Event()

    def callback(message: Message) -> None:
        received.append((message.payload, threading.get_ident()))
        if len(received) == 100:
            done.set()

    client.on_message = callback
    assert client.on_message is callback
    client.subscribe("t")
    for n in range(100):
        emulator.publish("t", str(n))
    assert done.wait(30)
    assert [int(payload) for payload, _ in received] == list(range(100))
    assert len({thread for _, thread in received} - {threading.get_ident()}) == 1


def test_a_callback_may_publish_and_change_itself(emulator: Emulator, client: Client) -> None:
    answered = threading.Event()

    def second(message: Message) -> None:
        client.publish("answer", message.payload, qos=1)
        client.on_message = None
        answered.set()

    def first(message: Message) -> None:
        client.on_message = second

    client.on_message = first
    client.subscribe("t")
    emulator.publish("t", "one")
    emulator.publish("t", "two")
    assert answered.wait(30)
    assert [one.payload for one in emulator.wait_published(1)] == [b"two"]
    assert client.on_message is None


def test_a_callback_ends_before_it_is_taken_away(emulator: Emulator, client: Client) -> None:
    entered, leave = threading.Event(), threading.Event()
    order: list[str] = []

    def callback(message: Message) -> None:
        entered.set()
        leave.wait()
        order.append("callback ends")

    client.on_message = callback
    client.subscribe("t")
    emulator.publish("t", "x")
    entered.wait()
    threading.Timer(0.05, leave.set).start()
    client.on_message = None
    order.append("taken away")
    assert order == ["callback ends", "taken away"]


@pytest.mark.parametrize("callback", [5, "text", object()])
def test_no_callbacks(modem: Modem, client: Client, callback: Callable[[object], None]) -> None:
    with pytest.raises(TypeError, match="a callback must be callable or None"):
        client.on_message = callback
    with pytest.raises(TypeError, match="a callback must be callable or None"):
        modem.on_event = callback


def test_a_full_queue_is_reported(emulator: Emulator) -> None:
    with Modem(emulator.port, message_capacity=2) as modem:
        client = modem.client(0)
        client.open("broker")
        client.connect("me")
        client.subscribe("t")
        events = modem.events()
        for n in range(5):
            emulator.publish("t", str(n))
        emulator.inject_urc("+LAST: 1")
        seen = []
        for event in events:
            seen.append(event)
            if isinstance(event, atmqtt.Urc):
                break
        assert [one.payload for one in client.messages(timeout=0)] == [b"3", b"4"]
        lagged = [event for event in seen if isinstance(event, atmqtt.Lagged)]
        assert {event.client for event in lagged} == {0}
        assert sum(event.count for event in lagged) == 3


def test_events(emulator: Emulator, modem: Modem, client: Client) -> None:
    events = modem.events(timeout=30)
    emulator.inject_urc("+QIND: \xe4,1")
    urc = next(events)
    assert urc == atmqtt.Urc("+QIND: \xe4,1".encode())
    assert isinstance(urc, atmqtt.Urc)
    assert urc.text == "+QIND: \xe4,1"
    emulator.close_client("me")
    lost = next(events)
    assert lost == atmqtt.Disconnected(0, 1, DisconnectReason.CLOSED_BY_SERVER)
    assert isinstance(lost, atmqtt.Disconnected)
    assert lost.reason.advice == "open the client again"
    assert lost.reason.text == "closed or reset by the broker"
    client.open("broker")
    client.connect("me")
    emulator.inject_fault("ping")
    assert next(events) == atmqtt.PingFailed(0, 2)
    emulator.inject_fault("pdpdeact")
    seen = [next(events)]
    while not isinstance(seen[-1], atmqtt.PdpDeactivated):
        seen.append(next(events))
    assert seen[-1] == atmqtt.PdpDeactivated(1)
    emulator.inject_fault("reboot")
    while not isinstance(seen[-1], atmqtt.Restarted):
        seen.append(next(events))
    modem.close()
    last = list(events)[-1]
    assert isinstance(last, atmqtt.PortClosed)
    assert isinstance(last.error, atmqtt.ClosedError)


def test_a_retransmission(emulator: Emulator, modem: Modem) -> None:
    client = modem.client(0)
    client.configure(packet_timeout=atmqtt.PacketTimeout(1, 3, notice=True))
    client.open("broker")
    client.connect("me")
    emulator.inject_fault("drop-ack:ack=puback")
    events = modem.events()
    client.publish("t", "x", qos=1)
    event = events.get(30)
    assert isinstance(event, atmqtt.Retransmission)
    assert (event.client, event.command, event.count) == (0, "AT+QMTPUBEX", 1)


def test_event_callbacks(emulator: Emulator, modem: Modem) -> None:
    seen: list[atmqtt.Event] = []
    came = threading.Event()

    def callback(event: atmqtt.Event) -> None:
        seen.append(event)
        modem.command("AT")
        came.set()

    modem.on_event = callback
    assert modem.on_event is callback
    with pytest.raises(atmqtt.InvalidStateError):
        modem.events()
    emulator.inject_urc("+X: 1")
    assert came.wait(30)
    assert seen == [atmqtt.Urc(b"+X: 1")]
    modem.on_event = None
    modem.events()


def test_reasons_without_a_name() -> None:
    other = DisconnectReason(42)
    assert (other, other.name, other.text) == (42, "OTHER_42", "reason 42")
    assert other.advice == "an undocumented code; connect again"
    assert DisconnectReason(5).text == "disconnected as asked"
    with pytest.raises(ValueError, match="nonsense"):
        DisconnectReason("nonsense")  # type: ignore[arg-type]


def test_a_payload_that_is_too_long_is_reported(emulator: Emulator) -> None:
    with Modem(emulator.port, max_payload=10) as modem:
        client = modem.client(0)
        client.open("broker")
        client.connect("me")
        client.subscribe("t")
        emulator.publish("t", "x" * 100)
        emulator.publish("t", "short")
        message = client.messages().get(30)
        assert message is not None
        assert message.payload == b"short"
        assert any(isinstance(one, atmqtt.InputLost) for one in modem.events(timeout=0))


def test_stored_delivery(emulator: Emulator, modem: Modem) -> None:
    client = modem.client(0)
    client.configure(delivery="stored")
    client.open("broker")
    client.connect("me")
    client.subscribe("t", 1)
    messages = client.messages(timeout=30)
    for n in range(10):
        emulator.publish("t", str(n), 1)
        assert next(messages).payload == str(n).encode()
