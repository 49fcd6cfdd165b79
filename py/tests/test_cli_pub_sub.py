"""``atmqtt pub`` and ``atmqtt sub``: at the broker inside the emulated module, and at a real one."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cli_bench import Mosquitto, Running, Terminal, atmqtt, mosquitto, patiently, succeeds

from atmqtt.emulator import Emulator, Published


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Debian's broker."""
    with mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def device() -> Iterator[str]:
    """The port of an emulated module whose connections are real."""
    with Emulator(broker="network") as emulator:
        yield emulator.port


def subscribed(emulator: Emulator) -> None:
    """Waits until somebody has subscribed to ``ready``, who then gets an empty message."""
    patiently(lambda: emulator.publish("ready", ""), "a subscription")


def published(message: Published) -> tuple[str, bytes, int, bool]:
    return message.topic, message.payload, message.qos, message.retain


# --- pub


def pub(emulator: Emulator, *args: str, stdin: bytes | str = b"") -> list[Published]:
    """Runs it well; what the broker got."""
    assert succeeds("pub", "--modem", emulator.port, "-h", "any", *args, stdin=stdin) == ""
    return emulator.published()


def test_pub_a_message(emulator: Emulator) -> None:
    (message,) = pub(emulator, "-t", "a/b", "-m", "grüße", "-q", "2", "-r", "-i", "me")
    assert published(message) == ("a/b", "grüße".encode(), 2, True)
    assert message.client_id == "me"
    # It said goodbye.
    assert emulator.clients() == []


def test_pub_has_a_client_id_of_its_own(emulator: Emulator) -> None:
    (message,) = pub(emulator, "-t", "a", "-m", "b")
    assert re.fullmatch(r"atmqtt-\d+", message.client_id)


def test_pub_with_a_prefix_of_the_client_id(emulator: Emulator) -> None:
    (message,) = pub(emulator, "-t", "a", "-m", "b", "-I", "site7-")
    assert re.fullmatch(r"site7-\d+", message.client_id)


def test_pub_nothing(emulator: Emulator) -> None:
    (message,) = pub(emulator, "-t", "a", "-n", "-q", "1")
    assert published(message) == ("a", b"", 1, False)


def test_pub_a_file(emulator: Emulator, tmp_path: Path) -> None:
    data = bytes(range(256)) * 5
    (tmp_path / "data").write_bytes(data)
    (message,) = pub(emulator, "-t", "a", "-f", str(tmp_path / "data"), "-q", "1")
    assert message.payload == data


def test_pub_standard_input(emulator: Emulator) -> None:
    (message,) = pub(emulator, "-t", "a", "-s", "-q", "1", stdin=b"two\r\nlines\n\0")
    assert message.payload == b"two\r\nlines\n\0"


def test_pub_lines(emulator: Emulator) -> None:
    lines = [f"line {n}" for n in range(40)]
    messages = pub(emulator, "-t", "a", "-l", "-q", "1", stdin="\n".join(lines) + "\r\n\n")
    assert [message.payload.decode() for message in messages] == lines


def test_pub_lines_as_they_come(emulator: Emulator) -> None:
    with Running("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-l", "-q", "1") as running:
        for count in (1, 2, 3):
            running.write(f"{count}\n")
            emulator.wait_published(count)
        # The end of its standard input.
        assert running.end() == (0, "", "")


def test_pub_repeats(emulator: Emulator) -> None:
    messages = pub(
        emulator, "-t", "a", "-m", "x", "-q", "1", "--repeat", "7", "--repeat-delay", "0.01", "-M", "2"
    )
    assert [message.payload for message in messages] == [b"x"] * 7


def test_pub_by_url(emulator: Emulator) -> None:
    emulator.set_policy(credentials=("us er", "p@ss"))
    url = "mqtt://us%20er:p%40ss@broker.example:1900/room/1"
    succeeds("pub", "--modem", emulator.port, "-L", url, "-m", "x")
    assert [published(message) for message in emulator.published()] == [("room/1", b"x", 0, False)]
    assert r"AT+QMTOPEN=0,\"broker.example\",1900" in emulator.trace_text()


def test_pub_with_a_will(emulator: Emulator) -> None:
    args = ["--will-topic", "gone", "--will-payload", "me", "--will-qos", "1", "--will-retain"]
    with Running("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-l", *args) as running:
        running.write("up\n")
        emulator.wait_published(1)
        running.end(signal.SIGKILL)
    emulator.close_client(emulator.clients()[0])
    will = emulator.wait_published(2)[-1]
    assert will.will
    assert published(will) == ("gone", b"me", 1, True)


