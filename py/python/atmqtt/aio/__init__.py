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

from ._client import Client, Pending
from ._link import Delivering, Link
from ._modem import Files, Modem, Network, TlsContext
from ._waiting import Events, Messages

__all__ = [
    "Client",
    "Delivering",
    "Events",
    "Files",
    "Link",
    "Messages",
    "Modem",
    "Network",
    "Pending",
    "TlsContext",
]
