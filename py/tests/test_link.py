"""Links, on emulated modules that misbehave."""

from __future__ import annotations

import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from link_bench import PATIENCE, QUICK, payloads, start, start_down, start_up, until, until_up

import atmqtt
from atmqtt import (
    Completed,
    DisconnectReason,
    Granted,
    Link,
    LinkCauseKind,
    LinkState,
    OutboxDamaged,
    Subscribed,
    WhenAlive,
    WhenFull,
    WhenUnconfirmed,
)
from atmqtt.emulator import Emulator

# --- without troubles


def test_comes_up_publishes_and_receives(emulator: Emulator) -> None:
    with start(emulator, subscriptions={"in/#": 2, "other": 0}) as link:
        events = link.events(timeout=PATIENCE)
        changes = until_up(events)
        assert [change.state.value for change in changes] == [
            "searching",
            "starting",
            "attaching",
            "opening",
            "connecting",
            "up",
        ]
        assert changes[0].cause.kind is LinkCauseKind.ASKED
        assert {change.cause.kind for change in changes[1:]} == {LinkCauseKind.PROGRESS}
        assert next(events) == Subscribed(0, "in/#", Granted.EXACTLY_ONCE)
        assert next(events) == Subscribed(0, "other", Granted.AT_MOST_ONCE)
        link.wait_up()
        messages = link.messages(timeout=PATIENCE)
        for qos, payload in enumerate([b'{"a":1,"b":"x"}', b"+QMTSTAT: 0,1\r\n", b""]):
            link.publish("in/x", payload, qos, timeout=PATIENCE)
            message = next(messages)
            assert (message.topic, message.payload) == ("in/x", payload)
        status = link.status()
        assert (status.state, status.port) == (LinkState.UP, emulator.port)
        assert status.broker == ("broker.example", 1883)
        assert (status.accepted, status.delivered, status.failed, status.resent) == (3, 3, 0, 0)
        assert (status.waiting, status.waiting_bytes, status.connections) == (0, 0, 1)
        assert (status.last_trouble, status.retry_in) == (None, None)
        assert 0 < status.since <= status.uptime < PATIENCE
        assert repr(link) == "<atmqtt.Link of client 0, up>"
    assert link.state is LinkState.CLOSED
    # It said goodbye.
    assert emulator.clients() == []
    assert "AT+QMTDISC=0" in emulator.trace_text()
    assert messages.get() is None
    assert list(events)[-1] == atmqtt.LinkChange(
        LinkState.UP,
        LinkState.CLOSED,
        atmqtt.LinkCause(LinkCauseKind.ASKED, "the program asked for it"),
        None,
    )
    link.close()
    with pytest.raises(atmqtt.ClosedError):
        link.publish("a", "b")
    with pytest.raises(atmqtt.ClosedError):
        link.wait_up()


def test_every_option_reaches_the_module(emulator: Emulator, tmp_path: Path) -> None:
    with start(
        emulator,
        username="user",
        password="hunter2",
        apn=atmqtt.Apn("iot.example", username="u"),
        config=atmqtt.ClientConfig(version=atmqtt.Version.V3_1, keepalive=5),
        pdp_context=3,
        keepalive=77,
        clean_session=False,
        will=atmqtt.Will("gone", "me", 1, True),
        client=4,
        attach_timeout=None,
        check_every=None,
        when_alive="replace",
        when_unconfirmed=WhenUnconfirmed.RESEND,
        when_full=WhenFull.REFUSE,
        trace=tmp_path / "trace",
    ) as link:
        link.wait_up(PATIENCE)
        assert link.modem().client(4).state is atmqtt.State.CONNECTED
        config = link.modem().client(4).config()
    assert (config.keepalive, config.clean_session, config.pdp_context) == (77, False, 3)
    assert config.version is atmqtt.Version.V3_1
    assert config.will == atmqtt.Will("gone", b"me", 1, True)
    text = emulator.trace_text()
    assert r"AT+QICSGP=3,1,\"iot.example\"" in text
    assert r"AT+QMTCONN=4,\"me\",\"user\"," in text
    # Nothing was waited for.
    assert "AT+CEREG" not in text
    assert "AT+QMTDISC=4" in (tmp_path / "trace").read_text()
    assert "hunter2" not in (tmp_path / "trace").read_text()


