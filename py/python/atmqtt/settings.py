"""The settings of a client (``AT+QMTCFG``) and the values that they take."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "AliAuth",
    "ClientConfig",
    "Delivery",
    "FlowControl",
    "Format",
    "Granted",
    "HwAuth",
    "HwProduct",
    "OneNet",
    "PacketTimeout",
    "QoS",
    "ReceiveMode",
    "SettingName",
    "SettingValue",
    "State",
    "Tcp",
    "Tls",
    "Transport",
    "Version",
    "Will",
    "WillSummary",
]


class QoS(enum.IntEnum):
    """How surely a message arrives. Wherever a QoS is taken, 0, 1 or 2 will do."""

    AT_MOST_ONCE = 0
    """Sent once, never acknowledged."""
    AT_LEAST_ONCE = 1
    """Acknowledged, may arrive twice."""
    EXACTLY_ONCE = 2
    """Acknowledged, arrives once."""


class Granted(enum.IntEnum):
    """What the broker made of one topic filter of a subscription."""

    UNKNOWN = -1
    """The module did not say: it printed fewer values than topics."""
    AT_MOST_ONCE = 0
    """Subscribed with QoS 0."""
    AT_LEAST_ONCE = 1
    """Subscribed with QoS 1."""
    EXACTLY_ONCE = 2
    """Subscribed with QoS 2."""
    REFUSED = 128
    """Not subscribed."""

    @property
    def qos(self) -> QoS | None:
        """The QoS, which may be lower than the one asked for; ``None`` = refused or unknown."""
        return QoS(self) if 0 <= self <= 2 else None


class State(enum.Enum):
    """Where a client stands, as far as the module has said."""

    CLOSED = "closed"
    """No network connection."""
    OPENING = "opening"
    """``AT+QMTOPEN`` is under way."""
    OPEN = "open"
    """The network is open, MQTT is not connected."""
    CONNECTING = "connecting"
    """``AT+QMTCONN`` is under way."""
    CONNECTED = "connected"
    """Connected."""
    DISCONNECTING = "disconnecting"
    """``AT+QMTDISC`` or ``AT+QMTCLOSE`` is under way."""


class FlowControl(enum.Enum):
    """Flow control of the serial port."""

    NONE = "none"
    """None."""
    RTS_CTS = "rtscts"
    """RTS/CTS, here and in the module (``AT+IFC=2,2``)."""


class Version(enum.Enum):
    """MQTT protocol version of CONNECT."""

    V3_1 = "3.1"
    """MQTT 3.1 (protocol level 3)."""
    V3_1_1 = "3.1.1"
    """MQTT 3.1.1 (protocol level 4), the library's default."""


class Delivery(enum.Enum):
    """How received messages come."""

    INLINE = "inline"
    """Every message is printed at once (``recv/mode`` 0), the library's default. Nothing holds the
    broker back: what the program does not take in time waits in the library's queue, and when that
    is full the oldest message is dropped and counted in :class:`~atmqtt.Lagged`."""
    STORED = "stored"
    """The module keeps up to five messages and the library fetches them as its queue has room
    (``recv/mode`` 1). What comes while all five are taken may be lost in the module, and a crash
    between fetch and delivery loses the message at any QoS."""


class Format(enum.Enum):
    """How a payload is written on the serial line. The library converts: payloads are bytes."""

    TEXT = "text"
    """The bytes themselves."""
    HEX = "hex"
    """Two hexadecimal digits a byte."""


@dataclass(frozen=True)
class Tcp:
    """Plain TCP, the library's default."""


@dataclass(frozen=True)
class Tls:
    """TLS with an SSL context of the module, which :meth:`Modem.tls` configures."""

    context: int
    """Number of the SSL context, 0..5."""


Transport: TypeAlias = Tcp | Tls
"""Plain TCP or TLS."""


@dataclass(frozen=True)
class PacketTimeout:
    """How long the module tries to get a packet through."""

    seconds: int = 5
    """Time-out of one transmission in seconds, 1..60. Some modules take more."""
    retries: int = 3
    """Retransmissions after the first, 0..10."""
    notice: bool = False
    """Whether each time-out is reported (:class:`~atmqtt.Retransmission`)."""


@dataclass(frozen=True)
class Will:
    """The message that the broker publishes when the client vanishes."""

    topic: str
    """Topic, 1..256 bytes."""
    payload: bytes | str = b""
    """Message, 0..256 bytes of any kind; a ``str`` is sent as UTF-8."""
    qos: QoS | int = QoS.AT_MOST_ONCE
    """QoS of the will."""
    retain: bool = False
    """Whether the broker retains it."""


@dataclass(frozen=True)
class WillSummary:
    """A will as ``willex`` answers it: everything but the message."""

    topic: str
    """Topic of the will."""
    qos: QoS
    """QoS of the will."""
    retain: bool
    """Retain flag of the will."""
    length: int
    """Length of the message in bytes."""


