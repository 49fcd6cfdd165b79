"""The same names with ``await``, for programs on :mod:`asyncio`.

::

    from atmqtt import aio

    async with aio.Modem("/dev/ttyUSB2") as modem:
        client = modem.client(0)
        await client.open("broker.example")
        await client.connect("sensor-17")
        await client.subscribe("sensors/17/set", qos=1)
        await client.publish("sensors/17", '{"t":21.5}', qos=1)
        async for message in client.messages():
            print(message.topic, message.payload)

Arguments, results and errors are those of the names in :mod:`atmqtt`. Cancelling a call ends the waiting
only: what has begun in the module goes on, its outcome is dropped, and the port stays usable. Callbacks
are called in the event loop. Everything belongs to the event loop in which it was made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar

import atmqtt

from .events import Event
from .info import Capabilities, FileInfo, ModuleInfo, Signal, Space
from .network import Apn, ContextAddress, Operator, Readiness, Registration, SimState, UrcPort
from .settings import (
    ClientConfig,
    FlowControl,
    Granted,
    QoS,
    SettingName,
    SettingValue,
    State,
)
from .tls import PemSource, TlsSettings

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self

__all__ = ["Client", "Events", "Files", "Messages", "Modem", "Network", "Pending", "TlsContext"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_P = ParamSpec("_P")


def _settle(future: asyncio.Future[_T], outcome: Callable[[], _T], late: Callable[[_T], object]) -> None:
    """Calls ``outcome`` on this thread and gives the future what it brings."""
    value: Any = None
    error: BaseException | None = None
    try:
        value = outcome()
    except BaseException as caught:  # whatever it is, it is the caller's
        error = caught

    def settle() -> None:
        if future.cancelled():
            if error is None:
                late(value)
        elif error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        # The loop is closed: nobody waits.
        if error is None:
            late(value)


def _nothing(_: object) -> None:
    pass


def _in_thread(
    function: Callable[[], _T], late: Callable[[_T], object] = _nothing
) -> asyncio.Future[_T]:
    """Calls a blocking function on a thread of its own.

    A daemon thread: a call that nobody waits for any more keeps no program from ending.
    """
    future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
    thread = threading.Thread(
        target=_settle, args=(future, function, late), name="atmqtt-aio", daemon=True
    )
    thread.start()
    return future


def _in_loop(callback: Callable[_P, object]) -> Callable[_P, None]:
    """The callback, called in the event loop from whatever thread."""
    loop = asyncio.get_running_loop()

    def call(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: callback(*args, **kwargs))

    return call


class Pending(Generic[_T_co]):
    """An operation under way, as the ``_start`` calls of :class:`Client` give it.

    ``await`` it for its outcome, any number of times.
    """

    def __init__(self, pending: atmqtt.Pending[_T_co]) -> None:
        self._pending = pending

    @property
    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._pending.done

    async def wait(self, timeout: float | None = None) -> _T_co:
        """Waits for the outcome; :meth:`atmqtt.Pending.wait`."""
        if timeout is not None:
            return await _in_thread(lambda: self._pending.wait(timeout))
        future: asyncio.Future[_T_co] = asyncio.get_running_loop().create_future()
        self._pending.add_done_callback(lambda done: _settle(future, done.wait, _nothing))
        return await future

    def __await__(self) -> Generator[Any, None, _T_co]:
        """Waits for the outcome."""
        return self.wait().__await__()


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
                    self._next = _in_thread(lambda: self._get(timeout))
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
        await _in_thread(self._close)

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
    """The messages of a client, an asynchronous iterator; :meth:`Client.messages` gives it."""


class Events(_Stream[Event]):
    """The events of a port, an asynchronous iterator; :meth:`Modem.events` gives it."""


class Client:
    """One of the six MQTT clients of a module; :class:`atmqtt.Client`."""

    def __init__(self, client: atmqtt.Client) -> None:
        self._client = client
        self._on_message: Callable[[atmqtt.Message], object] | None = None

    async def _outcome(
        self,
        start: Callable[[], atmqtt.Pending[_T]],
        limited: Callable[[float], _T],
        timeout: float | None,
    ) -> _T:
        """Starts the operation and waits; with a limit, which may withdraw it, on a thread."""
        if timeout is None:
            timeout = self._client.modem.timeout
        if timeout is not None:
            limit = timeout
            return await _in_thread(lambda: limited(limit))
        return await Pending(start())

    @property
    def index(self) -> int:
        """The index 0..5."""
        return self._client.index

    @property
    def state(self) -> State:
        """Where the client stands, as far as the module has said."""
        return self._client.state

    @property
    def generation(self) -> int:
        """Counts the opens of this client."""
        return self._client.generation

    @property
    def found_alive(self) -> tuple[str, int] | None:
        """Host and port that the client is connected to since before this port was opened."""
        return self._client.found_alive

    async def configure(
        self, config: ClientConfig | None = None, *, timeout: float | None = None, **settings: Any
    ) -> None:
        """Writes the given settings; the keywords are those of :meth:`atmqtt.Client.configure`."""
        await _in_thread(lambda: self._client.configure(config, timeout=timeout, **settings))

    async def config(self, *, timeout: float | None = None) -> ClientConfig:
        """Asks the module for every setting; :meth:`atmqtt.Client.config`."""
        return await _in_thread(lambda: self._client.config(timeout=timeout))

    async def setting(self, name: SettingName | str, *, timeout: float | None = None) -> SettingValue:
        """Asks the module for one setting; :meth:`atmqtt.Client.setting`."""
        return await _in_thread(lambda: self._client.setting(name, timeout=timeout))

    async def open(
        self, host: str, port: int = 1883, *, replace: bool = False, timeout: float | None = None
    ) -> None:
        """Opens the network; :meth:`atmqtt.Client.open`."""
        await self._outcome(
            lambda: self._client.open_start(host, port, replace=replace),
            lambda limit: self._client.open(host, port, replace=replace, timeout=limit),
            timeout,
        )

    def open_start(self, host: str, port: int = 1883, *, replace: bool = False) -> Pending[None]:
        """:meth:`open` without waiting."""
        return Pending(self._client.open_start(host, port, replace=replace))

    async def adopt(self, *, timeout: float | None = None) -> None:
        """Takes over a client that lives since before; :meth:`atmqtt.Client.adopt`."""
        await _in_thread(lambda: self._client.adopt(timeout=timeout))

    async def close(self, *, timeout: float | None = None) -> None:
        """Closes the network; :meth:`atmqtt.Client.close`."""
        await self._outcome(
            self._client.close_start, lambda limit: self._client.close(timeout=limit), timeout
        )

    def close_start(self) -> Pending[None]:
        """:meth:`close` without waiting."""
        return Pending(self._client.close_start())

    async def connect(
        self,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Connects to the broker; :meth:`atmqtt.Client.connect`."""
        await self._outcome(
            lambda: self._client.connect_start(client_id, username, password),
            lambda limit: self._client.connect(client_id, username, password, timeout=limit),
            timeout,
        )

    def connect_start(
        self, client_id: str, username: str | None = None, password: str | None = None
    ) -> Pending[None]:
        """:meth:`connect` without waiting."""
        return Pending(self._client.connect_start(client_id, username, password))

    async def disconnect(self, *, timeout: float | None = None) -> None:
        """Says goodbye to the broker; :meth:`atmqtt.Client.disconnect`."""
        await self._outcome(
            self._client.disconnect_start,
            lambda limit: self._client.disconnect(timeout=limit),
            timeout,
        )

    def disconnect_start(self) -> Pending[None]:
        """:meth:`disconnect` without waiting."""
        return Pending(self._client.disconnect_start())

    async def subscribe(
        self,
        topic: str | Iterable[str | tuple[str, QoS | int]],
        qos: QoS | int = 0,
        *,
        timeout: float | None = None,
    ) -> list[Granted]:
        """Subscribes to topics; :meth:`atmqtt.Client.subscribe`."""
        return await self._outcome(
            lambda: self._client.subscribe_start(topic, qos),
            lambda limit: self._client.subscribe(topic, qos, timeout=limit),
            timeout,
        )

    def subscribe_start(
        self, topic: str | Iterable[str | tuple[str, QoS | int]], qos: QoS | int = 0
    ) -> Pending[list[Granted]]:
        """:meth:`subscribe` without waiting."""
        return Pending(self._client.subscribe_start(topic, qos))

    async def unsubscribe(self, topic: str | Iterable[str], *, timeout: float | None = None) -> None:
        """Ends subscriptions; :meth:`atmqtt.Client.unsubscribe`."""
        await self._outcome(
            lambda: self._client.unsubscribe_start(topic),
            lambda limit: self._client.unsubscribe(topic, timeout=limit),
            timeout,
        )

    def unsubscribe_start(self, topic: str | Iterable[str]) -> Pending[None]:
        """:meth:`unsubscribe` without waiting."""
        return Pending(self._client.unsubscribe_start(topic))

    async def publish(
        self,
        topic: str,
        payload: Buffer | str,
        qos: QoS | int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Publishes a message and waits for its outcome; :meth:`publish_start` does not wait.

        :meth:`atmqtt.Client.publish`. A cancelled publish goes on in the module.
        """
        await self._outcome(
            lambda: self._client.publish_start(topic, payload, qos, retain),
            lambda limit: self._client.publish(topic, payload, qos, retain, timeout=limit),
            timeout,
        )

    def publish_start(
        self, topic: str, payload: Buffer | str, qos: QoS | int = 0, retain: bool = False
    ) -> Pending[None]:
        """:meth:`publish` without waiting: the messages go their way in the order of these calls."""
        return Pending(self._client.publish_start(topic, payload, qos, retain))

    def messages(self, timeout: float | None = None) -> Messages:
        """The messages that this client receives; :meth:`atmqtt.Client.messages`."""
        messages = self._client.messages()
        return Messages(messages.get, messages.close, timeout)

    @property
    def on_message(self) -> Callable[[atmqtt.Message], object] | None:
        """What is called with every message, in the event loop; None = nothing."""
        return self._on_message

    @on_message.setter
    def on_message(self, callback: Callable[[atmqtt.Message], object] | None) -> None:
        self._client.on_message = None if callback is None else _in_loop(callback)
        self._on_message = callback


class Files:
    """The file system of the module; :class:`atmqtt.Files`."""

    def __init__(self, files: atmqtt.Files) -> None:
        self._files = files

    async def upload(
        self,
        name: str,
        data: Buffer | str,
        *,
        progress: Callable[[int, int], object] | None = None,
        idle_timeout: int = 10,
        ack: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Writes a file; :meth:`atmqtt.Files.upload`. ``progress`` is called in the event loop."""
        told = None if progress is None else _in_loop(progress)
        await _in_thread(
            lambda: self._files.upload(
                name, data, progress=told, idle_timeout=idle_timeout, ack=ack, timeout=timeout
            )
        )

    async def ensure(self, name: str, data: Buffer | str, *, timeout: float | None = None) -> bool:
        """Writes a file unless the module has it already; :meth:`atmqtt.Files.ensure`."""
        return await _in_thread(lambda: self._files.ensure(name, data, timeout=timeout))

    async def info(self, name: str, *, timeout: float | None = None) -> FileInfo | None:
        """One file; :meth:`atmqtt.Files.info`."""
        return await _in_thread(lambda: self._files.info(name, timeout=timeout))

    async def size(self, name: str, *, timeout: float | None = None) -> int | None:
        """The size of a file; :meth:`atmqtt.Files.size`."""
        return await _in_thread(lambda: self._files.size(name, timeout=timeout))

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Deletes a file; :meth:`atmqtt.Files.delete`."""
        await _in_thread(lambda: self._files.delete(name, timeout=timeout))

    async def space(self, *, timeout: float | None = None) -> Space:
        """How much room there is; :meth:`atmqtt.Files.space`."""
        return await _in_thread(lambda: self._files.space(timeout=timeout))

    async def download(self, name: str, *, timeout: float | None = None) -> bytes:
        """Reads a file; :meth:`atmqtt.Files.download`."""
        return await _in_thread(lambda: self._files.download(name, timeout=timeout))

    async def list(self, pattern: str = "*", *, timeout: float | None = None) -> list[FileInfo]:
        """The files whose names fit a pattern; :meth:`atmqtt.Files.list`."""
        return await _in_thread(lambda: self._files.list(pattern, timeout=timeout))

    @staticmethod
    def checksum(data: Buffer | str) -> int:
        """The checksum that the module reports for these bytes; :meth:`atmqtt.Files.checksum`."""
        return atmqtt.Files.checksum(data)


class TlsContext:
    """One of the six SSL contexts of the module; :class:`atmqtt.TlsContext`."""

    def __init__(self, context: atmqtt.TlsContext) -> None:
        self._context = context

    @property
    def index(self) -> int:
        """The number of the context, 0..5."""
        return self._context.index

    async def configure(
        self, ca: PemSource | None = None, *, timeout: float | None = None, **settings: Any
    ) -> None:
        """Sets the context up; the keywords are those of :meth:`atmqtt.TlsContext.configure`."""
        await _in_thread(lambda: self._context.configure(ca, timeout=timeout, **settings))

    async def config(self, *, timeout: float | None = None) -> TlsSettings:
        """Asks the module for every setting; :meth:`atmqtt.TlsContext.config`."""
        return await _in_thread(lambda: self._context.config(timeout=timeout))


class Network:
    """The network that the module is in; :class:`atmqtt.Network`."""

    def __init__(self, network: atmqtt.Network) -> None:
        self._network = network

    async def registration(self, *, timeout: float | None = None) -> Registration:
        """The module's registration; :meth:`atmqtt.Network.registration`."""
        return await _in_thread(lambda: self._network.registration(timeout=timeout))

    async def signal(self, *, timeout: float | None = None) -> Signal:
        """How well the module hears the network; :meth:`atmqtt.Network.signal`."""
        return await _in_thread(lambda: self._network.signal(timeout=timeout))

    async def operator(self, *, timeout: float | None = None) -> Operator:
        """Who runs the network; :meth:`atmqtt.Network.operator`."""
        return await _in_thread(lambda: self._network.operator(timeout=timeout))

    async def sim(self, *, timeout: float | None = None) -> SimState:
        """What the SIM card is at; :meth:`atmqtt.Network.sim`."""
        return await _in_thread(lambda: self._network.sim(timeout=timeout))

    async def set_apn(self, context: int, apn: Apn | str, *, timeout: float | None = None) -> None:
        """Sets the access point of a PDP context; :meth:`atmqtt.Network.set_apn`."""
        await _in_thread(lambda: self._network.set_apn(context, apn, timeout=timeout))

    async def apn(self, context: int, *, timeout: float | None = None) -> Apn:
        """The access point of a PDP context; :meth:`atmqtt.Network.apn`."""
        return await _in_thread(lambda: self._network.apn(context, timeout=timeout))

    async def activate(self, context: int, *, timeout: float | None = None) -> None:
        """Activates a PDP context; :meth:`atmqtt.Network.activate`."""
        await _in_thread(lambda: self._network.activate(context, timeout=timeout))

    async def deactivate(self, context: int, *, timeout: float | None = None) -> None:
        """Deactivates a PDP context; :meth:`atmqtt.Network.deactivate`."""
        await _in_thread(lambda: self._network.deactivate(context, timeout=timeout))

    async def address(self, context: int, *, timeout: float | None = None) -> ContextAddress | None:
        """The addresses of a PDP context; :meth:`atmqtt.Network.address`."""
        return await _in_thread(lambda: self._network.address(context, timeout=timeout))

    async def wait_ready(
        self,
        context: int = 1,
        timeout: float = 120.0,
        progress: Callable[[Readiness], object] | None = None,
    ) -> ContextAddress:
        """Waits until MQTT can begin; :meth:`atmqtt.Network.wait_ready`.

        ``progress`` is called in the event loop. Cancelling it ends it at its next step.
        """
        left = threading.Event()
        told = None if progress is None else _in_loop(progress)

        def tell(readiness: Readiness) -> None:
            if left.is_set():
                raise asyncio.CancelledError
            if told is not None:
                told(readiness)

        try:
            return await _in_thread(lambda: self._network.wait_ready(context, timeout, tell))
        finally:
            left.set()

    async def urc_port(self, *, timeout: float | None = None) -> UrcPort | str:
        """Where the module prints what nobody asked for; :meth:`atmqtt.Network.urc_port`."""
        return await _in_thread(lambda: self._network.urc_port(timeout=timeout))

    async def set_urc_port(self, port: UrcPort | str, *, timeout: float | None = None) -> None:
        """Sets where that is; :meth:`atmqtt.Network.set_urc_port`."""
        await _in_thread(lambda: self._network.set_urc_port(port, timeout=timeout))

    async def clock(self, *, timeout: float | None = None) -> datetime:
        """The module's clock; :meth:`atmqtt.Network.clock`."""
        return await _in_thread(lambda: self._network.clock(timeout=timeout))

    async def set_clock(self, time: datetime | None = None, *, timeout: float | None = None) -> None:
        """Sets the module's clock; :meth:`atmqtt.Network.set_clock`."""
        await _in_thread(lambda: self._network.set_clock(time, timeout=timeout))


class Modem:
    """A module on a serial port; :class:`atmqtt.Modem`, whose arguments it takes.

    ``async with Modem(...) as modem`` opens the port and closes it; so do ``modem = await Modem(...)``
    and ``await modem.close()``.
    """

    def __init__(
        self,
        port: str | os.PathLike[str],
        baudrate: int = 115200,
        *,
        timeout: float | None = None,
        flow_control: FlowControl | Literal["none", "rtscts"] | None = None,
        dtr: bool = True,
        hang_up_on_close: bool = False,
        message_capacity: int = 1024,
        urc_capacity: int = 64,
        max_payload: int = 65536,
        patience: float = 11.0,
        silence: float = 0.1,
        trace: str | os.PathLike[str] | None = None,
    ) -> None:
        self._open = lambda: atmqtt.Modem(
            port,
            baudrate,
            timeout=timeout,
            flow_control=flow_control,
            dtr=dtr,
            hang_up_on_close=hang_up_on_close,
            message_capacity=message_capacity,
            urc_capacity=urc_capacity,
            max_payload=max_payload,
            patience=patience,
            silence=silence,
            trace=trace,
        )
        self._opened: atmqtt.Modem | None = None
        self._on_event: Callable[[Event], object] | None = None

    @property
    def _modem(self) -> atmqtt.Modem:
        if self._opened is None:
            text = "the port is not open yet: async with Modem(...), or await Modem(...)"
            raise atmqtt.InvalidStateError(text)
        return self._opened

    async def _opening(self) -> Self:
        if self._opened is None:
            self._opened = await _in_thread(self._open, atmqtt.Modem.close)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Opens the port."""
        return self._opening().__await__()

    async def __aenter__(self) -> Self:
        return await self._opening()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def port_name(self) -> str:
        """The device, as it was opened."""
        return self._modem.port_name

    @property
    def is_open(self) -> bool:
        """Whether the port is open; :attr:`atmqtt.Modem.is_open`."""
        return self._opened is not None and self._opened.is_open

    @property
    def timeout(self) -> float | None:
        """Longest time in seconds that each call may keep its caller."""
        return self._modem.timeout

    def client(self, index: int) -> Client:
        """One of the six MQTT clients of the module; :meth:`atmqtt.Modem.client`."""
        return Client(self._modem.client(index))

    async def command(self, line: str, *, timeout: float | None = None) -> list[str]:
        """Sends any other AT command; :meth:`atmqtt.Modem.command`."""
        modem = self._modem
        return await _in_thread(lambda: modem.command(line, timeout=timeout))

    async def command_with_data(
        self, line: str, data: Buffer | str, *, timeout: float | None = None
    ) -> list[str]:
        """Sends a command that prompts for data; :meth:`atmqtt.Modem.command_with_data`."""
        modem = self._modem
        return await _in_thread(lambda: modem.command_with_data(line, data, timeout=timeout))

    async def info(self, *, timeout: float | None = None) -> ModuleInfo:
        """Who the module is; :meth:`atmqtt.Modem.info`."""
        modem = self._modem
        return await _in_thread(lambda: modem.info(timeout=timeout))

    async def signal(self, *, timeout: float | None = None) -> Signal:
        """How well the module hears the network; :meth:`atmqtt.Modem.signal`."""
        modem = self._modem
        return await _in_thread(lambda: modem.signal(timeout=timeout))

    async def capabilities(self, *, timeout: float | None = None) -> Capabilities:
        """What the module says that it supports; :meth:`atmqtt.Modem.capabilities`."""
        modem = self._modem
        return await _in_thread(lambda: modem.capabilities(timeout=timeout))

    def files(self) -> Files:
        """The files of the module."""
        return Files(self._modem.files())

    def tls(self, context: int) -> TlsContext:
        """One of the six SSL contexts of the module; :meth:`atmqtt.Modem.tls`."""
        return TlsContext(self._modem.tls(context))

    def network(self) -> Network:
        """The network that the module is in."""
        return Network(self._modem.network())

    def events(self, timeout: float | None = None) -> Events:
        """The events of the port; :meth:`atmqtt.Modem.events`."""
        events = self._modem.events()
        return Events(events.get, events.close, timeout)

    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """What is called with every event, in the event loop; None = nothing."""
        return self._on_event

    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None:
        self._modem.on_event = None if callback is None else _in_loop(callback)
        self._on_event = callback

    async def close(self) -> None:
        """Closes the port; :meth:`atmqtt.Modem.close`."""
        if self._opened is not None:
            await _in_thread(self._opened.close)