def test_tls(emulator: Emulator, tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    tls = atmqtt.TlsConfig(ca=certificate, clock="set and check", key_password=None)
    with start(emulator, tls=tls, tls_context=3) as link:
        events = link.events(timeout=PATIENCE)
        assert LinkState.SECURING in [change.state for change in until_up(events)]
        assert link.status().broker == ("broker.example", 8883)
        settings = link.modem().tls(3).config()
        assert settings.verification is atmqtt.TlsVerification.SERVER
        assert settings.ca
    secret = atmqtt.TlsConfig(private_key=b"-----BEGIN SECRET", key_password="hunter2")
    assert "SECRET" not in repr(secret)
    assert "hunter2" not in repr(secret)


def test_subscriptions_come_and_go(emulator: Emulator) -> None:
    link, events = start_up(emulator)
    messages = link.messages()
    link.subscribe("a")
    assert events.get(PATIENCE) == Subscribed(0, "a", Granted.AT_LEAST_ONCE)
    link.subscribe([("b", 0), "c"], qos=2)
    assert next(events) == Subscribed(0, "b", Granted.AT_MOST_ONCE)
    assert next(events) == Subscribed(0, "c", Granted.EXACTLY_ONCE)
    link.publish("a", "1")
    message = messages.get(PATIENCE)
    assert message is not None
    assert message.payload == b"1"
    assert link.unsubscribe("a")
    assert not link.unsubscribe("a")
    # Behind the UNSUBSCRIBE on the line.
    link.publish("elsewhere", "")
    assert emulator.publish("a", "2") == 0
    emulator.set_policy(max_granted_qos=0)
    link.subscribe("d", 2)
    assert next(events) == Subscribed(0, "d", Granted.AT_MOST_ONCE)
    link.close()


@pytest.mark.parametrize(
    "subscriptions", [{"a": 1, "b": atmqtt.QoS.AT_MOST_ONCE}, [("a", 1), ("b", 0)], "a", ["a"], {}]
)
def test_forms_of_subscriptions(emulator: Emulator, subscriptions: Any) -> None:
    with start(emulator, subscriptions=subscriptions) as link:
        link.wait_up(PATIENCE)
        for topic in ("a", "b") if "b" in subscriptions or len(subscriptions) == 2 else "a":
            while subscriptions and not emulator.publish(topic, ""):
                pass


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        ("b.example", ("b.example", 1883)),
        ("b.example:1", ("b.example", 1)),
        ("[::1]", ("::1", 1883)),
        ("[::1]:65535", ("::1", 65535)),
        ("fe80::1", ("fe80::1", 1883)),
        (("b.example", 5), ("b.example", 5)),
    ],
)
def test_forms_of_a_broker(emulator: Emulator, broker: Any, expected: tuple[str, int]) -> None:
    with start(emulator, broker=broker) as link:
        assert link.status().broker == expected
    with start(emulator, broker=None, brokers=[broker]) as link:
        assert link.status().broker == expected


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"broker": None}, ValueError, "brokers is empty"),
        ({"broker": ""}, ValueError, "host"),
        ({"broker": 'a"'}, ValueError, "host"),
        ({"broker": "a:b"}, ValueError, "broker is a:b"),
        ({"broker": "a:0"}, ValueError, "broker is a:0"),
        ({"broker": "[::1]5x"}, ValueError, "5x"),
        ({"broker": "[::1"}, ValueError, "broker is [::1;"),
        ({"broker": ("a", 65536)}, ValueError, "port is 65536"),
        ({"broker": 5}, TypeError, "a broker must be"),
        ({"client": 6}, ValueError, "client index is 6"),
        ({"subscriptions": {"a\r": 0}}, ValueError, "topic"),
        ({"subscriptions": {"a": 3}}, ValueError, "qos is 3"),
        ({"password": "x"}, TypeError, "username"),
        ({"queue_messages": 0}, ValueError, "queue_messages is 0"),
        ({"queue_bytes": 4095}, ValueError, "queue_bytes is 4095"),
        ({"when_full": "explode"}, ValueError, "when_full is 'explode'"),
        ({"when_unconfirmed": 1}, ValueError, "when_unconfirmed is 1"),
        ({"when_alive": "no"}, ValueError, "'replace', 'adopt'"),
        ({"backoff": 3}, TypeError, "backoff must be a Backoff"),
        ({"backoff": atmqtt.Backoff(most=-1)}, ValueError, "backoff.most is -1"),
        ({"backoff": atmqtt.Backoff(first=float("nan"))}, ValueError, "backoff.first is NaN"),
        ({"check_every": -1}, ValueError, "check_every is -1"),
        ({"power_hook": 3}, TypeError, "power_hook must be callable"),
        ({"tls": 2}, TypeError, "tls must be a TlsConfig, not int"),
        ({"tls": atmqtt.TlsConfig()}, ValueError, "ca is None"),
        ({"tls": atmqtt.TlsConfig(insecure=True), "tls_context": 6}, ValueError, "tls_context is 6"),
        ({"apn": 3}, TypeError, "apn must be"),
        ({"pdp_context": 17}, ValueError, "pdp_context is 17"),
        ({"keepalive": 3601}, ValueError, "keepalive is 3601"),
        ({"will": "x"}, TypeError, "will must be"),
        ({"baudrate": 0}, ValueError, "baudrate is 0"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    emulator: Emulator, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        start(emulator, **options)
    assert text in str(caught.value)
    assert emulator.trace_text() == ""


def test_a_port_is_a_path_or_on_usb() -> None:
    with pytest.raises(TypeError, match="a path or a UsbPort"):
        Link(5, "me", "broker")  # type: ignore[arg-type]
    with Link(Path("/nowhere/at/all"), "me", "broker", backoff=QUICK) as link:
        changes = until(link.events(), lambda change: change.state is LinkState.WAITING)
        assert changes[-1].cause.kind is LinkCauseKind.PORT_LOST
        assert isinstance(changes[-1].cause.error, atmqtt.PortLostError)
        assert "/nowhere/at/all" in str(changes[-1].cause)
        assert changes[-1].retry_in is not None
        assert link.status().port is None
        with pytest.raises(atmqtt.InvalidStateError):
            link.modem()
        with pytest.raises(atmqtt.TimedOutError, match="the last trouble: port lost"):
            link.wait_up(0.01)
    usb = atmqtt.UsbPort(serial="nobody's", path="9-9", product=0x6005)
    with pytest.raises(atmqtt.PortLostError, match="no USB serial port fits"):
        usb.find()
    with pytest.raises(ValueError, match="vendor is 65536"):
        atmqtt.UsbPort(vendor=65536).find()
    with Link(usb, "me", "broker", backoff=QUICK) as link:
        change = until(link.events(), lambda change: change.state is LinkState.WAITING)[-1]
        assert "no USB serial port fits" in str(change.cause)


def test_callbacks(emulator: Emulator) -> None:
    link, events = start_up(emulator, subscriptions={"ping": 1})
    events.close()
    heard: list[str] = []
    told = threading.Event()
    done = threading.Event()

    def on_message(message: atmqtt.Message) -> None:
        with pytest.raises(atmqtt.CalledFromCallbackError):
            link.close()
        link.publish("pong", message.payload)
        done.set()

    def on_event(event: atmqtt.Event) -> None:
        heard.append(type(event).__name__)
        if isinstance(event, Subscribed) and event.topic == "more":
            told.set()

    link.on_message = on_message
    link.on_event = on_event
    assert (link.on_message, link.on_event) == (on_message, on_event)
    with pytest.raises(atmqtt.InvalidStateError):
        link.messages()
    with pytest.raises(TypeError, match="callable"):
        link.on_event = 3  # type: ignore[assignment]
    link.publish("ping", "x")
    assert done.wait(PATIENCE)
    assert [one.topic for one in emulator.wait_published(2)] == ["ping", "pong"]
    link.subscribe("more")
    assert told.wait(PATIENCE)
    link.on_event = None
    link.on_message = None
    link.messages().close()
    link.close()


def test_outcomes_are_called_back_in_order(emulator: Emulator) -> None:
    link = start_down(emulator)
    called: list[tuple[int, bool, int]] = []
    last = threading.Event()

    def callback(delivering: atmqtt.Delivering) -> None:
        delivering.wait(0)
        called.append((delivering.number, delivering.done, threading.get_ident()))
        if delivering.number == 50:
            last.set()
            raise ValueError("logged")

    with pytest.raises(TypeError, match="callable"):
        link.publish_start("t", "x").add_done_callback(3)  # type: ignore[arg-type]
    for n in range(49):
        link.publish_start("t", str(n)).add_done_callback(callback)
    before = threading.active_count()
    link.retry()
    assert last.wait(PATIENCE)
    assert [number for number, *_ in called] == list(range(2, 51))
    assert all(done for _, done, _ in called)
    # However many wait, one thread calls.
    assert len({thread for *_, thread in called}) == 1
    assert threading.active_count() <= before + 1
    # What is done already is called as well.
    again = threading.Event()
    late = link.publish_start("t", "late")
    late.wait(PATIENCE)
    late.add_done_callback(lambda _: again.set())
    assert again.wait(PATIENCE)
    link.close()
    closed = threading.Event()
    late.add_done_callback(lambda _: closed.set())
    assert closed.wait(PATIENCE)


def test_the_modem_of_the_moment(emulator: Emulator) -> None:
    link, _ = start_up(emulator)
    modem = link.modem()
    assert modem.signal().rssi_dbm is not None
    assert modem.is_open
    with pytest.raises(atmqtt.InvalidStateError):
        modem.on_event = print
    # Its messages are the link's, which have one consumer.
    with link.messages(), pytest.raises(atmqtt.InvalidStateError):
        modem.client(0).messages()
    # Another client of the module is the program's own.
    other = modem.client(1)
    other.open("elsewhere.example")
    other.connect("other")
    other.publish("t", "x", 1)
    # Forgetting it closes nothing.
    del modem, other
    link.publish("t", "y")
    modem = link.modem()
    link.close()
    assert not modem.is_open
    with pytest.raises(atmqtt.ClosedError):
        modem.command("AT")
    with pytest.raises(atmqtt.InvalidStateError):
        link.modem()


# --- what is published while it is down


def test_what_waits_is_sent_in_order(emulator: Emulator) -> None:
    with start_down(emulator) as link:
        assert link.state is LinkState.REFUSED
        sent = [link.publish_start("t", str(n), 1 + n % 2) for n in range(100)]
        assert [one.number for one in sent] == list(range(1, 101))
        assert link.status().waiting == 100
        assert not sent[0].done
        assert repr(sent[0]) == "<atmqtt.Delivering 1 under way>"
        with pytest.raises(atmqtt.DisconnectedError):
            link.publish("t", "", 0)
        with pytest.raises(atmqtt.UnconfirmedError, match="the message goes on"):
            link.publish("t", "last", timeout=0.01)
        with pytest.raises(atmqtt.UnconfirmedError):
            sent[0].wait(0.01)
        assert link.flush(0.01) is False
        link.retry()
        for one in sent:
            one.wait(PATIENCE)
        assert link.flush(PATIENCE) is True
        assert link.flush() is True
    assert payloads(emulator) == [*(str(n).encode() for n in range(100)), b"last"]


def test_a_full_queue_refuses(emulator: Emulator) -> None:
    with start_down(emulator, queue_messages=2, when_full="refuse") as link:
        link.publish_start("t", "1")
        link.publish_start("t", "2")
        with pytest.raises(atmqtt.QueueFullError, match="2 messages of"):
            link.publish_start("t", "3")
    with start_down(emulator, queue_bytes=4096, when_full=WhenFull.REFUSE) as link:
        for _ in range(4):
            link.publish_start("t", bytes(1000))
        with pytest.raises(atmqtt.QueueFullError):
            link.publish_start("t", bytes(1000))
        assert link.status().waiting_bytes == 4 * 1001


def test_a_full_queue_drops_its_oldest(emulator: Emulator) -> None:
    with start_down(emulator, queue_messages=2, when_full="drop oldest") as link:
        sent = [link.publish_start("t", str(n)) for n in range(3)]
        with pytest.raises(atmqtt.QueueFullError):
            sent[0].wait()
        link.retry()
        for one in sent[1:]:
            one.wait(PATIENCE)
    assert payloads(emulator) == [b"1", b"2"]


def test_a_full_queue_blocks(emulator: Emulator) -> None:
    with start_down(emulator, queue_messages=1) as link:
        link.publish_start("t", "1")
        with pytest.raises(atmqtt.QueueFullError, match="no room"):
            link.publish_start("t", "2", timeout=0.02)
        with pytest.raises(atmqtt.QueueFullError):
            link.publish("t", "2", timeout=0)
        blocked = threading.Thread(target=link.publish, args=("t", "3"))
        blocked.start()
        link.retry()
        blocked.join(PATIENCE)
        assert not blocked.is_alive()
    assert payloads(emulator) == [b"1", b"3"]


@pytest.mark.parametrize(
    ("qos", "when", "error", "expected"),
    [
        (1, "report", None, [b"x", b"x"]),
        (2, "report", atmqtt.UnconfirmedError, [b"x"]),
        (2, "resend", None, [b"x", b"x"]),
    ],
)
def test_what_was_under_way(
    emulator: Emulator, qos: int, when: Any, error: type[Exception] | None, expected: list[bytes]
) -> None:
    link, _ = start_up(emulator, when_unconfirmed=when)
    emulator.inject_fault("stat:on=final,at=QMTPUBEX,client=0,code=1")
    sent = link.publish_start("t", "x", qos)
    if error is None:
        sent.wait(PATIENCE)
    else:
        with pytest.raises(error):
            sent.wait(PATIENCE)
    link.wait_up(PATIENCE)
    assert payloads(emulator) == expected
    assert link.status().resent == len(expected) - 1
    link.close()


def test_a_message_that_the_module_never_takes(emulator: Emulator) -> None:
    link, _ = start_up(emulator)
    emulator.inject_fault("error:at=QMTPUBEX,times=5")
    with pytest.raises(atmqtt.ModuleError):
        link.publish("t", "bad", timeout=PATIENCE)
    link.publish("t", "good", timeout=PATIENCE)
    assert payloads(emulator) == [b"good"]
    link.close()


def test_closing_ends_what_waits(emulator: Emulator) -> None:
    link = start_down(emulator)
    sent = link.publish_start("t", "x")
    link.close()
    with pytest.raises(atmqtt.ClosedError):
        sent.wait()
    assert sent.done


# --- troubles


@pytest.mark.parametrize("code", range(1, 9))
def test_a_connection_that_ends(emulator: Emulator, code: int) -> None:
    link, events = start_up(emulator)
    emulator.inject_fault(f"stat:client=0,code={code}")
    first, *others = until_up(events)
    assert first.cause.kind is LinkCauseKind.DISCONNECTED
    assert first.cause.reason is not None
    assert first.cause.reason is DisconnectReason(code)
    assert first.cause.reason.text in str(first.cause)
    assert (first.before, first.state) == (LinkState.UP, LinkState.WAITING)
    assert first.retry_in is not None
    assert 0 <= first.retry_in <= 0.2
    assert (LinkState.REPAIRING in [change.state for change in others]) == (code == 2)
    link.publish("works", "", timeout=PATIENCE)
    status = link.status()
    assert status.connections == 2
    assert status.last_trouble == first.cause
    link.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("ping:client=0", LinkCauseKind.PING_FAILED),
        ("pdpdeact:context=1", LinkCauseKind.PDP_DEACTIVATED),
        ("reboot", LinkCauseKind.RESTARTED),
    ],
)
def test_troubles_of_the_module(emulator: Emulator, fault: str, kind: LinkCauseKind) -> None:
    link, events = start_up(emulator, subscriptions="in")
    messages = link.messages(timeout=PATIENCE)
    emulator.inject_fault(fault)
    assert until_up(events)[0].cause.kind is kind
    # It is subscribed again, and the iteration goes on.
    while not emulator.publish("in", "again"):
        pass
    assert next(messages).payload == b"again"
    link.close()