def test_pub_too_long_a_message(emulator: Emulator) -> None:
    done = atmqtt("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-m", "x" * 1501)
    assert done.returncode == 41
    assert "1501" in done.stderr
    assert emulator.clients() == []


def test_pub_a_file_that_is_not_there(emulator: Emulator) -> None:
    done = atmqtt("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-f", "/nowhere/at/all")
    assert done.returncode == 10
    assert "/nowhere/at/all" in done.stderr
    # It was known before anything was sent.
    assert "QMTOPEN=" not in emulator.trace_text()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_pub_refused_by_the_broker(emulator: Emulator, code: int) -> None:
    emulator.set_policy(connack={"me": code})
    done = atmqtt("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-m", "b", "-i", "me")
    assert done.returncode == code
    assert done.stderr.startswith("atmqtt pub: connection refused: AT+QMTCONN (client 0)")


def test_pub_password_from_the_environment(emulator: Emulator) -> None:
    emulator.set_policy(credentials=("me", "hunter2"))
    args = ["pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-m", "b", "-u", "me", "-d"]
    done = atmqtt(*args, env={"ATMQTT_PASSWORD": "hunter2"})
    assert done.returncode == 0
    # --debug shows the lines, without the password.
    assert 'AT+QMTCONN=0,"atmqtt-' in done.stderr
    assert "hunter2" not in done.stderr
    assert atmqtt(*args, "-P", "wrong").returncode == 4


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("open-result:code=3", 47),
        ("error:at=QMTPUBEX,always", 45),
        ("cme:at=QMTPUBEX,code=58,always", 46),
        ("hang-up:at=QMTPUBEX,on=prompt", 49),
    ],
)
def test_pub_failures(emulator: Emulator, fault: str, code: int) -> None:
    emulator.inject_fault(fault)
    args = ["-t", "a", "-m", "b", "-q", "1", "--no-reconnect"]
    done = atmqtt("pub", "--modem", emulator.port, "-h", "any", *args)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1
    assert atmqtt("pub", "--modem", "/dev/nowhere", "-h", "a", "-t", "a", "-n", "--quiet").stderr == ""


def test_pub_busy(emulator: Emulator) -> None:
    with Running("sub", "--modem", emulator.port, "-h", "any", "-t", "ready") as running:
        subscribed(emulator)
        done = atmqtt("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-m", "b")
        assert done.returncode == 50
        assert f"process {running.process.pid} " in done.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_pub_ended_by_a_signal(emulator: Emulator, number: signal.Signals, code: int) -> None:
    with Running("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-l") as running:
        running.write("one\n")
        emulator.wait_published(1)
        assert running.end(number) == (code, "", "atmqtt pub: interrupted\n")
    assert emulator.clients() == []
    assert "AT+QMTDISC=0" in emulator.trace_text()


def test_pub_ended_while_the_module_is_silent(emulator: Emulator) -> None:
    """Ctrl-C need not wait for what the module may take."""
    emulator.inject_fault("lose-result:at=QMTOPEN,always")
    with Running("pub", "--modem", emulator.port, "-h", "any", "-t", "a", "-m", "b") as running:
        patiently(lambda: "AT+QMTOPEN=" in emulator.trace_text(), "AT+QMTOPEN")
        assert running.end(signal.SIGINT)[0] == 130


# --- sub


