"""A module on a serial port: its port, its network, its files and its SSL contexts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import atmqtt

from ..events import Event
from ..info import Capabilities, FileInfo, ModuleInfo, Signal, Space
from ..network import Apn, ContextAddress, Operator, Readiness, Registration, SimState, UrcPort
from ..settings import FlowControl
from ..tls import PemSource, TlsConfig, TlsSettings
from ._client import Client
from ._waiting import Events, in_loop, in_thread

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self

__all__ = ["Files", "Modem", "Network", "TlsContext"]


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
        told = None if progress is None else in_loop(progress)
        await in_thread(
            lambda: self._files.upload(
                name, data, progress=told, idle_timeout=idle_timeout, ack=ack, timeout=timeout
            )
        )

    async def ensure(self, name: str, data: Buffer | str, *, timeout: float | None = None) -> bool:
        """Writes a file unless the module has it already; :meth:`atmqtt.Files.ensure`."""
        return await in_thread(lambda: self._files.ensure(name, data, timeout=timeout))

    async def info(self, name: str, *, timeout: float | None = None) -> FileInfo | None:
        """One file; :meth:`atmqtt.Files.info`."""
        return await in_thread(lambda: self._files.info(name, timeout=timeout))

    async def size(self, name: str, *, timeout: float | None = None) -> int | None:
        """The size of a file; :meth:`atmqtt.Files.size`."""
        return await in_thread(lambda: self._files.size(name, timeout=timeout))

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Deletes a file; :meth:`atmqtt.Files.delete`."""
        await in_thread(lambda: self._files.delete(name, timeout=timeout))

    async def space(self, *, timeout: float | None = None) -> Space:
        """How much room there is; :meth:`atmqtt.Files.space`."""
        return await in_thread(lambda: self._files.space(timeout=timeout))

    async def download(self, name: str, *, timeout: float | None = None) -> bytes:
        """Reads a file; :meth:`atmqtt.Files.download`."""
        return await in_thread(lambda: self._files.download(name, timeout=timeout))

    async def list(self, pattern: str = "*", *, timeout: float | None = None) -> list[FileInfo]:
        """The files whose names fit a pattern; :meth:`atmqtt.Files.list`."""
        return await in_thread(lambda: self._files.list(pattern, timeout=timeout))

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
        await in_thread(lambda: self._context.configure(ca, timeout=timeout, **settings))

    async def delete_files(self, config: TlsConfig, *, timeout: float | None = None) -> list[str]:
        """Deletes the files of a configuration; :meth:`atmqtt.TlsContext.delete_files`."""
        return await in_thread(lambda: self._context.delete_files(config, timeout=timeout))

    async def config(self, *, timeout: float | None = None) -> TlsSettings:
        """Asks the module for every setting; :meth:`atmqtt.TlsContext.config`."""
        return await in_thread(lambda: self._context.config(timeout=timeout))


