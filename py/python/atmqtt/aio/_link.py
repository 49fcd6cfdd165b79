"""A connection that keeps itself up."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import atmqtt

from ..events import Event
from ..link import LinkState, LinkStatus, UsbPort, WhenFull
from ..settings import QoS
from ._modem import Modem
from ._waiting import Events, Messages, in_loop, in_thread, nothing, settle

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self

__all__ = ["Delivering", "Link"]

_T = TypeVar("_T")

_SLICE = 0.2
"""Seconds after which a wait looks again, and whether anybody waits still."""

_FIRST_LOOK = 0.01
"""Seconds after which a full queue is looked at again; twice as many each time."""


class _NotYet(Exception):
    pass


async def _sliced(look: Callable[[float], _T], not_yet: type[Exception], timeout: float | None) -> _T:
    """Calls what waits at most so long, on a thread, until it does not raise ``not_yet`` any more.

    A call that is cancelled leaves nobody waiting.
    """
    left = threading.Event()
    until = None if timeout is None else time.monotonic() + timeout

    def wait() -> _T:
        while True:
            rest = _SLICE if until is None else max(0.0, min(_SLICE, until - time.monotonic()))
            try:
                return look(rest)
            except not_yet:
                if left.is_set() or (until is not None and until <= time.monotonic()):
                    raise

    try:
        return await in_thread(wait)
    finally:
        left.set()


class Delivering:
    """A message that a link has accepted; :class:`atmqtt.Delivering`.

    ``await`` it for its outcome, any number of times.
    """

    def __init__(self, delivering: atmqtt.Delivering) -> None:
        self._delivering = delivering
        self._told: asyncio.Future[None] | None = None

    @property
    def number(self) -> int:
        """The number of the message; :attr:`atmqtt.Delivering.number`."""
        return self._delivering.number

    @property
    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._delivering.done

    async def wait(self, timeout: float | None = None) -> None:
        """Waits for the outcome; :meth:`atmqtt.Delivering.wait`."""
        if not self.done:
            # It belongs to all who wait, so that a cancelled or hurried one takes it from nobody.
            if self._told is None:
                told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._delivering.add_done_callback(lambda _: settle(told, lambda: None, nothing))
                self._told = told
            await asyncio.wait({self._told}, timeout=timeout)
        self._delivering.wait(0)

    def __await__(self) -> Generator[Any, None, None]:
        """Waits for the outcome."""
        return self.wait().__await__()


class Link:
    """A connection that keeps itself up; :class:`atmqtt.Link`, whose arguments it takes.

    ``async with Link(...) as link`` starts it and closes it; so do ``link = await Link(...)`` and
    ``await link.close()``. ``power_hook`` blocks, so that it is called on a thread of the library.
    """

    def __init__(
        self,
        port: str | os.PathLike[str] | UsbPort,
        client_id: str,
        broker: str | tuple[str, int] | None = None,
        *,
        power_hook: Callable[[], object] | None = None,
        **options: Any,
    ) -> None:
        self._start = lambda: atmqtt.Link(port, client_id, broker, power_hook=power_hook, **options)
        self._started: atmqtt.Link | None = None
        self._waits_for_room = options.get("when_full") in (None, WhenFull.BLOCK, WhenFull.BLOCK.value)
        self._waits_for_disk = options.get("outbox") is not None
        self._turn = asyncio.Lock()
        self._on_message: Callable[[atmqtt.Message], object] | None = None
        self._on_event: Callable[[Event], object] | None = None

    @property
    def _link(self) -> atmqtt.Link:
        if self._started is None:
            text = "the link is not started yet: async with Link(...), or await Link(...)"
            raise atmqtt.InvalidStateError(text)
        return self._started

    async def _starting(self) -> Self:
        if self._started is None:
            self._started = await in_thread(self._start, atmqtt.Link.close)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Starts the link."""
        return self._starting().__await__()

    async def __aenter__(self) -> Self:
        return await self._starting()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def state(self) -> LinkState:
        """Where the link stands."""
        return self._link.state

    def status(self) -> LinkStatus:
        """How the link is and has been; :meth:`atmqtt.Link.status`."""
        return self._link.status()

    async def wait_up(self, timeout: float | None = None) -> None:
        """Waits until the link is up; :meth:`atmqtt.Link.wait_up`."""
        await _sliced(self._link.wait_up, atmqtt.TimedOutError, timeout)

    def retry(self) -> None:
        """Ends a wait for the next attempt; :meth:`atmqtt.Link.retry`."""
        self._link.retry()

    def modem(self) -> Modem:
        """The modem of the moment; :meth:`atmqtt.Link.modem`."""
        return Modem._of(self._link.modem())

    async def publish(
        self,
        topic: str,
        payload: Buffer | str,
        qos: QoS | int = 1,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Publishes a message and waits for its outcome; :meth:`publish_start` does not wait.

        :meth:`atmqtt.Link.publish`. A message that was accepted goes on where the call is cancelled.
        """
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        delivering = await self.publish_start(topic, payload, qos, retain, timeout=timeout)
        await delivering.wait(None if until is None else max(0.0, until - loop.time()))

    async def publish_start(
        self,
        topic: str,
        payload: Buffer | str,
        qos: QoS | int = 1,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Delivering:
        """Has a message accepted without waiting for its outcome; :meth:`atmqtt.Link.publish_start`.

        Waits for room in the queue, and for the outbox, where there is one. A call that is cancelled
        while it waits for room has published nothing.
        """
        link = self._link

        def accept() -> atmqtt.Delivering:
            return link.publish_start(topic, payload, qos, retain, timeout=0)

        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        wait = _FIRST_LOOK
        # The messages go their way in the order of these calls.
        async with self._turn:
            while True:
                try:
                    accepted = await in_thread(accept) if self._waits_for_disk else accept()
                    return Delivering(accepted)
                except atmqtt.QueueFullError:
                    if not self._waits_for_room or (until is not None and until <= loop.time()):
                        raise
                left = wait if until is None else min(wait, until - loop.time())
                await asyncio.sleep(max(0.0, left))
                wait = min(2 * wait, _SLICE)

    def subscribe(self, topic: str | Iterable[str | tuple[str, QoS | int]], qos: QoS | int = 1) -> None:
        """Subscribes now and after every connect; :meth:`atmqtt.Link.subscribe`."""
        self._link.subscribe(topic, qos)

    def unsubscribe(self, topic: str) -> bool:
        """Ends a subscription; :meth:`atmqtt.Link.unsubscribe`."""
        return self._link.unsubscribe(topic)

    async def flush(self, timeout: float | None = None) -> bool:
        """Waits until nothing waits to be sent; :meth:`atmqtt.Link.flush`."""
        link = self._link

        def look(timeout: float) -> bool:
            if not link.flush(timeout):
                raise _NotYet
            return True

        try:
            return await _sliced(look, _NotYet, timeout)
        except _NotYet:
            return False

    def messages(self, timeout: float | None = None) -> Messages:
        """The messages that the link receives; :meth:`atmqtt.Link.messages`."""
        messages = self._link.messages()
        return Messages(messages.get, messages.close, timeout)

    def events(self, timeout: float | None = None) -> Events:
        """The events of the link; :meth:`atmqtt.Link.events`."""
        events = self._link.events()
        return Events(events.get, events.close, timeout)

    @property
    def on_message(self) -> Callable[[atmqtt.Message], object] | None:
        """What is called with every message, in the event loop; None = nothing."""
        return self._on_message

    @on_message.setter
    def on_message(self, callback: Callable[[atmqtt.Message], object] | None) -> None:
        self._link.on_message = None if callback is None else in_loop(callback)
        self._on_message = callback

    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """What is called with every event, in the event loop; None = nothing."""
        return self._on_event

    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None:
        self._link.on_event = None if callback is None else in_loop(callback)
        self._on_event = callback

    async def close(self) -> None:
        """Ends the link; :meth:`atmqtt.Link.close`."""
        if self._started is not None:
            await in_thread(self._started.close)