def sub(
    emulator: Emulator, messages: list[tuple[str, bytes]], *args: str, topic: str = "#"
) -> tuple[int, bytes, str]:
    """Runs it until as many messages have come; exit code, output, errors."""
    command = [sys.executable, "-m", "atmqtt", "sub", "--modem", emulator.port, "-h", "any"]
    count = ["-C", str(len(messages))] if "-C" not in args else []
    process = subprocess.Popen(
        [*command, "-t", topic, *count, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for name, payload in messages:
        patiently(partial(emulator.publish, name, payload, 1), "a subscriber")
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err.decode()


def test_sub_prints_payloads(emulator: Emulator) -> None:
    assert sub(emulator, [("a", b"one"), ("b", b"two \xff\0 three")]) == (
        0,
        b"one\ntwo \xff\0 three\n",
        "",
    )
    assert emulator.clients() == []


def test_sub_prints_topics(emulator: Emulator) -> None:
    assert sub(emulator, [("a", b"one"), ("b/c", b"")], "-v")[1] == b"a one\nb/c \n"


def test_sub_without_line_ends(emulator: Emulator) -> None:
    assert sub(emulator, [("a", b"one"), ("b", b"two")], "-N")[1] == b"onetwo"


def test_sub_filters_out(emulator: Emulator) -> None:
    messages = [("a/x", b"1"), ("b/x", b"2"), ("b/y/z", b"3"), ("c", b"4")]
    code, out, _ = sub(emulator, messages, "-T", "+/x", "-T", "b/#", "-C", "1")
    assert (code, out) == (0, b"4\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%t|%p|%l|%x|%X|%%|@@|\\\\", rb"a/b|j\xff|2|6aff|6AFF|%|@|\\"),
        ("%5t|%-5t|%.2t|%6.1t|%05l|%5l|%06x", rb"  a/b|a/b  |a/|     a|00002|    2|006aff"),
        ("\\ta\\e\\0", b"\ta\x1b\0"),
    ],
)
def test_sub_formats(emulator: Emulator, text: str, expected: bytes) -> None:
    _, out, _ = sub(emulator, [("a/b", b"j\xff")], "-F", text, "-N")
    assert out == expected.replace(rb"\xff", b"\xff").replace(rb"\\", b"\\")


def test_sub_times(emulator: Emulator) -> None:
    _, out, _ = sub(emulator, [("a", b"")], "-F", "%I %U @Y-@m @N")
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \d{10}\.\d{9} \d{4}-\d\d \d{9}\n"
    assert re.fullmatch(pattern, out.decode())


def test_sub_json(emulator: Emulator) -> None:
    messages = [("a", 'grüße "\n'.encode()), ("b", b"\xff\0")]
    _, out, _ = sub(emulator, messages, "--json")
    first, second = map(json.loads, out.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}", first.pop("tst"))
    assert first == {"topic": "a", "payloadlen": 10, "payload": 'grüße "\n'}
    assert second["payload_hex"] == "ff00"
    assert "payload" not in second


def test_sub_json_in_json(emulator: Emulator) -> None:
    messages = [("a", b'{"t": 21.5}'), ("b", b"no"), ("c", b"NaN"), ("d", b"[" * 1400)]
    code, out, err = sub(emulator, messages, "-F", "%J")
    assert code == 0
    (line,) = out.splitlines()
    assert json.loads(line)["payload"] == {"t": 21.5}
    assert [f"atmqtt sub: {topic}: the payload is no JSON" in err for topic in "bcd"] == [True] * 3


def test_sub_pretty(emulator: Emulator) -> None:
    _, out, _ = sub(emulator, [("a", b"b")], "--json", "--pretty")
    assert b'\n  "topic": "a",\n' in out


def test_sub_ends_in_time(emulator: Emulator) -> None:
    done = atmqtt("sub", "--modem", emulator.port, "-h", "any", "-t", "a", "-W", "0.2")
    assert (done.returncode, done.stdout) == (27, "")
    assert done.stderr == "atmqtt sub: timed out\n"
    assert emulator.clients() == []


def test_sub_ends_once_subscribed(emulator: Emulator) -> None:
    args = ["-t", "a", "-t", "b", "-q", "1", "-U", "old", "-E"]
    succeeds("sub", "--modem", emulator.port, "-h", "any", *args)
    text = emulator.trace_text()
    assert [sent in text for sent in ("AT+QMTUNS=0,", r"\"a\",1", r"\"b\",1")] == [True] * 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sub_ended_by_a_signal(emulator: Emulator, number: signal.Signals) -> None:
    with Running("sub", "--modem", emulator.port, "-h", "any", "-t", "ready", "-i", "me") as running:
        subscribed(emulator)
        assert running.line() == ""
        code, _, errors = running.end(number)
        assert (code, errors) == (0, "")
    assert emulator.clients() == []


