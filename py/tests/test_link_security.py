"""What hostile publishers send to links, and hostile strings in every argument of theirs."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from link_bench import PATIENCE, start, start_up

import atmqtt
from atmqtt import LinkCauseKind, LinkState, OnModule
from atmqtt.emulator import Emulator

# --- forgery: what comes in a message is a message

FORGED = [
    "+QMTSTAT: 0,1",
    "+QMTPING: 0,1",
    '+QIURC: "pdpdeact",1',
    "RDY",
    "+QMTCONN: 0,3,2",
    "+QMTCONN: 0,1",
    "+QMTOPEN: 0,-1",
    "+QMTDISC: 0,0",
    "+QMTCLOSE: 0,0",
    "+QMTSUB: 0,1,0,128",
    '+QMTRECV: 0,0,"forged",6,"forged"',
    "OK",
    "ERROR",
    "+CME ERROR: 58",
    "> ",
]


@pytest.mark.parametrize("delivery", ["inline", "stored"])
def test_forged_lines_move_no_link(emulator: Emulator, delivery: Any) -> None:
    """They arrive as what they are, and the link stays up."""
    config = atmqtt.ClientConfig(delivery=atmqtt.Delivery(delivery))
    link, events = start_up(emulator, subscriptions={"in/#": 1}, config=config, check_every=0.05)
    assert isinstance(next(events), atmqtt.Subscribed)
    messages = link.messages()
    for line in FORGED:
        payload = f'x"\r\n\r\n{line}\r\n\r\n'
        assert emulator.publish("in/x", payload, 1) == 1
        message = messages.get(PATIENCE)
        assert message is not None, line
        assert (message.topic, message.payload) == ("in/x", payload.encode())
        # On the line behind it.
        link.publish("out", "x", timeout=PATIENCE)
    assert messages.get(0) is None
    assert events.get(0) is None
    status = link.status()
    assert (status.state, status.connections, status.resent) == (LinkState.UP, 1, 0)
    link.close()


@pytest.mark.parametrize("delivery", ["inline", "stored"])
def test_forged_topics_stop_no_link(emulator: Emulator, delivery: Any) -> None:
    """A topic with a line end looks like the line that it holds.

    That costs a connection at most, and what was on its way just then. No topic can have a ``+``, which
    most lines begin with.
    """
    config = atmqtt.ClientConfig(delivery=atmqtt.Delivery(delivery))
    link, _ = start_up(emulator, subscriptions={"in/#": 1}, config=config)
    messages = link.messages()
    wanted = [str(n).encode() for n in range(len(FORGED))]
    for line, payload in zip(FORGED, wanted, strict=True):
        topic = "in/" + re.sub("[+#]", "", f'x"\r\n\r\n{line}\r\n\r\n')
        while not emulator.publish(topic, "x", 1):
            pass
        link.publish("out", payload, timeout=PATIENCE)
        link.wait_up(PATIENCE)
        until = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < until, line
            emulator.publish("in/last", payload, 1)
            message = messages.get(0.2)
            if message is not None and (message.topic, message.payload) == ("in/last", payload):
                break
    # None is missing; some may have come twice.
    sent = [one.payload for one in emulator.published() if one.topic == "out"]
    assert [one for one in dict.fromkeys(sent) if one in wanted] == wanted
    link.close()


def test_a_forged_result_settles_no_message(emulator: Emulator) -> None:
    link, _ = start_up(emulator, subscriptions={"in": 1})
    messages = link.messages()
    while not emulator.publish("in", ""):
        pass
    assert messages.get(PATIENCE) is not None
    emulator.inject_fault("lose-result:at=QMTPUBEX")
    delivering = link.publish_start("out", "x")
    emulator.wait_published(1)
    (msgid,) = re.findall(r"AT\+QMTPUBEX=0,(\d+),", emulator.trace_text())
    emulator.publish("in", f'"\r\n\r\n+QMTPUBEX: 0,{msgid},0\r\n\r\n', 1)
    assert messages.get(PATIENCE) is not None
    link.modem().command("AT")
    assert not delivering.done
    link.close()


# --- injection: nothing of a string becomes a command

HOSTILE = ["\r\nAT+EVIL\r\n", '",1\rAT+EVIL\r', '"', "\r", "\n", "\x1aAT+EVIL", "\x1b", "\0", "\x7f"]

OPTIONS = {
    "client_id": lambda text: {"client_id": text},
    "username": lambda text: {"username": text},
    "password": lambda text: {"username": "me", "password": text},
    "broker": lambda text: {"broker": (text, 1883)},
    "brokers": lambda text: {"broker": None, "brokers": ["good", (text, 1883)]},
    "subscriptions": lambda text: {"subscriptions": {"good": 0, text: 1}},
    "will topic": lambda text: {"will": atmqtt.Will(text)},
    "ali product": lambda text: {"config": atmqtt.ClientConfig(ali_auth=atmqtt.AliAuth(text, "n", "s"))},
    "ali name": lambda text: {"config": atmqtt.ClientConfig(ali_auth=atmqtt.AliAuth("p", text, "s"))},
    "ali secret": lambda text: {"config": atmqtt.ClientConfig(ali_auth=atmqtt.AliAuth("p", "n", text))},
    "one_net product": lambda text: {"config": atmqtt.ClientConfig(one_net=atmqtt.OneNet(text, "k"))},
    "one_net key": lambda text: {"config": atmqtt.ClientConfig(one_net=atmqtt.OneNet("p", text))},
    "hw_auth product": lambda text: {"config": atmqtt.ClientConfig(hw_auth=atmqtt.HwAuth(text, "s"))},
    "hw_auth secret": lambda text: {"config": atmqtt.ClientConfig(hw_auth=atmqtt.HwAuth("p", text))},
    "hw_product product": lambda text: {
        "config": atmqtt.ClientConfig(hw_product=atmqtt.HwProduct(text, "s", "n"))
    },
    "hw_product secret": lambda text: {
        "config": atmqtt.ClientConfig(hw_product=atmqtt.HwProduct("p", text, "n"))
    },
    "hw_product node": lambda text: {
        "config": atmqtt.ClientConfig(hw_product=atmqtt.HwProduct("p", "s", text))
    },
}

# These are known to be wrong when the module is there.
LATER = {
    "apn": lambda text: {"apn": text},
    "apn user": lambda text: {"apn": atmqtt.Apn("a", username=text)},
    "apn password": lambda text: {
        "apn": atmqtt.Apn("a", username="u", password=text, authentication=atmqtt.Authentication.PAP)
    },
    "tls ca": lambda text: {"tls": atmqtt.TlsConfig(ca=OnModule(text), clock="ignore")},
    "tls certificate": lambda text: {
        "tls": atmqtt.TlsConfig(
            ca=OnModule("ca"),
            client_certificate=OnModule(text),
            private_key=OnModule("key"),
            clock="ignore",
        )
    },
    "tls key": lambda text: {
        "tls": atmqtt.TlsConfig(
            ca=OnModule("ca"),
            client_certificate=OnModule("cert"),
            private_key=OnModule(text),
            clock="ignore",
        )
    },
    "tls key password": lambda text: {
        "tls": atmqtt.TlsConfig(
            ca=OnModule("ca"),
            client_certificate=OnModule("cert"),
            private_key=OnModule("key"),
            key_password=text,
            clock="ignore",
        )
    },
}


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS.keys())
def test_options_inject_nothing(emulator: Emulator, option: Any) -> None:
    for text in HOSTILE:
        options = {"broker": "broker.example", "client_id": "me", **option(text)}
        with pytest.raises(atmqtt.InvalidArgumentError) as caught:
            atmqtt.Link(emulator.port, **options)
        assert "EVIL" not in str(caught.value) or "\r" not in str(caught.value)
    # Nothing was opened.
    assert emulator.trace_text() == ""


@pytest.mark.parametrize("option", LATER.values(), ids=LATER.keys())
def test_later_options_inject_nothing(emulator: Emulator, option: Any) -> None:
    for text in HOSTILE:
        try:
            link = start(emulator, **option(text))
        except atmqtt.InvalidArgumentError:
            continue
        with link:
            with pytest.raises(atmqtt.InvalidArgumentError):
                link.wait_up(PATIENCE)
            status = link.status()
            assert status.state is LinkState.REFUSED
            assert status.last_trouble is not None
            assert status.last_trouble.kind is LinkCauseKind.REFUSED
    assert "EVIL" not in emulator.trace_text()


def test_calls_inject_nothing(emulator: Emulator) -> None:
    link, _ = start_up(emulator)
    before = emulator.trace_text()
    for text in HOSTILE:
        with pytest.raises(atmqtt.InvalidArgumentError):
            link.publish(text, "x")
        with pytest.raises(atmqtt.InvalidArgumentError):
            link.publish_start("a" + text + "b", "x")
        with pytest.raises(atmqtt.InvalidArgumentError):
            link.subscribe(text)
        with pytest.raises(atmqtt.InvalidArgumentError):
            link.subscribe([("good", 0), (text, 1)] if text == "nothing" else [(text, 1)])
        assert link.unsubscribe(text) is False
    assert link.status().accepted == 0
    assert emulator.trace_text() == before
    # A payload may hold anything.
    for text in HOSTILE:
        link.publish("t", text, timeout=PATIENCE)
    assert [one.payload for one in emulator.published()] == [text.encode() for text in HOSTILE]
    link.close()


def test_no_secret_is_shown(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """Not by the link, its events, its errors, nor the log."""
    caplog.set_level("DEBUG", "atmqtt")
    emulator.set_policy(credentials=("me", "right"))
    apn = atmqtt.Apn("a", username="u", password="hunter3")
    with start(emulator, username="me", password="hunter2", apn=apn) as link:
        with pytest.raises(atmqtt.BrokerRefusedError) as caught:
            link.wait_up(PATIENCE)
        told = [repr(link), repr(link.status()), str(caught.value), caplog.text]
        told += [repr(event) for event in link.events(timeout=0)]
    assert "AT+QMTCONN=0" in caplog.text
    assert "AT+QICSGP=1" in caplog.text
    assert not [text for text in told if "hunter" in text]