def test_a_lost_notice_is_found_out(emulator: Emulator) -> None:
    link, events = start_up(emulator, check_every=0.05)
    emulator.inject_fault("lose-result:at=QMTSTAT,client=0")
    emulator.inject_fault("stat:client=0,code=1")
    assert until_up(events)[0].cause.kind is LinkCauseKind.FOUND_DISCONNECTED
    link.close()


def test_a_port_that_comes_back(tmp_path: Path) -> None:
    # Another name would be locked for all who use it at the time.
    device = tmp_path / f"modem-{uuid.uuid4()}"
    with Emulator(link=device) as emulator:
        link = Link(device, "me", "broker", subscriptions="in", silence=0, backoff=QUICK)
        events = link.events(timeout=PATIENCE)
        until_up(events)
        messages = link.messages(timeout=PATIENCE)
        modem = link.modem()
        emulator.hang_up()
        lost = until(events, lambda change: change.before is LinkState.SEARCHING)
        assert lost[0].cause.kind is LinkCauseKind.PORT_LOST
        assert not modem.is_open
        waiting = link.publish_start("t", "meanwhile")
        emulator.plug()
        until_up(events)
        waiting.wait(PATIENCE)
        assert link.modem().is_open
        while not emulator.publish("in", "again"):
            pass
        assert next(messages).payload == b"again"
        link.close()


