"""Links with await."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from link_bench import PATIENCE, QUICK, payloads

import atmqtt
from atmqtt import LinkChange, LinkState, aio
from atmqtt.emulator import Emulator


def link_on(emulator: Emulator, **options: Any) -> aio.Link:
    options = {"broker": "broker.example", "silence": 0, "backoff": QUICK, **options}
    return aio.Link(emulator.port, "me", **options)


def with_link(
    test: Callable[[Emulator, aio.Link], Awaitable[None]],
) -> Callable[[Emulator], None]:
    """A test that gets a link that is up, in an event loop of its own."""

    async def main(emulator: Emulator) -> None:
        async with link_on(emulator, subscriptions={"in/#": 1}) as link:
            await link.wait_up(PATIENCE)
            await test(emulator, link)

    def run(emulator: Emulator) -> None:
        asyncio.run(main(emulator), debug=True)

    run.__name__ = test.__name__
    return run


async def down(emulator: Emulator, link: aio.Link) -> None:
    """Brings the link down until it is told to try again."""
    emulator.inject_fault("connack:code=5")
    emulator.close_client("me")
    async with link.events() as events:
        async for event in events:
            if isinstance(event, LinkChange) and event.state is LinkState.REFUSED:
                return


@with_link
async def test_a_session(emulator: Emulator, link: aio.Link) -> None:
    assert link.status().state is LinkState.UP
    await link.publish("in/1", "one")
    await link.publish("in/2", "two", qos=2, timeout=PATIENCE)
    messages = link.messages(timeout=PATIENCE)
    assert [(await anext(messages)).payload for _ in range(2)] == [b"one", b"two"]
    await messages.close()
    assert link.status().delivered == 2
    assert (await link.modem().signal()).rssi_dbm is not None
    assert await link.modem().command("AT") == []
    link.subscribe("more", 0)
    assert link.unsubscribe("more")
    assert not link.unsubscribe("more")
    await link.close()
    assert link.state is LinkState.CLOSED
    with pytest.raises(atmqtt.ClosedError):
        await link.publish("t", "x")
    assert [message async for message in link.messages()] == []


def test_started_by_await_and_not_at_all(emulator: Emulator) -> None:
    async def main() -> None:
        link = await link_on(emulator)
        await link.wait_up()
        await link.close()
        idle = link_on(emulator)
        with pytest.raises(atmqtt.InvalidStateError, match="not started"):
            idle.state  # noqa: B018
        await idle.close()
        with pytest.raises(atmqtt.InvalidArgumentError):
            await link_on(emulator, broker="")

    asyncio.run(main(), debug=True)


@with_link
async def test_what_waits_is_sent_in_order(emulator: Emulator, link: aio.Link) -> None:
    await down(emulator, link)
    sent = await asyncio.gather(*(link.publish_start("t", str(n)) for n in range(50)))
    assert [one.number for one in sent] == list(range(1, 51))
    threads = threading.active_count()
    waiting = asyncio.gather(*sent, *(link.publish("t", str(n)) for n in range(50, 100)))
    with pytest.raises(atmqtt.UnconfirmedError):
        await sent[0].wait(0.01)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(sent[1].wait(), 0.01)
    with pytest.raises(atmqtt.DisconnectedError):
        await link.publish("t", "", 0)
    assert await link.flush(0.01) is False
    # However many wait, one thread tells.
    assert threading.active_count() <= threads + 3
    assert not sent[0].done
    link.retry()
    await waiting
    await sent[0]
    await sent[0].wait(0)
    assert await link.flush() is True
    assert payloads(emulator) == [str(n).encode() for n in range(100)]


def test_a_full_queue(emulator: Emulator) -> None:
    async def main() -> None:
        async with link_on(emulator, queue_messages=2) as link:
            await link.wait_up(PATIENCE)
            await down(emulator, link)
            sent = [await link.publish_start("t", str(n)) for n in range(2)]
            with pytest.raises(atmqtt.QueueFullError):
                await link.publish_start("t", "no", timeout=0)
            with pytest.raises(atmqtt.QueueFullError):
                await link.publish("t", "no", timeout=0.05)
            # Cancelled while it waits for room: not published.
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(link.publish_start("t", "no"), 0.05)
            blocked = asyncio.gather(*(link.publish("t", str(n)) for n in range(2, 10)))
            await asyncio.sleep(0)
            link.retry()
            await blocked
            await asyncio.gather(*sent)
            assert payloads(emulator) == [str(n).encode() for n in range(10)]
        async with link_on(emulator, queue_messages=1, when_full="refuse") as link:
            await link.wait_up(PATIENCE)
            await down(emulator, link)
            await link.publish_start("t", "1")
            with pytest.raises(atmqtt.QueueFullError):
                await link.publish_start("t", "2")

    asyncio.run(main(), debug=True)


@with_link
async def test_recovery_while_messages_are_read(emulator: Emulator, link: aio.Link) -> None:
    received: list[bytes] = []

    async def read() -> None:
        async for message in link.messages():
            received.append(message.payload)
            if message.payload == b"last":
                return

    reading = asyncio.ensure_future(read())
    events = link.events(timeout=PATIENCE)
    for fault in ("stat:client=0,code=1", "reboot"):
        emulator.inject_fault(fault)
        await link.publish("t", fault)
        async for event in events:
            if isinstance(event, LinkChange) and event.before is LinkState.UP:
                break
        await link.wait_up(PATIENCE)
        while not emulator.publish("in/x", fault):
            await asyncio.sleep(0.001)
    emulator.publish("in/x", "last")
    await asyncio.wait_for(reading, PATIENCE)
    assert received[-1] == b"last"
    assert link.status().connections == 3


@with_link
async def test_callbacks_run_in_the_loop(emulator: Emulator, link: aio.Link) -> None:
    came = asyncio.Event()
    told = asyncio.Event()
    threads: set[int] = set()

    def on_message(message: atmqtt.Message) -> None:
        threads.add(threading.get_ident())
        came.set()

    def on_event(event: atmqtt.Event) -> None:
        threads.add(threading.get_ident())
        told.set()

    link.on_message = on_message
    link.on_event = on_event
    assert (link.on_message, link.on_event) == (on_message, on_event)
    while not emulator.publish("in/x", "x"):
        await asyncio.sleep(0.001)
    await asyncio.wait_for(came.wait(), PATIENCE)
    await asyncio.wait_for(told.wait(), PATIENCE)
    assert threads == {threading.get_ident()}
    link.on_message = None
    link.on_event = None


def test_a_cancelled_wait_leaves_no_thread(emulator: Emulator) -> None:
    async def main() -> None:
        async with aio.Link("/nowhere", "me", "broker") as link:
            with pytest.raises(atmqtt.TimedOutError):
                await link.wait_up(0.01)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(link.wait_up(), 0.01)
            await link.publish_start("t", "x")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(link.flush(), 0.01)
            while any(thread.name == "atmqtt-aio" for thread in threading.enumerate()):
                await asyncio.sleep(0.01)

    asyncio.run(main(), debug=True)