@dataclass(frozen=True)
class ReceiveMode:
    """``recv/mode`` as the module answers it."""

    delivery: Delivery
    """How messages come."""
    length_shown: bool
    """Whether lengths are shown; the library always has them shown."""


@dataclass(frozen=True)
class AliAuth:
    """Device of Alibaba Cloud: the module makes the fields of CONNECT of it (``aliauth``)."""

    product_key: str
    """Product key."""
    device_name: str
    """Device name."""
    device_secret: str = field(repr=False)
    """Device secret; shown nowhere."""


@dataclass(frozen=True)
class OneNet:
    """Device of China Mobile OneNET (``onenet``)."""

    product_id: str
    """Product id."""
    access_key: str = field(repr=False)
    """Access key; shown nowhere."""


@dataclass(frozen=True)
class HwAuth:
    """Device of Huawei IoT (``hwauth``)."""

    product_id: str
    """Product id."""
    device_secret: str = field(repr=False)
    """Device secret; shown nowhere."""
    time_check: bool | None = None
    """Time stamp check, an optional last parameter that is written where it is not ``None``."""


@dataclass(frozen=True)
class HwProduct:
    """Product of Huawei IoT (``hwprodid``)."""

    product_id: str
    """Product id."""
    product_secret: str = field(repr=False)
    """Product secret; shown nowhere."""
    node_id: str
    """Node id: what identifies the device."""
    time_check: bool | None = None
    """As in :class:`HwAuth`."""


class SettingName(enum.Enum):
    """The names of the 18 settings. Their values are the names on the wire, which will do too."""

    VERSION = "version"
    PDP_CONTEXT = "pdpcid"
    TLS = "ssl"
    KEEPALIVE = "keepalive"
    SESSION = "session"
    TIMEOUT = "timeout"
    WILL = "will"
    WILL_EX = "willex"
    RECEIVE = "recv/mode"
    ALI_AUTH = "aliauth"
    PING_REPORT = "qmtping"
    SEND_MODE = "send/mode"
    ONE_NET = "onenet"
    HW_AUTH = "hwauth"
    HW_PRODUCT = "hwprodid"
    DATA_FORMAT = "dataformat"
    VIEW_MODE = "view/mode"
    EDIT_TIMEOUT = "edit/timeout"


SettingValue: TypeAlias = (
    Version
    | Tcp
    | Tls
    | int
    | bool
    | PacketTimeout
    | Will
    | WillSummary
    | ReceiveMode
    | AliAuth
    | Format
    | OneNet
    | HwAuth
    | HwProduct
    | tuple[Format, Format]
    | None
)
"""What :meth:`Client.setting` gives; see there which value a setting has."""


@dataclass(frozen=True)
class ClientConfig:
    """How one client is set up: what :meth:`Client.config` gives, and :meth:`Client.configure` takes.

    ``None`` is left to the library's default when it is written, and is not known to the module when
    it was read.
    """

    version: Version | None = None
    """MQTT version; default 3.1.1 (``version``)."""
    pdp_context: int | None = None
    """PDP context 1..16; default 1 (``pdpcid``)."""
    transport: Transport | None = None
    """TCP or TLS; default TCP (``ssl``)."""
    keepalive: int | None = None
    """Keep-alive in seconds 0..3600, 0 = off; default 120 (``keepalive``)."""
    clean_session: bool | None = None
    """Clean session; default true (``session``)."""
    packet_timeout: PacketTimeout | None = None
    """Packet time-out and retries; default 5 s, 3, no notice (``timeout``). Every deadline of a
    connect, subscription and publish follows from it."""
    will: Will | Literal[False] | None = None
    """The will; ``False`` = no will, the default (``will``, or ``willex`` where the message needs
    it). ``None`` when read also where the module tells only the length of the message."""
    delivery: Delivery | None = None
    """How messages come; default inline (``recv/mode``, always with lengths)."""
    ali_auth: AliAuth | None = None
    """Device of Alibaba Cloud; left as it is (``aliauth``)."""
    ping_report: int | None = None
    """Seconds 5..60 after a failed ping until its loss is reported; left as it is (``qmtping``)."""
    send_mode: Format | None = None
    """Format of published payloads on the serial line; default text (``send/mode``)."""
    one_net: OneNet | None = None
    """Device of OneNET; left as it is (``onenet``)."""
    hw_auth: HwAuth | None = None
    """Device of Huawei IoT; left as it is (``hwauth``)."""
    hw_product: HwProduct | None = None
    """Product of Huawei IoT; left as it is (``hwprodid``)."""
    data_format: tuple[Format, Format] | None = None
    """Formats of published and received payloads; default text both (``dataformat``). With
    hexadecimal reception no payload can look like a line, whatever the topic."""
    view_mode: bool | None = None
    """Echo of data typed after a prompt; default off (``view/mode``)."""
    edit_timeout: int | None = None
    """Seconds 1..120 after which the module stops waiting for data, up to 180 on some modules;
    default 10. 0 = never: a lost prompt then leaves the port stuck (``edit/timeout``)."""