def test_sub_into_a_pipe_that_closes(emulator: Emulator) -> None:
    command = f"{sys.executable} -m atmqtt sub --modem {emulator.port} -h any -t ready -v"
    process = subprocess.Popen(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    subscribed(emulator)
    # It notices when it writes again.
    patiently(lambda: emulator.publish("ready", "") == 0 and process.poll() is not None, "the end")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, b"ready \n", b"")


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        ("stat:ms=0", 55, "disconnected: "),
        ("ping:ms=0", 55, "disconnected: no answer to a ping"),
        ("reboot:ms=0", 55, "the module has restarted"),
        ("pdpdeact:ms=0", 55, "the network has dropped the PDP context"),
    ],
)
def test_sub_loses_its_connection(emulator: Emulator, fault: str, code: int, text: str) -> None:
    args = ["-h", "any", "-t", "ready", "--no-reconnect"]
    with Running("sub", "--modem", emulator.port, *args) as running:
        subscribed(emulator)
        emulator.inject_fault(fault)
        status, _, errors = running.end()
    assert status == code
    assert errors.startswith(f"atmqtt sub: {text}")


def test_sub_loses_its_port(emulator: Emulator) -> None:
    args = ["-h", "any", "-t", "ready", "--no-reconnect"]
    with Running("sub", "--modem", emulator.port, *args) as running:
        subscribed(emulator)
        emulator.hang_up()
        status, _, errors = running.end()
    assert status == 49
    assert "hung up" in errors


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("stat:client=0,code=1", "disconnected: closed or reset by the broker"),
        ("reboot", "the module has restarted"),
    ],
)
def test_sub_connects_again(emulator: Emulator, fault: str, text: str) -> None:
    args = ["-h", "any", "-t", "ready", "-t", "a", "-T", "ready", "-C", "2", "-q", "1"]
    with Running("sub", "--modem", emulator.port, *args) as running:
        subscribed(emulator)
        patiently(lambda: emulator.publish("a", "before"), "a subscription")
        assert running.line() == "before"
        emulator.inject_fault(fault)
        patiently(lambda: emulator.clients() == [], "the end of the connection")
        patiently(lambda: emulator.publish("a", "after"), "another subscription")
        status, out, errors = running.end()
    assert (status, out) == (0, "after\n")
    first, second = errors.splitlines()
    assert first.startswith(f"atmqtt sub: {text}")
    assert first.endswith(", and so on")
    assert second == "atmqtt sub: connected again"


def test_sub_finds_its_port_again(tmp_path: Path) -> None:
    device = tmp_path / f"modem-{uuid.uuid4()}"
    args = ["-h", "any", "-t", "a", "-C", "1"]
    with (
        Emulator(link=device) as emulator,
        Running("sub", "--modem", str(device), *args) as running,
    ):
        patiently(emulator.clients, "a connection")
        emulator.hang_up()
        emulator.plug()
        patiently(lambda: emulator.publish("a", "found"), "another subscription")
        status, out, errors = running.end()
    assert (status, out) == (0, "found\n")
    assert errors.startswith("atmqtt sub: port lost: ")
    assert errors.endswith("atmqtt sub: connected again\n")


def test_sub_keeps_trying(emulator: Emulator) -> None:
    """Also for the first connection, until it is ended."""
    emulator.inject_fault("open-result:code=-1")
    args = ["-h", "any", "-t", "a", "-C", "1", "--keep-trying"]
    with Running("sub", "--modem", emulator.port, *args) as running:
        patiently(lambda: emulator.publish("a", "x"), "a subscription")
        status, out, errors = running.end()
    assert (status, out) == (0, "x\n")
    assert errors.splitlines()[0].startswith("atmqtt sub: operation failed: AT+QMTOPEN (client 0)")
    assert errors.splitlines()[-1] == "atmqtt sub: connected"
    with Running("sub", "--modem", "/dev/nowhere", *args) as running:
        # It does not end by itself.
        assert running.process.stderr is not None
        assert running.process.stderr.readline().startswith("atmqtt sub: port lost: ")
        assert running.end(signal.SIGTERM)[0] == 143


def test_sub_is_refused_after_a_while(emulator: Emulator) -> None:
    with Running("sub", "--modem", emulator.port, "-h", "any", "-t", "ready", "-i", "me") as running:
        subscribed(emulator)
        emulator.set_policy(connack={"me": 5})
        emulator.close_client("me")
        status, _, errors = running.end()
    assert status == 5
    assert errors.splitlines()[-1].startswith("atmqtt sub: connection refused: AT+QMTCONN (client 0)")


