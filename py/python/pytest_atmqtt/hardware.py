"""A real module, which the tests share: one at a time, and nothing of it left for the next."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .settings import Broker, Settings

if TYPE_CHECKING:
    from atmqtt import Client, Modem

_CLIENTS = 6
_CONTEXT = 1


@contextlib.contextmanager
def locked(port: str) -> Iterator[None]:
    """Waits until no other process tests on this port, and keeps the others waiting.

    The lock is on a file named after the device, whatever it is called here, and ends with the process
    that has it. Programs that know nothing of it find the port busy while it is open.
    """
    name = re.sub(r"\W+", "-", os.path.realpath(port))
    path = Path(tempfile.gettempdir(), f"pytest-atmqtt{name}.lock")
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        # Nothing is written, so that the file may be that of another user.
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def prepare(settings: Settings, port: str) -> None:
    """Makes the module ready for a program that opens the port itself."""
    import atmqtt

    with atmqtt.Modem(port, settings.baud) as modem:
        make_ready(settings, modem)


def release(settings: Settings, port: str) -> None:
    """Closes what such a program has left connected."""
    import atmqtt

    with atmqtt.Modem(port, settings.baud) as modem:
        close_clients(modem)


def make_ready(settings: Settings, modem: Modem) -> None:
    """Closes what is connected from before, and brings the module into the network."""
    close_clients(modem)
    network = modem.network()
    if settings.apn is not None and network.apn(_CONTEXT).name != settings.apn:
        network.set_apn(_CONTEXT, settings.apn)
    if settings.apn is not None or settings.broker is not None:
        network.wait_ready(_CONTEXT)


def close_clients(modem: Modem) -> bool:
    """Closes every connection, and with it goes every subscription of a clean session.

    ``False``: the port was closed, so that nothing is known.
    """
    import atmqtt

    try:
        # Also tells whether the port is open.
        modem.command("AT")
        for client in map(modem.client, range(_CLIENTS)):
            if client.state is not atmqtt.State.CLOSED:
                client.close()
    except atmqtt.ClosedError:
        return False
    return True


def forget_session(client: Client, client_id: str, broker: Broker) -> None:
    """Ends the session that the broker keeps for a client that did not ask for a clean one."""
    import atmqtt

    try:
        if client.setting("session"):
            return
        if client.state is not atmqtt.State.CLOSED:
            client.close()
        transport = client.setting("ssl")
    except (atmqtt.ClosedError, atmqtt.PortLostError):
        # By the test itself; where the loss is news, others tell it.
        return
    assert isinstance(transport, (atmqtt.Tcp, atmqtt.Tls))
    client.configure(transport=transport, clean_session=True)
    client.open(broker.host, broker.port)
    client.connect(client_id, broker.username, broker.password)
    client.disconnect()
