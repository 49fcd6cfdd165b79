"""MQTT through the AT commands of Quectel cellular modules.

The module keeps the TCP, TLS and MQTT connections; the program talks AT commands to it over a serial
port, and this package does that talking::

    import atmqtt

    with atmqtt.Modem("/dev/ttyUSB2") as modem:
        client = modem.client(0)
        client.open("broker.example")
        client.connect("sensor-17")
        client.subscribe("sensors/17/set", qos=1)
        client.publish("sensors/17", '{"t":21.5}', qos=1)
        for message in client.messages():
            print(message.topic, message.payload)

- A call returns when the module has told its outcome; ``timeout=`` limits how long it may keep its
  caller, and Ctrl-C interrupts any of them. The ``_start`` forms return at once with a
  :class:`Pending`.
- :class:`Link` is a connection that brings itself up and keeps itself up, and sends what was published
  while it was down.
- :mod:`atmqtt.aio` has the same names with ``await``.
- :mod:`atmqtt.emulator` is an emulated module, so that everything runs without hardware.
- Everything that can go wrong is an :class:`Error`; the lines of the serial port are logged to
  ``logging.getLogger("atmqtt")`` at ``DEBUG``, with secrets masked.
"""

from __future__ import annotations

from typing import TypeAlias

from ._native import (
    Client,
    Delivering,
    Events,
    Files,
    Link,
    Message,
    Messages,
    Modem,
    Network,
    Pending,
    TlsContext,
    __version__,
)
from .errors import (
    BrokerRefusedError,
    CalledFromCallbackError,
    ChecksumMismatchError,
    ClosedError,
    CmeError,
    DisconnectedError,
    Error,
    ErrorKind,
    InternalError,
    InvalidArgumentError,
    InvalidStateError,
    ModuleError,
    OperationFailedError,
    PortBusyError,
    PortLostError,
    PortNotFoundError,
    PortPermissionError,
    PortStuckError,
    QueueFullError,
    StorageError,
    TimedOutError,
    UnconfirmedError,
)
from .events import (
    Completed,
    Disconnected,
    DisconnectReason,
    Event,
    InputLost,
    Lagged,
    OutboxDamaged,
    PdpDeactivated,
    PingFailed,
    PortClosed,
    Restarted,
    Retransmission,
    Subscribed,
    Urc,
)
from .info import (
    Capabilities,
    FileInfo,
    ModuleInfo,
    Numbers,
    Placeholder,
    Signal,
    Space,
    Supported,
)
from .link import (
    Backoff,
    LinkCause,
    LinkCauseKind,
    LinkChange,
    LinkState,
    LinkStatus,
    UsbPort,
    WhenAlive,
    WhenFull,
    WhenUnconfirmed,
)
from .network import (
    AccessTechnology,
    Activating,
    Apn,
    Authentication,
    ContextAddress,
    IpType,
    Operator,
    Readiness,
    Ready,
    Registration,
    RegistrationStatus,
    ServiceRegistration,
    SimState,
    Trouble,
    UrcPort,
)
from .settings import (
    AliAuth,
    ClientConfig,
    Delivery,
    FlowControl,
    Format,
    Granted,
    HwAuth,
    HwProduct,
    OneNet,
    PacketTimeout,
    QoS,
    ReceiveMode,
    SettingName,
    SettingValue,
    State,
    Tcp,
    Tls,
    Transport,
    Version,
    Will,
    WillSummary,
)
from .tls import Clock, OnModule, PemSource, TlsConfig, TlsSettings, TlsVerification, TlsVersion

Publication: TypeAlias = Pending[None]
"""A publish under way."""

__all__ = [
    "AccessTechnology",
    "Activating",
    "AliAuth",
    "Apn",
    "Authentication",
    "Backoff",
    "BrokerRefusedError",
    "CalledFromCallbackError",
    "Capabilities",
    "ChecksumMismatchError",
    "Client",
    "ClientConfig",
    "Clock",
    "ClosedError",
    "CmeError",
    "Completed",
    "ContextAddress",
    "Delivering",
    "Delivery",
    "DisconnectReason",
    "Disconnected",
    "DisconnectedError",
    "Error",
    "ErrorKind",
    "Event",
    "Events",
    "FileInfo",
    "Files",
    "FlowControl",
    "Format",
    "Granted",
    "HwAuth",
    "HwProduct",
    "InputLost",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "IpType",
    "Lagged",
    "Link",
    "LinkCause",
    "LinkCauseKind",
    "LinkChange",
    "LinkState",
    "LinkStatus",
    "Message",
    "Messages",
    "Modem",
    "ModuleError",
    "ModuleInfo",
    "Network",
    "Numbers",
    "OnModule",
    "OneNet",
    "OperationFailedError",
    "Operator",
    "OutboxDamaged",
    "PacketTimeout",
    "PdpDeactivated",
    "PemSource",
    "Pending",
    "PingFailed",
    "Placeholder",
    "PortBusyError",
    "PortClosed",
    "PortLostError",
    "PortNotFoundError",
    "PortPermissionError",
    "PortStuckError",
    "Publication",
    "QoS",
    "QueueFullError",
    "Readiness",
    "Ready",
    "ReceiveMode",
    "Registration",
    "RegistrationStatus",
    "Restarted",
    "Retransmission",
    "ServiceRegistration",
    "SettingName",
    "SettingValue",
    "Signal",
    "SimState",
    "Space",
    "State",
    "StorageError",
    "Subscribed",
    "Supported",
    "Tcp",
    "TimedOutError",
    "Tls",
    "TlsConfig",
    "TlsContext",
    "TlsSettings",
    "TlsVerification",
    "TlsVersion",
    "Transport",
    "Trouble",
    "UnconfirmedError",
    "Urc",
    "UrcPort",
    "UsbPort",
    "Version",
    "WhenAlive",
    "WhenFull",
    "WhenUnconfirmed",
    "Will",
    "WillSummary",
    "__version__",
]