@pytest.mark.parametrize("qos", ["0", "1", "2"])
def test_pub_connects_again(emulator: Emulator, qos: str) -> None:
    args = ["-h", "any", "-t", "a", "-l", "-q", qos, "-i", "me"]
    with Running("pub", "--modem", emulator.port, *args) as running:
        running.write("1\n")
        emulator.wait_published(1)
        # The outcome of the first is on its way to the host.
        running.write("2\n")
        emulator.wait_published(2)
        emulator.close_client("me")
        patiently(lambda: "+QMTSTAT: 0,1" in emulator.trace_text(), "the end of the connection")
        running.write("3\n4\n")
        status, _, errors = running.end()
    assert status == 0, errors
    assert "connected again" in errors
    sent = [message.payload for message in emulator.published()]
    assert list(dict.fromkeys(sent)) == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("inflight", ["1", "10"])
def test_pub_sends_again_what_the_module_had_not_taken(emulator: Emulator, inflight: str) -> None:
    """Also at QoS 0, and in order: the connection ends after the command, before its prompt."""
    emulator.inject_fault("stat:on=command,at=QMTPUBEX,client=0,code=1,after=1")
    args = ["-h", "any", "-t", "a", "-l", "-i", "me", "-M", inflight]
    with Running("pub", "--modem", emulator.port, *args) as running:
        running.write("1\n2\n3\n4\n")
        status, _, errors = running.end()
    assert status == 0, errors
    assert "connected again" in errors
    assert [message.payload for message in emulator.published()] == [b"1", b"2", b"3", b"4"]


def test_pub_of_qos_2_that_is_cut_short(emulator: Emulator) -> None:
    emulator.inject_fault("stat:on=final,at=QMTPUBEX,client=0,code=1")
    args = ["-h", "any", "-t", "a", "-q", "2", "-m", "x"]
    assert atmqtt("pub", "--modem", emulator.port, *args).returncode == 44


def test_sub_on_a_terminal_shows_no_control_characters(emulator: Emulator, tmp_path: Path) -> None:
    args = ["sub", "--modem", emulator.port, "-h", "any", "-t", "ready", "-t", "a/#", "-v", "-C", "1"]
    with Terminal(tmp_path, *args, "-T", "ready") as terminal:
        subscribed(emulator)
        emulator.publish("a/\u009b", b"\x1b]0;title\x07 \x1b[2J gr\xc3\xbc\xc3\x9fe \xff\nend")
        screen = terminal.wait("exit 0.")
    assert r"a/\x9b \x1b]0;title\x07 \x1b[2J grüße \xff" in screen
    assert "\nend\n" in screen


# --- at a real broker


def test_from_mosquitto_pub(broker: Mosquitto, device: str) -> None:
    args = ["-h", "127.0.0.1", "-p", str(broker.port), "-i", "atmqtt", "-t", "room/#", "-q", "1"]
    with Running("sub", "--modem", device, *args, "-v", "-C", "2") as running:
        broker.wait_log("Sending SUBACK to atmqtt")
        broker.publish("room/1", "21.5", "-q", "1")
        broker.publish("room/2", "x" * 3000, "-q", "1")
        assert running.end() == (0, f"room/1 21.5\nroom/2 {'x' * 3000}\n", "")


def test_to_mosquitto_sub(broker: Mosquitto, device: str) -> None:
    with broker.subscriber("room/#") as subscriber:
        args = ["-h", "127.0.0.1", "-p", str(broker.port), "-t", "room/1", "-q", "2"]
        succeeds("pub", "--modem", device, *args, "-m", "21.5")
        succeeds("pub", "--modem", device, *args, "-l", stdin="a\nb\n")
        assert [subscriber.line() for _ in range(3)] == [
            "room/1 2 0 21.5",
            "room/1 2 0 a",
            "room/1 2 0 b",
        ]


def test_retained_and_removed(broker: Mosquitto, device: str) -> None:
    args = ["--modem", device, "-h", "127.0.0.1", "-p", str(broker.port), "-t", "kept", "-q", "1"]
    succeeds("pub", *args, "-r", "-m", "here")
    assert succeeds("sub", *args, "-C", "1") == "here\n"
    succeeds("pub", *args, "-r", "-n")
    assert atmqtt("sub", *args, "-W", "0.3").returncode == 27


def test_kept_session(broker: Mosquitto, device: str) -> None:
    args = ["--modem", device, "-h", "127.0.0.1", "-p", str(broker.port), "-i", "keeper", "-c"]
    succeeds("sub", *args, "-t", "box", "-q", "1", "-E")
    broker.publish("box", "while you were out", "-q", "1")
    assert succeeds("sub", *args, "-t", "box", "-q", "1", "-C", "1") == "while you were out\n"


