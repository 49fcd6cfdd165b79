"""The same with await."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import atmqtt
from atmqtt import Granted, State, aio
from atmqtt.emulator import Emulator
from conftest import Run


def with_client(
    test: Callable[[Emulator, aio.Client], Awaitable[None]],
) -> Callable[[Emulator], None]:
    """A test that gets a connected client, in an event loop of its own."""

    async def main(emulator: Emulator) -> None:
        async with aio.Modem(emulator.port) as modem:
            client = modem.client(0)
            await client.open("broker")
            await client.connect("me", "user", "secret")
            await test(emulator, client)

    def run(emulator: Emulator) -> None:
        asyncio.run(main(emulator), debug=True)

    run.__name__ = test.__name__
    return run


@with_client
async def test_a_session(emulator: Emulator, client: aio.Client) -> None:
    assert (client.index, client.state, client.generation) == (0, State.CONNECTED, 1)
    assert client.found_alive is None
    assert await client.subscribe([("t", 2), "u"], 1) == [
        Granted.EXACTLY_ONCE,
        Granted.AT_LEAST_ONCE,
    ]
    await client.publish("t", "one", qos=1)
    await client.publish("t", "two", qos=2, retain=True, timeout=30)
    received = [message.payload async for message in client.messages(timeout=0.5)]
    assert received == [b"one", b"two"]
    await client.unsubscribe(["t"])
    await client.disconnect()
    assert client.state is State.CLOSED
    await client.configure(keepalive=30, will=False)
    assert (await client.config()).keepalive == 30
    assert await client.setting("keepalive") == 30
    await client.open("broker", 1883, replace=True, timeout=30)
    await client.close()


@with_client
async def test_started_and_awaited(emulator: Emulator, client: aio.Client) -> None:
    pending = [client.publish_start("t", str(n), qos=1) for n in range(20)]
    await asyncio.gather(*pending)
    assert all(one.done for one in pending)
    await pending[0]
    await pending[0].wait(timeout=1)
    assert await client.subscribe_start("t") == [Granted.AT_MOST_ONCE]
    await client.unsubscribe_start("t")
    await client.disconnect_start()
    await client.open_start("broker")
    await client.connect_start("again")
    await client.close_start()
    assert [int(one.payload) for one in emulator.published()] == list(range(20))


@with_client
async def test_errors_arrive(emulator: Emulator, client: aio.Client) -> None:
    with pytest.raises(atmqtt.InvalidArgumentError):
        await client.publish('a"b', "x")
    with pytest.raises(atmqtt.InvalidStateError):
        await client.configure(keepalive=5)
    emulator.inject_fault("delay-result:at=QMTPUBEX,ms=300")
    with pytest.raises(atmqtt.UnconfirmedError):
        await client.publish("t", "x", qos=1, timeout=0.05)


@with_client
async def test_a_cancelled_publish_goes_on(emulator: Emulator, client: aio.Client) -> None:
    emulator.inject_fault("delay-result:at=QMTPUBEX,ms=200")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.publish("t", "cancelled", qos=1), 0.05)
    await client.publish("t", "next", qos=1)
    assert [one.payload for one in emulator.published()] == [b"cancelled", b"next"]


@with_client
async def test_a_cancelled_get_loses_nothing(emulator: Emulator, client: aio.Client) -> None:
    await client.subscribe("t")
    async with client.messages() as messages:
        for n in range(10):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(messages.get(), 0.01)
            emulator.publish("t", str(n))
            message = await messages.get()
            assert message is not None
            assert message.payload == str(n).encode()
        assert await messages.get(0) is None
        assert await messages.get(0.01) is None
        waiting = asyncio.ensure_future(messages.get())
        await asyncio.sleep(0.01)
        waiting.cancel()
    async with client.messages() as messages:
        emulator.publish("t", "last")
        assert (await anext(messages)).payload == b"last"


@with_client
async def test_other_tasks_run_while_messages_wait(emulator: Emulator, client: aio.Client) -> None:
    await client.subscribe("t")
    done = asyncio.Event()

    async def read() -> None:
        async for message in client.messages():
            if message.payload == b"last":
                done.set()
                return

    task = asyncio.ensure_future(read())
    for n in range(50):
        await client.publish("t", str(n))
    await client.publish("t", "last")
    await asyncio.wait_for(done.wait(), 30)
    await task


@with_client
async def test_callbacks_run_in_the_loop(emulator: Emulator, client: aio.Client) -> None:
    came = asyncio.Event()
    threads: list[int] = []

    def callback(message: atmqtt.Message) -> None:
        threads.append(threading.get_ident())
        came.set()

    client.on_message = callback
    assert client.on_message is callback
    await client.subscribe("t")
    emulator.publish("t", "x")
    await asyncio.wait_for(came.wait(), 30)
    assert threads == [threading.get_ident()]
    client.on_message = None
    assert client.on_message is None


def test_a_modem(emulator: Emulator, tmp_path: Path) -> None:
    async def main() -> None:
        modem = await aio.Modem(emulator.port, timeout=30)
        assert (modem.port_name, modem.timeout) == (emulator.port, 30)
        assert (await modem.info()).model == "EC200A"
        assert (await modem.signal()).rssi_dbm == -57
        assert await modem.command("AT+CSQ") == ["+CSQ: 28,99"]
        assert await modem.command_with_data('AT+QFUPL="x",3', b"abc")
        assert (await modem.capabilities()).supports("recv/mode")
        seen: list[atmqtt.Event] = []
        came = asyncio.Event()

        def callback(event: atmqtt.Event) -> None:
            seen.append(event)
            came.set()

        modem.on_event = callback
        emulator.inject_urc("+X: 1")
        await came.wait()
        assert seen == [atmqtt.Urc(b"+X: 1")]
        modem.on_event = None
        assert modem.on_event is None
        async with modem.events() as events:
            emulator.inject_urc("+X: 2")
            assert await anext(events) == atmqtt.Urc(b"+X: 2")

        files = modem.files()
        told: list[tuple[int, int]] = []
        await files.upload("a", b"abc", progress=lambda *args: told.append(args))
        assert await files.download("a") == b"abc"
        assert (told[0], told[-1]) == ((0, 3), (3, 3))
        assert not await files.ensure("a", b"abc")
        assert [one.name for one in await files.list("a")] == ["a"]
        assert await files.size("a") == 3
        assert await files.info("b") is None
        await files.delete("a")
        assert (await files.space()).free
        assert files.checksum(b"\x01\x02") == 0x0102

        context = modem.tls(1)
        assert context.index == 1
        await context.configure(insecure=True, clock="ignore")
        assert (await context.config()).verification is atmqtt.TlsVerification.NOTHING
        certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
        await context.configure(certificate, clock="ignore")
        ca = (await context.config()).ca
        assert await context.delete_files(atmqtt.TlsConfig(certificate)) == [ca]
        assert await files.list("atmqtt-*") == []

        network = modem.network()
        assert (await network.registration()).is_registered
        assert (await network.sim()).is_ready
        assert (await network.operator()).name == "EMULATED"
        assert (await network.signal()).rssi_dbm == -57
        await network.set_apn(2, "internet")
        assert (await network.apn(2)).name == "internet"
        await network.activate(2)
        assert await network.address(2)
        await network.deactivate(2)
        readiness: list[atmqtt.Readiness] = []
        address = await network.wait_ready(progress=readiness.append)
        assert readiness[-1] == atmqtt.Ready(address)
        await network.set_urc_port("usbat")
        assert await network.urc_port() is atmqtt.UrcPort.USB_AT
        await network.set_clock()
        assert (await network.clock()).year >= 2026
        await modem.close()
        await modem.close()

    asyncio.run(main(), debug=True)


def test_a_cancelled_wait_for_the_network(emulator: Emulator) -> None:
    async def main() -> None:
        async with aio.Modem(emulator.port) as modem:
            emulator.inject_fault("registration:code=2")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(modem.network().wait_ready(), 0.2)
            assert (await modem.info()).model == "EC200A"

    asyncio.run(main(), debug=True)


def test_a_cancelled_opening_leaves_the_port_free(emulator: Emulator) -> None:
    async def main() -> None:
        opening = asyncio.ensure_future(aio.Modem(emulator.port)._opening())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        while True:
            try:
                async with aio.Modem(emulator.port):
                    return
            except atmqtt.PortBusyError:
                await asyncio.sleep(0.01)

    asyncio.run(main(), debug=True)


def test_a_modem_that_is_not_open() -> None:
    with pytest.raises(atmqtt.InvalidStateError, match="not open yet"):
        aio.Modem("/dev/null").client(0)


def test_errors_of_opening() -> None:
    async def main() -> None:
        async with aio.Modem("/dev/no-such-port"):
            pass

    with pytest.raises(FileNotFoundError):
        asyncio.run(main())


def test_a_loop_that_ends_early(run: Run) -> None:
    """With calls under way in threads and a callback that has nowhere to go."""
    done = run(
        """
    import asyncio, atmqtt
    from atmqtt import aio
    from atmqtt.emulator import Emulator

    emulator = Emulator()

    async def main():
        modem = await aio.Modem(emulator.port)
        client = modem.client(0)
        await client.open("broker")
        await client.connect("me")
        await client.subscribe("t")
        client.on_message = print
        emulator.inject_fault("lose-result:at=QMTPUBEX,always")
        emulator.inject_fault("lose-final:at=CPIN")
        asyncio.ensure_future(modem.network().wait_ready())
        asyncio.ensure_future(client.publish("u", "x", qos=1))
        asyncio.ensure_future(modem.events().get())
        await asyncio.sleep(0.05)
        return modem

    modem = asyncio.run(main())
    emulator.publish("t", "late")
    print("end")
    """
    )
    assert done.stdout == "end\n"
