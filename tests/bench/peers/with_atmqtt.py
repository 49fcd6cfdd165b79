"""The work of peer.rs with this library."""

import sys
import time

import rounds

import atmqtt


def heard(event: atmqtt.Event) -> None:
    """Tells when it was called with every URC."""
    called = time.monotonic_ns()
    if isinstance(event, atmqtt.Urc):
        print(called, flush=True)


def main() -> None:
    """Does the work that it is told."""
    work, port = sys.argv[1:]
    modem = atmqtt.Modem(port)
    if work == "command":
        rounds.run(lambda: modem.command("AT"))
        return
    if work == "urc":
        modem.on_event = heard
        print("ready", flush=True)
        sys.stdin.read()
        return
    client = modem.client(0)
    client.configure()
    client.open("broker.example", 1883)
    client.connect("peer")
    if work == "publish":
        rounds.run(lambda: client.publish("out", b"x" * 64, qos=0))
        return
    messages = client.messages()
    client.subscribe("in", qos=0)

    def receive() -> None:
        assert len(next(messages).payload) == 64

    rounds.run(receive)


if __name__ == "__main__":
    main()