def test_bad_credentials_are_reported_and_not_hammered(emulator: Emulator) -> None:
    emulator.set_policy(credentials=("me", "right"))
    with start(emulator, username="me", password="wrong") as link:
        with pytest.raises(atmqtt.BrokerRefusedError) as caught:
            link.wait_up(PATIENCE)
        assert caught.value.code == 4
        status = link.status()
        assert status.state is LinkState.REFUSED
        assert status.retry_in is not None
        assert status.retry_in > 1700
        assert status.last_trouble is not None
        assert status.last_trouble.kind is LinkCauseKind.REFUSED
        emulator.set_policy()
        link.retry()
        until_up(link.events())


def test_brokers_in_turn(emulator: Emulator) -> None:
    emulator.inject_fault("open-result:code=-1")
    emulator.inject_fault("open-result:code=4,after=1")
    with start(
        emulator, broker="first", brokers=["second:1884", ("third", 1885)], attach_timeout=None
    ) as link:
        link.wait_up(PATIENCE)
        assert link.status().broker == ("third", 1885)


@pytest.mark.parametrize("raises", [False, True])
def test_a_deaf_module_is_switched(
    emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, raises: bool
) -> None:
    """A port with nobody behind it, until the hook puts the module in its place."""
    master, slave = os.openpty()
    # Another name would be locked for all who use it at the time.
    device = tmp_path / f"modem-{uuid.uuid4()}"
    device.symlink_to(os.ttyname(slave))
    hooked: list[str] = []

    def power_hook() -> None:
        with pytest.raises(atmqtt.CalledFromCallbackError):
            link.close()
        hooked.append(link.state.value)
        device.unlink()
        device.symlink_to(emulator.port)
        if raises:
            raise OSError("the relay is stuck")

    link = Link(
        device,
        "me",
        "broker",
        silence=0,
        patience=0.05,
        restart_time=0.1,
        backoff=QUICK,
        power_hook=power_hook,
    )
    changes = until_up(link.events())
    assert hooked == ["repairing"]
    kinds = [change.cause.kind for change in changes]
    assert kinds.count(LinkCauseKind.DEAF) >= 3
    link.close()
    os.close(master)
    os.close(slave)
    logged = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in logged] == ["power_hook raised an exception"] * raises


def test_a_client_that_lives_is_adopted_or_replaced(emulator: Emulator) -> None:
    for when_alive, opened in ((WhenAlive.ADOPT, False), ("replace", True), (None, False)):
        with atmqtt.Modem(emulator.port) as modem:
            client = modem.client(0)
            client.open("broker.example", replace=True)
            client.connect("me")
        with start(emulator, when_alive=when_alive) as link:
            changes = until_up(link.events())
            assert (LinkState.OPENING in [change.state for change in changes]) == opened
            link.publish("t", "x", timeout=PATIENCE)


def test_values_of_their_own() -> None:
    """What only an outbox tells."""
    error = atmqtt.UnconfirmedError("x")
    assert Completed(3, error).error is error
    assert Completed(3, None) == Completed(3, None)
    assert OutboxDamaged(2, "file.damaged").set_aside == "file.damaged"
    assert issubclass(atmqtt.LinkChange, atmqtt.Event)
    assert atmqtt.UsbPort() == atmqtt.UsbPort(vendor=0x2C7C, interface=2)