def test_kept_session_over_a_lost_connection(broker: Mosquitto) -> None:
    """What comes while the connection is down is printed when it is there again."""
    with Emulator(broker="network") as module:
        args = ["-h", "127.0.0.1", "-p", str(broker.port), "-i", "keeper", "-c", "-t", "box", "-q", "1"]
        with Running("sub", "--modem", module.port, *args, "-C", "2") as running:
            broker.wait_log("Sending SUBACK to keeper")
            broker.publish("box", "before", "-q", "1")
            assert running.line() == "before"
            # It cannot be reached for a while.
            module.inject_fault("open-result:code=-1,times=2")
            module.inject_fault("reboot")
            patiently(lambda: running.process.stderr and running.process.stderr.readline(), "a trouble")
            broker.publish("box", "meanwhile", "-q", "1")
            assert running.end()[:2] == (0, "meanwhile\n")


def test_an_emulated_module_at_a_real_broker(broker: Mosquitto) -> None:
    with broker.subscriber("t") as subscriber:
        args = ["-h", "127.0.0.1", "-p", str(broker.port), "-t", "t"]
        succeeds("pub", "--modem", "emulated", *args, "-m", "hello")
        assert subscriber.line() == "t 0 0 hello"


def test_wrong_password(tmp_path: Path, device: str) -> None:
    with mosquitto(tmp_path, "allow_anonymous false") as broker:
        args = ["-h", "127.0.0.1", "-p", str(broker.port), "-t", "t", "-n", "-u", "me", "-P", "no"]
        done = atmqtt("pub", "--modem", device, *args)
    assert done.returncode in (4, 5)


def test_a_broker_that_is_not_there(device: str) -> None:
    done = atmqtt("pub", "--modem", device, "-h", "127.0.0.1", "-p", "1", "-t", "t", "-n")
    assert done.returncode == 47
    assert "AT+QMTOPEN (client 0)" in done.stderr


def test_a_subscription_that_the_broker_refuses(device: str) -> None:
    """By a broker that refuses whatever is asked for, which Mosquitto cannot be made to do."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while packet := connection.recv(4096):
                if packet[0] == 0x10:
                    connection.sendall(b"\x20\x02\x00\x00")
                elif packet[0] == 0x82:
                    connection.sendall(b"\x90\x03" + packet[2:4] + b"\x80")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        port = str(listener.getsockname()[1])
        done = atmqtt("sub", "--modem", device, "-h", "127.0.0.1", "-p", port, "-t", "secret")
        thread.join()
    assert done.returncode == 47
    assert done.stderr.startswith("atmqtt sub: secret: the broker refused")


def test_tls(tmp_path: Path, device: str) -> None:
    make_pki(tmp_path)
    config = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/server.pem"]
    config += [f"keyfile {tmp_path}/server.key", "require_certificate true"]
    with mosquitto(tmp_path, *config) as broker, Emulator(broker="network") as module:
        args = ["--modem", module.port, "-h", "localhost", "-p", str(broker.port)]
        args += ["-t", "t", "-r", "-q", "1", "-m", "safe", "--tls-clock", "set"]
        files = [f"--cafile={tmp_path}/ca.pem", f"--cert={tmp_path}/me.pem", f"--key={tmp_path}/me.key"]
        succeeds("pub", *args, *files)
        listed = json.loads(succeeds("cert", "ls", "--modem", module.port, "--json"))
        assert len(listed["files"]) == 3
        # Without a certificate of its own it is not let in.
        assert atmqtt("pub", *args, files[0]).returncode in (47, 55)
        # What is in the module already will do.
        for name in ("ca.pem", "me.pem", "me.key"):
            succeeds("cert", "push", str(tmp_path / name), "--modem", module.port)
        args[args.index("safe")] = "again"
        succeeds("pub", *args, "--cafile", "UFS:ca.pem", "--cert", "UFS:me.pem", "--key", "UFS:me.key")


def make_pki(folder: Path) -> None:
    """A CA, a server for localhost and a client, by openssl."""
    script = """
        set -e
        new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        $new -x509 -keyout ca.key -out ca.pem -subj /CN=ca -addext keyUsage=keyCertSign
        $new -x509 -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem -subj /CN=localhost \\
            -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE
        $new -x509 -CA ca.pem -CAkey ca.key -keyout me.key -out me.pem -subj /CN=me \\
            -addext basicConstraints=CA:FALSE
        chmod 644 *.key
    """
    subprocess.run(["bash", "-c", script], cwd=folder, check=True, capture_output=True)
