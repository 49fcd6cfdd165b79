"""Waiting in an event loop for what blocks, and for what comes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import atmqtt

from ..events import Event

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Events", "Messages", "in_loop", "in_thread", "nothing", "settle"]

_T = TypeVar("_T")
_P = ParamSpec("_P")


def settle(future: asyncio.Future[_T], outcome: Callable[[], _T], late: Callable[[_T], object]) -> None:
    """Calls ``outcome`` on this thread and gives the future what it brings."""
    value: Any = None
    error: BaseException | None = None
    try:
        value = outcome()
    except BaseException as caught:  # whatever it is, it is the caller's
        error = caught

    def give() -> None:
        if future.cancelled():
            if error is None:
                late(value)
        elif error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    try:
        future.get_loop().call_soon_threadsafe(give)
    except RuntimeError:
        # The loop is closed: nobody waits.
        if error is None:
            late(value)


def nothing(_: object) -> None:
    """Does nothing."""


def in_thread(function: Callable[[], _T], late: Callable[[_T], object] = nothing) -> asyncio.Future[_T]:
    """Calls a blocking function on a thread of its own.

    A daemon thread: a call that nobody waits for any more keeps no program from ending.
    """
    future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
    thread = threading.Thread(
        target=settle, args=(future, function, late), name="atmqtt-aio", daemon=True
    )
    thread.start()
    return future


def in_loop(callback: Callable[_P, object]) -> Callable[_P, None]:
    """The callback, called in the event loop from whatever thread."""
    loop = asyncio.get_running_loop()

    def call(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: callback(*args, **kwargs))

    return call


class _Stream(Generic[_T]):
    """What comes, one after the other."""

    def __init__(
        self,
        get: Callable[[float | None], _T | None],
        close: Callable[[], None],
        timeout: float | None,
    ) -> None:
        self._get = get
        self._close = close
        self._timeout = timeout
        self._next: asyncio.Future[_T | None] | None = None
        self._turn = asyncio.Lock()

    async def get(self, timeout: float | None = None) -> _T | None:
        """The next one, or None when there is none within the time or there will be no more.

        A cancelled call loses nothing: the next one gets what came.
        """
        async with self._turn:
            if self._next is None:
                # What is there needs no thread.
                there = self._get(0)
                if there is None and timeout != 0:
                    self._next = in_thread(lambda: self._get(timeout))
                else:
                    self._next = asyncio.get_running_loop().create_future()
                    self._next.set_result(there)
                    # Others have their turn.
                    await asyncio.sleep(0)
            try:
                # The thread goes on where the caller is cancelled.
                found = await asyncio.shield(self._next)
            except asyncio.CancelledError:
                raise  # what comes is for the next caller
            except BaseException:
                self._next = None
                raise
            self._next = None
            return found

    async def close(self) -> None:
        """Gives the queue back; what has not been read waits for the next consumer."""
        await in_thread(self._close)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        found = await self.get(self._timeout)
        if found is None:
            raise StopAsyncIteration
        return found

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class Messages(_Stream[atmqtt.Message]):
    """The messages of a client or link, an asynchronous iterator.

    :meth:`Client.messages` and :meth:`Link.messages` give it.
    """


class Events(_Stream[Event]):
    """The events of a port or link, an asynchronous iterator.

    :meth:`Modem.events` and :meth:`Link.events` give it.
    """