class Network:
    """The network that the module is in; :class:`atmqtt.Network`."""

    def __init__(self, network: atmqtt.Network) -> None:
        self._network = network

    async def registration(self, *, timeout: float | None = None) -> Registration:
        """The module's registration; :meth:`atmqtt.Network.registration`."""
        return await in_thread(lambda: self._network.registration(timeout=timeout))

    async def signal(self, *, timeout: float | None = None) -> Signal:
        """How well the module hears the network; :meth:`atmqtt.Network.signal`."""
        return await in_thread(lambda: self._network.signal(timeout=timeout))

    async def operator(self, *, timeout: float | None = None) -> Operator:
        """Who runs the network; :meth:`atmqtt.Network.operator`."""
        return await in_thread(lambda: self._network.operator(timeout=timeout))

    async def sim(self, *, timeout: float | None = None) -> SimState:
        """What the SIM card is at; :meth:`atmqtt.Network.sim`."""
        return await in_thread(lambda: self._network.sim(timeout=timeout))

    async def set_apn(self, context: int, apn: Apn | str, *, timeout: float | None = None) -> None:
        """Sets the access point of a PDP context; :meth:`atmqtt.Network.set_apn`."""
        await in_thread(lambda: self._network.set_apn(context, apn, timeout=timeout))

    async def apn(self, context: int, *, timeout: float | None = None) -> Apn:
        """The access point of a PDP context; :meth:`atmqtt.Network.apn`."""
        return await in_thread(lambda: self._network.apn(context, timeout=timeout))

    async def activate(self, context: int, *, timeout: float | None = None) -> None:
        """Activates a PDP context; :meth:`atmqtt.Network.activate`."""
        await in_thread(lambda: self._network.activate(context, timeout=timeout))

    async def deactivate(self, context: int, *, timeout: float | None = None) -> None:
        """Deactivates a PDP context; :meth:`atmqtt.Network.deactivate`."""
        await in_thread(lambda: self._network.deactivate(context, timeout=timeout))

    async def address(self, context: int, *, timeout: float | None = None) -> ContextAddress | None:
        """The addresses of a PDP context; :meth:`atmqtt.Network.address`."""
        return await in_thread(lambda: self._network.address(context, timeout=timeout))

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
        told = None if progress is None else in_loop(progress)

        def tell(readiness: Readiness) -> None:
            if left.is_set():
                raise asyncio.CancelledError
            if told is not None:
                told(readiness)

        try:
            return await in_thread(lambda: self._network.wait_ready(context, timeout, tell))
        finally:
            left.set()

    async def urc_port(self, *, timeout: float | None = None) -> UrcPort | str:
        """Where the module prints what nobody asked for; :meth:`atmqtt.Network.urc_port`."""
        return await in_thread(lambda: self._network.urc_port(timeout=timeout))

    async def set_urc_port(self, port: UrcPort | str, *, timeout: float | None = None) -> None:
        """Sets where that is; :meth:`atmqtt.Network.set_urc_port`."""
        await in_thread(lambda: self._network.set_urc_port(port, timeout=timeout))

    async def clock(self, *, timeout: float | None = None) -> datetime:
        """The module's clock; :meth:`atmqtt.Network.clock`."""
        return await in_thread(lambda: self._network.clock(timeout=timeout))

    async def set_clock(self, time: datetime | None = None, *, timeout: float | None = None) -> None:
        """Sets the module's clock; :meth:`atmqtt.Network.set_clock`."""
        await in_thread(lambda: self._network.set_clock(time, timeout=timeout))


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

    @classmethod
    def _of(cls, opened: atmqtt.Modem) -> Self:
        """A modem that is open already."""
        modem = cls(opened.port_name)
        modem._opened = opened
        return modem

    @property
    def _modem(self) -> atmqtt.Modem:
        if self._opened is None:
            text = "the port is not open yet: async with Modem(...), or await Modem(...)"
            raise atmqtt.InvalidStateError(text)
        return self._opened

    async def _opening(self) -> Self:
        if self._opened is None:
            self._opened = await in_thread(self._open, atmqtt.Modem.close)
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
        return await in_thread(lambda: modem.command(line, timeout=timeout))

    async def command_with_data(
        self, line: str, data: Buffer | str, *, timeout: float | None = None
    ) -> list[str]:
        """Sends a command that prompts for data; :meth:`atmqtt.Modem.command_with_data`."""
        modem = self._modem
        return await in_thread(lambda: modem.command_with_data(line, data, timeout=timeout))

    async def info(self, *, timeout: float | None = None) -> ModuleInfo:
        """Who the module is; :meth:`atmqtt.Modem.info`."""
        modem = self._modem
        return await in_thread(lambda: modem.info(timeout=timeout))

    async def signal(self, *, timeout: float | None = None) -> Signal:
        """How well the module hears the network; :meth:`atmqtt.Modem.signal`."""
        modem = self._modem
        return await in_thread(lambda: modem.signal(timeout=timeout))

    async def capabilities(self, *, timeout: float | None = None) -> Capabilities:
        """What the module says that it supports; :meth:`atmqtt.Modem.capabilities`."""
        modem = self._modem
        return await in_thread(lambda: modem.capabilities(timeout=timeout))

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
        self._modem.on_event = None if callback is None else in_loop(callback)
        self._on_event = callback

    async def close(self) -> None:
        """Closes the port; :meth:`atmqtt.Modem.close`."""
        if self._opened is not None:
            await in_thread(self._opened.close)
