"""The clients of a module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import atmqtt

from ..settings import ClientConfig, Granted, QoS, SettingName, SettingValue, State
from ._waiting import Messages, in_loop, in_thread, nothing, settle

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Client", "Pending"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


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
            return await in_thread(lambda: self._pending.wait(timeout))
        future: asyncio.Future[_T_co] = asyncio.get_running_loop().create_future()
        self._pending.add_done_callback(lambda done: settle(future, done.wait, nothing))
        return await future

    def __await__(self) -> Generator[Any, None, _T_co]:
        """Waits for the outcome."""
        return self.wait().__await__()


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
            return await in_thread(lambda: limited(limit))
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
        await in_thread(lambda: self._client.configure(config, timeout=timeout, **settings))

    async def config(self, *, timeout: float | None = None) -> ClientConfig:
        """Asks the module for every setting; :meth:`atmqtt.Client.config`."""
        return await in_thread(lambda: self._client.config(timeout=timeout))

    async def setting(self, name: SettingName | str, *, timeout: float | None = None) -> SettingValue:
        """Asks the module for one setting; :meth:`atmqtt.Client.setting`."""
        return await in_thread(lambda: self._client.setting(name, timeout=timeout))

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
        await in_thread(lambda: self._client.adopt(timeout=timeout))

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
        self._client.on_message = None if callback is None else in_loop(callback)
        self._on_message = callback
